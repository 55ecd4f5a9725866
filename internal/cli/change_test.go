package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changeRow is a change, or what one would do, as JSON shows it.
type changeRow struct {
	ID, Do, Status           string
	Matched, Changed, People int
	Skipped                  map[string]int
	Sample                   []string
	Undone                   *int
	UndoableUntil            *string
	Complete                 bool
	RolledBack               int
	PutBack                  *int
}

// change runs a command that prints one change.
func (p *program) change(t *testing.T, line string) (row changeRow, stderr string) {
	t.Helper()
	got := p.do(t, "change "+line+" -o json")
	var rows []changeRow
	if err := json.Unmarshal([]byte(got.stdout), &rows); err != nil || len(rows) != 1 {
		t.Fatalf("%s: %s, %v", line, got.stdout, err)
	}
	return rows[0], got.stderr
}

// revoked are the codes that are.
func (p *program) revoked(t *testing.T) (all []string) {
	t.Helper()
	rows := p.do(t, "code list --status revoked -o csv").stdout
	for _, row := range strings.Split(strings.TrimSpace(rows), "\n")[1:] {
		code, _, _ := strings.Cut(row, ",")
		all = append(all, code)
	}
	return all
}

func TestChange(t *testing.T) {
	p := withServer(t)
	for _, code := range []string{"SPRING1", "SPRING2", "OTHER"} {
		p.do(t, "code add "+code+" --type Normal --note old")
	}
	p.do(t, "code redeem SPRING2 --user ann")

	would, _ := p.change(t, "revoke --query spring --dry-run")
	want := changeRow{
		Matched: 2, Changed: 2, People: 1, Skipped: map[string]int{}, Sample: []string{"SPRING2", "SPRING1"}, Complete: true,
	}
	if diff := cmp.Diff(want, would); diff != "" || p.revoked(t) != nil {
		t.Errorf("a dry run (-want +got):\n%s", diff)
	}
	done, hint := p.change(t, "revoke --query spring --wait --yes")
	if done.Do != "revoke" || done.Status != "succeeded" || done.Changed != 2 || done.UndoableUntil == nil {
		t.Errorf("%+v", done)
	}
	if got := p.revoked(t); len(got) != 2 || hint != "To take it back: accesscodes change undo "+done.ID+"\n" {
		t.Errorf("%q are revoked; %s", got, hint)
	}
	undone, _ := p.change(t, "undo "+done.ID+" --wait")
	if got := p.revoked(t); got != nil || undone.Status != "undone" || undone.Undone == nil || *undone.Undone != 2 {
		t.Errorf("%q are revoked; %+v", got, undone)
	}
	if again, _ := p.change(t, "get "+done.ID); again.Status != "undone" {
		t.Errorf("%+v", again)
	}
	set, _ := p.change(t, "set --type Normal --status active --note new --max-redemptions 7 --metadata a=b --wait")
	if got := p.do(t, "code get other").stdout; set.Do != "set" || set.Changed != 3 || !strings.Contains(got, "new") {
		t.Errorf("%+v; %s", set, got)
	}
	if got := strings.Count(p.do(t, "change list -o csv").stdout, "\n"); got != 3 {
		t.Errorf("%d lines list two changes", got)
	}
}

func TestChangeDeletesAndRollsBack(t *testing.T) {
	p := withServer(t)
	for _, code := range []string{"SPRING1", "SPRING2"} {
		p.do(t, "code add "+code+" --type Normal")
	}
	p.do(t, "code redeem SPRING2 --user ann")
	count := func(what string) int { return strings.Count(p.do(t, what+" --out -").stdout, "\n") - 1 }

	deleted, _ := p.change(t, "delete --query spring --wait")
	if deleted.Do != "delete" || deleted.Changed != 1 || deleted.Skipped["code_in_use"] != 1 ||
		count("export codes") != 1 {
		t.Errorf("%+v", deleted)
	}
	p.change(t, "undo "+deleted.ID+" --wait")
	if n := count("export codes"); n != 2 {
		t.Errorf("%d codes", n)
	}
	would, _ := p.change(t, "revoke --query spring --roll-back-redemptions --dry-run")
	done, _ := p.change(t, "revoke --query spring --roll-back-redemptions --wait")
	if would.RolledBack != 1 || done.RolledBack != 1 || done.Changed != 2 || count("export users") != 0 {
		t.Errorf("%+v, then %+v", would, done)
	}
	undone, _ := p.change(t, "undo "+done.ID+" --wait")
	if undone.PutBack == nil || *undone.PutBack != 1 || count("export users") != 1 {
		t.Errorf("%+v", undone)
	}
}

func TestChangeOfListedCodes(t *testing.T) {
	p := withServer(t)
	for _, code := range []string{"ONE", "TWO", "THREE"} {
		p.do(t, "code add "+code+" --type Normal")
	}
	for name, text := range map[string]string{
		"lines":                    "one\n\n  t-w-o \r\n",
		"lines with a mark":        "\ufeffone\ntwo",
		"an export":                "\ufeffcode,type,note\nONE,Normal,\nTWO,Normal,\"a\nb\"\n",
		"a table of a spreadsheet": "\"note\";\"code\"\r\nx;one\r\ny;TWO\r\n",
	} {
		p.stdin = text
		for _, from := range []string{"-", file(t, text)} {
			got, _ := p.change(t, "revoke --codes "+strings.ReplaceAll(from, "_", "?")+" --dry-run")
			if got.Matched != 2 || got.Changed != 2 {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	p.stdin = "one\nnobody\n"
	got, _ := p.change(t, "revoke --codes - --wait")
	if got.Changed != 1 || got.Skipped["code_not_found"] != 1 {
		t.Errorf("%+v", got)
	}
	restored, _ := p.change(t, "restore --codes - --wait")
	if restored.Do != "restore" || restored.Changed != 1 || p.revoked(t) != nil {
		t.Errorf("%+v", restored)
	}
}

func TestChangesThatMakeNoSense(t *testing.T) {
	p := withServer(t)
	done, _ := p.change(t, "revoke --query nothing --wait --idempotency-key k")
	p.stdin = strings.Repeat("A\n", 10_001)
	empty := file(t, "\n\n")
	for line, want := range map[string]struct {
		code   int
		stderr string
	}{
		"change":                                          {2, "accesscodes change needs a command"},
		"change revoke":                                   {2, "no codes are chosen; see accesscodes change revoke --help"},
		"change revoke --codes - --type Normal":           {2, "--codes goes without other flags that choose codes"},
		"change revoke --codes -":                         {1, `--codes "-" cannot be used: it has more than 10,000 codes`},
		"change revoke --codes " + empty:                  {1, "there is no code in it"},
		"change revoke --codes no.txt":                    {1, "no such file"},
		"change revoke --status new":                      {2, "status must be"},
		"change set --type Normal":                        {2, "there is nothing to change"},
		"change set --type Normal --expires-at":           {2, "flag needs an argument"},
		"change get 7":                                    {1, "change_not_found"},
		"change cancel " + done.ID:                        {1, "change_finished"},
		"change revoke --query other --idempotency-key k": {1, "idempotency_key_reused"},
	} {
		got := p.exec(t, strings.Fields(line)...)
		if checkOneLine(t, got); got.code != want.code || !strings.Contains(got.stderr, want.stderr) {
			t.Errorf("%s: exit %d: %s", line, got.code, got.stderr)
		}
	}
}
