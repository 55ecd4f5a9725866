package codes_test

import (
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/memtest"
	"accesscodes/internal/words"
)

// What may be allocated: what is allocated now, with the race detector and without. There
// is no slack, because each is a few lines of our own and one more would be half as much
// again.
const (
	limitOfValue     = 2 // the random bytes and the text
	limitOfCanonical = 1 // the text
)

var hot = []memtest.Function{
	{Name: "GenerateValue", Start: generatingValue, Limit: limitOfValue},
	{Name: "Canonical/canonical", Start: canonicalOf("ACME7KQWM2XN"), Limit: 0},
	{Name: "Canonical/generated", Start: canonicalOf("ACME-7KQW-M2XN"), Limit: limitOfCanonical},
	{Name: "Canonical/retyped", Start: canonicalOf("acme 7kqw–m2xn"), Limit: limitOfCanonical},
}

func TestHotFunctionsKeepToTheirAllocations(t *testing.T) { memtest.Hold(t, hot) }

func BenchmarkHot(b *testing.B) { memtest.Measure(b, hot) }

// generatingValue draws the value of one new code, as nearly every request to generate one
// does.
func generatingValue(t testing.TB) func() {
	entropy, filter := core.SystemEntropy(), words.Embedded()
	return func() {
		if _, err := codes.Candidates(acmeFormat, core.Alphabet, entropy, filter)(); err != nil {
			t.Fatal(err)
		}
	}
}

func canonicalOf(value string) func(testing.TB) func() {
	return func(t testing.TB) func() {
		return func() {
			if core.Canonical(value) == "" {
				t.Fatal("the value is lost")
			}
		}
	}
}
