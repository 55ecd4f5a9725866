package sheet

import (
	"math"
	"strings"
	"testing"

	"accesscodes/internal/qr"
)

// layouts are all that Check takes of a wide range.
func layouts() (all []Layout) {
	for _, paper := range Papers() {
		for columns := 1; columns <= 12; columns++ {
			for rows := 1; rows <= 18; rows++ {
				for _, gap := range []float64{0, 2.5} {
					l := Layout{Paper: paper, Columns: columns, Rows: rows, Margin: 6, Gap: gap, CropMarks: true}
					if l.Check() == nil {
						all = append(all, l)
					}
				}
			}
		}
	}
	return all
}

// inside reports whether a rectangle is within another one.
func (r rect) inside(other rect) bool {
	const rounding = 1e-9
	return r.x >= other.x-rounding && r.y >= other.y-rounding &&
		r.x+r.w <= other.x+other.w+rounding && r.y+r.h <= other.y+other.h+rounding
}

func (r rect) overlaps(other rect) bool {
	const rounding = 1e-9
	return r.x < other.x+other.w-rounding && other.x < r.x+r.w-rounding &&
		r.y < other.y+other.h-rounding && other.y < r.y+r.h-rounding
}

func TestCardsAreWithinThePageAndDoNotOverlap(t *testing.T) {
	checked := 0
	for _, l := range layouts() {
		page := rect{0, 0, l.Paper.Width, l.Paper.Height}
		for i := range l.PerPage() {
			if !l.card(i).inside(page.inset(l.Margin)) {
				t.Errorf("%+v: card %d is at %v", l, i, l.card(i))
			}
			for j := range i {
				if l.card(i).overlaps(l.card(j)) {
					t.Errorf("%+v: cards %d and %d overlap", l, i, j)
				}
			}
		}
		for _, mark := range l.cropMarks() {
			if !(rect{mark.x1, mark.y1, mark.x2 - mark.x1, mark.y2 - mark.y1}).inside(page) {
				t.Errorf("%+v: the mark %v is not on the page", l, mark)
			}
		}
		checked++
	}
	if checked < 300 {
		t.Errorf("only %d layouts", checked)
	}
}

// TestPartsOfACardDoNotTouch: texts are within the card and outside of the QR code's quiet zone, whatever
// the size of the card and the length of the texts.
func TestPartsOfACardDoNotTouch(t *testing.T) {
	symbol, err := qr.New("https://app.example.com/join?code=ACME-7Q2F-9KXM", qr.Medium)
	if err != nil {
		t.Fatal(err)
	}
	ruler, fitting := newRuler(), 0
	for _, l := range layouts() {
		c := composer{ruler: ruler, cell: l.card(0)}
		for _, code := range []string{"A", "ACME-7Q2F-9KXM", strings.Repeat("W", 128)} {
			done, err := c.compose(card{
				code: code, symbol: symbol, title: "Acme Summer Festival", lines: []string{"Premium", strings.Repeat("note ", 12)},
			})
			if err != nil {
				continue // too small, which is said
			}
			fitting++
			checkParts(t, c.cell, done, symbol)
		}
	}
	if fitting < 200 {
		t.Errorf("only %d cards", fitting)
	}
}

func checkParts(t *testing.T, cell rect, done composed, symbol qr.Code) {
	t.Helper()
	whole := rect{0, 0, cell.w, cell.h}
	quiet := done.symbol.inset(-done.symbol.w / float64(symbol.Size()) * qr.QuietZone)
	if !quiet.inside(whole) || !done.area.inside(whole) || quiet.overlaps(done.area) {
		t.Errorf("card %v: QR code %v, texts %v", cell, quiet, done.area)
	}
	if height := blockHeight(done.texts); math.Abs(height-done.area.h) > 1e-9 {
		t.Errorf("card %v: texts of %.2f mm in %.2f mm", cell, height, done.area.h)
	}
	for _, text := range done.texts {
		if text.points < smallest {
			t.Errorf("card %v: %s of %.2f points", cell, text.what, text.points)
		}
		for _, line := range text.lines {
			if width := lineWidth(line) * text.points; width > done.area.w+1e-9 {
				t.Errorf("card %v: a line of %.2f mm in %.2f mm", cell, width, done.area.w)
			}
		}
	}
}

func TestLayoutsThatMakeNoSense(t *testing.T) {
	for name, change := range map[string]func(*Layout){
		"no column":         func(l *Layout) { l.Columns = 0 },
		"no row":            func(l *Layout) { l.Rows = -1 },
		"a negative margin": func(l *Layout) { l.Margin = -1 },
		"a negative gap":    func(l *Layout) { l.Gap = -1 },
		"a margin of NaN":   func(l *Layout) { l.Margin = math.NaN() },
		"an endless gap":    func(l *Layout) { l.Gap = math.Inf(1) },
		"no room for marks": func(l *Layout) { l.Margin, l.CropMarks = 5, true },
		"narrow cards":      func(l *Layout) { l.Columns = 14 },
		"low cards":         func(l *Layout) { l.Rows = 20 },
		"a huge margin":     func(l *Layout) { l.Margin = 200 },
		"very many":         func(l *Layout) { l.Columns, l.Rows = 1<<40, 1<<40 },
	} {
		l := Layout{Paper: Papers()[0], Columns: 2, Rows: 5, Margin: 10}
		if err := l.Check(); err != nil {
			t.Fatal(err)
		}
		change(&l)
		if err := l.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
