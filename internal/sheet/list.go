package sheet

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// codeColumn is the column that every list has.
const codeColumn = "code"

// List is where the codes of a sheet come from: rows of named columns, such as those of a list of codes
// in JSON. One column is "code".
type List struct {
	Columns []string
	Rows    iter.Seq2[Row, error] // ends after its first error
}

// Row is one code with its columns.
type Row struct {
	Place string   // where it stands in the source, for errors: "line 7"
	Cells []string // of each column; valid until the next row is asked for
}

// Check returns an error if no code can be found in the list's rows.
func (l List) Check() error {
	for i, name := range l.Columns {
		if slices.Contains(l.Columns[:i], name) {
			return fmt.Errorf("the list has two columns %q", name)
		}
	}
	if !slices.Contains(l.Columns, codeColumn) {
		return fmt.Errorf("the list has no column %q; it has %s", codeColumn, strings.Join(l.Columns, ", "))
	}
	return nil
}

// atMost is the list's rows, with an error in place of the next one if there are more.
func (l List) atMost(most int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		count := 0
		for row, err := range l.Rows {
			if count++; count > most && err == nil {
				row, err = Row{}, fmt.Errorf("the list has more than %d codes, too many for one PDF; print it in parts", most)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// index returns where a column is, or -1.
func (l List) index(column string) int { return slices.Index(l.Columns, column) }
