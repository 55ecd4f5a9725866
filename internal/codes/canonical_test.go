package codes_test

import (
	"testing"
	"unicode"

	"accesscodes/internal/core"
)

func TestCanonicalIgnoresCaseSpaceDashesAndWhatCannotBeSeen(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"nothing", "", ""},
		{"lower case", "acme", "ACME"},
		{"upper case", "ACME-ABCD-EFGH", "ACMEABCDEFGH"},
		{"retyped on a phone", "acme abcd–efgh", "ACMEABCDEFGH"},
		{"spaces around and inside", "  a  b ", "AB"},
		{"no-break space", "a\u00a0b", "AB"},
		{"em space", "a\u2003b", "AB"},
		{"narrow no-break space", "a\u202fb", "AB"},
		{"ideographic space", "a\u3000b", "AB"},
		{"line separator", "a\u2028b", "AB"},
		{"tabs and line breaks", "\ta\r\nb\n", "AB"},
		{"a null character", "A\x00", "A"},
		{"other controls", "a\x00b\x7f\u0085c", "ABC"},
		{"soft hyphen", "a\u00adb", "AB"},
		{"zero-width characters", "a\u200bb\u200dc\ufeff", "ABC"},
		{"bidi controls", "\u202eab\u2069", "AB"},
		{"Hangul fillers", "a\u115f\u1160\u3164\uffa0b", "AB"},
		{"blank of Braille", "a\u2800b", "AB"},
		{"combining grapheme joiner", "a\u034fb", "AB"},
		{"hyphen-minus", "a-b", "AB"},
		{"hyphen", "a\u2010b", "AB"},
		{"no-break hyphen", "a\u2011b", "AB"},
		{"en dash", "a\u2013b", "AB"},
		{"em dash", "a\u2014b", "AB"},
		{"full-width hyphen", "a\uff0db", "AB"},
		{"the minus sign is a symbol, not a dash", "a\u2212b", "A\u2212B"},
		{"punctuation that is no dash stays", "a_b·c", "A_B·C"},
		{"only spaces and dashes", " -\u2014\u3000\t", ""},
		{"what is not UTF-8 becomes U+FFFD", "a\xffb", "A\ufffdB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { checkForm(t, test.value, test.want) })
	}
}

func TestCanonicalIsTheSameHoweverACharacterIsWritten(t *testing.T) {
	tests := []struct {
		name, want string
		values     []string
	}{
		{"composed and decomposed", "NOëL", []string{"NOËL", "NOE\u0308L", "noël", "noe\u0308l", "No\u00adE\u0308-l"}},
		{"the Angstrom sign", "å", []string{"Å", "\u212b", "å", "A\u030a"}},
		{"sharp s", "STRASSE", []string{"straße", "STRA\u1e9eE", "STRASSE", "strasse"}},
		{"every i of Turkish", "ISTANBUL", []string{
			"İstanbul", "ıstanbul", "istanbul", "ISTANBUL", "i\u0307stanbul", "I\u0307\u0307stanbul",
		}},
		{"an i and a dot with nothing visible between", "I", []string{"i\u200d\u0307", "i\u00ad\u0307", "i-\u0307"}},
		{"a dot elsewhere counts", "ż", []string{"ż", "Z\u0307"}},
		{"final sigma", "σοφοσ", []string{"ΣΟΦΟΣ", "σοφος"}},
		{"Cherokee", "ᎠᏰ", []string{"ᎠᏰ", "ꭰᏸ"}},
		{"Cyrillic", "лето", []string{"ЛЕТО", "Лето"}},
		{"full-width", "AZ09!", []string{"ＡＺ０９！", "ａｚ０９！", "az09!"}},
		{"digits", "0123456789", []string{"٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙"}},
		{"ligatures", "FIX", []string{"ﬁx", "FIX"}},
		{"compatibility characters", "KM2", []string{"㎞²", "km2", "Km2"}},
		{"a heart with and without a variation selector", "❤", []string{"❤\ufe0f", "❤", "❤\ufe0e"}},
		{"joined emoji", "👩🎤", []string{"👩\u200d🎤", "👩🎤"}},
		{"the order of marks", "Q\u0323\u0307", []string{"q\u0307\u0323", "Q\u0323\u0307"}},
		{"Hangul", "한", []string{"한", "\u1112\u1161\u11ab", "\u1112\u115f\u1161\u11ab"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, value := range test.values {
				checkForm(t, value, test.want)
			}
		})
	}
}

func checkForm(t *testing.T, value, want string) {
	t.Helper()
	if got := core.Canonical(value); got != want {
		t.Errorf("Canonical(%+q) = %+q, want %+q", value, got, want)
	}
}

// TestEveryDecimalDigitIsItsDigitOfASCII: each script's ten digits stand in a row.
func TestEveryDecimalDigitIsItsDigitOfASCII(t *testing.T) {
	next := rune(0)
	for r := range unicode.MaxRune {
		if !unicode.Is(unicode.Nd, r) {
			if next != 0 {
				t.Fatalf("the digits before %U are not ten", r)
			}
			continue
		}
		checkForm(t, string(r), string('0'+next))
		next = (next + 1) % 10
	}
}

// TestAnOldFormIsNoCanonicalForm: both are keys of one table.
func TestAnOldFormIsNoCanonicalForm(t *testing.T) {
	for value, want := range map[string]string{"noël": " NOËL", "a b-c": " ABC", "ß": " ß", "ı": " I"} {
		if got := core.OldForm(value); got != want || !core.IsOldForm(got) || core.IsOldForm(core.Canonical(got)) {
			t.Errorf("OldForm(%q) = %q, want %q", value, got, want)
		}
	}
}
