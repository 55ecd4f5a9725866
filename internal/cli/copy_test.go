package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"accesscodes/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

type copyRow struct {
	Table  string
	Rows   int64
	SHA256 string
}

// alone runs a command line without the test's database.
func (p *program) alone(t *testing.T, line string) result {
	t.Helper()
	return p.exec(t, strings.Fields(line)...)
}

// copied runs a copy that has to succeed and returns what it lists.
func (p *program) copied(t *testing.T, line string) (rows []copyRow) {
	t.Helper()
	got := p.alone(t, line+" --output json")
	if got.code != 0 {
		t.Fatalf("%s: exit %d: %s", line, got.code, got.stderr)
	}
	if err := json.Unmarshal([]byte(got.stdout), &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCopyMovesEverythingToPostgresAndBack(t *testing.T) {
	p := withAcme(t)
	key := strings.TrimSpace(p.must(t, "key create --workspace acme --name CRM"))
	server, back := pgtest.EmptyDatabase(t), "sqlite:"+filepath.Join(t.TempDir(), "back.db")
	there := p.copied(t, "copy --from sqlite:"+p.path+" --to "+server)
	again := p.copied(t, "copy --from "+server+" --to "+back)
	if len(there) == 0 || len(there) != len(again) {
		t.Fatalf("copied %v, then %v", there, again)
	}
	for i := range there {
		if there[i] != again[i] || len(there[i].SHA256) != 64 {
			t.Errorf("copied %v, then %v", there[i], again[i])
		}
	}
	// The key is still that key: it can be revoked by its secret.
	if got := p.alone(t, "key revoke "+key+" --database "+back); got.code != 0 {
		t.Errorf("the copied key: %s", got.stderr)
	}
}

func TestCopyShowsEachStageWhereThereIsNoTerminal(t *testing.T) {
	p := withAcme(t)
	got := p.alone(t, "copy --from sqlite:"+p.path+" --to sqlite:"+filepath.Join(t.TempDir(), "new.db"))
	if got.stderr != "copying 4 rows\ncomparing 8 rows\n" {
		t.Errorf("stderr: %q", got.stderr)
	}
}

func TestCopyRefusesWhatMakesNoSense(t *testing.T) {
	p := withAcme(t)
	full := "sqlite:" + p.path
	cases := []struct {
		line string
		code int
		want string
	}{
		{"copy --from " + full, 2, "--to is required"},
		{"copy --to " + full, 2, "--from is required"},
		{"copy --from x.db --to " + full, 2, "--from must be sqlite:PATH or postgres://"},
		{"copy --from " + full + " --to mysql://user:secret@host/db", 2, "--to must be sqlite:PATH or postgres://"},
		{"copy --from " + full + " --to " + full, 1, "the source and the target are the same database"},
		{"copy --from " + full + " --to " + full + " surplus", 2, "takes no arguments"},
		{"copy --from sqlite:/nowhere/x.db --to " + full, 1, "the source: there is no database /nowhere/x.db"},
	}
	for _, c := range cases {
		got := p.alone(t, c.line)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || strings.Contains(got.stderr, "secret") {
			t.Errorf("%s: exit %d: %s", c.line, got.code, got.stderr)
		}
		checkOneLine(t, got)
	}
}

func TestCopyRefusesATargetThatIsNotEmpty(t *testing.T) {
	from, to := withAcme(t), withAcme(t)
	got := from.alone(t, "copy --from sqlite:"+from.path+" --to sqlite:"+to.path)
	if got.code != 1 || !strings.Contains(got.stderr, "the target is not empty") {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
}

func TestAnUnfinishedCopyIsNotServed(t *testing.T) {
	p := newProgram(t)
	p.must(t, "migrate up")
	execute(t, p, "INSERT INTO unfinished_copy (id, source) VALUES (1, 'somewhere')")
	for _, line := range []string{"workspace list", "serve --listen 127.0.0.1:0"} {
		got := p.run(t, line)
		if got.code != 1 || !strings.Contains(got.stderr, "this database is an unfinished copy of another one") {
			t.Errorf("%s: exit %d: %s", line, got.code, got.stderr)
		}
	}
}

func TestOnlyACitusClusterCanBeDistributed(t *testing.T) {
	p := newProgram(t)
	for database, want := range map[string]string{
		"sqlite:" + p.path:      "a database of the kind sqlite lies on one machine",
		pgtest.EmptyDatabase(t): "the extension citus is not installed",
	} {
		got := p.alone(t, "migrate distribute --database "+database)
		if got.code != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("exit %d: %s", got.code, got.stderr)
		}
	}
}
