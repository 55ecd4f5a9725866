package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/web/console"
)

// program is the path of the binary under test.
var program string

// How long things may take on a busy machine before a test gives up.
const (
	startLimit = 20 * time.Second
	flowLimit  = 6 * time.Minute
	endLimit   = 30 * time.Second
)

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

// buildAndRun builds the program without the race detector, as it is shipped.
func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "accesscodes-browser")
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }() // a left-over in the temporary folder is no failure
	program = filepath.Join(folder, "accesscodes")
	build := exec.Command("go", "build", "-race=false", "-trimpath", "-o", program, "accesscodes/cmd/accesscodes")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	return pgtest.Run(m)
}

func TestFlowsInABrowser(t *testing.T) {
	flows, err := filepath.Glob("flows/*.mjs")
	if err != nil || len(flows) == 0 {
		t.Fatalf("no flows: %v", err)
	}
	lookAtSources(t)
	for _, flow := range flows {
		name := strings.TrimSuffix(filepath.Base(flow), ".mjs")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, flow, startServer(t, "sqlite:"+filepath.Join(t.TempDir(), "codes.db")))
		})
	}
	t.Run("setup on PostgreSQL", func(t *testing.T) {
		t.Parallel()
		run(t, "flows/setup.mjs", startServer(t, pgtest.EmptyDatabase(t)))
	})
}

// lookAtSources looks at every file that the program is built from. go test remembers which files a
// test has looked at: without this it would take an earlier result for that of a program that has
// changed since. That the flows are read by another program is seen to likewise.
func lookAtSources(t *testing.T) {
	for _, folder := range []string{"../../cmd", "../../internal", "flows", "lib"} {
		err := filepath.WalkDir(folder, func(file string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a flow against a server.
func run(t *testing.T, flow string, s *server) {
	pictures := filepath.Join(os.TempDir(), "accesscodes-browser-pictures", filepath.Base(t.Name()))
	ctx, cancel := context.WithTimeout(t.Context(), flowLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", flow)
	cmd.Env = append(
		os.Environ(), "CONSOLE_URL="+s.url, "CONSOLE_KEY="+s.key, "CONSOLE_LINK="+s.link,
		"CONSOLE_PROGRAM="+program, "CONSOLE_DATABASE="+s.database, "CONSOLE_PICTURES="+pictures,
		"CONSOLE_PAGES="+strings.Join(pages(t), "\n"),
	)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // so that it ends its browser
	cmd.WaitDelay = endLimit
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v; pictures, if any, are in %s\n%s", err, pictures, out)
	}
	t.Logf("%s", out)
}

// pages returns the paths of the pages that there are; what is downloaded is none.
func pages(t *testing.T) (all []string) {
	web, err := console.New(console.Deps{Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range web.Routes() {
		if rt.Method == http.MethodGet && !rt.Streams && path.Ext(rt.Path) == "" {
			all = append(all, rt.Path)
		}
	}
	return all
}

var (
	listening = regexp.MustCompile(`(?m)^Listening on (http://\S+)`)
	keyLine   = regexp.MustCompile(`(?m)^\s*API key: (\S+)$`)
	linkLine  = regexp.MustCompile(`(?m)^\s*(http://\S+/console/link/\S+)$`)
)

// server is one run of `accesscodes serve` on a new database.
type server struct {
	url, key, link, database string
}

// startServer starts a server, waits until it listens, and sees to its end.
func startServer(t *testing.T, database string) *server {
	t.Helper()
	said, err := os.OpenFile(filepath.Join(t.TempDir(), "stdout"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "serve", "--listen", "127.0.0.1:0", "--database", database,
		"--webhook-allow", "127.0.0.0/8", "--webhook-retries", "1s,1h")
	cmd.Stdout, cmd.Stderr = said, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := awaitEnd(cmd, ended); err != nil {
			t.Errorf("the server: %v", err)
		}
		_ = said.Close()
		if t.Failed() {
			t.Logf("the server's log:\n%s", &log)
		}
	})
	output := awaitOutput(t, said.Name())
	return &server{
		url: match(t, listening, output), key: match(t, keyLine, output), link: match(t, linkLine, output),
		database: database,
	}
}

func awaitEnd(cmd *exec.Cmd, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-time.After(endLimit):
		_ = cmd.Process.Kill() // it may have ended just now
		return errors.Join(errors.New("it did not end"), <-ended)
	}
}

// awaitOutput waits until the server listens and returns what it has said.
func awaitOutput(t *testing.T, file string) string {
	t.Helper()
	deadline := time.After(startLimit)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		said, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if listening.Match(said) {
			return string(said)
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("the server does not listen; it said:\n%s", said)
		}
	}
}

func match(t *testing.T, pattern *regexp.Regexp, said string) string {
	t.Helper()
	found := pattern.FindStringSubmatch(said)
	if found == nil {
		t.Fatalf("no %s in:\n%s", pattern, said)
	}
	return found[1]
}
