package cli

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// alignedRows is how many rows of a table are aligned with one another: the whole table, unless it is
// longer than a person reads.
const alignedRows = 1000

// printTable prints a table, on a terminal as wide as that, and returns the names of columns that had no
// room there.
func printTable[T any](out io.Writer, columns []column[T], rows iter.Seq2[T, error]) (left []string, err error) {
	t := &table{out: out, width: terminalWidth(out)}
	for i, c := range columns {
		t.names = append(t.names, c.name)
		t.shown = append(t.shown, i)
	}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if t.rows = append(t.rows, cells(columns, row)); len(t.rows) == alignedRows {
			if err := t.flush(); err != nil {
				return nil, err
			}
		}
	}
	if len(t.rows) > 0 || !t.begun {
		err = t.flush()
	}
	return t.left, err
}

// cells are the texts of a row, each on one line.
func cells[T any](columns []column[T], row T) []string {
	all := texts(columns, row)
	for i := range all {
		all[i] = onOneLine(all[i])
	}
	return all
}

// onOneLine writes a space for what would break a line, move the cursor or turn the direction of writing.
func onOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, text)
}

// table is a table of which some rows are gathered.
type table struct {
	out   io.Writer
	width int // of the terminal; 0: it is none
	names []string
	rows  [][]string
	begun bool

	shown   []int    // columns
	left    []string // names of columns that have no room
	records bool     // too few have: each row is shown by itself, a line for each column
}

const (
	gap         = 2 // between columns
	leastColumn = 8 // of one with a text that was cut

	leastColumns = 3 // in a table
)

// cuttable are columns with texts that say something also when their end is missing.
var cuttable = []string{
	"name", "note", "notes", "recipient", "failure", "detail", "metadata", "skipped", "sample", "data", "userId",
}

// flush prints the rows that are gathered. The first ones decide which columns there are.
func (t *table) flush() error {
	widths := t.widths()
	first := !t.begun
	t.begun = true
	if t.width > 0 && first && total(widths, t.shown) > t.width {
		t.choose(widths)
		t.records = len(t.left) > 0 && (len(t.rows) == 1 || len(t.shown) < leastColumns)
	}
	if t.records {
		t.left = nil
		return t.printRecords(first)
	}
	if t.width > 0 {
		t.narrow(widths)
	}
	if first {
		var heads []string
		for _, name := range t.names {
			heads = append(heads, strings.ToUpper(name))
		}
		t.rows = slices.Insert(t.rows, 0, heads)
	}
	var text strings.Builder
	for _, row := range t.rows {
		line := ""
		for _, i := range t.shown {
			cell := cut(row[i], widths[i])
			line += cell + strings.Repeat(" ", max(0, widths[i]-columnsOf(cell))+gap)
		}
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	t.rows = t.rows[:0]
	_, err := io.WriteString(t.out, text.String())
	return err
}

// widths are those that the columns need, with their headings.
func (t *table) widths() []int {
	var widths []int
	for i, name := range t.names {
		widths = append(widths, len(name))
		for _, row := range t.rows {
			widths[i] = max(widths[i], columnsOf(row[i]))
		}
	}
	return widths
}

// total is how wide columns are together.
func total(widths, shown []int) int {
	sum := -gap
	for _, i := range shown {
		sum += widths[i] + gap
	}
	return sum
}

// choose leaves out columns until the rest fits: first those without a value, then the last ones.
func (t *table) choose(widths []int) {
	t.shown = slices.DeleteFunc(t.shown, func(i int) bool {
		return len(t.rows) > 0 && !slices.ContainsFunc(t.rows, func(row []string) bool { return row[i] != "" })
	})
	least := slices.Clone(widths)
	for i, name := range t.names {
		if slices.Contains(cuttable, name) {
			least[i] = min(least[i], leastColumn)
		}
	}
	for len(t.shown) > 1 && total(least, t.shown) > t.width {
		last := len(t.shown) - 1
		t.left = slices.Insert(t.left, 0, t.names[t.shown[last]])
		t.shown = t.shown[:last]
	}
}

// narrow makes the widest of the columns that can be cut narrower until all fit.
func (t *table) narrow(widths []int) {
	for over := total(widths, t.shown) - t.width; over > 0; over-- {
		widest := -1
		for _, i := range t.shown {
			if slices.Contains(cuttable, t.names[i]) && widths[i] > leastColumn && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// printRecords prints each row with a line for each column.
func (t *table) printRecords(first bool) error {
	label := 0
	for _, name := range t.names {
		label = max(label, len(name))
	}
	var text strings.Builder
	for n, row := range t.rows {
		if n > 0 || !first {
			text.WriteByte('\n')
		}
		for i, cell := range row {
			if cell != "" {
				_, _ = fmt.Fprintf(&text, "%-*s  %s\n", label, strings.ToUpper(t.names[i]), cell) // never fails
			}
		}
	}
	t.rows = t.rows[:0]
	_, err := io.WriteString(t.out, text.String())
	return err
}

// cut is a text in so many columns of a terminal.
func cut(text string, columns int) string {
	if columnsOf(text) <= columns {
		return text
	}
	taken := 0
	for i, r := range text {
		if taken += columnsOfRune(r); taken > columns-1 {
			return text[:i] + "…"
		}
	}
	return text
}

// columnsOf is how many columns of a terminal a text takes.
func columnsOf(text string) (sum int) {
	for _, r := range text {
		sum += columnsOfRune(r)
	}
	return sum
}

// columnsOfRune: Chinese, Japanese and Korean characters and emoji take two, combining marks none.
func columnsOfRune(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r < 0x300:
		return 1
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}
