package codes_test

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/words"
)

func newFilter(t tester, list ...string) *words.Filter {
	t.Helper()
	filter, err := words.New(list)
	if err != nil {
		t.Fatal(err)
	}
	return filter
}

// isSafe reports whether no word ends among the generated characters of a code.
func isSafe(filter *words.Filter, prefix, value string) bool {
	at := filter.After(prefix)
	for _, character := range []byte(strings.ReplaceAll(strings.TrimPrefix(value, prefix), "-", "")) {
		var found bool
		if at, found = filter.Step(at, character); found {
			return false
		}
	}
	return true
}

// drawn are random bytes that give these symbols.
func drawn(symbols string) io.Reader {
	var digits []byte
	for _, symbol := range symbols {
		digits = append(digits, byte(strings.IndexRune(core.Alphabet, symbol)))
	}
	return bytes.NewReader(digits)
}

func TestAValueWithAWordIsDrawnAgain(t *testing.T) {
	two := core.Format{Groups: 2, GroupLength: 3}
	with := func(prefix string) core.Format { return core.Format{Prefix: prefix, Groups: 2, GroupLength: 3} }
	tests := []struct {
		name   string
		format core.Format
		drawn  string // all but the last six hold a word
		want   string
	}{
		{"no word", two, "ABCDEF", "ABC-DEF"},
		{"in a group", two, "YSEXYY" + "ABCDEF", "ABC-DEF"},
		{"in one of two groups", two, "XXXA55" + "ABCDEF", "ABC-DEF"},
		{"over two groups", two, "XXASSY" + "ABCDEF", "ABC-DEF"},
		{"with digits", two, "YF4GYY" + "Y5EXYY" + "ABCDEF", "ABC-DEF"},
		{"over the border of the prefix", with("FU"), "CKYYYY" + "ABCDEF", "FU-ABC-DEF"},
		{"with its last letter", with("SHI"), "TYYYYY" + "7YYYYY" + "ABCDEF", "SHI-ABC-DEF"},
		{"with 1 as I in the prefix", with("D1"), "CKYYYY" + "ABCDEF", "D1-ABC-DEF"},
		{"with 1 as L in the prefix", with("S1"), "UTYYYY" + "ABCDEF", "S1-ABC-DEF"},
		{"with 0 in the prefix", with("C0"), "CKYYYY" + "ABCDEF", "C0-ABC-DEF"},
		{"in the prefix", with("FUCK"), "ABCDEF", "FUCK-ABC-DEF"},
		{"the smallest", core.Format{Groups: 1, GroupLength: 3}, "SEX" + "53X" + "FAG" + "ABC", "ABC"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := drawn(test.drawn)
			got, err := codes.Candidates(test.format, core.Alphabet, source, words.Embedded())()
			if got != test.want || err != nil {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
			if rest, _ := io.ReadAll(source); len(rest) > 0 {
				t.Errorf("%d bytes were not read", len(rest))
			}
		})
	}
}

func TestWithoutAFilterEveryValueIsTaken(t *testing.T) {
	w := newWorld(t)
	w.entropy = drawn("ASSFUCKS")
	if got := w.generate(t, w.acme, normal("")).Code.Value; got != "ACME-ASSF-UCKS" {
		t.Errorf("got %s", got)
	}
}

func TestChosenCodesAreNotFiltered(t *testing.T) {
	w := newWorld(t)
	w.SetWords(words.Embedded())
	w.add(t, w.acme, "SUCK-IT-2030", normal(""))
	if !w.stored(t, "suckit2030") {
		t.Error("it is not there")
	}
}

// TestCandidatesVisitEverySafeValueOnce goes through spaces in which words are passed over.
func TestCandidatesVisitEverySafeValueOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]string{"AB", "ABCD", "ABCD4832"}).Draw(t, "alphabet")
		word := rapid.StringOfN(rapid.SampledFrom([]rune("ABC")), 2, 3, -1)
		filter := newFilter(t, rapid.SliceOfN(word, 1, 4).Draw(t, "words")...)
		format := core.Format{
			Prefix:      rapid.StringOfN(rapid.SampledFrom([]rune("AB48")), 0, 2, -1).Draw(t, "prefix"),
			Groups:      rapid.IntRange(1, 2).Draw(t, "groups"),
			GroupLength: rapid.IntRange(1, 2).Draw(t, "group length"),
		}
		safe := int(filter.Count(format.Prefix, alphabet, format.Length()).Int64())
		if safe == 0 {
			return // nobody asks for a candidate then
		}
		source := rand.NewChaCha8([32]byte{rapid.Byte().Draw(t, "seed")})
		next := codes.Candidates(format, alphabet, source, filter)
		var values []string
		seen := map[string]bool{}
		for i := range 2 * safe {
			value, err := next()
			if err != nil {
				t.Fatal(err)
			}
			if !isSafe(filter, format.Prefix, value) {
				t.Fatalf("%s holds a word", value)
			}
			if i < safe && seen[value] {
				t.Fatalf("value %d of %d, %s, came before", i, safe, value)
			}
			if i >= safe && value != values[i-safe] {
				t.Fatalf("value %d is %s; the sequence should begin again with %s", i, value, values[i-safe])
			}
			seen[value], values = true, append(values, value)
		}
	})
}

