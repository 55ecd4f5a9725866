package core

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// MaxFormLength is the longest canonical form, in bytes.
const MaxFormLength = 512

// Canonical returns the unique form of a code value, by which codes are looked up. It is the same
// for every way in which people and keyboards write a value: it ignores case, white space, dashes
// and invisible characters, and it understands full-width letters, the digits of every script, and
// letters with marks, composed or not. So "acme abcd–efgh" finds ACME-ABCD-EFGH.
// Canonical(Canonical(v)) == Canonical(v).
//
// Generated values, and nearly all others, are ASCII apart from what is ignored. They take a
// separate path, which allocates nothing if nothing changes.
func Canonical(value string) string {
	changes := false
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c >= utf8.RuneSelf {
			return canonicalBeyondASCII(value, i)
		}
		changes = changes || canonicalASCII[c] != c || c == 0
	}
	if !changes {
		return value
	}
	return appendCanonicalASCII(value)
}

// canonicalASCII maps each ASCII character to its form; 0: it is ignored.
var canonicalASCII = func() (table [utf8.RuneSelf]byte) {
	for c := byte('!'); c < 0x7f; c++ {
		table[c] = c
	}
	for c := byte('a'); c <= 'z'; c++ {
		table[c] = c - 'a' + 'A'
	}
	table['-'] = 0
	return table
}()

// canonicalBeyondASCII continues at the first byte that is not ASCII. A value that was retyped on a
// phone often has dashes and spaces beyond ASCII and nothing else; they are ignored.
func canonicalBeyondASCII(value string, i int) string {
	for i < len(value) {
		r, size := utf8.DecodeRuneInString(value[i:])
		if r >= utf8.RuneSelf && !isIgnored(r) {
			return fold(value)
		}
		i += size
	}
	return appendCanonicalASCII(value)
}

// appendCanonicalASCII returns the form of a value in which everything beyond ASCII is ignored.
func appendCanonicalASCII(value string) string {
	var form strings.Builder
	form.Grow(len(value))
	for i := 0; i < len(value); i++ {
		if c := value[i]; c < utf8.RuneSelf && canonicalASCII[c] != 0 {
			form.WriteByte(canonicalASCII[c])
		}
	}
	return form.String()
}

// fold is Canonical for any text. Removing ignored characters can bring together characters that
// compose, or an i and its dot, so it repeats until nothing changes.
func fold(value string) string {
	value = strings.ToValidUTF8(value, string(utf8.RuneError))
	for {
		next := foldOnce(value)
		if next == value {
			return value
		}
		value = next
	}
}

// caseFold does full case folding (Unicode Standard, 3.13, toCasefold).
var caseFold = cases.Fold()

func foldOnce(value string) string {
	folded := caseFold.String(norm.NFKC.String(value))
	kept := make([]rune, 0, len(folded))
	afterI := false // only dots above have come since the last i
	for _, r := range folded {
		if r == dotAbove && afterI {
			continue
		}
		r = plain(r)
		afterI = r == 'i'
		if !isIgnored(r) {
			kept = append(kept, r)
		}
	}
	return strings.Map(capitalASCII, norm.NFC.String(string(kept)))
}

const (
	dotAbove = '\u0307'
	dotlessI = 'ı' // İ is folded to an i with a dot above
)

// plain replaces some folded characters: the dotless i, which Turkish keyboards give for a capital
// I, by an i; a decimal digit by its ASCII digit; and a small Cherokee letter by its capital.
// Unicode folds Cherokee letters that way (CaseFolding.txt), while x/text/cases swaps the two.
func plain(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		return r
	case r == dotlessI:
		return 'i'
	case 0xab70 <= r && r <= 0xabbf:
		return r - 0xab70 + 0x13a0
	case 0x13f8 <= r && r <= 0x13fd:
		return r - 0x13f8 + 0x13f0
	case unicode.Is(unicode.Nd, r):
		return '0' + digitOf(r)
	default:
		return r
	}
}

// digitOf returns the value of a decimal digit beyond ASCII. Unicode encodes the ten digits of a
// script in a row, from 0 on (Unicode Standard, 4.6), so the length of each range is a multiple of
// ten.
func digitOf(r rune) rune {
	for _, digits := range unicode.Nd.R16 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return (r - rune(digits.Lo)) % 10
		}
	}
	for _, digits := range unicode.Nd.R32 {
		if rune(digits.Lo) <= r && r <= rune(digits.Hi) {
			return (r - rune(digits.Lo)) % 10
		}
	}
	return 0
}

func capitalASCII(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// brailleBlank is a symbol that looks like a space.
const brailleBlank = '\u2800'

// ignored are white space, dashes, and characters that are not visible: controls, format characters
// such as the soft hyphen, variation selectors, and everything else for which programs show nothing
// (Default_Ignorable_Code_Point).
var ignored = rangetable.Merge(
	unicode.Z, unicode.White_Space, unicode.Pd, unicode.Cc, unicode.Cf,
	unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point,
	rangetable.New(brailleBlank),
)

func isIgnored(r rune) bool { return unicode.Is(ignored, r) }
