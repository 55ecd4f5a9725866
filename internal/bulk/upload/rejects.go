package upload

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"

	"accesscodes/internal/core"
	"accesscodes/internal/csvcell"
)

// Layout is how the file of rejected rows is written: like the file that they come from, so that the
// same program opens it.
type Layout struct {
	Names     []string // of the columns; for NDJSON one, for the whole line
	As        []string `json:",omitempty"` // what they are read as; empty: it is read past
	Separator rune
	Mark      bool // it begins with a byte order mark, by which Excel knows UTF-8
	Objects   bool // the rows are lines of NDJSON
}

// Rejected is a row that was rejected.
type Rejected struct {
	Line   int
	Raw    string // as [Row] has it
	Reason core.Reason
	Detail string
}

// Layout returns how the file's rejected rows are written.
func (f *Reader) Layout() Layout {
	return Layout{
		Names: f.Header(), As: slices.Clone(f.header.as),
		Separator: rune(f.header.separator), Mark: f.mark, Objects: f.format == NDJSON,
	}
}

// Columns behind the original ones. They are not read when the mended file is uploaded.
var rejectColumns = []string{"_line", "_reason", "_detail"}

// RejectWriter writes the file of rejected rows: CSV with the original columns, and behind them the line,
// the reason and the detail. Such a file can be mended and uploaded as it is. What cannot be split into
// cells stands in the first one as a whole; where a row was NDJSON, its line does.
type RejectWriter struct {
	layout Layout
	file   io.Writer
	csv    *csv.Writer
	split  splitter
	kept   []int // the original columns, without those of an earlier file of rejected rows
	begun  bool
}

// NewRejectWriter returns a writer to w. [RejectWriter.Close] writes the rest of the file.
func NewRejectWriter(w io.Writer, layout Layout) *RejectWriter {
	r := &RejectWriter{layout: layout, file: w, csv: csv.NewWriter(w)}
	r.csv.Comma = layout.Separator
	r.split = splitter{separator: byte(layout.Separator), most: len(layout.Names)}
	for i, name := range layout.Names {
		if !slices.Contains(rejectColumns, name) {
			r.kept = append(r.kept, i)
		}
	}
	return r
}

// Write writes a row.
func (r *RejectWriter) Write(row Rejected) error {
	if err := r.begin(); err != nil {
		return err
	}
	return r.writeRow(r.original(row.Raw), strconv.Itoa(row.Line), string(row.Reason), row.Detail)
}

// Close writes what is left, of an empty file the header. It does not close the writer underneath.
func (r *RejectWriter) Close() error {
	if err := r.begin(); err != nil {
		return err
	}
	r.csv.Flush()
	return r.csv.Error()
}

// begin writes the header.
func (r *RejectWriter) begin() error {
	if r.begun {
		return nil
	}
	r.begun = true
	if r.layout.Mark {
		if _, err := r.file.Write(byteOrderMark); err != nil {
			return err
		}
	}
	return r.writeRow(r.layout.Names, rejectColumns...)
}

// original splits a row into its cells again.
func (r *RejectWriter) original(raw string) []string {
	if r.layout.Objects {
		return []string{raw}
	}
	_, _, what := r.split.row([]byte(raw), true)
	if what == splitWhole && !r.split.full {
		cells := r.split.texts(raw, len(r.layout.Names))
		for i, cell := range cells {
			cells[i] = csvcell.Restore(cell) // one that the file has made safe already
		}
		return cells
	}
	cells := make([]string, len(r.layout.Names))
	cells[r.kept[0]] = raw
	return cells
}

// writeRow writes the kept ones of the original cells, and more.
func (r *RejectWriter) writeRow(original []string, more ...string) error {
	cells := make([]string, 0, len(r.kept)+len(more))
	for _, i := range r.kept {
		cells = append(cells, csvcell.Defuse(original[i]))
	}
	for _, text := range more {
		cells = append(cells, csvcell.Defuse(text))
	}
	return r.csv.Write(cells)
}
