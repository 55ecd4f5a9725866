package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
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
	output, err := cmd.Flags().GetString("output")
	if err != nil {
		return err
	}
	switch out := cmd.OutOrStdout(); output {
	case "table":
		return printTable(out, columns, rows)
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

func printTable[T any](out io.Writer, columns []column[T], rows []T) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var heads []string
	for _, c := range columns {
		heads = append(heads, strings.ToUpper(c.name))
	}
	_, _ = fmt.Fprintln(table, strings.Join(heads, "\t")) // Flush returns the error
	for _, row := range rows {
		_, _ = fmt.Fprintln(table, strings.Join(texts(columns, row), "\t"))
	}
	return table.Flush()
}

func printCSV[T any](out io.Writer, columns []column[T], rows []T) error {
	w := csv.NewWriter(out)
	var heads []string
	for _, c := range columns {
		heads = append(heads, c.name)
	}
	_ = w.Write(heads) // Error returns the error
	for _, row := range rows {
		cells := texts(columns, row)
		for i, text := range cells {
			cells[i] = csvcell.Defuse(text)
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return w.Error()
}

func printJSON[T any](out io.Writer, columns []column[T], rows []T) error {
	objects := make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		object := map[string]any{}
		for _, c := range columns {
			object[c.name] = c.value(row)
		}
		objects = append(objects, object)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(objects)
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
