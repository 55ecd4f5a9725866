package console

import (
	"cmp"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/why"
)

// usesOf says how much of a code is used and until when it can be redeemed, in sentences: "Used 37 of 100
// times. Ends 31 December 2031, 23:59."
func (p *page) usesOf(c *codes.Code, status codes.Status) (sentences []templ.Component) {
	say := func(name string, args ...any) { sentences = append(sentences, p.Rich(name, args...)) }
	switch {
	case c.MaxRedemptions == nil:
		say("code.used", "count", c.Redemptions)
	case *c.MaxRedemptions == 1 && c.Redemptions == 0:
		say("code.unused")
	default:
		say("code.used_of", "count", *c.MaxRedemptions, "used", c.Redemptions)
	}
	if c.Reservations > 0 {
		say("code.held", "count", c.Reservations)
	}
	if c.StartsAt != nil && status == codes.StatusScheduled {
		say("code.starts", "time", p.FullMoment(*c.StartsAt))
	}
	switch {
	case c.ExpiresAt == nil:
		say("code.no_end")
	case c.ExpiresAt.Before(p.Now()):
		say("code.ended", "time", p.FullMoment(*c.ExpiresAt))
	default:
		say("code.ends", "time", p.FullMoment(*c.ExpiresAt))
	}
	return sentences
}

// firstNeeded is the number of the first remedy that helps, from 1 on.
func (v *whyView) firstNeeded() int {
	for i := range v.found.Remedies {
		if v.found.Remedies[i].Needed {
			return i + 1
		}
	}
	return 0
}

// remedySays is what a remedy would do.
func (p *page) remedySays(v *whyView, r *why.Remedy) templ.Component {
	c := v.found.Code
	args := []any{"code", c.Value, "type", p.Say("type." + string(c.Type)), "user", v.form.get("user")}
	if r.Until != nil {
		args = append(args, "end", p.FullMoment(*r.Until))
	}
	if r.Limit != nil {
		args = append(args, "limit", *r.Limit)
	}
	name := "why.does." + string(r.Kind)
	switch {
	case r.Kind == why.RemedyReplace && r.Shared:
		name += ".shared"
	case r.Kind == why.RemedyReplace && r.Until == nil:
		name += ".endless"
	case r.Kind == why.RemedyExtend && r.Free == nil:
		name += ".unlimited"
	case r.Kind == why.RemedyExtend:
		name += ".free"
		args = append(args, "count", *r.Free)
	}
	return p.Rich(name, args...)
}

// remedyIdle is why a remedy is not needed.
func (p *page) remedyIdle(r *why.Remedy) templ.Component {
	args := []any{"code", cmp.Or(r.ReplacedBy, r.Instead)}
	name := "why.not." + string(r.WhyNot)
	switch {
	case r.WhyNot == why.WhyNotNotEnded && r.ExpiresAt != nil:
		name += ".ends"
		args = append(args, "end", p.FullMoment(*r.ExpiresAt))
	case r.Free != nil:
		args = append(args, "count", *r.Free)
	}
	return p.Rich(name, args...)
}

// size writes a number of bytes in its largest unit.
func (p *page) size(bytes int64) string {
	unit := 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for bytes >= 10<<10 && unit < len(units)-1 {
		bytes >>= 10
		unit++
	}
	return p.Number(bytes) + "\u00a0" + units[unit]
}
