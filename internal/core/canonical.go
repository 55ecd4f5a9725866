package core

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxCodeLength is the longest chosen code value, in characters (Unicode code
// points) after trimming.
const MaxCodeLength = 128

// Canonical returns the form of a code value that is unique and looked up:
// upper-cased, without any Unicode space (category Z) or dash (category Pd).
// People retype codes and phones turn hyphens into dashes, so "acme abcd–efgh"
// finds ACME-ABCD-EFGH. Canonical(Canonical(v)) == Canonical(v).
func Canonical(value string) string {
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

// IsSpace is the one notion of space for code values: the Unicode separators.
// Tabs and line breaks are control characters (Cc), not separators.
func IsSpace(r rune) bool { return r == ' ' || r >= utf8.RuneSelf && unicode.Is(unicode.Z, r) }

// CleanValue trims a chosen value and checks it; the result is what is stored and
// shown.
func CleanValue(value string, errs *FieldErrors) string {
	const pointer = "/code"
	value = strings.TrimFunc(value, IsSpace)
	switch {
	case value == "":
		errs.Add(ReasonInvalidValue, pointer, "code must not be empty")
	case utf8.RuneCountInString(value) > MaxCodeLength:
		errs.Add(ReasonInvalidValue, pointer, "code must have at most %d characters", MaxCodeLength)
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }):
		errs.Add(ReasonInvalidValue, pointer, "code must not contain control or invisible format characters")
	case Canonical(value) == "":
		errs.Add(ReasonInvalidValue, pointer, "code must contain something other than spaces and dashes")
	}
	return value
}
