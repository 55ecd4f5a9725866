package upload

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Columns and members that are no fields of a code, or are read in a way of their own.
const (
	codeColumn     = "code"
	typeColumn     = "type"
	revokedColumn  = "revokedAt"
	statusColumn   = "status"
	metadataColumn = "metadata"
	// jsonColumn stands alone: its cells are lines of NDJSON. The rejected lines of such a file have it.
	jsonColumn = "json"

	// maxColumns is more than a code can fill.
	maxColumns     = 200
	maxHeaderBytes = 16 << 10 // it is kept with the import

	metadataKey = metadataColumn + "." // begins the name of a column for one entry
	ignored     = "_"                  // begins the names of columns that are not read
)

// readFunc reads a value of a row into its record.
type readFunc func(*reading, *value)

// readers are what reads each column; nil: it is read past, like what only the exports have.
var readers = func() map[string]readFunc {
	all := map[string]readFunc{statusColumn: readStatus}
	for i := range codes.Fields() {
		f := &codes.Fields()[i]
		switch {
		case f.Name == "":
		case f.Name == codeColumn:
			all[f.Name] = readCode
		case f.Name == typeColumn:
			all[f.Name] = readType
		case f.Name == revokedColumn:
			all[f.Name] = readRevoked
		case f.Option != nil:
			all[f.Name] = readerOf(f)
		default:
			all[f.Name] = nil
		}
	}
	return all
}()

// names are the columns that can be read, in the order of a code's fields.
func names() []string {
	var all []string
	for i := range codes.Fields() {
		if name := codes.Fields()[i].Name; readers[name] != nil {
			all = append(all, name)
		}
	}
	return append(all, metadataKey+"KEY")
}

// header is what the first line of a CSV file says.
type header struct {
	names     []string
	readers   []readFunc
	code      int // the column of the code, or of the lines of NDJSON
	separator byte
	isJSON    bool // its cells are lines of NDJSON
}

// separators are what may stand between cells; the first is the rule.
var separators = []byte{',', ';', '\t'}

// likelyHeader reads the first line with the separator that makes the most known names of it.
func likelyHeader(line string) (likely header) {
	most := -1
	for _, separator := range separators {
		h := header{separator: separator, names: splitHeader(line, separator)}
		known := 0
		for _, name := range h.names {
			if _, ok := readers[name]; ok || strings.HasPrefix(name, metadataKey) || strings.HasPrefix(name, ignored) {
				known++
			}
		}
		if known > most {
			most, likely = known, h
		}
	}
	return likely
}

// splitHeader returns the names in a header, without empty ones at its end; nil for broken quotes.
func splitHeader(line string, separator byte) []string {
	s := splitter{separator: separator, most: len(line) + 1}
	if _, _, what := s.row([]byte(line), true); what != splitWhole {
		return nil
	}
	names := s.texts(line, len(s.cells))
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	for len(names) > 0 && names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	return names
}

// check finds out how each column is read.
func (h *header) check() *FileError {
	h.code = slices.Index(h.names, codeColumn)
	h.isJSON = h.code < 0 && slices.Contains(h.names, jsonColumn)
	if h.isJSON {
		h.code = slices.Index(h.names, jsonColumn)
	}
	h.readers = make([]readFunc, len(h.names))
	if len(h.names) > maxColumns { // each costs time in every row
		return invalidFile("the first line names %d columns, and at most %d are read", len(h.names), maxColumns)
	}
	for i, name := range h.names {
		if err := h.checkName(i, name); err != nil {
			return err
		}
	}
	whole := slices.Contains(h.names, metadataColumn)
	switch {
	case h.code < 0:
		return invalidFile("the first line must name the columns, and no column is called “code”; %s",
			"columns are "+strings.Join(names(), ", "))
	case whole && slices.ContainsFunc(h.names, isMetadataKey):
		return invalidFile("the columns “metadata” and “metadata.KEY” say the same twice; leave one of them out")
	}
	return nil
}

func isMetadataKey(name string) bool { return strings.HasPrefix(name, metadataKey) }

// checkName finds out how one column is read.
func (h *header) checkName(i int, name string) *FileError {
	read, known := readers[name]
	switch {
	case name != printable(name) && strings.HasPrefix(name, ignored):
		return invalidFile("the name of column %d is too long or has characters that cannot be shown", i+1)
	case strings.HasPrefix(name, ignored):
		return nil
	case slices.Index(h.names, name) < i && name != "":
		return invalidFile("the first line names the column %s twice (columns %d and %d)",
			quote(name), slices.Index(h.names, name)+1, i+1)
	case name == "":
		return invalidFile("column %d has no name in the first line", i+1)
	case h.isJSON && i == h.code:
		return nil
	case h.isJSON:
		return invalidFile("the column “json” holds whole lines of NDJSON, so there can be no column %s", quote(name))
	case known:
		h.readers[i] = read
		return nil
	case isMetadataKey(name):
		var errs core.FieldErrors
		options := codes.Options{Metadata: map[string]string{name[len(metadataKey):]: ""}}
		if options.Check(&errs); errs.Err() != nil {
			return invalidFile("column %s: %s", quote(name), core.AsError(errs.Err()).Detail)
		}
		h.readers[i] = readMetadataEntry(name[len(metadataKey):])
		return nil
	default:
		return invalidFile("the first line must name the columns, and there is no column %s",
			core.Instead(printable(name), names()))
	}
}

// maxQuoted is how much of what a file says is repeated, in characters.
const maxQuoted = 60

// quote repeats a text of the file in a sentence.
func quote(text string) string { return fmt.Sprintf("“%s”", printable(text)) }

// printable is a text of a file, cut, and without what cannot be shown.
func printable(text string) string {
	shown := []rune(strings.ToValidUTF8(text, string(utf8.RuneError)))
	if len(shown) > maxQuoted {
		shown = append(shown[:maxQuoted], '…')
	}
	for i, r := range shown {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			shown[i] = ' '
		}
	}
	return string(shown)
}
