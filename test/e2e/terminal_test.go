package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// onServer are the variables by which commands find a server.
func onServer(s *server) []string {
	return []string{"ACCESSCODES_SERVER=" + s.url, "ACCESSCODES_API_KEY=" + s.key}
}

var anID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// TestTheProgressOfABatchFitsTheTerminal: with the rate and the time left.
func TestTheProgressOfABatchFitsTheTerminal(t *testing.T) {
	t.Parallel()
	s := startServer(t, newSQLite(t))
	for columns, shape := range map[int]string{
		80: `^codes  [█░]{20}  \d+%  (\d+\w+ left|stands still|in \w+)  [\d,]+/s  [\d,]+ of 50,000$`,
		50: `^codes  [█░]{10,20}  \d+%  (\d+\w+ left|stands still|in \w+)  [\d,]+/s$`,
		40: `^codes  ([█░]{10,20}  )?\d+%  (\d+\w+ left|stands still|in \w+)  [\d,]+/s$`,
		12: `^codes  \d+%$`,
	} {
		c := inTerminal(t, columns, onServer(s), "batch", "create", "--count", "50000", "--type", "Normal", "--wait")
		code, screen := c.end(t)
		if code != 0 {
			t.Fatalf("exit %d: %q", code, screen)
		}
		shown := bars(c.String())
		if len(shown) < 2 {
			t.Errorf("%d columns: only %q was shown", columns, shown)
		}
		for _, bar := range shown {
			if !regexp.MustCompile(shape).MatchString(bar) || utf8.RuneCountInString(bar) >= columns {
				t.Errorf("%d columns: %q", columns, bar)
			}
		}
		if last := shown[len(shown)-1]; !strings.Contains(last, "100%") || !slices.Contains(screen, last) {
			t.Errorf("%d columns: %q stays, of %q", columns, screen, last)
		}
	}
}

// TestCtrlCWhileABatchIsMade: the batch goes on, and the command that is named gets its codes.
func TestCtrlCWhileABatchIsMade(t *testing.T) {
	t.Parallel()
	s := startServer(t, newSQLite(t))
	out := filepath.Join(t.TempDir(), "my codes.csv")
	c := inTerminal(t, 80, onServer(s), "batch", "create", "--count", "200000", "--type", "Normal", "--out", out)
	c.see(t, ` \d%  `)
	c.press(t, ctrlC)
	code, screen := c.end(t)
	id := anID.FindString(screen[0])
	want := "accesscodes: interrupted; the batch goes on without this command; for its codes: " +
		"accesscodes batch download " + id + " --out '" + out + "'"
	if code != 130 || id == "" || screen[len(screen)-1] != want {
		t.Fatalf("exit %d: %q", code, screen)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a file already")
	}
	mustRun(t, onServer(s), program, "batch", "cancel", id)
}

