package why_test

import (
	"strings"
	"testing"

	"accesscodes/internal/why"
)

func TestSpell(t *testing.T) {
	for _, c := range []struct {
		value    string
		alphabet why.Alphabet
		want     string
	}{
		{"7KQW-m2xn", why.AlphabetEnglish, "seven Kilo Quebec Whiskey Mike two X-ray November"},
		{"7KQW-m2xn", why.AlphabetGerman, "sieben Köln Quickborn Wuppertal München zwei Xanten Nürnberg"},
		{"AZ09", why.AlphabetEnglish, "Alfa Zulu zero nine"},
		{"AZ09", why.AlphabetGerman, "Aachen Zwickau null neun"},
		{"äöüß", why.AlphabetGerman, "Umlaut Aachen Umlaut Offenbach Umlaut Unna Eszett"},
		{"é / A", why.AlphabetEnglish, "É / Alfa"},
		{"A1", "fr", "A 1"},
	} {
		var words []string
		for _, s := range why.Spell(c.value, c.alphabet) {
			words = append(words, s.Word)
		}
		if got := strings.Join(words, " "); got != c.want {
			t.Errorf("%s in %s: %s", c.value, c.alphabet, got)
		}
	}
}
