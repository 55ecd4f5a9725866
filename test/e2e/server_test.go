package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// drainTimeout is what every server is given, and how long one may take to end.
const drainTimeout = 10 * time.Second

var (
	urlLine = regexp.MustCompile(`(?m)^Listening on (http://\S+)`)
	keyLine = regexp.MustCompile(`(?m)^\s*API key: (\S+)$`)
)

// server is one run of `accesscodes serve`, known by its process id.
type server struct {
	url    string // where it listens, once it does
	key    string // the API key that it printed, if it did
	out    *output
	log    *output
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended and its output is read
	ended  bool          // the test saw to its end
}

// startServer starts a server on a database and waits until it listens. If the test does
// not end it, it gets SIGTERM after the test and must exit with 0.
func startServer(t testing.TB, db database, flags ...string) *server {
	t.Helper()
	s := launch(t, serveCommand(db, flags...)...)
	s.awaitListening(t)
	return s
}

// serveCommand is the command line of a server on a free port.
func serveCommand(db database, flags ...string) []string {
	return append([]string{
		program, "serve", "--listen", "127.0.0.1:0",
		"--database", db.address(), "--drain-timeout", drainTimeout.String(),
	}, flags...)
}

// launch starts a server and returns at once.
func launch(t testing.TB, command ...string) *server {
	t.Helper()
	if err := lookAtSources(); err != nil {
		t.Fatal(err)
	}
	s := &server{
		out: newOutput(), log: newOutput(), exited: make(chan struct{}),
		cmd: exec.Command(command[0], command[1:]...),
	}
	s.cmd.Env = environment()
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait() // awaitExit looks at the process's state
		close(s.exited)
	}()
	t.Cleanup(func() { s.cleanUp(t) })
	return s
}

// environment is the test's own without anything that would configure the program.
func environment(more ...string) (all []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "ACCESSCODES_") {
			all = append(all, variable)
		}
	}
	return append(all, more...)
}

func (s *server) awaitListening(t testing.TB) {
	t.Helper()
	match := s.out.await(urlLine, s.exited, time.After(startLimit))
	if match == nil {
		t.Fatal("the server did not say where it listens")
	}
	s.url = match[1]
	if match := keyLine.FindStringSubmatch(s.out.String()); match != nil {
		s.key = match[1]
	}
}

func (s *server) cleanUp(t testing.TB) {
	if !s.ended {
		s.stop(t)
	}
	if t.Failed() {
		t.Logf("server %d, stdout:\n%s\nend of stderr:\n%s", s.cmd.Process.Pid, s.out, s.log)
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// running reports whether the process has not ended.
func (s *server) running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

func (s *server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Errorf("the server is gone: %v", err)
	}
}

// stop sends SIGTERM and requires exit code 0 within the drain.
func (s *server) stop(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGTERM)
	s.awaitExit(t, 0)
}

// kill sends SIGKILL, as a crash or the kernel's memory killer would, and waits.
func (s *server) kill(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGKILL)
	s.awaitExit(t, -1)
}

// awaitExit requires the process to end with this code within the drain; -1 stands
// for a signal.
func (s *server) awaitExit(t testing.TB, code int) {
	t.Helper()
	s.ended = true
	select {
	case <-s.exited:
	case <-time.After(drainTimeout):
		t.Errorf("the server did not end within %s", drainTimeout)
		_ = s.cmd.Process.Kill() // it may have ended just now
		<-s.exited
		return
	}
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("the server ended with %s, want exit code %d", s.cmd.ProcessState, code)
	}
}
