package sheet

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"accesscodes/internal/qr"
)

// Design is what the cards of a sheet look like.
type Design struct {
	Layout Layout
	Link   qr.Link        // what the QR code says
	Level  qr.Level       // of its error correction
	Title  Template       // above the code
	Lines  []Template     // below the code
	Zone   *time.Location // that times are written in
}

// DefaultLines are the texts below the codes of a list if nothing else is asked for: what the list has
// of these.
func DefaultLines(list List) (lines []Template) {
	if list.index("type") >= 0 {
		lines = append(lines, Template{parts: []part{{column: "type"}}})
	}
	if list.index("expiresAt") >= 0 {
		lines = append(lines, Template{parts: []part{{text: "Valid until "}, {column: "expiresAt"}}})
	}
	return lines
}

// Check returns an error if a list cannot be printed like this, before any of its rows is read.
func (d Design) Check(list List) error {
	if err := d.Layout.Check(); err != nil {
		return err
	}
	_, err := d.labels(list)
	return err
}

// labels are the templates of a design with the columns of a list.
type labels struct {
	code  int // the index of the code's column
	title bound
	lines []bound
}

func (d Design) labels(list List) (l labels, err error) {
	l.code = list.index(codeColumn)
	l.title, err = d.Title.bind(list, d.Zone)
	errs := []error{list.Check(), err}
	for _, line := range d.Lines {
		b, err := line.bind(list, d.Zone)
		l.lines, errs = append(l.lines, b), append(errs, err)
	}
	return l, errors.Join(errs...)
}

// maxCards is the most that are printed in one PDF, which is put together in memory: 15 KB for each card.
const maxCards = 20_000

// Write prints a list as PDF and returns how many cards it has. The same list and design give the same
// bytes. A row that cannot be printed ends it with an error that names the code.
func (d Design) Write(to io.Writer, list List) (cards int, err error) {
	if err := d.Check(list); err != nil {
		return 0, err
	}
	labels, err := d.labels(list)
	if err != nil {
		return 0, err
	}
	doc := newDocument(d)
	composer := composer{ruler: newRuler(), cell: d.Layout.card(0)}
	for row, err := range list.atMost(maxCards) {
		if err != nil {
			return cards, err
		}
		card, composed, err := d.compose(composer, row, labels)
		if err != nil {
			return cards, err
		}
		doc.draw(cards, card, composed)
		cards++
	}
	if cards == 0 {
		return 0, &Mistake{Said: noCards.Said()}
	}
	return cards, doc.pdf.Output(to)
}

// compose finds a place for everything on the card of a row.
func (d Design) compose(c composer, row Row, labels labels) (card, composed, error) {
	code := strings.TrimSpace(row.Cells[labels.code])
	if code == "" {
		return card{}, composed{}, fmt.Errorf("%s of the list has no code", row.Place)
	}
	made, err := d.card(code, row, labels)
	if err != nil {
		return card{}, composed{}, at(err, code, row.Place)
	}
	done, err := c.compose(made)
	if err != nil {
		return card{}, composed{}, at(err, code, row.Place)
	}
	return made, done, nil
}

// card returns the card of a row.
func (d Design) card(code string, row Row, labels labels) (card, error) {
	symbol, err := qr.New(d.Link.Of(code), d.Level)
	if err != nil {
		if errors.Is(err, qr.ErrTooLong) {
			err = &Mistake{Said: longLink.Said()}
		}
		return card{}, err
	}
	c := card{code: code, symbol: symbol, title: labels.title.of(row)}
	for _, line := range labels.lines {
		c.lines = append(c.lines, line.of(row))
	}
	return c, nil
}
