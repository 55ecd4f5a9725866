package console

import (
	"math"
	"slices"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

// guess is how hard codes are to guess.
type guess struct{ why.Risk }

// triesPerMinute is how many wrong tries a minute an attacker gets in the arithmetic of the pages.
const triesPerMinute = 10

// guess says how hard it is to guess one of so many codes of a format; nil: it is no format.
func (s *server) guess(format core.Format, count int64) *guess {
	var errs core.FieldErrors
	if format.Check(&errs); errs.Err() != nil || count < 1 {
		return nil
	}
	return &guess{why.RiskOf(s.deps.Codes.Space(format), count, triesPerMinute)}
}

// odds says of how many tries one hits, large numbers in words: "81 trillion".
func (g *guess) odds(p *page) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"trillion", 1e12}, {"billion", 1e9}, {"million", 1e6}} {
		switch n := g.OneIn / unit.size; {
		case n >= 1e6 || math.IsInf(n, 1):
			return p.Say("guess.more")
		case n >= 1:
			return p.Say("guess.number."+unit.name, "count", int64(n))
		}
	}
	return p.Number(int64(g.OneIn))
}

// takes says how long it takes to hit one, on average.
func (g *guess) takes(p *page) string {
	const yearMinutes = 365.25 * 24 * 60
	switch years := g.Minutes / yearMinutes; {
	case years >= 1000:
		return p.Say("guess.ages")
	case years >= 2:
		return p.Say("guess.about", "time", p.Say("guess.years", "count", int64(years)))
	default:
		return p.Say("guess.about", "time", p.Away(g.Expected()))
	}
}

// riskClass is the class of a level of the meter, beside the one that holds.
func riskClass(one, holds why.RiskLevel) string {
	levels := why.RiskLevels()
	switch {
	case slices.Index(levels, one) < slices.Index(levels, holds):
		return "past"
	case one == why.RiskWeak:
		return "weak"
	default:
		return ""
	}
}

// currentLevel marks the level that holds.
func currentLevel(holds bool) templ.Attributes {
	if holds {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}
