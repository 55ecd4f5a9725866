package core

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxCodeLength is the longest chosen code value, in characters (Unicode code
// points) after trimming.
const MaxCodeLength = 128

// IsSpace reports whether a character is a Unicode separator. Tabs and line breaks are control
// characters (Cc), not separators.
func IsSpace(r rune) bool { return r == ' ' || r >= utf8.RuneSelf && unicode.Is(unicode.Z, r) }

// What can be wrong with a chosen value.
var (
	NothingInCode = NewSentence("nothing_in_code", "{field} must contain something other than spaces and dashes")
	invisibleCode = NewSentence("invisible_code",
		"code must not contain control, invisible format or blank-looking characters")
	dottedCode      = NewSentence("dotted_code", `code must not be "." or "..", which the path of an address cannot name`)
	codeFormTooLong = NewSentence("code_form_too_long", "code must have at most {max} bytes when it is compared")
)

// CleanValue trims a chosen value and checks it. The result is stored and shown.
func CleanValue(value string, errs *FieldErrors) string {
	const pointer = "/code"
	value = strings.TrimFunc(value, isTrimmed)
	form := ""
	if utf8.RuneCountInString(value) <= MaxCodeLength { // the form of a whole page of text takes long
		form = Canonical(value)
	}
	switch {
	case value == "":
		errs.Add(ReasonInvalidValue, pointer, Empty.With("field", "code"))
	case utf8.RuneCountInString(value) > MaxCodeLength:
		errs.Add(ReasonInvalidValue, pointer, TooLong.With("field", "code", "max", MaxCodeLength))
	case strings.ContainsFunc(value, isInvisible):
		errs.Add(ReasonInvalidValue, pointer, invisibleCode.Said())
	case !strings.ContainsFunc(form, isVisible):
		errs.Add(ReasonInvalidValue, pointer, NothingInCode.With("field", "code"))
	case form == "." || form == "..":
		errs.Add(ReasonInvalidValue, pointer, dottedCode.Said())
	case len(form) > MaxFormLength:
		errs.Add(ReasonInvalidValue, pointer, codeFormTooLong.With("max", MaxFormLength))
	}
	return value
}

// isTrimmed reports whether a character is removed from the ends of a value.
func isTrimmed(r rune) bool { return IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf) }

// isVisible reports whether a character of a form is visible by itself: a letter, a digit,
// punctuation or a symbol.
func isVisible(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) }

// isInvisible reports whether a character must not be in a value, because people could not tell the
// value from one without it. The format characters that join emoji (UTS #51) and letters of some
// scripts are allowed.
func isInvisible(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return unicode.IsControl(r)
	case r == zeroWidthNonJoiner || r == zeroWidthJoiner || firstTag <= r && r <= lastTag:
		return false
	default:
		return unicode.In(r, unicode.Cc, unicode.Cf) || strings.ContainsRune(blankLooking, r)
	}
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
	firstTag, lastTag  = '\U000e0020', '\U000e007f' // the letters of flags such as Scotland's

	// blankLooking are letters, a mark and a symbol that look blank: the Hangul fillers, the
	// combining grapheme joiner and the Braille blank.
	blankLooking = "\u115f\u1160\u3164\uffa0\u034f" + string(brailleBlank)
)
