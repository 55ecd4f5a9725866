// Package qr makes QR codes (ISO/IEC 18004): from a text to modules, and from modules to a PNG or SVG
// picture. It knows no codes of a workspace and no pages: sheets of cards are another package's.
package qr

import (
	"errors"
	"math"
	"slices"

	"rsc.io/qr/coding"
)

// QuietZone is how many light modules the standard wants around a QR code (§9.1).
const QuietZone = 4

// ErrTooLong says that a text does not fit into a QR code with this error correction.
var ErrTooLong = errors.New("it is too long for a QR code with this error correction")

// Level is how much of a QR code may be dirty or torn until it cannot be read.
type Level string

// The levels, with the share of the code that may be lost. Their order is that of the library.
const (
	Low      Level = "low"      // 7 %
	Medium   Level = "medium"   // 15 %
	Quartile Level = "quartile" // 25 %
	High     Level = "high"     // 30 %
)

// Levels lists the levels, weakest first.
func Levels() []Level { return []Level{Low, Medium, Quartile, High} }

// Code is the modules of a QR code, without a quiet zone.
type Code struct {
	size int
	dark []bool // row by row
}

// New returns the smallest QR code of a text. The level must be one of [Levels].
func New(text string, level Level) (Code, error) {
	segment, strength := segmentOf(text), coding.Level(slices.Index(Levels(), level))
	version := coding.Version(coding.MinVersion)
	for segment.Bits(version) > version.DataBytes(strength)*8 {
		if version++; version > coding.MaxVersion {
			return Code{}, ErrTooLong
		}
	}
	return bestMasked(version, strength, segment)
}

// masks is how many masks there are (§7.8.2).
const masks = 8

// bestMasked draws a text under every mask and returns what readers find easiest.
func bestMasked(version coding.Version, level coding.Level, text coding.Encoding) (best Code, err error) {
	least := math.MaxInt
	for mask := range coding.Mask(masks) {
		plan, err := coding.NewPlan(version, level, mask)
		if err != nil {
			return Code{}, err
		}
		drawn, err := plan.Encode(text)
		if err != nil {
			return Code{}, err
		}
		code := Code{size: drawn.Size, dark: make([]bool, 0, drawn.Size*drawn.Size)}
		for y := range drawn.Size {
			for x := range drawn.Size {
				code.dark = append(code.dark, drawn.Black(x, y))
			}
		}
		if points := code.penalty(); points < least {
			best, least = code, points
		}
	}
	return best, nil
}

// Size is how many modules a side has.
func (c Code) Size() int { return c.size }

// Dark reports whether a module is dark. Outside of the code all are light.
func (c Code) Dark(x, y int) bool {
	return 0 <= x && x < c.size && 0 <= y && y < c.size && c.dark[y*c.size+x]
}

// Run is dark modules beside one another in a row.
type Run struct{ X, Y, Length int }

// Runs lists the dark modules, row by row.
func (c Code) Runs() (all []Run) {
	for y := range c.size {
		for x := 0; x < c.size; x++ {
			start := x
			for c.Dark(x, y) {
				x++
			}
			if x > start {
				all = append(all, Run{X: start, Y: y, Length: x - start})
			}
		}
	}
	return all
}
