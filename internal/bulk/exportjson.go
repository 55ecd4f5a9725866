package bulk

import (
	"bytes"
	"io"
)

// NewNDJSON returns a file with an object of JSON in each line, whose members are the columns of a table.
func NewNDJSON[T any](to io.Writer, table *Table[T]) File[T] {
	return &tableFile[T]{table: table, cells: cells{form: &ndjson{to: to}}}
}

// ndjson is the form of NDJSON. Texts that are empty are null, as in lists.
type ndjson struct {
	to    io.Writer
	names []string // of the members, as they stand in a line
	line  []byte
	next  int // the member that comes next
}

func (f *ndjson) begin(columns []string) error {
	for _, name := range columns {
		f.names = append(f.names, string(appendJSON(nil, name))+":")
	}
	return nil
}

// member begins the next member.
func (f *ndjson) member() {
	before := byte(',')
	if f.next == 0 {
		before = '{'
	}
	f.line = append(append(f.line, before), f.names[f.next]...)
	f.next++
}

func (f *ndjson) text(text string) {
	if text == "" {
		f.plain(nil, false)
		return
	}
	f.member()
	f.line = appendJSON(f.line, text)
}

func (f *ndjson) plain(text []byte, isNumber bool) {
	f.member()
	switch {
	case text == nil:
		f.line = append(f.line, "null"...)
	case isNumber:
		f.line = append(f.line, text...)
	default:
		f.line = append(append(append(f.line, '"'), text...), '"')
	}
}

func (f *ndjson) object(text []byte) {
	f.member()
	f.line = append(f.line, text...)
}

func (f *ndjson) endRow() error {
	_, err := f.to.Write(escapeBreaks(append(f.line, "}\n"...)))
	f.line, f.next = f.line[:0], 0
	return err
}

func (f *ndjson) end() error { return nil }

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
