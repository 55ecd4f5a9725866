package words_test

import (
	"strings"

	"accesscodes/internal/words"
)

// written are the characters that each letter may be written with, besides itself.
var written = map[byte]string{
	'A': "4", 'B': "8", 'E': "3", 'G': "69", 'I': "1", 'L': "1", 'O': "0", 'S': "5", 'T': "7", 'Z': "2",
}

// looksLike reports whether a character of a code looks like a letter.
func looksLike(character, letter byte) bool {
	return character == letter || strings.IndexByte(written[letter], character) >= 0
}

// waysToWrite returns a word with each of its letters written in each way.
func waysToWrite(word string) []string {
	ways := []string{""}
	for i := range len(word) {
		var longer []string
		for _, way := range ways {
			for _, character := range string(word[i]) + written[word[i]] {
				longer = append(longer, way+string(character))
			}
		}
		ways = longer
	}
	return ways
}

// holds says by comparing everything with everything whether a word ends behind the prefix.
func holds(list []string, prefix, body string) bool {
	text := prefix + body
	for end := len(prefix) + 1; end <= len(text); end++ {
		for _, word := range list {
			if end >= len(word) && isWritten(word, text[end-len(word):end]) {
				return true
			}
		}
	}
	return false
}

func isWritten(word, text string) bool {
	for i := range len(word) {
		if !looksLike(text[i], word[i]) {
			return false
		}
	}
	return true
}

// finds says what the filter says of the same.
func finds(f *words.Filter, prefix, body string) bool {
	at := f.After(prefix)
	for i := range len(body) {
		var found bool
		if at, found = f.Step(at, body[i]); found {
			return true
		}
	}
	return false
}
