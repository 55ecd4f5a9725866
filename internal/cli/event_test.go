package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/cli"
)

// tail runs `event tail` until it has printed so many lines, and then ends it as Ctrl-C does. between is
// called when the first line is there.
func (p *program) tail(t *testing.T, lines int, between func(), args ...string) (got []string, r result) {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out, stdout := io.Pipe()
	var stderr bytes.Buffer // read after the end
	ended := make(chan error, 1)
	go func() {
		err := cli.Run(ctx, append([]string{"event", "tail"}, args...), cli.Env{
			Stdin: strings.NewReader(""), Stdout: stdout, Stderr: &stderr,
			LookupEnv: func(name string) (string, bool) { value, ok := p.env[name]; return value, ok },
		})
		_ = stdout.Close() // never fails
		ended <- err
	}()
	printed := bufio.NewScanner(out)
	for len(got) < lines && printed.Scan() {
		got = append(got, normalise(printed.Text()))
		if len(got) == 1 {
			between()
		}
	}
	interrupt()
	_, _ = io.Copy(io.Discard, out) // what it was printing
	err := <-ended
	return got, result{code: cli.ExitCode(err), stderr: stderr.String()}
}

func TestEventTail(t *testing.T) {
	p := withServer(t)
	p.do(t, "code add SPRING --type Normal")
	p.do(t, "code revoke SPRING")
	between := func() { p.do(t, "code restore SPRING") }
	const at = "2030-01-02T03:04:05Z"
	for _, test := range []struct {
		output string
		want   []string
	}{
		{"table", []string{
			"POSITION  AT                    TYPE                    SUBJECT                   ACTOR         DATA",
			"3         " + at + "  code.revoked            code:SPRING               key:first key " +
				` {"previous":{"revokedAt":null},"revokedAt":"` + at + `"}`,
			"4         " + at + "  code.restored           code:SPRING               key:first key " +
				` {"previous":{"revokedAt":"` + at + `"},"revokedAt":null}`,
		}},
		{"csv", []string{
			"position,at,type,subject,actor,data",
			"3," + at + `,code.revoked,code:SPRING,key:first key,"{""previous"":{""revokedAt"":null},""revokedAt"":""` +
				at + `""}"`,
		}},
	} {
		got, r := p.tail(t, len(test.want), between, "--types", "code.*", "-o", test.output)
		if diff := cmp.Diff(test.want, got); diff != "" || r.code != 0 {
			t.Errorf("%s: exit %d (-want +got):\n%s", test.output, r.code, diff)
		}
		if !strings.HasPrefix(r.stderr, "To go on from here: --after ") {
			t.Errorf("%s: %q", test.output, r.stderr)
		}
	}
	got, r := p.tail(t, 1, func() {}, "--after", "3", "--subject", "code:spring", "--actor", "key", "-o", "json")
	var event struct {
		Type     string
		Position int
		Subject  struct{ Kind, ID string }
		Data     struct{ Previous map[string]any }
	}
	if err := json.Unmarshal([]byte(got[0]), &event); err != nil {
		t.Fatal(err)
	}
	if event.Type != "code.restored" || event.Position != 4 || event.Subject.ID != "SPRING" ||
		event.Data.Previous["revokedAt"] == nil || r != (result{stderr: "To go on from here: --after 4\n"}) {
		t.Errorf("%s, %+v", got[0], r)
	}
}

// TestEventTailGoesOnAtItsCursor, also when it ended right behind a line.
func TestEventTailGoesOnAtItsCursor(t *testing.T) {
	p := withServer(t)
	p.do(t, "code add SPRING --type Normal")
	p.do(t, "code revoke SPRING")
	p.do(t, "code restore SPRING")
	p.do(t, "cursor set crm --position 0")
	args := []string{"--cursor", "crm", "--types", "code.*", "-o", "csv"}
	var printed []string
	for _, lines := range []int{2, 2} { // the first is the head
		got, r := p.tail(t, lines, func() {}, args...)
		if r != (result{stderr: "To go on from here: --cursor crm\n"}) {
			t.Errorf("%+v", r)
		}
		printed = append(printed, strings.Split(got[1], ",")[2])
	}
	if diff := cmp.Diff([]string{"code.revoked", "code.restored"}, printed); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCursor(t *testing.T) {
	p := withServer(t)
	const row = `crm,%,2030-01-02T03:04:05Z` + "\n"
	for _, c := range []struct{ line, want string }{
		{"cursor set crm --position 1 --if-position none", "1,1"},
		{"cursor set crm", "1,1"},
		{"cursor set crm --position 2 --if-position 1", "2,0"},
		{"cursor get crm", "2,0"},
		{"cursor list", "2,0"},
	} {
		p.env["ACCESSCODES_OUTPUT"] = "csv"
		check(t, p.exec(t, strings.Fields(c.line)...),
			result{0, "name,position,behind,updatedAt\n" + strings.Replace(row, "%", c.want, 1), ""})
	}
	for _, c := range []struct {
		line string
		want result
	}{
		{"cursor set crm --position 9", result{2, "", "position must be one that the log has reached, from 0 to 2 " +
			"(invalid_value, request ID)"}},
		{"cursor set crm --position 0 --if-position 1", result{1, "", "the cursor is at 2: does another consumer use it? " +
			"(cursor_moved, request ID)"}},
		{"cursor set crm --if-position here", result{2, "", `--if-position "here" is not a whole number or none`}},
		{"event tail --cursor crm --after 1", result{2, "", "--after and --cursor both say where to begin: " +
			"give one of them"}},
		{"event tail --cursor CRM", result{2, "", "the name of a cursor must have 1 to 100 characters: a-z, 0-9, and " +
			"within them also . _ and - (invalid_parameter, request ID)"}},
	} {
		got := p.exec(t, strings.Fields(c.line)...)
		got.stderr = requests.ReplaceAllString(got.stderr, "request ID")
		c.want.stderr = "accesscodes: " + c.want.stderr + "\n"
		check(t, got, c.want)
	}
	p.do(t, "cursor delete crm")
	if got := p.exec(t, "cursor", "get", "crm"); got.code != 1 || !strings.Contains(got.stderr, "cursor_not_found") {
		t.Errorf("%+v", got)
	}
}

func TestEventTailFails(t *testing.T) {
	p := withServer(t)
	for _, c := range []struct {
		line string
		want result
	}{
		{"event tail --types old.*", result{2, "", "types must be types of events with commas between them, " +
			"such as code.revoked,user.* (invalid_parameter, request ID)"}},
		{"event tail --after here", result{2, "", `--after "here" is not a whole number`}},
		{"event tail --output xml", result{2, "", `--output "xml" is not table, json or csv`}},
	} {
		got := p.exec(t, strings.Fields(c.line)...)
		got.stderr = requests.ReplaceAllString(got.stderr, "request ID")
		c.want.stderr = "accesscodes: " + c.want.stderr + "\n"
		check(t, got, c.want)
	}
}
