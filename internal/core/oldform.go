package core

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// An old form is what a code is left with when a database was brought up to date and its
// canonical form belonged to an older code already: the form that it had before, behind a
// space. No canonical form holds a space, so both can be keys of the same table.

// OldForm returns the old form that a code with this value would have.
func OldForm(value string) string { return " " + legacyCanonical(value) }

// IsOldForm reports whether the form that a code is stored under is an old one.
func IsOldForm(canonical string) bool { return strings.HasPrefix(canonical, " ") }

// legacyCanonical is what [Canonical] was before it understood more than ASCII. It is kept
// for old forms alone.
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

// isTooLong reports whether no code can have a form.
func IsTooLong(form string) bool { return len(form) > MaxFormLength && !IsOldForm(form) }
