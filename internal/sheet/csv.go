package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"accesscodes/internal/csvcell"
)

// byteOrderMark is what spreadsheets write before UTF-8.
const byteOrderMark = "\ufeff"

// maxHeader is how far the end of the first line is looked for.
const maxHeader = 64 << 10

// ReadCSV reads a list from CSV with a line of names first, as exports and --output csv write it. It
// may be separated by commas, semicolons or tabs. Only the row that is looked at is in memory.
func ReadCSV(from io.Reader) (List, error) {
	buffered := bufio.NewReaderSize(from, maxHeader)
	if start, _ := buffered.Peek(len(byteOrderMark)); string(start) == byteOrderMark {
		_, _ = buffered.Discard(len(byteOrderMark)) // which are there
	}
	start, err := buffered.Peek(maxHeader)
	if err != nil && !errors.Is(err, io.EOF) {
		return List{}, err
	}
	rows := csv.NewReader(buffered)
	rows.Comma = separatorIn(start)
	rows.ReuseRecord = true
	names, err := readRecord(rows)
	if errors.Is(err, io.EOF) {
		return List{}, errors.New("the list is empty; its first line should have the names of its columns")
	}
	if err != nil {
		return List{}, err
	}
	list := List{Rows: func(yield func(Row, error) bool) { yieldRows(rows, yield) }}
	for _, name := range names {
		list.Columns = append(list.Columns, strings.TrimSpace(name))
	}
	return list, list.Check()
}

// separatorIn returns what separates the names of the first line. Names have no separators in them, but
// may be quoted.
func separatorIn(start []byte) rune {
	line, _, _ := bytes.Cut(start, []byte("\n"))
	if i := bytes.IndexAny(line, ",;\t"); i >= 0 {
		return rune(line[i])
	}
	return ','
}

func yieldRows(rows *csv.Reader, yield func(Row, error) bool) {
	for {
		cells, err := readRecord(rows)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(Row{}, err)
			return
		}
		line, _ := rows.FieldPos(0)
		if !yield(Row{Place: fmt.Sprintf("line %d", line), Cells: cells}, nil) {
			return
		}
	}
}

// readRecord reads the next line with something in it, its cells as they were before they were made
// safe for spreadsheets.
func readRecord(rows *csv.Reader) ([]string, error) {
	cells, err := rows.Read()
	if err != nil {
		return nil, err
	}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			line, _ := rows.FieldPos(i)
			return nil, fmt.Errorf("line %d of the list is not UTF-8; save the list as CSV in UTF-8", line)
		}
		cells[i] = csvcell.Restore(cell)
	}
	return cells, nil
}
