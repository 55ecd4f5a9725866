package e2e

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal in which a command of the program runs.
type terminal struct {
	*output
	keyboard *os.File
	cmd      *exec.Cmd
	exited   chan struct{} // closed when the process has ended and its output is read
}

// openTerminal opens both ends of a pseudo-terminal.
func openTerminal(t testing.TB, columns int) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ours.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	number := 0
	var failed error
	err = raw.Control(func(fd uintptr) {
		var unlocked, numbered error
		unlocked = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		number, numbered = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		size := &unix.Winsize{Row: 24, Col: uint16(columns)}
		failed = errors.Join(unlocked, numbered, unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size))
	})
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}

// inTerminal starts a command of the program in a terminal of so many columns. It must end before the test.
func inTerminal(t testing.TB, columns int, more []string, args ...string) *terminal {
	t.Helper()
	if err := lookAtSources(); err != nil {
		t.Fatal(err)
	}
	ours, theirs := openTerminal(t, columns)
	s := &terminal{
		output: newOutput(), keyboard: ours, cmd: exec.Command(program, args...), exited: make(chan struct{}),
	}
	s.cmd.Env = environment(more...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = theirs, theirs, theirs
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // so that Ctrl-C reaches it
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close() // the process has it
	go func() {
		_, _ = io.Copy(s.output, ours) // it ends with an error when the process has ended
		_ = s.cmd.Wait()               // exit looks at the process's state
		_ = ours.Close()
		close(s.exited)
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it has ended, unless the test failed
		<-s.exited
	})
	return s
}

// see waits until the terminal has shown something.
func (s *terminal) see(t testing.TB, pattern string) {
	t.Helper()
	if s.await(regexp.MustCompile(pattern), s.exited, time.After(workLimit)) == nil {
		t.Fatalf("the terminal never showed %s:\n%q", pattern, s)
	}
}

// press types something.
func (s *terminal) press(t testing.TB, keys string) {
	t.Helper()
	if _, err := s.keyboard.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

const ctrlC = "\x03"

// end waits until the command has ended, and returns its exit code and the lines that stay on the screen.
func (s *terminal) end(t testing.TB) (code int, screen []string) {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(workLimit):
		t.Fatalf("the command does not end:\n%q", s)
	}
	return s.cmd.ProcessState.ExitCode(), screenOf(s.String())
}

// screenOf is what a terminal shows in the end: the last of what was written over one another on each line.
func screenOf(text string) (lines []string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		lines = append(lines, line[strings.LastIndexByte(line, '\r')+1:])
		lines[len(lines)-1] = strings.ReplaceAll(lines[len(lines)-1], clearRest, "")
	}
	return lines
}

// clearRest is what clears the rest of a line (ECMA-48 EL).
const clearRest = "\x1b[K"

// bars are the states of a progress bar that were shown one after the other.
func bars(text string) (all []string) {
	for _, piece := range strings.Split(text, "\r")[1:] {
		if bar, ok := strings.CutSuffix(piece, clearRest); ok {
			all = append(all, bar)
		}
	}
	return all
}
