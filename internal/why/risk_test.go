package why_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

func TestHowHardCodesAreToGuess(t *testing.T) {
	for _, c := range []struct {
		groups, length int
		live           int64
		oneIn, years   float64
		level          why.RiskLevel
	}{
		{2, 3, 10_000, 107_374, 0.0204, why.RiskWeak},
		{2, 3, 500, 2_147_483, 0.408, why.RiskFair},
		{2, 4, 10_000, 109_951_162, 20.9, why.RiskGood},
		{3, 4, 14_206, 81_156e9, 15.4e6, why.RiskStrong},
	} {
		format := core.Format{Groups: c.groups, GroupLength: c.length}
		space := big.NewInt(format.Space(len(core.Alphabet)))
		r := why.RiskOf(space, c.live, 10)
		years := r.Minutes / (365.25 * 24 * 60)
		if math.Abs(r.OneIn/c.oneIn-1) > 0.01 || math.Abs(years/c.years-1) > 0.01 || r.Level != c.level {
			t.Errorf("%s with %d codes: %+v, %.3g years", format, c.live, r, years)
		}
	}
	none := why.RiskOf(big.NewInt(1000), 0, 10)
	if none.Level != why.RiskStrong || !math.IsInf(none.OneIn, 1) || none.Expected() != math.MaxInt64 {
		t.Errorf("without codes: %+v", none)
	}
	sure := why.RiskOf(big.NewInt(10), 100, 10)
	if sure.OneIn != 1 || sure.Expected() != 6*time.Second || sure.Level != why.RiskWeak {
		t.Errorf("with more codes than values: %+v", sure)
	}
}
