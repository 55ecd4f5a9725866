package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTheTourOfTheReadme does what README.md's tour tells its reader to do, word for word, and
// compares what they are told to see with what is there.
func TestTheTourOfTheReadme(t *testing.T) {
	requireTool(t, "bash")
	requireTool(t, "curl")
	steps := readTour(t)
	r := startTour(t, steps)
	for _, step := range steps {
		r.take(t, step)
	}
	r.end(t)
}

// tour is a reader's desk: a server in one terminal, a shell in another, both in a folder with
// the program and with no database.
type tour struct {
	*tourText
	folder   string
	server   *server
	shell    *exec.Cmd
	commands io.WriteCloser // the shell's stdin
	ended    *bufio.Scanner // the shell's stdout has a line for each command that has ended
	pasted   string         // the command line that the server printed
}

func startTour(t *testing.T, steps []tourStep) *tour {
	t.Helper()
	r := &tour{tourText: newTourText(steps), folder: t.TempDir()}
	if err := os.Mkdir(filepath.Join(r.folder, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(r.folder, "bin", "accesscodes")); err != nil {
		t.Fatal(err)
	}
	r.startShell(t)
	return r
}

func (r *tour) startShell(t *testing.T) {
	t.Helper()
	r.shell = exec.CommandContext(t.Context(), "bash")
	r.shell.Dir, r.shell.Env = r.folder, environment("CURL_HOME="+r.folder)
	// On a terminal, which this is not, curl shows no progress.
	if err := os.WriteFile(filepath.Join(r.folder, ".curlrc"), []byte("silent\nshow-error\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stdin, err := r.shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := r.shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.shell.Start(); err != nil {
		t.Fatal(err)
	}
	r.commands, r.ended = stdin, bufio.NewScanner(stdout)
}

// end ends the shell, which must have lived until now.
func (r *tour) end(t *testing.T) {
	t.Helper()
	if err := errors.Join(r.commands.Close(), r.shell.Wait()); err != nil {
		t.Errorf("the shell: %v", err)
	}
}

// take does what a step says and compares.
func (r *tour) take(t *testing.T, step tourStep) {
	t.Helper()
	switch {
	case step.command == serveLine:
		r.serve(t)
		r.compare(t, step, r.server.out.String())
	case step.command == "":
		r.compare(t, step, r.run(t, r.pasted))
	default:
		command := r.translate(step.command)
		if step.twice {
			r.run(t, command)
		}
		r.compare(t, step, r.run(t, command))
	}
}

const serveLine = "bin/accesscodes serve"

// serve starts the server of the tour on a free port.
func (r *tour) serve(t *testing.T) {
	t.Helper()
	r.server = launch(t, "env", "--chdir="+r.folder, "ACCESSCODES_LISTEN=127.0.0.1:0", "bin/accesscodes", "serve")
	r.server.awaitListening(t)
	line := curlLine.FindStringSubmatch(r.server.out.String())
	if line == nil {
		t.Fatalf("no curl line was printed:\n%s", r.server.out)
	}
	r.pasted = line[1]
	r.learn(tourURL, r.server.url)
}

// run runs a command in the shell, which keeps its variables, and returns what a terminal
// would show.
func (r *tour) run(t *testing.T, command string) string {
	t.Helper()
	screen := filepath.Join(r.folder, "screen")
	timer := time.AfterFunc(commandLimit, func() { _ = r.shell.Process.Kill() })
	defer timer.Stop()
	if _, err := fmt.Fprintf(r.commands, "{\n%s\n} >'%s' 2>&1 </dev/null; echo done\n", command, screen); err != nil {
		t.Fatal(err)
	}
	if !r.ended.Scan() {
		t.Fatalf("%s\ndid not end within %s, or ended the shell: %v", command, commandLimit, r.ended.Err())
	}
	shown, err := os.ReadFile(screen)
	if err != nil {
		t.Fatal(err)
	}
	return string(shown)
}

func (r *tour) compare(t *testing.T, step tourStep, shown string) {
	t.Helper()
	if difference := r.difference(step.output, shown); difference != "" {
		t.Errorf("README.md, line %d: %s", step.line, difference)
	}
}

// TestTheTourIsRead reads a page like the tour's.
func TestTheTourIsRead(t *testing.T) {
	page := strings.ReplaceAll(`# Title
## A five-minute tour
**One.**

~~~text
$ one --with \
    'two lines'
first
second
$ silent
$ last
third
~~~

Send
this twice:

~~~text
$ again
~~~

Paste:

~~~text
pasted
~~~
~~~sh
not read
~~~
## Next
~~~text
$ not read
~~~
`, "~~~", "```")
	want := []tourStep{
		{line: 6, command: "one --with \\\n    'two lines'", output: "first\nsecond\n"},
		{line: 10, command: "silent"},
		{line: 11, command: "last", output: "third\n"},
		{line: 19, command: "again", twice: true},
		{line: 25, output: "pasted\n"},
	}
	got := parseTour(page)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	}
}

func TestTheTourIsCompared(t *testing.T) {
	const (
		idA, idB = "01a20622-6a04-746e-8238-e2deeb7b832d", "01a20e54-c6e4-7449-80cf-8da064ec4a05"
		keyA     = "ack_HVqKanMDLc9NYqO1EeWOFg9SmCBYIr02oj0I"
		keyB     = "ack_000000000000000000000000000000000000"
		ok       = "HTTP/1.1 200 OK\n"
	)
	cases := []struct {
		name, wanted, shown string
		same                bool
	}{
		{"the same", "a 1\n", "a 1\n", true},
		{"another word", "a 1\n", "a 2\n", false},
		{"more", "a\n", "a\nb\n", false},
		{"ids", idA + " " + idA, idB + " " + idB, true},
		{"ids that were one", idA + " " + idA, idA + " " + idB, false},
		{"keys", keyA, keyB, true},
		{"times", "2026-11-23T02:00:48Z 2026-11-23T02:00:48.534094Z", "2031-01-01T00:00:00Z 2031-01-01T00:00:00.5Z", true},
		{"a time that was given", "2031-12-31T23:59:59Z", "2031-12-31T23:59:58Z", false},
		{"random codes", `"CODE-CRLE-6KVW"`, `"CODE-AAAA-2222"`, true},
		{"random codes with another prefix", `"CODE-CRLE-6KVW"`, `"ACME-AAAA-2222"`, false},
		{"request ids", `"requestId":"a-1"`, `"requestId":"b-22"`, true},
		{"the server", "http://127.0.0.1:8080/docs", "http://127.0.0.1:4711/docs", true},
		{"headers in another order", ok + "A: 1\nB: 2\n\nbody", ok + "B: 2\r\nA: 1\r\n\r\nbody", true},
		{"a header more", ok + "A: 1\n\nbody", ok + "B: 2\r\nA: 1\r\n\r\nbody", false},
		{"dates", ok + "Date: Mon, 23 Nov 2026 02:00:48 GMT\n\n", ok + "Date: Tue, 24 Nov 2026 12:00:48 GMT\n\n", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := newTourText([]tourStep{{command: `-d '{"expiresAt":"2031-12-31T23:59:59Z"}'`}})
			text.learn(tourURL, "http://127.0.0.1:4711")
			if got := text.difference(c.wanted, c.shown); (got == "") != c.same {
				t.Errorf("difference: %q", got)
			}
		})
	}
}
