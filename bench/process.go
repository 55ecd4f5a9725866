package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under load.
type process struct {
	cmd    *exec.Cmd
	url    string
	key    string // empty: it asks for none
	setup  string // the link by which the console is set up; empty: it has none
	header string // that the key is sent in; empty: X-Api-Key
}

// authorization is the header that holds the key.
func (p *process) authorization() string { return cmp.Or(p.header, "X-Api-Key") + ": " + p.key }

var (
	urlLine = regexp.MustCompile(`Listening on (http://\S+)`)
	keyLine = regexp.MustCompile(`API key: (.+)`)
	setUp   = regexp.MustCompile(`http://\S+/console/link/\S+`)
)

// start runs a program until it prints where it listens.
func start(ctx context.Context, program string, args []string, log io.Writer) (*process, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := keyLine.FindStringSubmatch(lines.Text()); m != nil {
			p.key = m[1]
		}
		if link := setUp.FindString(lines.Text()); link != "" {
			p.setup = link
		}
		if m := urlLine.FindStringSubmatch(lines.Text()); m != nil {
			p.url = m[1]
			go func() { _, _ = io.Copy(io.Discard, out) }() // so that it never blocks on its output
			return p, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%s did not say where it listens", program), cmd.Wait())
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait() // how it ends does not matter any more
}

// cpu is the processor time that the process has used, in user and system mode.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name may hold spaces
	fields := strings.Fields(rest)
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime: proc(5)
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / 100, nil // USER_HZ is 100 on Linux
}

// memory is how much is resident, in MiB: now (VmRSS) or at most until now (VmHWM).
func (p *process) memory(which string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	m := regexp.MustCompile(which + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0, errors.New("no " + which + " in /proc")
	}
	kib, err := strconv.ParseFloat(string(m[1]), 64)
	return kib / 1024, err
}

// startServer runs the server on a database.
func (p *plan) startServer(ctx context.Context, folder, database string, args ...string) (*process, error) {
	log, err := os.CreateTemp(folder, "*.log")
	if err != nil {
		return nil, err
	}
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--database", database}, args...)
	return start(ctx, p.server, args, log)
}
