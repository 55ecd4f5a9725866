package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"accesscodes/internal/store/pgtest"
)

// transactionMode gives a connection of PostgreSQL to another client after every
// transaction. Two connections are few enough for clients to wait for one another.
const transactionMode = `
[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 2
`

func TestSeveralServersWorkThroughPgBouncerInTransactionMode(t *testing.T) {
	db := newPostgres(t)
	pooler := startPgBouncer(t, pgtest.Shared(t).Address())
	pooled := postgresDatabase{strings.Replace(db.url, pgtest.Shared(t).Address(), pooler, 1)}
	servers := []*server{launch(t, serveCommand(pooled)...), launch(t, serveCommand(pooled)...)}
	key := ""
	for _, s := range servers {
		s.awaitListening(t)
		key += s.key // one of them has one
	}
	l := newLedger()
	var loads []*load
	for i, s := range servers {
		loads = append(loads, startLoad(t, newClient(t, s.url, key), l, 32, fmt.Sprintf("POOLED-S%d", i)))
	}
	l.await(t, "5,000 codes are acknowledged", func() bool { return l.successes() >= 5000 })
	if n := db.sessions(t); n < 1 || n > 2 {
		t.Errorf("the servers have %d sessions in the database, want the pooler's one or two", n)
	}
	for _, ld := range loads {
		ld.stop()
	}
	for _, s := range servers {
		requireReplay(t, newClient(t, s.url, key), l, "POOLED-REPLAY")
	}
	if l.refusalCount() > 0 || l.unanswered() > 0 {
		t.Errorf("%d requests were refused and %d got no answer, want none", l.refusalCount(), l.unanswered())
	}
	rows := db.rows(t)
	l.check(t, rows)
	if len(rows) != l.successes() {
		t.Errorf("%d codes are there, %d were acknowledged", len(rows), l.successes())
	}
}

// requireReplay adds a code with an Idempotency-Key, twice.
func requireReplay(t *testing.T, c *client, l *ledger, value string) {
	t.Helper()
	for range 2 {
		a, err := c.addOnce(value, "Normal", value)
		must(t, "add "+value, a, err, 200, "")
		if a.header.Get("Idempotent-Replayed") == "" {
			l.record(wanted{value: value, kind: "Normal"}, a, err)
		}
	}
}

// startPgBouncer starts a pooler in front of a PostgreSQL server and returns where it
// listens.
func startPgBouncer(t *testing.T, server string) string {
	t.Helper()
	program := requirePgBouncer(t)
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	address := closedPort(t)
	_, listen, _ := strings.Cut(address, ":")
	folder := publicFolder(t)
	users, settings := filepath.Join(folder, "users.txt"), filepath.Join(folder, "pgbouncer.ini")
	writeFile(t, users, `"postgres" ""`+"\n")
	writeFile(t, settings, fmt.Sprintf(transactionMode, host, port, listen, users))
	out := newOutput()
	cmd := exec.Command(program, settings)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: unprivileged(t), Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended just now
		_ = cmd.Wait()         // how it ended is told by the next line
		if t.Failed() {
			t.Logf("PgBouncer:\n%s", out)
		}
	})
	eventually(t, startLimit, "PgBouncer listens", func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		return err == nil && conn.Close() == nil
	})
	return address
}

// requirePgBouncer is the path of the pooler, which Debian puts where only root looks.
func requirePgBouncer(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			requireTool(t, path)
			return path
		}
	}
	t.Fatalf("this test needs PgBouncer: %s", installLine)
	return ""
}

// unprivileged is who a program runs as that does not work for root: the user postgres if
// this process is root's, otherwise whoever runs it.
func unprivileged(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	var ids [2]uint64
	for i, id := range []string{account.Uid, account.Gid} {
		if ids[i], err = strconv.ParseUint(id, 10, 32); err != nil {
			t.Fatal(err)
		}
	}
	return &syscall.Credential{Uid: uint32(ids[0]), Gid: uint32(ids[1])}
}

// publicFolder is a folder that other users may read. t.TempDir is within one that they
// may not.
func publicFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "accesscodes-pgbouncer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