// TestCtrlCWhileABatchIsDownloaded: what came stays, and the command that is named goes on with it.
func TestCtrlCWhileABatchIsDownloaded(t *testing.T) {
	t.Parallel()
	s := startServer(t, newSQLite(t))
	mustRun(t, onServer(s), program, "batch", "create", "--count", "20000", "--type", "Normal", "--wait")
	id := anID.FindString(mustRun(t, onServer(s), program, "batch", "list"))
	whole := mustRun(t, onServer(s), program, "batch", "download", id, "--out", "-", "--format", "ndjson")

	folder := t.TempDir()
	out := filepath.Join(folder, "codes.ndjson")
	stuck := stuckAfter(t, s, 1<<20)
	more := append(onServer(s), "ACCESSCODES_SERVER="+stuck)
	c := inTerminal(t, 80, more, "batch", "download", id, "--out", out, "--format", "ndjson")
	part := out + "." + id + ".part"
	eventually(t, workLimit, "a part is there", func() bool {
		info, err := os.Stat(part)
		return err == nil && info.Size() > 0
	})
	c.press(t, ctrlC)
	code, screen := c.end(t)
	again := "accesscodes batch download " + id + " --out " + out + " --format ndjson"
	if code != 130 || screen[len(screen)-1] != "accesscodes: interrupted; what came is kept; to go on: "+again {
		t.Fatalf("exit %d: %q", code, screen)
	}
	if text, err := os.ReadFile(part); err != nil || !strings.HasPrefix(whole, string(text)) {
		t.Errorf("the part has something else, %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("half a file has the name of a whole one")
	}

	r := run(t, onServer(s), append([]string{program}, strings.Fields(again)[1:]...)...)
	if r.code != 0 || !strings.HasPrefix(r.stderr, "Going on behind the code ") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	text, err := os.ReadFile(out)
	if files, _ := os.ReadDir(folder); err != nil || string(text) != whole || len(files) != 1 {
		t.Errorf("the file has %d of %d bytes, %v; %d files", len(text), len(whole), err, len(files))
	}
}

// stuckAfter stands in front of a server; it hands on so much of each answer, and then nothing.
func stuckAfter(t *testing.T, s *server, bytes int) string {
	address, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(address)
	behind.FlushInterval = -1
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")  // compressed, it would be shorter
		defer func() { _ = recover() }() // the proxy panics to break the connection
		behind.ServeHTTP(&stuckWriter{ResponseWriter: w, left: bytes, until: r.Context().Done()}, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

type stuckWriter struct {
	http.ResponseWriter
	left  int
	until <-chan struct{}
}

// Write implements [io.Writer].
func (w *stuckWriter) Write(text []byte) (int, error) {
	if w.left -= len(text); w.left < 0 {
		<-w.until
	}
	return w.ResponseWriter.Write(text)
}

// Unwrap lets what is written be flushed.
func (w *stuckWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestAChangeAsksOnATerminal: it says first what it would do.
func TestAChangeAsksOnATerminal(t *testing.T) {
	t.Parallel()
	s := startServer(t, newSQLite(t))
	for _, code := range []string{"SPRING-1", "SPRING-2", "OTHER"} {
		mustRun(t, onServer(s), program, "code", "add", code, "--type", "Premium")
	}
	mustRun(t, onServer(s), program, "code", "redeem", "SPRING-1", "--user", "ann")
	revoked := func() int {
		return strings.Count(mustRun(t, onServer(s), program, "code", "list", "--status", "revoked"), "SPRING")
	}
	const preview = "2 codes chosen, 2 would be revoked.|People who have redeemed one: 1.|Such as SPRING-2, SPRING-1.|" +
		"Revoke 2 codes? [y/N] "
	for answer, want := range map[string]struct {
		code, revoked int
		rest          string
	}{
		"n\n":   {1, 0, "n|accesscodes: nothing was changed"},
		"\n":    {1, 0, "|accesscodes: nothing was changed"},
		ctrlC:   {130, 0, "^C|accesscodes: interrupted"},
		"y\n":   {0, 2, "y|"},
		"--yes": {0, 2, ""},
	} {
		args := []string{"change", "revoke", "--query", "spring", "--wait"}
		if answer == "--yes" {
			args = append(args, answer)
		}
		c := inTerminal(t, 80, onServer(s), args...)
		if answer != "--yes" {
			c.see(t, `\? \[y/N\] `)
			if n := revoked(); n != 0 {
				t.Errorf("%q: %d codes were revoked before the answer", answer, n)
			}
			c.press(t, answer)
		}
		code, lines := c.end(t)
		screen := strings.Join(lines, "|")
		asked := strings.HasPrefix(screen, preview+want.rest)
		if code != want.code || revoked() != want.revoked || asked == (answer == "--yes") {
			t.Errorf("%q: exit %d, %d codes are revoked: %s", answer, code, revoked(), screen)
		}
		if id := anID.FindString(screen); want.revoked > 0 {
			undo := "accesscodes change undo " + id
			if !strings.HasSuffix(screen, "|To take it back: "+undo) {
				t.Errorf("%q: it does not say how to take it back: %s", answer, screen)
			}
			mustRun(t, onServer(s), append([]string{program}, append(strings.Fields(undo)[1:], "--wait")...)...)
		}
	}
	c := inTerminal(t, 80, onServer(s), "change", "restore", "--query", "spring")
	if code, screen := c.end(t); code != 1 || fmt.Sprint(screen) != "[2 codes chosen, 0 would be restored. "+
		"The others would stay as they are: unchanged 2. People who have redeemed one: 1. "+
		"accesscodes: there is nothing to change]" {
		t.Errorf("exit %d: %q", code, screen)
	}
}

// codesFile writes a file of codes.
func codesFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "codes.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestAnImportOnATerminal: its progress counts the bytes of the file. Ctrl-C ends it, and the same command
// goes on.
func TestAnImportOnATerminal(t *testing.T) {
	t.Parallel()
	s := startServer(t, newSQLite(t))
	const lines = 60_000
	var text strings.Builder
	text.WriteString("code,type,note\n")
	note := strings.Repeat("long ", 60) // the system takes a few megabytes of what is sent at once
	for i := range lines {
		_, _ = fmt.Fprintf(&text, "CODE%d,Normal,%s\n", i, note) // never fails
	}
	name := codesFile(t, text.String())
	first := inTerminal(t, 80, onServer(s), "import", name)
	first.see(t, ` [1-9]\d?%  `)
	first.press(t, ctrlC)
	code, screen := first.end(t)
	const again = "accesscodes: interrupted; run the same command again: the lines that are done count as skipped"
	if code != 130 || screen[len(screen)-1] != again {
		t.Errorf("exit %d: %q", code, screen)
	}
	second := inTerminal(t, 80, onServer(s), "import", name, "--output", "csv")
	code, screen = second.end(t)
	shape := regexp.MustCompile(
		`^sent  [█░]{20}  \d+%  (\w+ left|stands still|in \w+)  [\d.]+ [kM]?B/s  [\d.]+ [kM]?B of 19\.1 MB$`)
	for _, bar := range bars(second.String()) {
		if !shape.MatchString(bar) {
			t.Errorf("%q", bar)
		}
	}
	report := strings.Split(screen[len(screen)-1], ",")
	if code != 0 || len(bars(second.String())) < 2 || report[1] != "succeeded" || report[2] != fmt.Sprint(lines) ||
		report[5] == "0" {
		t.Errorf("exit %d: %q", code, screen)
	}
}
