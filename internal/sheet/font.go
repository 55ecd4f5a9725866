package sheet

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"strconv"

	"codeberg.org/go-pdf/fpdf"
)

// The faces of the one font that cards are set in: font/README.md says where they come from.
var (
	//go:embed font/DejaVuSans.ttf
	regularFile []byte
	//go:embed font/DejaVuSans-Bold.ttf
	boldFile []byte
	//go:embed font/DejaVuSansMono-Bold.ttf
	monoFile []byte
)

// face is a face of the font.
type face int

const (
	regular face = iota
	bold
	mono
)

func (f face) file() []byte { return [][]byte{regularFile, boldFile, monoFile}[f] }
func (f face) name() string { return []string{"regular", "bold", "mono"}[f] }

// Heights of letters, as parts of their size.
const (
	ascent  = 0.76 // of a capital letter, with its accents cut short
	descent = 0.24
	leading = 1.22 // from one line to the next
)

// pointLength is a typographic point in millimetres.
const pointLength = 25.4 / 72

// loadFonts adds the faces to a document. Each has files of its own: fpdf writes into them when it takes
// out the letters that a document does not use.
func loadFonts(pdf *fpdf.Fpdf) {
	for _, f := range []face{regular, bold, mono} {
		pdf.AddUTF8FontFromBytes(f.name(), "", bytes.Clone(f.file()))
	}
}

// ruler measures texts. It uses a document without pages: in one with pages, each choice of a font
// would be written down.
type ruler struct {
	pdf    *fpdf.Fpdf
	covers [3]coverage
}

func newRuler() *ruler {
	r := &ruler{pdf: fpdf.New("P", "mm", "A4", "")}
	loadFonts(r.pdf)
	for _, f := range []face{regular, bold, mono} {
		r.covers[f] = coverageOf(f.file())
	}
	return r
}

// width is how wide a text is, in millimetres for each point of its size.
func (r *ruler) width(f face, text string) float64 {
	r.pdf.SetFont(f.name(), "", 1)
	return float64(r.pdf.GetStringSymbolWidth(text)) / 1000 * pointLength
}

// missing returns the first character of a text that a face does not have.
func (r *ruler) missing(f face, text string) (rune, bool) {
	for _, char := range text {
		if !r.covers[f].has(char) {
			return char, true
		}
	}
	return 0, false
}

// character names a character in an error.
func character(char rune) string {
	if strconv.IsPrint(char) {
		return fmt.Sprintf("%c (%U)", char, char)
	}
	return fmt.Sprintf("%U", char)
}

// coverage is the characters that a font has: the segments of the "cmap" table of format 4, which holds
// those of the Basic Multilingual Plane.
// https://learn.microsoft.com/typography/opentype/spec/cmap
type coverage []segment

type segment struct{ first, last uint16 }

func (c coverage) has(char rune) bool {
	for _, s := range c {
		if rune(s.first) <= char && char <= rune(s.last) {
			return true
		}
	}
	return false
}

// coverageOf reads a font of this package; its tables are known to be sound.
func coverageOf(file []byte) (all coverage) {
	table := formatFour(tableOf(file, "cmap"))
	count := int(binary.BigEndian.Uint16(table[6:])) / 2
	ends := table[14:]
	starts := ends[2*count+2:]
	for i := range count {
		first, last := binary.BigEndian.Uint16(starts[2*i:]), binary.BigEndian.Uint16(ends[2*i:])
		if first != 0xFFFF { // the last segment, which is no character
			all = append(all, segment{first, last})
		}
	}
	return all
}

func tableOf(file []byte, tag string) []byte {
	for i := range int(binary.BigEndian.Uint16(file[4:])) {
		if entry := file[12+16*i:]; string(entry[:4]) == tag {
			return file[binary.BigEndian.Uint32(entry[8:]):]
		}
	}
	panic("the font has no table " + tag)
}

func formatFour(cmap []byte) []byte {
	for i := range int(binary.BigEndian.Uint16(cmap[2:])) {
		table := cmap[binary.BigEndian.Uint32(cmap[4+8*i+4:]):]
		if binary.BigEndian.Uint16(table) == 4 {
			return table
		}
	}
	panic("the font has no cmap of format 4")
}