// TestTheSmallestSpaceHasAsManySafeValuesAsAreCounted makes all codes of three characters.
func TestTheSmallestSpaceHasAsManySafeValuesAsAreCounted(t *testing.T) {
	w := newWorld(t)
	w.SetWords(words.Embedded())
	for _, prefix := range []string{"", "AS"} {
		format := core.Format{Prefix: prefix, Groups: 1, GroupLength: 3}
		next := codes.Candidates(format, core.Alphabet, core.SystemEntropy(), words.Embedded())
		seen := map[string]bool{}
		for value, err := next(); !seen[value]; value, err = next() {
			if err != nil {
				t.Fatal(err)
			}
			seen[value] = true
		}
		if want := w.SafeValues(format).Int64(); int64(len(seen)) != want || want >= 1<<15 {
			t.Errorf("prefix %q: %d values, counted are %d of %d", prefix, len(seen), want, 1<<15)
		}
	}
}

func TestSafeValuesAreUsedUpAndNoOthers(t *testing.T) {
	for name, list := range map[string][]string{
		"a few words":   {"AB"},
		"hardly a code": {"AB", "BA", "BB"},
		"no code":       {"AA", "AB", "BA", "BB"},
	} {
		t.Run(name, func(t *testing.T) {
			w, caller := newTinyWorld(t)
			filter := newFilter(t, list...)
			w.SetWords(filter)
			safe := w.SafeValues(tinyFormat).Int64()
			seen := map[string]bool{}
			for i := range safe {
				value := w.generate(t, caller, normal("")).Code.Value
				if seen[value] || !isSafe(filter, tinyFormat.Prefix, value) {
					t.Fatalf("code %d of %d: %s came before or holds a word", i, safe, value)
				}
				seen[value] = true
			}
			_, err := w.GenerateCode(t.Context(), caller, normal(""))
			checkError(t, err, core.KindConflict, core.ReasonCodeSpaceExhausted)
		})
	}
}

func TestSafeValuesAreEquallyLikely(t *testing.T) {
	statistic, limit := chiSquaredOfSafe(t, core.SystemEntropy())
	if statistic > limit {
		t.Errorf("chi-squared %.1f, at most %.1f expected", statistic, limit)
	}
}

// TestABiasAmongSafeValuesIsNoticed shows that the test above can fail.
func TestABiasAmongSafeValuesIsNoticed(t *testing.T) {
	statistic, limit := chiSquaredOfSafe(t, remainders{core.SystemEntropy(), 5})
	if statistic <= limit {
		t.Errorf("chi-squared %.1f, more than %.1f expected", statistic, limit)
	}
}

// chiSquaredOfSafe draws values in a small space of which words take a part, and returns how far
// their counts are from equal, and what that exceeds about once in a million times.
func chiSquaredOfSafe(t *testing.T, entropy io.Reader) (statistic, limit float64) {
	t.Helper()
	const alphabet, expected = "ABCD", 400
	format := core.Format{Prefix: "A", Groups: 2, GroupLength: 2}
	filter := newFilter(t, "AB", "CAD", "DDD")
	safe := int(filter.Count(format.Prefix, alphabet, format.Length()).Int64())
	counts := map[string]int{}
	for range safe * expected {
		value, err := codes.Candidates(format, alphabet, entropy, filter)()
		if err != nil {
			t.Fatal(err)
		}
		counts[value]++
	}
	if safe >= 256 || len(counts) > safe {
		t.Fatalf("%d different values of %d safe ones", len(counts), safe)
	}
	statistic = float64(safe-len(counts)) * expected // of those that were never drawn
	for _, n := range counts {
		off := float64(n) - expected
		statistic += off * off / expected
	}
	// The quantile 1-1e-6 of the chi-squared distribution, as Wilson and Hilferty approximate it.
	const normalQuantile = 4.7534
	freedom := float64(safe - 1)
	return statistic, freedom * math.Pow(1-2/(9*freedom)+normalQuantile*math.Sqrt(2/(9*freedom)), 3)
}
