package bulk

import (
	"bytes"
	"io"
	"time"
)

// File writes rows in one format. Begin, Row for each, End: without End the file is not whole.
type File[T any] interface {
	Begin() error
	// Row writes a row. The instant is that of its page.
	Row(row *T, at time.Time) error
	End() error
}

// tableFile is a file of a table.
type tableFile[T any] struct {
	table *Table[T]
	cells cells
}

// Begin implements [File].
func (f *tableFile[T]) Begin() error { return f.cells.begin(f.table.columns) }

// Row implements [File].
func (f *tableFile[T]) Row(row *T, at time.Time) error {
	f.table.write(&f.cells, row, at)
	return f.cells.endRow()
}

// End implements [File].
func (f *tableFile[T]) End() error { return f.cells.end() }

// NewNDJSON returns a file with an object of JSON in each line. appendRow appends the object of a row.
func NewNDJSON[T any](to io.Writer, appendRow func(text []byte, row *T, at time.Time) ([]byte, error)) File[T] {
	return &ndjson[T]{to: to, appendRow: appendRow}
}

type ndjson[T any] struct {
	to        io.Writer
	appendRow func([]byte, *T, time.Time) ([]byte, error)
	line      []byte
}

// Begin implements [File].
func (f *ndjson[T]) Begin() error { return nil }

// Row implements [File].
func (f *ndjson[T]) Row(row *T, at time.Time) error {
	line, err := f.appendRow(f.line[:0], row, at)
	if err != nil {
		return err
	}
	f.line = append(line, '\n')
	_, err = f.to.Write(escapeBreaks(f.line))
	return err
}

// breaks are characters that some programs take for the end of a line, such as those that use
// splitlines of Python. JSON has them in texts only.
var breaks = [...]struct{ char, escaped string }{
	{"\u0085", `\u0085`}, {"\u2028", `\u2028`}, {"\u2029", `\u2029`},
}

func escapeBreaks(line []byte) []byte {
	for _, b := range breaks {
		if bytes.Contains(line, []byte(b.char)) {
			line = bytes.ReplaceAll(line, []byte(b.char), []byte(b.escaped))
		}
	}
	return line
}

// End implements [File].
func (f *ndjson[T]) End() error { return nil }
