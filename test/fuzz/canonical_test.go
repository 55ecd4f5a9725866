package fuzz

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"accesscodes/internal/core"
)

func TestCanonicalHoldsForEveryValue(t *testing.T) {
	// Spaces, dashes and letters are rare among all runes: draw them more often.
	runes := rapid.OneOf(
		rapid.RuneFrom([]rune("abcxyzABCXYZ019 -–")),
		rapid.RuneFrom(nil, unicode.Z, unicode.Pd, unicode.Ll, unicode.Lt),
		rapid.Rune(),
	)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(runes).Draw(t, "value")
		checkCanonical(t, value)
		if got, want := core.Canonical(swapASCIICase(value)), core.Canonical(value); got != want {
			t.Errorf("with the case of ASCII letters swapped: %q, not %q", got, want)
		}
	})
}

// TestCanonicalHoldsForEveryRune leaves no character to chance. The planes from 2 on
// hold ideographs, tags and private use: neither letters with a case nor spaces.
func TestCanonicalHoldsForEveryRune(t *testing.T) {
	for r := range rune(0x20000) {
		if utf8.ValidRune(r) {
			checkCanonical(t, "x"+string(r)+"y")
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"", "acme abcd–efgh", "ß\u1e9eıſ", "\u2212\u2014\u3000\u00a0", "🎉", "\xff\xc3", "ǆǅǄ", "\u0345"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) { checkCanonical(t, value) })
}

// checkCanonical checks what must hold whatever the value is.
func checkCanonical(t rapid.TB, value string) {
	t.Helper()
	canonical := core.Canonical(value)
	if again := core.Canonical(canonical); again != canonical {
		t.Errorf("Canonical(%q) = %q, and of that %q", value, canonical, again)
	}
	if upper := strings.Map(unicode.ToUpper, canonical); upper != canonical {
		t.Errorf("Canonical(%q) = %q, which is not upper case", value, canonical)
	}
	if strings.ContainsFunc(canonical, func(r rune) bool { return unicode.In(r, unicode.Z, unicode.Pd) }) {
		t.Errorf("Canonical(%q) = %q, which has a space or a dash", value, canonical)
	}
	if utf8.ValidString(value) && !utf8.ValidString(canonical) {
		t.Errorf("Canonical(%q) = %q, which is not UTF-8", value, canonical)
	}
}

func swapASCIICase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return r
		}
	}, s)
}
