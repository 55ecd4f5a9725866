package bulk

import (
	"io"
	"strings"

	"accesscodes/internal/csvcell"
)

// NewCSV returns a CSV file of a table: RFC 4180, with a header, in UTF-8. Texts that a spreadsheet
// would run as formulas are made safe by package csvcell.
func NewCSV[T any](to io.Writer, table *Table[T]) File[T] {
	return &tableFile[T]{table: table, cells: cells{form: &csv{to: to}}}
}

// csv is the form of CSV. A third of the time of an export went into encoding/csv, which takes rows
// of strings.
type csv struct {
	to   io.Writer
	line []byte
}

func (f *csv) begin(columns []string) error {
	for _, name := range columns {
		f.text(name)
	}
	return f.endRow()
}

func (f *csv) text(text string) {
	text = csvcell.Defuse(text)
	if !needsQuotes(text) {
		f.line = append(append(f.line, text...), ',')
		return
	}
	f.line = append(f.line, '"')
	for {
		before, after, found := strings.Cut(text, `"`)
		f.line = append(f.line, before...)
		if !found {
			break
		}
		f.line, text = append(f.line, `""`...), after
	}
	f.line = append(f.line, `",`...)
}

// needsQuotes reports whether a cell must be quoted, or is better quoted because many a reader trims
// it.
func needsQuotes(text string) bool {
	return text != "" && (text[0] <= ' ' || text[len(text)-1] <= ' ' || strings.ContainsAny(text, "\",\r\n"))
}

func (f *csv) plain(text []byte, _ bool) { f.line = append(append(f.line, text...), ',') }

func (f *csv) object(text []byte) { f.text(string(text)) }

func (f *csv) endRow() error {
	f.line = append(f.line[:len(f.line)-1], "\r\n"...) // instead of the last comma
	_, err := f.to.Write(f.line)
	f.line = f.line[:0]
	return err
}

func (f *csv) end() error { return nil }
