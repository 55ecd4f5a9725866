package bulk

import "time"

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
