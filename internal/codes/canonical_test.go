package codes_test

import (
	"testing"
	"unicode"

	"accesscodes/internal/core"
)

func TestCanonicalIsUpperCaseWithoutSpacesAndDashes(t *testing.T) {
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
		{"hyphen-minus", "a-b", "AB"},
		{"hyphen", "a\u2010b", "AB"},
		{"no-break hyphen", "a\u2011b", "AB"},
		{"en dash", "a\u2013b", "AB"},
		{"em dash", "a\u2014b", "AB"},
		{"full-width hyphen", "a\uff0db", "AB"},
		{"the minus sign is a symbol, not a dash", "a\u2212b", "A\u2212B"},
		{"punctuation that is no dash stays", "a_b·c…", "A_B·C…"},
		{"control characters are not spaces", "a\tb\n", "A\tB\n"},
		{"letters beyond ASCII", "çük-ж", "ÇÜKЖ"},
		{"each character by itself: ß has no single upper-case letter", "ß", string(unicode.ToUpper('ß'))},
		{"dotless i becomes I", "ı", "I"},
		{"emoji stay", "🎉-a🎊", "🎉A🎊"},
		{"what is not UTF-8 becomes U+FFFD", "a\xffb", "A\ufffdB"},
		{"only spaces and dashes", " -\u2014\u3000", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := core.Canonical(test.value); got != test.want {
				t.Errorf("Canonical(%q) = %q, want %q", test.value, got, test.want)
			}
		})
	}
}
