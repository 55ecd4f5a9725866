package sheet

import (
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"accesscodes/internal/qr"
)

// leastModule is the smallest module of a QR code that a phone reads from paper, in millimetres.
const leastModule = 0.25

// Sizes of texts, in points, on a card of the size that they were drawn for, in millimetres.
const (
	titleSize, codeSize, lineSize = 9.5, 14.0, 8.5

	wideWidth, wideHeight = 95.0, 55.0 // a card with its texts beside the QR code
	tallWidth, tallHeight = 60.0, 80.0 // a card with its texts below the QR code
)

// wide is how much wider than high a card is whose texts stand beside the QR code.
const wide = 1.3

// card is what is drawn for one code.
type card struct {
	code   string // as it is shown
	symbol qr.Code
	title  string
	lines  []string
}

// composer puts cards together.
type composer struct {
	ruler *ruler
	cell  rect // any card of the page: all are of one size
}

// composed is a card whose parts have a size and a place in its rectangle.
type composed struct {
	symbol  rect // of the QR code, without its quiet zone
	texts   []fitted
	area    rect // of the texts
	centred bool
}

// compose finds a place for the parts of a card.
func (c composer) compose(card card) (composed, error) {
	texts, err := c.paragraphs(card)
	if err != nil {
		return composed{}, err
	}
	padding := max(1.5, min(4, min(c.cell.w, c.cell.h)*0.06))
	inner := rect{0, 0, c.cell.w, c.cell.h}.inset(padding)
	var done composed
	if c.isWide() {
		done, err = composeWide(inner, card.symbol, texts)
	} else {
		done, err = composeTall(inner, card.symbol, texts)
	}
	if err != nil {
		return composed{}, err
	}
	if module := done.symbol.w / float64(card.symbol.Size()); module < leastModule {
		return composed{}, &Mistake{Said: smallModules.With(
			"size", strconv.FormatFloat(module, 'f', 2, 64), "least", millimetres(leastModule))}
	}
	return done, nil
}

func (c composer) isWide() bool { return c.cell.w > c.cell.h*wide }

// composeWide puts the texts to the right of the QR code.
func composeWide(inner rect, symbol qr.Code, texts []paragraph) (composed, error) {
	side := min(inner.h, inner.w*0.47)
	box := rect{inner.x, inner.y + (inner.h-side)/2, side, side}
	area := rect{box.x + side, inner.y, inner.w - side, inner.h}
	fits, err := fit(texts, area.w, area.h)
	if err != nil {
		return composed{}, err
	}
	height := blockHeight(fits)
	area.y, area.h = inner.y+(inner.h-height)/2, height
	return composed{symbol: withoutQuietZone(box, symbol), texts: fits, area: area}, nil
}

// tallSymbol is how much of a card's height the QR code takes whose texts stand below it. It is the same
// on all cards, however long their texts.
const tallSymbol = 0.6

// composeTall puts the texts below the QR code.
func composeTall(inner rect, symbol qr.Code, texts []paragraph) (composed, error) {
	side := min(inner.w, inner.h*tallSymbol)
	box := rect{inner.x + (inner.w-side)/2, inner.y, side, side}
	fits, err := fit(texts, inner.w, inner.h-side)
	if err != nil {
		return composed{}, err
	}
	height := blockHeight(fits)
	area := rect{inner.x, inner.y + side + (inner.h-side-height)/2, inner.w, height}
	return composed{symbol: withoutQuietZone(box, symbol), texts: fits, area: area, centred: true}, nil
}

// withoutQuietZone returns where the modules of a QR code are in a square that its quiet zone fills.
func withoutQuietZone(box rect, symbol qr.Code) rect {
	modules := float64(symbol.Size() + 2*qr.QuietZone)
	return box.inset(box.w / modules * qr.QuietZone)
}

// paragraphs returns the texts of a card in the order in which they stand.
func (c composer) paragraphs(card card) (all []paragraph, err error) {
	factor := max(0.5, min(1.6, min(c.cell.w/tallWidth, c.cell.h/tallHeight)))
	if c.isWide() {
		factor = max(0.5, min(1.6, min(c.cell.w/wideWidth, c.cell.h/wideHeight)))
	}
	add := func(p paragraph, text string, words func(*ruler, face, string) []word) {
		if char, missing := c.ruler.missing(p.face, text); missing && err == nil {
			err = &Mistake{Said: strangeCharacter.With("what", p.what, "character", character(char))}
		}
		if p.words = words(c.ruler, p.face, text); len(p.words) > 0 {
			p.size, p.above = p.size*factor, p.above*factor
			all = append(all, p)
		}
	}
	add(paragraph{what: "title", face: bold, grey: 60, size: titleSize}, shown(card.title), labelWords)
	code := shown(card.code)
	add(paragraph{what: "code", face: c.codeFace(code), size: codeSize, above: 1.4}, code, codeWords)
	above := 1.8
	for _, line := range card.lines {
		add(paragraph{what: "text", face: regular, grey: 90, size: lineSize, above: above}, shown(line), labelWords)
		above = 0.4
	}
	if err == nil && len(all) == 0 {
		err = &Mistake{Said: emptyCard.Said()}
	}
	return all, err
}

// codeFace is the face for a code: one in which 0 and O differ, unless that does not have all of it.
func (c composer) codeFace(code string) face {
	if _, missing := c.ruler.missing(mono, code); missing {
		return bold
	}
	return mono
}

// shown is a text in the form that fonts have characters for: an accent and its letter as one (Unicode
// Standard Annex #15), and plain spaces alone.
func shown(text string) string { return strings.Join(strings.Fields(norm.NFC.String(text)), " ") }
