package upload

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"accesscodes/internal/core"
	"accesscodes/internal/csvcell"
)

// Reader reads a file row by row. It is not safe for concurrent use.
type Reader struct {
	source *source
	format Format
	header header
	split  splitter
	mark   bool // it begins with a byte order mark, or its rejected rows are to
	line   int  // of what comes next
	digits digits
	people *handwritten // nil: the file is as programs write it
}

// Open begins to read a file, which [Unpack] unpacks before. A [*FileError] says that no row of it can be
// read; another error is r's.
func Open(r io.Reader, format Format) (*Reader, error) { return open(r, format, MaxFileBytes, nil) }

// OpenTable is [Open] for what people have written in a table: CSV may have common headings in place of the
// names of columns, columns that nobody knows, which are passed over, types in any case, and days without a
// time, which are those of a time zone; and it may be Windows-1252. [Reader.Notes] say what was read so.
func OpenTable(r io.Reader, format Format, zone *time.Location) (*Reader, error) {
	return open(r, format, MaxFileBytes, &handwritten{zone: zone})
}

func open(r io.Reader, format Format, maxBytes int64, people *handwritten) (*Reader, error) {
	f := &Reader{source: newSource(r, maxBytes), format: format, line: 1, people: people}
	if err := f.sniff(); err != nil {
		return nil, err
	}
	if err := checkBeginning(f.source.window()); err != nil {
		return nil, err
	}
	if err := f.decode(); err != nil {
		return nil, err
	}
	if err := checkText(f.source.window(), format); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(f.source.window(), byteOrderMark) {
		f.mark = true
		f.source.skip(len(byteOrderMark))
	}
	if format == NDJSON {
		f.header = header{names: []string{jsonColumn}, separator: ',', isJSON: true}
		return f, nil
	}
	return f, f.readHeader()
}

// decode has a table of people read as Windows-1252 if its beginning is so, which is how Excel saves a plain
// CSV file. Other such files cannot be read.
func (f *Reader) decode() error {
	line := lineOfLatin1(f.source.window(), f.source.ended())
	switch {
	case line == 0:
		return nil
	case f.people == nil || f.format != CSV:
		return invalidFile(fileLatin1.With("line", line))
	}
	f.people.decoded = true
	f.mark = true // of its rejected rows, which are UTF-8
	f.source.decode(charmap.Windows1252.NewDecoder())
	return f.sniff()
}

// sniff makes the window the beginning of the file, also where the rest does not come.
func (f *Reader) sniff() error {
	if err := f.source.fill(sniffBytes); err != nil && len(f.source.window()) == 0 {
		return err
	}
	return nil
}

// excelSeparator begins a line in which Excel takes to be told the separator.
const excelSeparator = "sep="

// readHeader reads the first line that is not blank.
func (f *Reader) readHeader() error {
	for {
		length, end, ok, err := f.source.line()
		if err != nil {
			return err
		}
		if !ok {
			return errLongHeader()
		}
		text := string(f.source.window()[:length])
		f.source.skip(length + end)
		f.line++
		if told := strings.ToLower(text); strings.TrimSpace(text) == "" && end > 0 ||
			strings.HasPrefix(told, excelSeparator) && len(told) == len(excelSeparator)+1 {
			continue
		}
		return f.takeHeader(text)
	}
}

func errLongHeader() *FileError {
	return invalidFile(headerTooLong.With("kib", maxHeaderBytes>>10))
}

func (f *Reader) takeHeader(text string) error {
	if len(text) > maxHeaderBytes {
		return errLongHeader()
	}
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return invalidFile(headerNoText.Said())
	}
	f.header = likelyHeader(text, f.people)
	if f.header.names == nil {
		return invalidFile(headerBroken.Said())
	}
	if err := f.header.check(); err != nil {
		return err
	}
	f.split = splitter{separator: f.header.separator, most: len(f.header.names)}
	return nil
}

// Header returns the names of the columns as the file has them; of NDJSON one, for the whole line.
func (f *Reader) Header() []string { return slices.Clone(f.header.names) }

