package core

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// PrefixRange returns the range of texts, compared byte by byte, that begin with prefix: from low on
// and before high. An empty high means no end.
func PrefixRange(prefix string) (low, high string) {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		next := runes[i] + 1
		if next == 0xD800 { // surrogates are no characters (RFC 3629 §3)
			next = 0xE000
		}
		if next <= utf8.MaxRune {
			return prefix, string(append(runes[:i:i], next))
		}
	}
	return prefix, ""
}

// Alternatives writes words as people list them: "a", "a or b", "a, b or c".
func Alternatives[T ~string](words []T) string {
	var text strings.Builder
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			text.WriteString(" or ")
		default:
			text.WriteString(", ")
		}
		text.WriteString(string(word))
	}
	return text.String()
}

// FoldASCII lowers the ASCII letters of a text. The search in notes and recipients compares such
// texts, because databases differ in which other characters they treat as letters.
func FoldASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, text)
}

// What can be wrong with a text.
var (
	TooLong           = NewSentence("too_long", "{field} must have at most {max} characters")
	Empty             = NewSentence("empty", "{field} must not be empty")
	controlCharacters = NewSentence("control_characters", "{field} must not contain control characters")
	turnedWriting     = NewSentence("turned_writing",
		"{field} must not contain characters that turn the direction of writing (U+202A–202E, U+2066–2069)")
)

// CheckText refuses control characters other than tabs and line breaks: some databases cannot store
// them, and no screen shows them.
func CheckText(errs *FieldErrors, pointer, name, text string, limit int) {
	if utf8.RuneCountInString(text) > limit {
		errs.Add(ReasonInvalidValue, pointer, TooLong.With("field", name, "max", limit))
	}
	if strings.ContainsFunc(text,
		func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }) {
		errs.Add(ReasonInvalidValue, pointer, controlCharacters.With("field", name))
	}
}

// EscapePointer writes a name as a reference token of a JSON pointer (RFC 6901 §3).
func EscapePointer(name string) string {
	if !strings.ContainsAny(name, "~/") { // nearly every name; making a replacer takes a while
		return name
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// CheckProse checks a text that people read. In addition to CheckText it refuses the characters that
// change the direction of writing (Unicode Standard Annex #9): with them a text can look like
// another one, and reverse the text after it.
func CheckProse(errs *FieldErrors, pointer, name, text string, limit int) {
	CheckText(errs, pointer, name, text, limit)
	if strings.ContainsFunc(text, isBidiControl) {
		errs.Add(ReasonInvalidValue, pointer, turnedWriting.With("field", name))
	}
}

func isBidiControl(r rune) bool {
	return '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}
