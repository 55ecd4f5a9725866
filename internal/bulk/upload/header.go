package upload

import (
	"slices"
	"strconv"
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
	expiresColumn  = "expiresAt"
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
	as        []string // the columns that they mean; empty: it is read past
	readers   []readFunc
	code      int // the column of the code, or of the lines of NDJSON
	separator byte
	isJSON    bool // its cells are lines of NDJSON
	people    *handwritten
	passed    []string // names that nobody knows, in what people have written
}

// separators are what may stand between cells; the first is the rule.
var separators = []byte{',', ';', '\t'}

// likelyHeader reads the first line with the separator that makes the most known names of it.
func likelyHeader(line string, people *handwritten) (likely header) {
	most := -1
	for _, separator := range separators {
		h := header{separator: separator, names: splitHeader(line, separator), people: people}
		known := 0
		for _, name := range h.names {
			if isColumn(people.columnOf(name)) {
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
	h.as = make([]string, len(h.names))
	for i, name := range h.names {
		h.as[i] = h.people.columnOf(name)
	}
	h.code = slices.Index(h.as, codeColumn)
	h.isJSON = h.code < 0 && slices.Contains(h.names, jsonColumn)
	if h.isJSON {
		h.code = slices.Index(h.names, jsonColumn)
	}
	h.readers = make([]readFunc, len(h.names))
	if len(h.names) > maxColumns { // each costs time in every row
		return invalidFile(tooManyColumns.With("count", len(h.names), "most", maxColumns))
	}
	for i, name := range h.names {
		if err := h.checkName(i, name); err != nil {
			return err
		}
	}
	whole := slices.Contains(h.as, metadataColumn)
	switch {
	case h.code < 0:
		return invalidFile(noCodeColumn.With("known", strings.Join(names(), ", ")))
	case whole && slices.ContainsFunc(h.names, isMetadataKey):
		return invalidFile(metadataTwice.Said())
	}
	return nil
}

func isMetadataKey(name string) bool { return strings.HasPrefix(name, metadataKey) }

// checkName finds out how one column is read.
func (h *header) checkName(i int, name string) *FileError {
	read, known := readers[h.as[i]]
	switch {
	case name != printable(name) && strings.HasPrefix(name, ignored):
		return invalidFile(columnName.With("number", i+1))
	case strings.HasPrefix(name, ignored):
		h.as[i] = ""
		return nil
	case h.passesOver(name):
		h.as[i] = ""
		h.passed = append(h.passed, printable(name))
		return nil
	case slices.Index(h.names, name) < i && name != "":
		return invalidFile(columnTwice.With(
			"column", printable(name), "first", slices.Index(h.names, name)+1, "second", i+1))
	case slices.Index(h.as, h.as[i]) < i && name != "":
		return invalidFile(columnsAlike.With(
			"first", printable(h.names[slices.Index(h.as, h.as[i])]), "second", printable(name), "column", h.as[i]))
	case name == "":
		return invalidFile(columnNameless.With("number", i+1))
	case h.isJSON && i == h.code:
		return nil
	case h.isJSON:
		return invalidFile(jsonAlone.With("column", printable(name)))
	case known:
		if h.readers[i] = read; read == nil {
			h.as[i] = ""
		}
		return nil
	case isMetadataKey(name):
		var errs core.FieldErrors
		options := codes.Options{Metadata: map[string]string{name[len(metadataKey):]: ""}}
		if options.Check(&errs); errs.Err() != nil {
			return invalidFile(wrongColumn.With("column", printable(name), "why", core.AsError(errs.Err()).Detail))
		}
		h.readers[i] = readMetadataEntry(name[len(metadataKey):])
		return nil
	default:
		return invalidFile(instead(name, h.people.misspelt(name), misspeltColumn, unknownColumn))
	}
}

// passesOver reports whether a column is of no concern: in what people have written, one that nobody knows.
func (h *header) passesOver(name string) bool {
	return h.people != nil && name != "" && !h.isJSON && !isColumn(h.people.columnOf(name)) &&
		h.people.misspelt(name) == ""
}

// maxQuoted is how much of what a file says is repeated, in characters.
const maxQuoted = 60

// instead says of a name that is not known which one may be meant, or all that there are.
func instead(name, meant string, misspelt, unknown core.Sentence) core.Said {
	name = printable(name)
	if meant != "" {
		return misspelt.With("column", strconv.Quote(name), "meant", meant)
	}
	return unknown.With("column", strconv.Quote(name), "known", strings.Join(names(), ", "))
}

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
