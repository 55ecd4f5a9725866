package cli_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver
)

// databaseCommands are commands of every kind that opens a database.
var databaseCommands = []string{
	"workspace list", "workspace create new --name New", "key list --workspace acme", "migrate up", "migrate status",
	"serve --listen 127.0.0.1:0",
}

// migrationFiles are the names of the SQLite store's migrations, oldest first.
func migrationFiles(t *testing.T) (names []string) {
	t.Helper()
	files, err := os.ReadDir("../store/sqlite/migrations")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		names = append(names, file.Name())
	}
	names = append(names, "00006_canonical_forms.go") // which is written in Go
	slices.Sort(names)
	return names
}

// versionOf is the number that a migration's name begins with.
func versionOf(t *testing.T, name string) int {
	t.Helper()
	digits, _, _ := strings.Cut(name, "_")
	version, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// migrationTable is how the migrations are listed when each has this status.
func migrationTable(t *testing.T, status string) string {
	t.Helper()
	width := 0
	for _, name := range migrationFiles(t) {
		width = max(width, len(name))
	}
	table := fmt.Sprintf("VERSION  %-*s  STATUS   APPLIEDAT\n", width, "NAME")
	for _, name := range migrationFiles(t) {
		table += fmt.Sprintf("%-7d  %-*s  %s\n", versionOf(t, name), width, name, status)
	}
	return table
}

// pendingCSV is how the migrations of a new database are listed as CSV.
func pendingCSV(t *testing.T) string {
	t.Helper()
	lines := "version,name,status,appliedAt\n"
	for _, name := range migrationFiles(t) {
		lines += fmt.Sprintf("%d,%s,pending,\n", versionOf(t, name), name)
	}
	return lines
}

func TestMigrateUp(t *testing.T) {
	p := newProgram(t)
	check(t, p.run(t, "migrate up"), result{stdout: migrationTable(t, "applied  2030-01-02T03:04:05Z")})
	check(t, p.run(t, "migrate up"), result{
		stdout: "VERSION  NAME  STATUS  APPLIEDAT\n", stderr: "The schema is up to date: there was nothing to do.\n",
	})
}

// noDatabase is what migrate status adds where there is none.
func (p *program) noDatabase() string {
	return "Note: there is no database " + p.path + "; accesscodes serve or accesscodes migrate up makes one.\n"
}

func TestMigrateStatus(t *testing.T) {
	p := newProgram(t)
	check(t, p.run(t, "migrate status"), result{
		stdout: migrationTable(t, "pending"),
		stderr: p.noDatabase(),
	})
	checkNoFile(t, p.path)

	p.must(t, "migrate up")
	check(t, p.run(t, "migrate status"), result{stdout: migrationTable(t, "applied  2030-01-02T03:04:05Z")})
	rows := list[migrationRow](t, p, "migrate status")
	if len(rows) != len(migrationFiles(t)) || rows[0].Version != 1 || rows[0].Status != "applied" ||
		rows[0].AppliedAt == nil {
		t.Errorf("as JSON: %+v", rows)
	}
}

// TestMigrateListsCodesThatAreLeftWithTheirOldForms, as the migration of canonical forms
// leaves them.
func TestMigrateListsCodesThatAreLeftWithTheirOldForms(t *testing.T) {
	p := withAcme(t)
	if got := p.run(t, "migrate status"); got.code != 0 || got.stderr != "" {
		t.Errorf("without any: exit %d, %s", got.code, got.stderr)
	}
	for form, value := range map[string]string{"NOëL": "Noël", " NOE\u0308L": "Noe\u0308l", "PLAIN": "Plain"} {
		execute(t, p, fmt.Sprintf(`INSERT INTO codes (canonical, workspace_id, value, type, created_at, created_by)
			SELECT '%s', id, '%s', 'Normal', 0, zeroblob(16) FROM workspaces`, form, value))
	}
	const listed = "  acme  Noe\u0308l  \"Noe\\u0308l\"\n"
	for _, line := range []string{
		"migrate up", "migrate up", "migrate status", "migrate status -o json", "migrate status -o csv",
	} {
		got := p.run(t, line)
		if got.code != 0 || !strings.HasSuffix(got.stderr, "\n"+listed) || strings.Count(got.stderr, "acme") != 1 {
			t.Errorf("%s: exit %d, stderr %q", line, got.code, got.stderr)
		}
		if strings.Contains(got.stdout, "acme") {
			t.Errorf("%s: stdout %q", line, got.stdout)
		}
	}
}

func TestMigrateStatusMakesNoFolder(t *testing.T) {
	p := newProgram(t)
	p.path = filepath.Join(filepath.Dir(p.path), "folder", "x.db")
	if got := list[migrationRow](t, p, "migrate status"); got[0].Status != "pending" {
		t.Errorf("got %+v", got)
	}
	checkNoFile(t, filepath.Dir(p.path))
}

// Looking at a file changes nothing, whatever it is a database of.
func TestMigrateStatusChangesNothing(t *testing.T) {
	cases := map[string]func(t *testing.T, p *program){
		"an empty file":              func(t *testing.T, p *program) { write(t, p.path, nil) },
		"another program's database": func(t *testing.T, p *program) { execute(t, p, "CREATE TABLE things (id INTEGER)") },
		"a migrated database":        func(t *testing.T, p *program) { p.must(t, "migrate up") },
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			p := newProgram(t)
			prepare(t, p)
			before := read(t, p.path)
			if got := p.run(t, "migrate status"); got.code != 0 {
				t.Errorf("exit %d: %s", got.code, got.stderr)
			}
			if !bytes.Equal(read(t, p.path), before) {
				t.Error("the file has changed")
			}
		})
	}
}

