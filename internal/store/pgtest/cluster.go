// Package pgtest gives tests a real PostgreSQL: a throw-away server that the test run
// starts itself from the programs that Debian's package postgresql installs, also as
// root. Without them a test fails and says how to get them; nothing is skipped.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is a PostgreSQL server with a data folder of its own. It listens on a port of
// 127.0.0.1, lets everybody in, and keeps its default of making every commit durable.
type Cluster struct {
	programs string // the folder of initdb and postgres
	folder   string
	port     int
	settings []string
	server   *exec.Cmd
	ended    chan struct{} // closed when the server has
}

// startLimit is how long a server may take until it answers.
const startLimit = 60 * time.Second

// New makes a cluster and starts it. Settings are lines of postgresql.conf such as
// "max_connections=20".
func New(ctx context.Context, settings ...string) (*Cluster, error) {
	c, err := prepare(settings)
	if err != nil {
		return nil, err
	}
	out, err := c.command(ctx, "initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--locale=C.UTF-8", "--no-sync").CombinedOutput()
	if err == nil {
		err = c.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a PostgreSQL cluster: %w\n%s", err, out), c.Remove())
	}
	return c, nil
}

// NewStandby makes a cluster that follows another one (streaming replication) and starts
// it. From then on no commit of the other one is acknowledged before it is on both.
func (c *Cluster) NewStandby(ctx context.Context) (*Cluster, error) {
	s, err := prepare(c.settings)
	if err != nil {
		return nil, err
	}
	out, err := s.command(ctx, "pg_basebackup", "-D", s.data(), "-R", "-X", "stream", "-c", "fast", "-d",
		c.URL("postgres")+"&application_name=standby").CombinedOutput()
	if err == nil {
		err = s.Start(ctx)
	}
	for _, statement := range []string{
		"ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()",
	} {
		if err == nil {
			err = c.Exec(ctx, "postgres", statement)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make a standby: %w\n%s", err, out), s.Remove())
	}
	return s, nil
}

func prepare(settings []string) (*Cluster, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "accesscodes-pg")
	if err != nil {
		return nil, err
	}
	c := &Cluster{programs: programs, folder: folder, settings: settings}
	who, err := credential()
	if err == nil && who != nil {
		err = os.Chown(folder, int(who.Uid), int(who.Gid))
	}
	if err == nil {
		c.port, err = freePort()
	}
	return c, err
}

// findPrograms returns the folder of the newest PostgreSQL.
func findPrograms() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is sound
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) == 0 {
		if path, err := exec.LookPath("postgres"); err == nil {
			found = []string{path}
		}
	}
	if len(found) == 0 {
		return "", errors.New("the tests need PostgreSQL: run scripts/install-test-deps, or apt-get install postgresql")
	}
	return filepath.Dir(found[0]), nil
}

// credential is who PostgreSQL's programs run as if this process is root, for whom they
// refuse to work; otherwise nil.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
}

// Ports that freePort chooses from. The kernel lends none of them to clients, so that a
// server that was stopped finds its port free.
const firstPort, lastPort = 15000, 32000

func freePort() (int, error) {
	var listener net.Listener
	var err error
	for range 100 {
		listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort)))
		if err == nil {
			return listener.Addr().(*net.TCPAddr).Port, listener.Close()
		}
	}
	return 0, err
}

// command is one of PostgreSQL's programs. It dies with the test.
func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.programs, name), args...)
	who, _ := credential() // prepare has asked before
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who, Pdeathsig: syscall.SIGQUIT}
	cmd.Dir = c.folder
	return cmd
}

func (c *Cluster) data() string { return filepath.Join(c.folder, "data") }

// Start starts the server and waits until it answers.
func (c *Cluster) Start(ctx context.Context) error {
	args := []string{
		"-D", c.data(), "-p", strconv.Itoa(c.port), "-c", "listen_addresses=127.0.0.1", "-c",
		"unix_socket_directories=",
	}
	for _, setting := range c.settings {
		args = append(args, "-c", setting)
	}
	log, err := os.OpenFile(c.logPath(), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own copy
	server := c.command(context.WithoutCancel(ctx), "postgres", args...)
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = server.Wait() // how it ends is the test's doing
		close(ended)
	}()
	c.server, c.ended = server, ended
	return c.waitReady(ctx)
}

func (c *Cluster) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-c.ended:
			return fmt.Errorf("the PostgreSQL server ended at once:\n%s", c.Log())
		case <-ctx.Done():
			return fmt.Errorf("the PostgreSQL server does not answer: %w\n%s", err, c.Log())
		}
	}
}

func (c *Cluster) logPath() string { return filepath.Join(c.folder, "server.log") }

// Log is what the server has logged.
func (c *Cluster) Log() string {
	text, err := os.ReadFile(c.logPath())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// URL is the address of one of the cluster's databases.
func (c *Cluster) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", c.Address(), database)
}

// Address is the host and port that the cluster listens on.
func (c *Cluster) Address() string { return "127.0.0.1:" + strconv.Itoa(c.port) }

// Programs is the folder of PostgreSQL's programs, such as pgbench.
func (c *Cluster) Programs() string { return c.programs }

// Exec runs a statement in one of the databases.
func (c *Cluster) Exec(ctx context.Context, database, statement string) error {
	conn, err := pgx.Connect(ctx, c.URL(database))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// Kill ends every process of the server at once, as a power cut would, and returns when
// they have ended.
func (c *Cluster) Kill() error {
	// A server that is stopped starts no more processes.
	if err := c.server.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	children := c.children()
	err := c.signal(syscall.SIGKILL)
	for _, child := range children {
		_ = syscall.Kill(child, syscall.SIGKILL) // it may have ended with its parent
	}
	for _, child := range children {
		for isRunning(child) { // it would keep the server from starting again
			time.Sleep(time.Millisecond)
		}
	}
	return err
}

// children are the server's own processes, by the list that the kernel keeps.
func (c *Cluster) children() []int {
	pid := c.server.Process.Pid
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)) // none to be found is none to be killed
	var all []int
	for _, field := range strings.Fields(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			all = append(all, child)
		}
	}
	return all
}

// isRunning reports whether a process has not ended yet. One that has ended may stay in
// the list of processes.
func isRunning(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}

// Stop ends the server without a checkpoint and returns when it has ended.
func (c *Cluster) Stop() error { return c.signal(syscall.SIGQUIT) }

func (c *Cluster) signal(s syscall.Signal) error {
	if err := c.server.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-c.ended
	return nil
}

// Promote makes a standby a server of its own.
func (c *Cluster) Promote(ctx context.Context) error {
	return c.Exec(ctx, "postgres", "SELECT pg_promote(true, 60)")
}

// Remove stops the server and deletes its folder.
func (c *Cluster) Remove() error {
	var err error
	if c.server != nil {
		err = c.Stop()
	}
	return errors.Join(err, os.RemoveAll(c.folder))
}
