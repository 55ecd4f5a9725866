package cli_test

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
)

// audited is a program whose database has the logs of two workspaces.
func audited(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	for _, line := range []string{
		"workspace create acme --name Acme", "workspace create other --name Other",
		"workspace update acme --name First", "workspace update acme --name Second", "workspace update acme --name Third",
	} {
		p.must(t, line)
	}
	return p
}

// heads are the newest values of the logs by their names.
func (p *program) heads(t *testing.T) map[string]string {
	t.Helper()
	var all []struct{ Workspace, Head, Anchor string }
	if err := json.Unmarshal([]byte(p.must(t, "audit head -o json")), &all); err != nil {
		t.Fatal(err)
	}
	heads := map[string]string{}
	for _, l := range all {
		heads[l.Workspace] = l.Head
	}
	return heads
}

// tamper runs a statement on the database, past the program.
func (p *program) tamper(t *testing.T, statement string) {
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

func TestAuditVerify(t *testing.T) {
	p := audited(t)
	noted := p.heads(t)["acme"]
	if position, chain, _ := strings.Cut(noted, ":"); position != "4" || len(chain) != 64 {
		t.Fatalf("the newest of acme: %q", noted)
	}
	const head = "WORKSPACE  RESULT  FROM  TO  EVENTID\n"
	whole := result{stdout: head + "acme       intact  1     4\nother      intact  1     1\n"}
	check(t, p.run(t, "audit verify"), whole)
	check(t, p.run(t, "audit verify --expect acme:"+noted), whole)
	check(t, p.run(t, "audit verify --workspace other"), result{stdout: head + "other      intact  1     1\n"})

	p.tamper(t, "UPDATE events SET actor_name = 'mallory' WHERE position = 3")
	const id = "00000000-0000-7000-8000-000000000000"
	r := p.run(t, "audit verify")
	want := "WORKSPACE  RESULT   FROM  TO  EVENTID\n" +
		"acme       changed  3     3   " + id + "\nother      intact   1     1\n"
	if r.code != 1 || normalise(r.stdout) != want ||
		r.stderr != "accesscodes: 1 of 2 logs are not as they were recorded\n" {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	p.tamper(t, "DELETE FROM events WHERE position > 2")
	p.tamper(t, "UPDATE event_positions SET newest = 2, chain = (SELECT chain FROM events e "+
		"WHERE e.workspace_id = event_positions.workspace_id AND position = 2) WHERE newest = 4")
	check(t, p.run(t, "audit verify --workspace acme"), result{stdout: head + "acme       intact  1     2\n"})
	r = p.run(t, "audit verify --workspace acme --output json --expect "+noted)
	var found []struct {
		Workspace, Result string
		From, To, Events  int64
	}
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil || r.code != 1 || len(found) != 1 ||
		found[0].Result != "cut tail" || found[0].From != 3 || found[0].To != 4 || found[0].Events != 2 {
		t.Errorf("exit %d, %v: %s", r.code, err, r.stdout)
	}
}

// TestAuditVerifyShowsWhatWasNotCompared: and a log of which only the events are left.
func TestAuditVerifyShowsWhatWasNotCompared(t *testing.T) {
	p := audited(t)
	line := "audit verify --expect acme:" + p.heads(t)["acme"]
	p.tamper(t, "INSERT INTO event_digests SELECT workspace_id, position, digest, chain FROM events WHERE position = 3")
	p.tamper(t, "DELETE FROM events WHERE position = 3")
	check(t, p.run(t, line), result{stdout: "WORKSPACE  RESULT  FROM  TO  EVENTID  PRUNED\n" +
		"acme       intact  1     4            1\n" +
		"other      intact  1     1            0\n"})
	p.tamper(t, "DELETE FROM event_positions WHERE newest = 1")
	p.tamper(t, "UPDATE event_positions SET anchor_position = 3")
	r := p.run(t, line)
	want := "WORKSPACE  RESULT     FROM  TO  EVENTID  PRUNED  UNLINKED\n" +
		"acme       rewritten  1     3            1       3\n" +
		"other      rewritten  1     1            0       0\n"
	if r.code != 1 || r.stdout != want || r.stderr != "accesscodes: 2 of 2 logs are not as they were recorded\n" {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

func TestAuditMistakes(t *testing.T) {
	p := audited(t)
	chain := strings.Repeat("0", 64)
	for _, test := range []struct{ line, want string }{
		{"--expect 4:" + chain, `--expect "4:` + chain + `" names no workspace: give --workspace, or WORKSPACE:4:` + chain},
		{"--workspace acme --expect 4", `--expect "4": it must be a position, a colon and 64 hexadecimal digits`},
		{
			"--workspace acme --expect other:4:" + chain,
			`--expect "other:4:` + chain + `" is not about the --workspace acme`,
		},
	} {
		check(t, p.run(t, "audit verify "+test.line), result{code: 2, stderr: "accesscodes: " + test.want + "\n"})
	}
	check(t, p.run(t, "audit verify --workspace none"),
		result{code: 1, stderr: "accesscodes: there is no workspace with the slug none\n"})
	empty := newProgram(t)
	check(t, empty.run(t, "audit head"), result{code: 1, stderr: "accesscodes: there is no database " + empty.path +
		"; accesscodes serve or accesscodes migrate up makes one\n"})
}