func TestOtherCommandsMigrate(t *testing.T) {
	p := newProgram(t)
	write(t, p.path, nil)
	p.must(t, "workspace list")
	if got := list[migrationRow](t, p, "migrate status"); got[0].Status != "applied" {
		t.Errorf("got %+v", got)
	}
}

// TestAMistypedPathIsNoEmptyDatabase: commands about what is there do not make it.
func TestAMistypedPathIsNoEmptyDatabase(t *testing.T) {
	p := newProgram(t)
	for _, line := range []string{
		"workspace list", "workspace show acme", "workspace suspend acme", "workspace update acme --name A",
		"key list --workspace acme", "key create --workspace acme --name CRM", "key revoke x", "key rotate x",
	} {
		check(t, p.run(t, line),
			result{code: 1, stderr: "accesscodes: there is no database " + p.path +
				"; accesscodes serve or accesscodes migrate up makes one\n"})
	}
	if _, err := os.Stat(p.path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v", err)
	}
}

func TestASchemaNewerThanTheProgramIsRefused(t *testing.T) {
	p := withAcme(t)
	execute(t, p, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
	newest := versionOf(t, slices.Max(migrationFiles(t)))
	for _, line := range databaseCommands {
		got := p.run(t, line)
		if got.code != 1 {
			t.Errorf("%s: exit %d", line, got.code)
		}
		checkOneLine(t, got)
		want := fmt.Sprintf("the database's schema is too new: the database is at version 99999, this program "+
			"knows %d; use a newer accesscodes", newest)
		if !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %s", line, got.stderr)
		}
	}
	execute(t, p, "DELETE FROM goose_db_version WHERE version_id = 99999")
	if got := list[workspaceRow](t, p, "workspace list"); len(got) != 1 || got[0].Slug != "acme" {
		t.Errorf("a refused command changed the workspaces: %v", got)
	}
}

func TestACorruptDatabaseIsRefused(t *testing.T) {
	garbage := bytes.Repeat([]byte("This was never a database. "), 1000)
	for _, line := range databaseCommands {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t)
			write(t, p.path, garbage)
			got := p.run(t, line)
			if got.code != 1 || !strings.Contains(got.stderr, "file is not a database") ||
				!strings.Contains(got.stderr, p.path) {
				t.Errorf("exit %d, and does not say which file is no database: %s", got.code, got.stderr)
			}
			checkOneLine(t, got)
			if !bytes.Equal(read(t, p.path), garbage) {
				t.Error("the file has changed")
			}
			if files, err := os.ReadDir(filepath.Dir(p.path)); err != nil || len(files) != 1 {
				t.Errorf("files were left beside it: %v (%v)", files, err)
			}
		})
	}
}

func TestPathsThatCannotBe(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	write(t, file, nil)
	cases := map[string]string{
		"a folder that is a file": filepath.Join(file, "x.db"),
		"a folder in a file":      filepath.Join(file, "folder", "x.db"),
		"a folder":                folder,
	}
	for name, path := range cases {
		for _, line := range databaseCommands {
			p := &program{path: path}
			got := p.run(t, line)
			if got.code != 1 || !strings.Contains(got.stderr, file) && !strings.Contains(got.stderr, path) {
				t.Errorf("%s: %s: exit %d, and does not name the path: %s", name, line, got.code, got.stderr)
			}
			checkOneLine(t, got)
		}
	}
}

func TestAFolderIsMadeForItsOwnerOnly(t *testing.T) {
	p := newProgram(t)
	p.path = filepath.Join(filepath.Dir(p.path), "a", "b", "x.db")
	p.must(t, "migrate up")
	for path, want := range map[string]os.FileMode{filepath.Dir(p.path): 0o700, p.path: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// execute runs a statement straight on the database.
func execute(t *testing.T, p *program, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", p.path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
