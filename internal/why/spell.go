package why

import (
	"strings"
	"unicode"

	"accesscodes/internal/core"
)

// Alphabet is a way to spell aloud.
type Alphabet string

// The alphabets.
const (
	// AlphabetEnglish is the radiotelephony alphabet (ICAO Annex 10, volume II, 5.2.1.3).
	AlphabetEnglish Alphabet = "en"
	// AlphabetGerman is that of cities (DIN 5009:2022).
	AlphabetGerman Alphabet = "de"
)

// spellings are the words for A to Z, then for 0 to 9.
var spellings = map[Alphabet][]string{
	AlphabetEnglish: strings.Fields(`Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima
		Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu
		zero one two three four five six seven eight nine`),
	AlphabetGerman: strings.Fields(`Aachen Berlin Chemnitz Düsseldorf Essen Frankfurt Goslar Hamburg Ingelheim
		Jena Köln Leipzig München Nürnberg Offenbach Potsdam Quickborn Rostock Salzwedel Tübingen Unna
		Völklingen Wuppertal Xanten Ypsilon Zwickau
		null eins zwei drei vier fünf sechs sieben acht neun`),
}

// furtherSpellings are the words for other letters.
var furtherSpellings = map[Alphabet]map[rune]string{
	AlphabetGerman: {
		'Ä': "Umlaut Aachen", 'Ö': "Umlaut Offenbach", 'Ü': "Umlaut Unna", 'ẞ': "Eszett", 'ß': "Eszett",
	},
}

// Spelled is one character and the word for it.
type Spelled struct{ Character, Word string }

// Spell returns a word for each character of a value that counts when codes are compared. A character
// that has no word in the alphabet stands for itself.
func Spell(value string, alphabet Alphabet) (spelled []Spelled) {
	words, further := spellings[alphabet], furtherSpellings[alphabet]
	for _, r := range value {
		if core.Canonical(string(r)) == "" && !unicode.Is(unicode.M, r) {
			continue
		}
		r = unicode.ToUpper(r)
		word, found := further[r]
		switch {
		case found:
		case 'A' <= r && r <= 'Z' && words != nil:
			word = words[r-'A']
		case '0' <= r && r <= '9' && words != nil:
			word = words[26+r-'0']
		default:
			word = string(r)
		}
		spelled = append(spelled, Spelled{string(r), word})
	}
	return spelled
}