// Notes tell a person what was noticed about the file as far as it is read.
func (f *Reader) Notes() (notes []core.Said) {
	if f.people != nil && f.people.decoded {
		notes = append(notes, notedDecoded.Said())
	}
	switch f.header.separator {
	case ';':
		notes = append(notes, notedSemicolons.Said())
	case '\t':
		notes = append(notes, notedTabs.Said())
	}
	for i, as := range f.header.as {
		if as != "" && as != f.header.names[i] {
			notes = append(notes, notedColumn.With("column", printable(f.header.names[i]), "as", as))
		}
	}
	if len(f.header.passed) > 0 {
		notes = append(notes, notedPassed.With("columns", strings.Join(f.header.passed, ", ")))
	}
	if f.people != nil && f.people.days {
		notes = append(notes, notedDates.With("zone", f.people.zone))
	}
	if f.people != nil && f.people.dotted {
		notes = append(notes, notedDayFirst.Said())
	}
	if f.digits.suspicious() {
		notes = append(notes, notedDigits.Said())
	}
	return notes
}

// Next returns the next row; blank lines are passed over. At the end it returns [io.EOF]. A [*FileError]
// or an error of the reader of the file ends the file before; all rows before it have been whole.
func (f *Reader) Next() (*Row, error) {
	for {
		if err := f.source.fill(1); err != nil {
			return nil, err
		}
		if len(f.source.window()) == 0 {
			return nil, io.EOF
		}
		read := f.nextCells
		if f.format == NDJSON {
			read = f.nextObject
		}
		if row, err := read(); row != nil || err != nil {
			return row, err
		}
	}
}

// take makes a row of the beginning of the window.
func (f *Reader) take(length, end int) *Row {
	raw := string(f.source.window()[:length])
	f.source.skip(length + end)
	row := &Row{Line: f.line, Lines: countLines(raw) + 1, Raw: raw, header: &f.header}
	f.line += row.Lines
	switch {
	case !utf8.ValidString(raw):
		row.Err = rowError(InvalidText, lineNoUTF8.Said())
	case strings.IndexByte(raw, 0) >= 0:
		row.Err = rowError(InvalidText, lineNUL.Said())
	}
	return row
}

// nextObject reads a line of NDJSON; nil for a blank one.
func (f *Reader) nextObject() (*Row, error) {
	row, err := f.takeLine()
	if err != nil || row.Err == nil && strings.TrimSpace(row.Raw) == "" {
		return nil, err
	}
	row.json, row.object = true, row.Raw
	return row, nil
}

// takeLine makes a row of one line, however broken it is.
func (f *Reader) takeLine() (*Row, error) {
	length, end, ok, err := f.source.line()
	if err != nil {
		return nil, err
	}
	if ok {
		return f.take(length, end), nil
	}
	if err := f.source.skipLine(); err != nil {
		return nil, err
	}
	row := f.take(0, 0)
	row.Err = rowError(LineTooLong, lineTooLong.Said())
	return row, nil
}

// nextCells reads a row of CSV; nil for a blank one.
func (f *Reader) nextCells() (*Row, error) {
	for {
		window := f.source.window()
		length, end, what := f.split.row(window, f.source.ended())
		switch {
		case what == splitMore && len(window) <= MaxRowBytes:
			if err := f.source.fill(min(2*len(window), MaxRowBytes+2)); err != nil {
				return nil, err
			}
		case what == splitQuote:
			return f.brokenRow(quoteNotDoubled)
		case what != splitWhole || length > MaxRowBytes:
			return f.brokenRow(quotesOpen)
		default:
			return f.rowOf(f.take(length, end), end == 0), nil
		}
	}
}

// brokenRow rejects one line, and goes on behind it: if quotes are not closed, the lines in them are rows.
func (f *Reader) brokenRow(why core.Sentence) (*Row, error) {
	row, err := f.takeLine()
	if err != nil {
		return nil, err
	}
	if row.Err == nil {
		row.Err = rowError(InvalidCSV, why.Said())
	}
	return row, nil
}

// rowOf gives a row its cells; nil for a blank row. last: no line end follows it.
func (f *Reader) rowOf(row *Row, last bool) *Row {
	if row.Err != nil {
		return row
	}
	row.cells = f.split.texts(row.Raw, len(f.header.names))
	blank := !f.split.full
	for i, cell := range row.cells {
		blank = blank && strings.TrimSpace(cell) == ""
		row.cells[i] = csvcell.Restore(cell)
	}
	switch names := len(f.header.names); {
	case blank:
		return nil
	case f.split.full:
		row.Err = rowError(WrongCellCount, tooManyCells.With("count", f.split.count, "columns", names))
	case f.split.count < names && last:
		row.Err = rowError(WrongCellCount, tooFewCells.With("count", f.split.count, "columns", names))
	case f.header.isJSON:
		row.json, row.object = true, row.cells[f.header.code]
	default:
		f.digits.see(row.cells[f.header.code])
	}
	return row
}
