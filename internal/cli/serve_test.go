package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"accesscodes/internal/cli"
)

// server is a running `accesscodes serve`.
type server struct {
	greeting string // what it printed up to where it listens
	url      string
	stop     func() (code int, stderr string) // ends it as SIGTERM does
}

var listening = regexp.MustCompile(`(?m)^Listening on (http://\S+)`)

// serve starts a server on a free port of the test's database.
func (p *program) serve(t *testing.T, flags ...string) server {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	out, stdout := io.Pipe()
	var stderr bytes.Buffer // read after the end
	ended := make(chan error, 1)
	go func() {
		err := cli.Run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0", "--database", "sqlite:" + p.path},
			flags...), cli.Env{
			Stdin: strings.NewReader(""), Stdout: stdout, Stderr: &stderr,
			LookupEnv: func(name string) (string, bool) { value, ok := p.env[name]; return value, ok },
		})
		ended <- err
		_ = stdout.Close() // never fails
	}()
	s := server{stop: func() (int, string) {
		cancel()
		return cli.ExitCode(<-ended), stderr.String()
	}}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		s.greeting += lines.Text() + "\n"
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			s.url = m[1]
			go func() { _, _ = io.Copy(io.Discard, out) }() // what it says later
			return s
		}
	}
	code, text := s.stop()
	t.Fatalf("serve ended with %d before it listened: %s", code, text)
	return server{}
}

func TestServeGreets(t *testing.T) {
	p := newProgram(t)
	first := p.serve(t)
	keys := secrets.FindAllString(first.greeting, -1)
	if len(keys) != 2 || keys[0] != keys[1] {
		t.Fatalf("the greeting should show one key, alone and in a curl line:\n%s", first.greeting)
	}
	for _, want := range []string{`"default"`, "curl ", first.url + "/tenant-codes/generate"} {
		if !strings.Contains(first.greeting, want) {
			t.Errorf("the greeting lacks %s:\n%s", want, first.greeting)
		}
	}
	got := generate(t, first.url, keys[0])
	if !regexp.MustCompile(`^\{"code":"CODE-[A-Z2-9]{4}-[A-Z2-9]{4}"\}$`).MatchString(got) {
		t.Errorf("generate answered %s", got)
	}
	if code, stderr := first.stop(); code != 0 || strings.Contains(stderr, keys[0]) {
		t.Errorf("exit %d; the log may not show the key: %s", code, stderr)
	}

	again := p.serve(t)
	if strings.Contains(again.greeting, "ack_") {
		t.Errorf("the second greeting shows a key:\n%s", again.greeting)
	}
	if code, stderr := again.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if rows := list[workspaceRow](t, p, "workspace list"); len(rows) != 1 || rows[0].Slug != "default" ||
		rows[0].Prefix != "CODE" {
		t.Errorf("workspaces: %+v", rows)
	}
}

func TestServeWithoutBootstrap(t *testing.T) {
	p := newProgram(t)
	s := p.serve(t, "--no-bootstrap")
	if strings.Contains(s.greeting, "ack_") {
		t.Errorf("the greeting shows a key:\n%s", s.greeting)
	}
	if code, stderr := s.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if rows := list[workspaceRow](t, p, "workspace list"); len(rows) != 0 {
		t.Errorf("workspaces: %+v", rows)
	}
}

// The command line works straight on the database while a server runs on it.
func TestCommandsWhileAServerRuns(t *testing.T) {
	p := newProgram(t)
	s := p.serve(t, "--no-bootstrap")
	p.must(t, "workspace create acme --name Acme --prefix ACME")
	if got := generate(t, s.url, createKey(t, p, "--name CRM")); !strings.HasPrefix(got, `{"code":"ACME-`) {
		t.Errorf("generate answered %s", got)
	}
	if code, stderr := s.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if keys := list[keyRow](t, p, "key list --workspace acme"); keys[0].LastUsedAt == nil {
		t.Error("the use of the key was not noted")
	}
}

// A database that others can read keeps its permissions, which may be somebody's intention, but
// not in silence.
func TestServeWarnsOfADatabaseThatOthersCanRead(t *testing.T) {
	p := newProgram(t)
	if err := os.Chmod(filepath.Dir(p.path), 0o700); err != nil { // whatever the umask made it
		t.Fatal(err)
	}
	p.must(t, "migrate up")
	if warnings := warningsOfAServer(t, p); len(warnings) != 0 {
		t.Errorf("a database that was made by the program: %v", warnings)
	}
	if err := os.Chmod(p.path, 0o666); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, warning := range warningsOfAServer(t, p) {
		got = append(got, warning.Mode+" "+warning.Remedy)
	}
	want := []string{"0666 chmod go= " + p.path, "0666 chmod go= " + p.path + "-wal", "0666 chmod go= " + p.path + "-shm"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if info, err := os.Stat(p.path); err != nil || info.Mode().Perm() != 0o666 {
		t.Errorf("the mode is now %v, %v", info.Mode(), err)
	}
}

// exposureWarning is a log event about a database that others can use.
type exposureWarning struct{ Level, Msg, Path, Mode, Remedy string }

// warningsOfAServer starts and stops a server and returns the warnings that it logged.
func warningsOfAServer(t *testing.T, p *program) (all []exposureWarning) {
	t.Helper()
	code, log := p.serve(t).stop()
	if code != 0 {
		t.Fatalf("exit %d: %s", code, log)
	}
	for line := range strings.Lines(log) {
		var event exposureWarning
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if event.Level == "WARN" {
			all = append(all, event)
		}
	}
	return all
}

func TestServeOnAnAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }() // the test is over
	for _, flag := range []string{"--listen", "--debug-listen", "--metrics-listen"} {
		p := newProgram(t)
		line := "serve --listen 127.0.0.1:0 " + flag + " " + taken.Addr().String()
		check(t, p.run(t, line), result{
			code: 1,
			stderr: "accesscodes: cannot listen on " + taken.Addr().String() +
				": address already in use; give another address with " + flag + "\n",
		})
		if rows := list[workspaceRow](t, p, "workspace list"); len(rows) != 0 {
			t.Errorf("a server that never listened made %+v, whose key nobody saw", rows)
		}
	}
}

func generate(t *testing.T, url, key string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/tenant-codes/generate",
		strings.NewReader(`{"type":"Normal"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // it has been read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
