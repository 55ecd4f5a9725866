package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"accesscodes/internal/csvcell"
)

func outputFlag(flags *pflag.FlagSet) {
	flags.StringP("output", "o", "table", "table, json or csv")
}

// column is one column of a list: its name in JSON and CSV, its heading in a table,
// and a row's value as JSON and as text.
type column[T any] struct {
	name  string
	value func(T) any
}

// printList prints rows as the --output flag says. JSON is an array of objects, CSV has
// a line of names first.
func printList[T any](cmd *cobra.Command, columns []column[T], rows []T) error {
	return printRows(cmd, columns, nil, rows)
}

// printRows is [printList] of which a table has only some columns; nil: all.
func printRows[T any](cmd *cobra.Command, columns []column[T], inTable []string, rows []T) error {
	return printSeq(cmd, columns, inTable, func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
}

// printSeq is [printRows] of rows that need not be in memory all at once. An error among them ends it.
func printSeq[T any](cmd *cobra.Command, columns []column[T], inTable []string, rows iter.Seq2[T, error]) error {
	output, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	switch out := cmd.OutOrStdout(); output {
	case "table":
		if inTable != nil {
			columns = slices.DeleteFunc(slices.Clone(columns), func(c column[T]) bool {
				return !slices.Contains(inTable, c.name)
			})
		}
		left, err := printTable(out, columns, rows)
		if len(left) > 0 {
			cmd.PrintErrf("The terminal is too narrow for %s; --output json has everything.\n", strings.Join(left, ", "))
		}
		return err
	case "csv":
		return printCSV(out, columns, rows)
	case "json":
		return printJSON(out, columns, rows)
	default: // checkOutput has seen it
		return fmt.Errorf("unknown output %q", output)
	}
}

// checkOutput checks the --output flag of a command that has one, before the command
// does anything.
func checkOutput(flags *pflag.FlagSet) error {
	flag := flags.Lookup("output")
	if flag == nil || slices.Contains([]string{"table", "json", "csv"}, flag.Value.String()) {
		return nil
	}
	return usageError{fmt.Errorf("--output %q is not table, json or csv", flag.Value)}
}

func printCSV[T any](out io.Writer, columns []column[T], rows iter.Seq2[T, error]) error {
	w := csv.NewWriter(out)
	var heads []string
	for _, c := range columns {
		heads = append(heads, c.name)
	}
	_ = w.Write(heads) // Error returns the error
	for row, err := range rows {
		if err != nil {
			return err
		}
		cells := texts(columns, row)
		for i, text := range cells {
			cells[i] = csvcell.Defuse(text)
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// printJSON prints an array, an object at a time.
func printJSON[T any](out io.Writer, columns []column[T], rows iter.Seq2[T, error]) error {
	const indent = "  "
	w := bufio.NewWriter(out)
	before, end := "[", "[]\n"
	for row, err := range rows {
		if err != nil {
			return err
		}
		object := map[string]any{}
		for _, c := range columns {
			object[c.name] = c.value(row)
		}
		text, err := json.MarshalIndent(object, indent, indent)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n%s%s", before, indent, text); err != nil {
			return err
		}
		before, end = ",", "\n]\n"
	}
	_, _ = w.WriteString(end) // Flush returns the error
	return w.Flush()
}

func texts[T any](columns []column[T], row T) (all []string) {
	for _, c := range columns {
		all = append(all, text(c.value(row)))
	}
	return all
}

func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case time.Time:
		return v.Format(time.RFC3339)
	case *time.Time:
		if v == nil {
			return ""
		}
		return v.Format(time.RFC3339)
	default:
		return fmt.Sprint(v)
	}
}
