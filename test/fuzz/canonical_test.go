package fuzz

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"accesscodes/internal/core"
)

// awkward are characters that canonical forms have rules for.
const awkward = "iIİıſKÅ\u212bßẞﬁﬀŉΐǰςΣ\u0345\u0307\u0308\u030a\u0323\u0327\u0328\u031b" +
	"ᎠꭰᏸᏰＡａ０٣३²①Ⅷ❤🎉👩🎤\ufe0f\ufe0e\u200d\u200c\u00ad\u034f\u00a0\u3000\u2028\u0085\u202e" +
	"\u115f\u1160\u3164\uffa0\u2800\u1112\u1161\u11ab한–—－\u2212\U000e0067\U000e007f\ufffd"

func runes() *rapid.Generator[rune] {
	return rapid.OneOf(
		rapid.RuneFrom([]rune("abcxyzABCXYZ019 -\t\n")),
		rapid.RuneFrom([]rune(awkward)),
		rapid.RuneFrom(nil, unicode.Z, unicode.Pd, unicode.Ll, unicode.Lt, unicode.M, unicode.Cf, unicode.Nd),
		rapid.Rune(),
	)
}

func TestCanonicalHoldsForEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(runes()).Draw(t, "value")
		checkCanonical(t, value)
		want := core.Canonical(value)
		for name, other := range map[string]string{
			"the case of ASCII letters swapped": swapASCIICase(value),
			"composed":                          norm.NFC.String(value),
			"decomposed":                        norm.NFD.String(value),
			"spaces and breaks around":          "\t" + value + "\u00a0\r\n",
		} {
			if got := core.Canonical(other); got != want {
				t.Errorf("Canonical(%+q) = %+q; %s: %+q", value, want, name, got)
			}
		}
	})
}

// TestCanonicalHoldsForEveryRune leaves no character to chance, by itself and beside those that
// could compose with it.
func TestCanonicalHoldsForEveryRune(t *testing.T) {
	for r := range rune(0x30000) {
		if utf8.ValidRune(r) {
			checkCanonical(t, "x"+string(r)+"y")
			checkCanonical(t, "i"+string(r)+"\u0307"+string(r))
		}
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"", "\x00", "acme abcd–efgh", "🎉", "\xff\xc3", "ǆǅǄ", "\u0345", "\u2212\u2014\u3000\u00a0",
		"İstanbul", "ı", "i\u0307", "i\u200d\u0307", "I\u0307\u0307", "ß\u1e9eSSss", "Å\u212bA\u030a", "ᎠꭰᏸᏰ",
		"ＡＢＣ１２３", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "ﬁﬀﬃ", "❤\ufe0f❤", "a\u00adb",
		"a\u00a0b", "a\tb\r\n", "\u115f\u1160\u3164\uffa0\u2800",
		"\u1112\u1160\u1161\u11ab", "-\u2010\u2011\u2012–—\ufe58－", "a\u0323\u0307",
		"a\u0307\u0323", "a\u034f\u0308", "α\u0345\u0301", "ſ\u0307",
		"👩\u200d🎤", "🏴\U000e0067\U000e007f", "ΐΰ", "ŉ", "¨\u0301", "\u0344",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) { checkCanonical(t, value) })
}

// checkCanonical checks what must hold whatever the value is.
func checkCanonical(t rapid.TB, value string) {
	t.Helper()
	form := core.Canonical(value)
	if again := core.Canonical(form); again != form {
		t.Errorf("Canonical(%+q) = %+q, and of that %+q", value, form, again)
	}
	if !norm.NFC.IsNormalString(form) {
		t.Errorf("Canonical(%+q) = %+q, which is not composed", value, form)
	}
	if strings.ContainsFunc(form, isLeftOut) {
		t.Errorf("Canonical(%+q) = %+q, which has a character that does not count", value, form)
	}
	if !utf8.ValidString(form) {
		t.Errorf("Canonical(%+q) = %+q, which is not UTF-8", value, form)
	}
	if core.IsOldForm(form) {
		t.Errorf("Canonical(%+q) = %+q, which is an old form", value, form)
	}
}

// isLeftOut reports whether a character is in no form.
func isLeftOut(r rune) bool {
	return 'a' <= r && r <= 'z' || r == '\u2800' ||
		unicode.In(r, unicode.Z, unicode.Pd, unicode.Cc, unicode.Cf) ||
		unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) ||
		unicode.Is(unicode.Nd, r) && r >= utf8.RuneSelf
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
