package console

import (
	"strings"

	"accesscodes/internal/why"
)

// spell is how a text is spelt out for somebody on the telephone: "seven Kilo Quebec Whiskey". No line
// breaks within a word.
func (p *page) spell(text string) string {
	var words []string
	for _, spelled := range why.Spell(text, why.Alphabet(p.Language())) {
		words = append(words, strings.ReplaceAll(spelled.Word, "-", "\u2011"))
	}
	return strings.Join(words, " ")
}
