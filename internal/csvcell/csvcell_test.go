package csvcell_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"accesscodes/internal/csvcell"
)

func TestDefuse(t *testing.T) {
	cases := map[string]string{
		"":                       "",
		"WELCOME":                "WELCOME",
		"a=b":                    "a=b",
		" =b":                    " =b",
		"1-2":                    "1-2",
		`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`,
		"+49 30 1234":            "'+49 30 1234",
		"-1":                     "'-1",
		"@sum":                   "'@sum",
		"\t=1":                   "'\t=1",
		"\r=1":                   "'\r=1",
		"'":                      "'",
		"'tis":                   "'tis",
		"'=1":                    "''=1",
		"''=1":                   "'''=1",
		"'a'=1":                  "'a'=1",
		"é=1":                    "é=1",
	}
	for text, want := range cases {
		if got := csvcell.Defuse(text); got != want {
			t.Errorf("Defuse(%q) = %q, want %q", text, got, want)
		}
	}
}

// A cell that was written by somebody else stays what it is where Defuse could not have made it.
func TestRestore(t *testing.T) {
	cases := map[string]string{
		"":      "",
		"a":     "a",
		"'a":    "'a",
		"'":     "'",
		"'=1":   "=1",
		"''=1":  "'=1",
		"'a'=1": "'a'=1",
		"=1":    "=1",
	}
	for cell, want := range cases {
		if got := csvcell.Restore(cell); got != want {
			t.Errorf("Restore(%q) = %q, want %q", cell, got, want)
		}
	}
}

// TestEveryTextComesBack tries every text of up to five of the characters that matter, through
// a whole CSV file: what is read is what was written, and no cell is a formula.
func TestEveryTextComesBack(t *testing.T) {
	texts := allTexts([]string{"'", "=", "+", "-", "@", "\t", "\r", "a", `"`}, 5)
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	for _, text := range texts {
		cell := csvcell.Defuse(text)
		if strings.HasPrefix(cell, "=") || strings.IndexAny(cell, "+-@\t\r") == 0 {
			t.Fatalf("Defuse(%q) = %q, which is a formula", text, cell)
		}
		if err := w.Write([]string{"first", cell}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	rows, err := csv.NewReader(&file).ReadAll()
	if err != nil || len(rows) != len(texts) {
		t.Fatalf("read %d rows of %d: %v", len(rows), len(texts), err)
	}
	for i, row := range rows {
		if got := csvcell.Restore(row[1]); got != texts[i] {
			t.Fatalf("%q came back as %q", texts[i], got)
		}
	}
}

// allTexts returns every text of up to a number of characters of an alphabet.
func allTexts(alphabet []string, longest int) []string {
	texts, last := []string{""}, []string{""}
	for range longest {
		var longer []string
		for _, text := range last {
			for _, character := range alphabet {
				longer = append(longer, text+character)
			}
		}
		texts, last = append(texts, longer...), longer
	}
	return texts
}
