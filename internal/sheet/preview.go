package sheet

import "accesscodes/internal/qr"

// placed is a text of a card whose words have their places.
type placed struct {
	fitted
	words []placedWord
}

// placedWord is a word with where its baseline begins, in millimetres from the top left of the card.
type placedWord struct {
	word
	x, y float64
}

// placed returns the texts of a card, one below the other.
func (c composed) placed() (all []placed) {
	y := c.area.y
	for i, text := range c.texts {
		if i > 0 {
			y += text.space()
		}
		all = append(all, c.place(text, y))
		y += text.height()
	}
	return all
}

// place finds a place for the words of a text from the top of its first line.
func (c composed) place(text fitted, top float64) placed {
	p := placed{fitted: text}
	size := text.points * pointLength
	baseline := top + size*(ascent+(leading-ascent-descent)/2)
	for _, line := range text.lines {
		x := c.area.x
		if c.centred {
			x += (c.area.w - lineWidth(line)*text.points) / 2
		}
		for _, w := range line {
			p.words = append(p.words, placedWord{w, x, baseline})
			x += (w.width + w.gap) * text.points
		}
		baseline += size * leading
	}
	return p
}

// Card is one card as it is printed, for a preview. All lengths are millimetres, from its top left.
type Card struct {
	Width, Height float64
	Symbol        qr.Code
	SymbolAt      Place // without the quiet zone
	Words         []Word
}

// Word is a word on a card. X and Y are where its baseline begins.
type Word struct {
	Text              string
	X, Y, Width, Size float64
	Face              string // regular, bold or mono
	Grey              int    // 0 is black, 255 white
}

// Preview returns the card of a row of a list.
func (d Design) Preview(list List, row Row) (Card, error) {
	if err := d.Check(list); err != nil {
		return Card{}, err
	}
	labels, err := d.labels(list)
	if err != nil {
		return Card{}, err
	}
	cell := d.Layout.card(0)
	made, done, err := d.compose(composer{ruler: newRuler(), cell: cell}, row, labels)
	if err != nil {
		return Card{}, err
	}
	c := Card{Width: cell.w, Height: cell.h, Symbol: made.symbol, SymbolAt: done.symbol.place()}
	for _, text := range done.placed() {
		for _, w := range text.words {
			c.Words = append(c.Words, Word{
				Text: w.text, X: w.x, Y: w.y, Width: w.width * text.points, Size: text.points * pointLength,
				Face: text.face.name(), Grey: text.grey,
			})
		}
	}
	return c, nil
}
