package sheet

import (
	"fmt"
	"strconv"
	"strings"
)

// All lengths are millimetres, from the top left of the page.

// The least that things on a page may measure.
const (
	minCard       = 15.0 // a side of a card
	minCropMargin = 6.0  // a margin with crop marks in it
)

// Paper is a size of paper, upright.
type Paper struct {
	Name          string
	Width, Height float64
}

// Papers lists the sizes there are (ISO 216; ANSI/ASME Y14.1).
func Papers() []Paper {
	return []Paper{{"A4", 210, 297}, {"Letter", 215.9, 279.4}}
}

// PaperNamed finds a paper by its name, in capitals or not.
func PaperNamed(name string) (Paper, bool) {
	for _, paper := range Papers() {
		if strings.EqualFold(paper.Name, name) {
			return paper, true
		}
	}
	return Paper{}, false
}

// Layout is how cards lie on a page.
type Layout struct {
	Paper         Paper
	Columns, Rows int
	Margin        float64 // around all cards
	Gap           float64 // between cards
	CropMarks     bool    // where to cut
}

// rect is a part of a page.
type rect struct{ x, y, w, h float64 }

// inset is the rectangle without a border of a width.
func (r rect) inset(by float64) rect { return rect{r.x + by, r.y + by, r.w - 2*by, r.h - 2*by} }

// Check returns an error if cards cannot lie like this.
func (l Layout) Check() error {
	switch {
	case l.Columns < 1 || l.Rows < 1:
		return fmt.Errorf("a page needs at least one column and one row")
	case !(l.Margin >= 0) || !(l.Gap >= 0): // which refuses NaN, too
		return fmt.Errorf("margin and gap must not be negative")
	case l.CropMarks && l.Margin < minCropMargin:
		return &Mistake{Said: cropMargin.With("least", millimetres(minCropMargin))}
	}
	if card := l.card(0); !(card.w >= minCard && card.h >= minCard) {
		return &Mistake{Said: smallCards.With(
			"width", strconv.FormatFloat(max(0, card.w), 'f', 1, 64),
			"height", strconv.FormatFloat(max(0, card.h), 'f', 1, 64), "least", millimetres(minCard))}
	}
	return nil
}

// PerPage is how many cards are on a page.
func (l Layout) PerPage() int { return l.Columns * l.Rows }

// Place is where something lies, from the top left of what it lies on.
type Place struct{ X, Y, Width, Height float64 }

// Places are those of the cards of a page.
func (l Layout) Places() []Place {
	all := make([]Place, l.PerPage())
	for i := range all {
		all[i] = l.card(i).place()
	}
	return all
}

func (r rect) place() Place { return Place{r.x, r.y, r.w, r.h} }

// card returns where a card of a page lies: they go from left to right, then down.
func (l Layout) card(index int) rect {
	columns, rows := float64(l.Columns), float64(l.Rows)
	width := (l.Paper.Width - 2*l.Margin - (columns-1)*l.Gap) / columns
	height := (l.Paper.Height - 2*l.Margin - (rows-1)*l.Gap) / rows
	return rect{
		x: l.Margin + float64(index%l.Columns)*(width+l.Gap),
		y: l.Margin + float64(index/l.Columns)*(height+l.Gap),
		w: width, h: height,
	}
}
