// Package campaign says how long campaigns run. A campaign is a test that looks for rare
// faults by doing much: it kills, cuts power, breaks connections or records histories. Its
// name begins with TestCampaign, by which make test leaves it out and make test-long picks it.
package campaign

import (
	"os"
	"strconv"
	"testing"
)

// Variable is the environment variable that sets the length of all campaigns: short, which is
// the default, or full.
const Variable = "ACCESSCODES_TEST_LENGTH"

// Length returns how many rounds, or how much time, a campaign takes: the first in a short
// run, the second in a full one. It fails the test when the variable has another value.
func Length[T any](t testing.TB, short, full T) T {
	t.Helper()
	switch length := os.Getenv(Variable); length {
	case "", "short":
		return short
	case "full":
		return full
	default:
		t.Fatalf("%s is %q, want short or full", Variable, length)
		panic("not reached")
	}
}

// Number returns the number that an environment variable has, for those who run a campaign by hand;
// without one it is usual.
func Number(t testing.TB, variable string, usual int) int {
	t.Helper()
	text, isSet := os.LookupEnv(variable)
	if !isSet {
		return usual
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		t.Fatalf("%s is %q, want a number", variable, text)
	}
	return number
}
