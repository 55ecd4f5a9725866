package bulk

import (
	"archive/zip"
	"compress/flate"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"accesscodes/internal/core"
)

// MaxSheetRows is how many rows a sheet holds, beside its header.
const MaxSheetRows = 1<<20 - 1

// longestNumber is how many digits of a number spreadsheets keep. Longer ones are written as texts.
const longestNumber = 15

// NewXLSX returns a workbook with one sheet of a table (ECMA-376). It is written as it grows, so that
// its size does not matter. Its texts are never run as formulas.
func NewXLSX[T any](to io.Writer, table *Table[T], sheet string) File[T] {
	book := zip.NewWriter(to)
	book.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.BestSpeed)
	})
	return &tableFile[T]{table: table, cells: cells{form: &xlsx{book: book, name: sheet, most: MaxSheetRows + 1}}}
}

// xlsx is the form of a workbook.
type xlsx struct {
	book *zip.Writer
	name string // of the sheet

	sheet      io.Writer
	line       []byte // the row that is under way
	rows, most int
}

const xmlHeader = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// Names of the parts of a workbook.
const (
	relations  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packaged   = "http://schemas.openxmlformats.org/package/2006"
	sheets     = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	mediaTypes = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	sheetPath  = "xl/worksheets/sheet1.xml"
)

// parts are what a workbook needs beside its sheet.
func (f *xlsx) parts() [][2]string {
	relation := func(kind, target string) string {
		return xmlHeader + `<Relationships xmlns="` + packaged + `/relationships"><Relationship Id="rId1" Type="` +
			relations + "/" + kind + `" Target="` + target + `"/></Relationships>`
	}
	return [][2]string{
		{"[Content_Types].xml", xmlHeader + `<Types xmlns="` + packaged + `/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + mediaTypes + `sheet.main+xml"/>` +
			`<Override PartName="/` + sheetPath + `" ContentType="` + mediaTypes + `worksheet+xml"/></Types>`},
		{"_rels/.rels", relation("officeDocument", "xl/workbook.xml")},
		{"xl/workbook.xml", xmlHeader + `<workbook xmlns="` + sheets + `" xmlns:r="` + relations + `"><sheets>` +
			`<sheet name="` + f.name + `" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", relation("worksheet", "worksheets/sheet1.xml")},
	}
}

func (f *xlsx) begin(columns []string) error {
	for _, part := range f.parts() {
		to, err := f.book.Create(part[0])
		if err != nil {
			return err
		}
		if _, err := io.WriteString(to, part[1]); err != nil {
			return err
		}
	}
	var err error
	if f.sheet, err = f.book.Create(sheetPath); err != nil {
		return err
	}
	const head = `<worksheet xmlns="` + sheets + `"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>` + // the header stays in sight
		`</sheetView></sheetViews><sheetData>`
	if _, err := io.WriteString(f.sheet, xmlHeader+head); err != nil {
		return err
	}
	f.line = append(f.line, "<row>"...)
	for _, name := range columns {
		f.text(name)
	}
	return f.endRow()
}

func (f *xlsx) text(text string) {
	if text == "" {
		f.plain(nil, false)
		return
	}
	f.line = append(f.line, `<c t="inlineStr"><is><t xml:space="preserve">`...)
	f.line = appendXML(f.line, text)
	f.line = append(f.line, `</t></is></c>`...)
}

// plain writes an empty cell, too: cells have no address but their place in the row.
func (f *xlsx) plain(text []byte, isNumber bool) {
	switch {
	case len(text) == 0:
		f.line = append(f.line, `<c/>`...)
	case isNumber && len(text) <= longestNumber:
		f.line = append(append(append(f.line, `<c><v>`...), text...), `</v></c>`...)
	default:
		f.line = append(append(append(f.line, `<c t="inlineStr"><is><t>`...), text...), `</t></is></c>`...)
	}
}

func (f *xlsx) object(text []byte) { f.text(string(text)) }

// appendXML writes a text of a cell. What XML cannot hold, or would change, is _xHHHH_ (ECMA-376
// Part 1, 22.9.2.19), and so is the _ of a text that looks like that itself.
func appendXML(to []byte, text string) []byte {
	for i, r := range text {
		switch {
		case r == '<':
			to = append(to, "&lt;"...)
		case r == '>':
			to = append(to, "&gt;"...)
		case r == '&':
			to = append(to, "&amp;"...)
		case isEscaped(r), r == '_' && looksEscaped(text[i:]):
			to = append(to, "_x"...)
			to = append(to, strings.ToUpper(strconv.FormatInt(int64(r)|1<<16, 16)[1:])...)
			to = append(to, '_')
		default:
			to = utf8.AppendRune(to, r)
		}
	}
	return to
}

// isEscaped reports whether XML cannot hold a character, or would change it.
func isEscaped(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' || r == '\ufffe' || r == '\uffff'
}

// looksEscaped reports whether a text will begin like _xHHHH_, also by the _ of what is escaped.
func looksEscaped(text string) bool {
	const before = len("_xHHHH")
	if len(text) <= before || text[1] != 'x' {
		return false
	}
	if end, _ := utf8.DecodeRuneInString(text[before:]); end != '_' && !isEscaped(end) {
		return false
	}
	return !slices.ContainsFunc([]byte(text[2:before]), func(digit byte) bool {
		return !strings.ContainsRune("0123456789abcdefABCDEF", rune(digit))
	})
}

func sheetFull(most int) *core.Error {
	said := sheetTooSmall.With("most", most)
	return &core.Error{Kind: core.KindInvalid, Reason: core.ReasonInvalidParameter, Detail: said.Detail, Said: said}
}

func (f *xlsx) endRow() error {
	if f.rows == f.most {
		return sheetFull(f.most - 1)
	}
	f.rows++
	_, err := f.sheet.Write(append(f.line, "</row>"...))
	f.line = append(f.line[:0], "<row>"...)
	return err
}

func (f *xlsx) end() error {
	if _, err := io.WriteString(f.sheet, `</sheetData></worksheet>`); err != nil {
		return err
	}
	return f.book.Close()
}
