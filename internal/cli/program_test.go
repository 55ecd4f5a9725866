package cli_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/cli"
)

// program runs command lines as main does, on a database file that its test has for
// itself and that does not exist yet.
type program struct {
	path  string            // of the database
	env   map[string]string // the environment; nothing else is in it
	stdin string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	return &program{path: filepath.Join(t.TempDir(), "x.db"), env: map[string]string{}}
}

// result is what a run left behind.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command line, given as one text whose words are separated by spaces, on
// the test's database.
func (p *program) run(t *testing.T, line string) result {
	t.Helper()
	return p.exec(t, append(strings.Fields(line), "--database", "sqlite:"+p.path)...)
}

// exec runs a command line as it is.
func (p *program) exec(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := cli.Run(t.Context(), args, cli.Env{
		Stdin: strings.NewReader(p.stdin), Stdout: &stdout, Stderr: &stderr, Version: "v1.2.3-test",
		LookupEnv: func(name string) (string, bool) { value, ok := p.env[name]; return value, ok },
	})
	return result{code: cli.ExitCode(err), stdout: stdout.String(), stderr: stderr.String()}
}

// must runs a command line that has to succeed and returns its stdout.
func (p *program) must(t *testing.T, line string) string {
	t.Helper()
	r := p.run(t, line)
	if r.code != 0 {
		t.Fatalf("%s: exit %d: %s", line, r.code, r.stderr)
	}
	return r.stdout
}

// check compares a result, after what differs from run to run is made equal.
func check(t *testing.T, got, want result) {
	t.Helper()
	got = result{got.code, normalise(got.stdout), normalise(got.stderr)}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.code != 0 {
		checkOneLine(t, got)
	}
}

// checkOneLine checks the form that every failure has: one line on stderr and nothing
// on stdout.
func checkOneLine(t *testing.T, got result) {
	t.Helper()
	text, ended := strings.CutSuffix(got.stderr, "\n")
	if !ended || strings.Contains(text, "\n") || !strings.HasPrefix(text, "accesscodes: ") {
		t.Errorf("stderr is not one line that begins with the program's name: %q", got.stderr)
	}
	if got.stdout != "" {
		t.Errorf("a failure printed to stdout: %q", got.stdout)
	}
}

// What differs from run to run, and what stands for it: of the same width, because
// tables are aligned, except for the fractions of seconds that JSON shows.
var (
	times    = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
	ids      = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	secrets  = regexp.MustCompile(`ack_[0-9A-Za-z]{36}\b`)
	displays = regexp.MustCompile(`ack_[0-9A-Za-z]{4}…[0-9A-Za-z]{4}`)
	trailing = regexp.MustCompile(`(?m) +$`) // of empty cells at the end of a row
)

func normalise(text string) string {
	text = times.ReplaceAllString(text, "2030-01-02T03:04:05Z")
	text = ids.ReplaceAllString(text, "00000000-0000-7000-8000-000000000000")
	text = secrets.ReplaceAllString(text, "SECRET")
	text = displays.ReplaceAllString(text, "ack_abcd…wxyz")
	return trailing.ReplaceAllString(text, "")
}
