package qr

import (
	"unicode/utf8"

	"rsc.io/qr/coding"
)

// segmentOf returns the shortest encoding that has all of a text: digits, digits and capitals, or bytes.
func segmentOf(text string) coding.Encoding {
	number, capitals := coding.Num(text), coding.Alpha(text)
	switch {
	case number.Check() == nil:
		return number
	case capitals.Check() == nil:
		return capitals
	case isASCII(text):
		return coding.String(text)
	default:
		return unicodeText(text)
	}
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unicodeText is a text in UTF-8 behind a mark that says so (§7.4.2, Extended Channel Interpretation).
// Without it readers guess, and take "größe" for Japanese.
type unicodeText string

const (
	eciMode     = 7 // four bits
	eciModeBits = 4
	eciUTF8     = 26 // as assigned by AIM; eight bits
	eciUTF8Bits = 8
)

// Check implements [coding.Encoding].
func (unicodeText) Check() error { return nil }

// Bits implements [coding.Encoding].
func (t unicodeText) Bits(version coding.Version) int {
	return eciModeBits + eciUTF8Bits + coding.String(t).Bits(version)
}

// Encode implements [coding.Encoding].
func (t unicodeText) Encode(to *coding.Bits, version coding.Version) {
	to.Write(eciMode, eciModeBits)
	to.Write(eciUTF8, eciUTF8Bits)
	coding.String(t).Encode(to, version)
}
