package sheet

import (
	"strings"
	"unicode/utf8"
)

// smallest is the size, in points, below which a text is refused instead of shrunk.
const smallest = 5.0

// word is a part of a text that stays on one line. Widths are for a size of one point.
type word struct {
	text  string
	width float64
	gap   float64 // to the next word on the same line
}

// paragraph is one text of a card: its title, its code or a line.
type paragraph struct {
	what  string // for errors: "title"
	face  face
	grey  int     // 0: black
	size  float64 // points, if there is room
	above float64 // millimetres to the text above, at that size
	words []word
}

const (
	dashed   = 12 // characters of a word from which on it may be broken behind its dashes, or a code anywhere
	longWord = 24 // characters of a word from which on it may be broken anywhere, as a last resort
	quartet  = 4  // characters of a group that a code without dashes is shown in
)

// quartetGap is the space between groups of a code without dashes, as a part of the size.
const quartetGap = 0.3

// labelWords splits a label at its spaces, and long words behind their dashes.
func labelWords(r *ruler, f face, text string) (words []word) {
	space := r.width(f, " ")
	for _, field := range strings.Fields(text) {
		pieces := []string{field}
		if utf8.RuneCountInString(field) > dashed {
			pieces = splitBehind(field, dashes)
		}
		words = append(words, wordsOf(r, f, pieces, 0, space)...)
	}
	return words
}

// codeWords splits a code where it may be broken: behind its dashes and at its spaces. A long random one
// without dashes is shown in groups, which are read and typed more easily; spaces do not count in a code.
func codeWords(r *ruler, f face, code string) (words []word) {
	space := r.width(f, " ")
	for _, field := range strings.Fields(code) {
		var pieces []string
		gap := 0.0
		switch {
		case isRandom(field) && len(field) > 2*quartet:
			pieces, gap = chunks(field, quartet), quartetGap*pointLength
		case strings.ContainsAny(field, dashes):
			pieces = splitBehind(field, dashes)
		case utf8.RuneCountInString(field) > dashed:
			pieces = strings.Split(field, "")
		default:
			pieces = []string{field}
		}
		words = append(words, wordsOf(r, f, pieces, gap, space)...)
	}
	return words
}

// dashes are what words are broken behind.
const dashes = "-_./:–—"

// splitBehind splits a word behind its dashes, and what is very long then between any characters.
func splitBehind(text, cutset string) (pieces []string) {
	for text != "" {
		end := strings.IndexAny(text, cutset)
		if end < 0 {
			end = len(text)
		} else {
			_, length := utf8.DecodeRuneInString(text[end:])
			end += length
		}
		piece := text[:end]
		if utf8.RuneCountInString(piece) > longWord {
			pieces = append(pieces, strings.Split(piece, "")...)
		} else {
			pieces = append(pieces, piece)
		}
		text = text[end:]
	}
	return pieces
}

// isRandom reports whether a code has ASCII letters and digits only and does not look like words and a
// number, as SUMMER2027 does: a letter stands behind a digit, or all are digits.
func isRandom(code string) bool {
	digits, random := 0, false
	for _, char := range code {
		switch {
		case '0' <= char && char <= '9':
			digits++
		case 'A' <= char && char <= 'Z', 'a' <= char && char <= 'z':
			random = random || digits > 0
		default:
			return false
		}
	}
	return random || digits == len(code)
}

// chunks cuts an ASCII text into groups of a length. One letter is not left alone.
func chunks(text string, length int) (all []string) {
	for len(text) > length+1 {
		all = append(all, text[:length])
		text = text[length:]
	}
	return append(all, text)
}

// wordsOf measures pieces that stand a gap apart, with another one behind the last.
func wordsOf(r *ruler, f face, pieces []string, gap, last float64) (words []word) {
	for i, piece := range pieces {
		words = append(words, word{text: piece, width: r.width(f, piece), gap: gap})
		if i == len(pieces)-1 {
			words[len(words)-1].gap = last
		}
	}
	return words
}
