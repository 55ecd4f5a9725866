package sheet

import (
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"accesscodes/internal/qr"
)

// document is the PDF that cards are drawn in.
type document struct {
	pdf    *fpdf.Fpdf
	layout Layout
}

// made is the date in every document, so that the same cards are the same bytes.
var made = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func newDocument(d Design) document {
	paper := d.Layout.Paper
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: paper.Width, Ht: paper.Height}})
	pdf.SetCreationDate(made)
	pdf.SetModificationDate(made)
	pdf.SetCatalogSort(true)
	pdf.SetProducer("accesscodes", true)
	if !strings.Contains(d.Title.text, "{") { // which has another text on each card
		pdf.SetTitle(d.Title.text, true)
	}
	pdf.SetAutoPageBreak(false, 0)
	loadFonts(pdf)
	return document{pdf: pdf, layout: d.Layout}
}

// draw draws the card with this number, from 0 on, on a new page if the last one is full.
func (d document) draw(number int, card card, parts composed) {
	index := number % d.layout.PerPage()
	if index == 0 {
		d.newPage()
	}
	at := d.layout.card(index)
	d.drawSymbol(card.symbol, parts.symbol, at)
	for _, text := range parts.placed() {
		d.drawText(text, at)
	}
}

func (d document) newPage() {
	d.pdf.AddPage()
	if !d.layout.CropMarks {
		return
	}
	d.pdf.SetLineWidth(cropWidth)
	for _, mark := range d.layout.cropMarks() {
		d.pdf.Line(mark.x1, mark.y1, mark.x2, mark.y2)
	}
}

// drawText draws a text of a card that lies at a place.
func (d document) drawText(text placed, at rect) {
	d.pdf.SetFont(text.face.name(), "", text.points)
	d.pdf.SetTextColor(text.grey, text.grey, text.grey)
	for _, w := range text.words {
		d.pdf.Text(at.x+w.x, at.y+w.y, w.text)
	}
}

// drawSymbol draws the modules of a QR code as one path, so that there are no seams between them.
func (d document) drawSymbol(symbol qr.Code, place, at rect) {
	module := place.w / float64(symbol.Size()) / pointLength
	left, top := (at.x+place.x)/pointLength, (d.layout.Paper.Height-at.y-place.y)/pointLength
	var path strings.Builder
	write(&path, "q 0 g", module, 0, 0, -module, left, top, "cm")
	for _, run := range symbol.Runs() {
		write(&path, run.X, run.Y, run.Length, 1, "re")
	}
	path.WriteString(" f Q")
	d.pdf.RawWriteStr(path.String())
}

// write writes operands and an operator of PDF, each behind a space.
func write(to *strings.Builder, things ...any) {
	for _, thing := range things {
		to.WriteByte(' ')
		switch thing := thing.(type) {
		case int:
			to.WriteString(strconv.Itoa(thing))
		case float64:
			to.WriteString(strconv.FormatFloat(thing, 'f', 4, 64))
		case string:
			to.WriteString(thing)
		}
	}
}
