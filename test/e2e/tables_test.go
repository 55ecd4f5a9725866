package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What differs from run to run has the same width each time.
var (
	aTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	aCode = regexp.MustCompile(`FAIR-[2-9A-Z]{4}-[2-9A-Z]{4}`)
)

func normalised(text string) string {
	text = anID.ReplaceAllString(text, "00000000-0000-7000-8000-000000000000")
	text = aTime.ReplaceAllString(text, "2030-01-02T03:04:05Z")
	return aCode.ReplaceAllString(text, "FAIR-AAAA-BBBB")
}

// TestTablesFitTheTerminal: lists without a terminal, and with terminals of 80 and 40 columns.
func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	s := startServer(t, newSQLite(t))
	for _, args := range [][]string{
		{"batch", "create", "--count", "2", "--type", "Premium", "--prefix", "FAIR", "--name", "Spring fair 春", "--wait"},
		{"batch", "create", "--count", "1", "--type", "Upgrade", "--prefix", "FAIR", "--wait"},
		{"code", "add", "WELCOME", "--type", "Normal", "--note", "For those who came by on the first day"},
		{"code", "add", "春の祭り", "--type", "Normal", "--max-redemptions", "100", "--expires-at", "2131-01-02T03:04:05Z"},
		{"change", "revoke", "--type", "Premium", "--wait"},
		{"change", "set", "--codes", codesFile(t, "welcome\nnobody\n"), "--recipient", "Ann", "--wait"},
		{"import", codesFile(t, "code,type\nMOVED-1,Normal\nMOVED-2,Premium\n"), "--dry-run", "--batch", "From the old shop"},
	} {
		mustRun(t, onServer(s), append([]string{program}, args...)...)
	}
	for list, want := range sections(t, "testdata/tables.txt") {
		t.Run(list, func(t *testing.T) {
			command, where, _ := strings.Cut(list, ": ")
			args, columns := strings.Fields(command), 0
			_, _ = fmt.Sscanf(where, "%d columns", &columns)
			got := ""
			if columns == 0 {
				got = mustRun(t, onServer(s), append([]string{program}, args...)...)
			} else {
				_, screen := inTerminal(t, columns, onServer(s), args...).end(t)
				got = strings.Join(screen, "\n") + "\n"
			}
			if diff := cmp.Diff(want, normalised(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// sections reads a file whose sections each begin with a line like "== name".
func sections(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, section := range strings.Split("\n"+strings.TrimSuffix(string(text), "\n"), "\n== ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		all[title] = body + "\n"
	}
	if len(all) < 9 {
		t.Fatalf("%s has only %d sections", name, len(all))
	}
	return all
}
