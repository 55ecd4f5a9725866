package core

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// An old form is the canonical form that a code had in an earlier version, after a space. A
// migration gives it to a code whose new canonical form belonged to an older code already. No
// canonical form holds a space, so both kinds can be keys of the same table.

// OldForm returns the old form of a code with this value.
func OldForm(value string) string { return " " + legacyCanonical(value) }

// IsOldForm reports whether a stored form is an old one.
func IsOldForm(canonical string) bool { return strings.HasPrefix(canonical, " ") }

// legacyCanonical is [Canonical] as it was when it understood only ASCII. It is kept only for old
// forms.
func legacyCanonical(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - ('a' - 'A')
		case r == ' ' || r == '-':
			return -1
		case r < utf8.RuneSelf:
			return r
		case IsSpace(r) || unicode.Is(unicode.Pd, r):
			return -1
		default:
			return unicode.ToUpper(r)
		}
	}, value)
}

// IsTooLong reports whether a form is longer than any code's form.
func IsTooLong(form string) bool { return len(form) > MaxFormLength && !IsOldForm(form) }
