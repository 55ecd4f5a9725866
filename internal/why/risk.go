package why

import (
	"math"
	"math/big"
	"time"
)

// RiskLevel says in how long a guess may be lucky.
type RiskLevel string

// The levels, the weakest first.
const (
	RiskWeak   RiskLevel = "weak"   // days
	RiskFair   RiskLevel = "fair"   // months
	RiskGood   RiskLevel = "good"   // years
	RiskStrong RiskLevel = "strong" // centuries
)

// RiskLevels lists every level, the weakest first.
func RiskLevels() []RiskLevel { return []RiskLevel{RiskWeak, RiskFair, RiskGood, RiskStrong} }

// Risk is how hard codes are to guess.
type Risk struct {
	OneIn   float64 // one guess in so many is right; +Inf: there is no code to guess
	Minutes float64 // until one lucky hit, on average
	Level   RiskLevel
}

// Limits between the levels: a month, a year and a century.
const (
	fairMinutes   = 30 * 24 * 60
	goodMinutes   = 365.25 * 24 * 60
	strongMinutes = 100 * goodMinutes
)

// RiskOf returns how hard it is to guess one of so many live codes among the values of a format
// ([codes.Service.Space]) at so many wrong tries a minute.
func RiskOf(space *big.Int, live int64, triesPerMinute float64) Risk {
	values, _ := new(big.Float).SetInt(space).Float64()
	r := Risk{OneIn: math.Inf(1), Minutes: math.Inf(1)}
	if live > 0 {
		r.OneIn = max(values/float64(live), 1)
		r.Minutes = r.OneIn / triesPerMinute
	}
	switch {
	case r.Minutes < fairMinutes:
		r.Level = RiskWeak
	case r.Minutes < goodMinutes:
		r.Level = RiskFair
	case r.Minutes < strongMinutes:
		r.Level = RiskGood
	default:
		r.Level = RiskStrong
	}
	return r
}

// Expected returns how long one lucky hit takes on average, and at most the longest duration.
func (r Risk) Expected() time.Duration {
	if nanoseconds := r.Minutes * float64(time.Minute); nanoseconds < math.MaxInt64 {
		return time.Duration(nanoseconds)
	}
	return math.MaxInt64
}
