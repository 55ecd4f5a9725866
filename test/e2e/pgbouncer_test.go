package e2e

import (
	"fmt"
	"net"
	"net/http"
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
	servers, key := startPooled(t, db)
	l, u := newLedger(), newUses()
	u.add(t, newClient(t, servers[0].url, key), "POOLED-FEW", 100)
	u.add(t, newClient(t, servers[0].url, key), "POOLED-MANY", nil)
	var loads []*load
	for i, s := range servers {
		label := fmt.Sprintf("POOLED-S%d", i)
		loads = append(loads, startLoad(t, newClient(t, s.url, key), l, 32, label),
			startRedeeming(t, newClient(t, s.url, key), u, 8, label, "POOLED-FEW", "POOLED-MANY"))
	}
	l.await(t, "5,000 codes and 500 redemptions are acknowledged",
		func() bool { return l.successes() >= 5000 && u.successes() >= 500 })
	if n := db.sessions(t); n < 1 || n > 2 {
		t.Errorf("the servers have %d sessions in the database, want the pooler's one or two", n)
	}
	for _, ld := range loads {
		ld.stop()
	}
	for _, s := range servers {
		requireReplay(t, newClient(t, s.url, key), l, "POOLED-REPLAY")
	}
	if l.refusalCount() > 0 || l.unanswered() > 0 || u.unanswered() > 0 {
		t.Errorf("%d requests were refused and %d and %d got no answer, want none", l.refusalCount(), l.unanswered(),
			u.unanswered())
	}
	rows := u.check(t, db, db.rows(t))
	l.check(t, rows)
	if len(rows) != l.successes() {
		t.Errorf("%d codes are there, %d were acknowledged", len(rows), l.successes())
	}
	for _, fault := range db.texts(t, accountFaults) {
		t.Error(fault)
	}
}

// TestEveryRouteWorksThroughPgBouncerInTransactionMode asks two servers in turn, while others
// keep the pooler's connections busy: what one server has left in a session, the other must
// not stumble over.
func TestEveryRouteWorksThroughPgBouncerInTransactionMode(t *testing.T) {
	db := newPostgres(t)
	servers, key := startPooled(t, db)
	l := newLedger()
	ld := startLoad(t, newClient(t, servers[0].url, key), l, 4, "BESIDE")
	l.await(t, "a code is acknowledged", func() bool { return l.successes() > 0 })
	for round := range 10 {
		one, other := newClient(t, servers[round%2].url, key), newClient(t, servers[1-round%2].url, key)
		walk(t, one, other, fmt.Sprint("WALK", round))
	}
	ld.stop()
	if l.refusalCount() > 0 || l.unanswered() > 0 {
		t.Errorf("%d requests were refused and %d got no answer, want none", l.refusalCount(), l.unanswered())
	}
}

// walk goes through the life of a code and of users who know no other one.
func walk(t *testing.T, one, other *client, code string) {
	t.Helper()
	user := func(name string) string { return name + "-" + code }
	about := func(fields ...string) map[string]any {
		all := map[string]any{"code": code}
		for i := 0; i < len(fields); i += 2 {
			all[fields[i]] = fields[i+1]
		}
		return all
	}
	const codes, found = "/tenant-codes/", http.StatusOK
	one.step(t, "POST", codes+"add", about("type", "Normal"), found, `"status":"active"`)
	other.step(t, "PATCH", codes+code, map[string]any{"maxRedemptions": 2, "note": code}, found, `"maxRedemptions":2`)
	one.step(t, "POST", codes+"validate", about("userId", user("ada")), found, `"valid":true`)

	held := other.step(t, "POST", codes+"reserve", about("userId", user("ada")), found, code)
	one.step(t, "POST", "/reservations/"+held+"/confirm", nil, found, held)
	made := other.step(t, "POST", codes+"redeem", about("userId", user("bob")), found, `"grants":"Normal"`)
	one.step(t, "POST", codes+"redeem", about("userId", user("bob")), found, made)
	other.step(t, "POST", codes+"validate", about("userId", user("cyd")), found, `"reason":"code_exhausted"`)
	one.step(t, "POST", codes+"redeem", about("userId", user("cyd")), http.StatusConflict, `"reason":"code_exhausted"`)

	other.step(t, "GET", codes+code, nil, found, `"redemptions":2`, `"note":"`+code+`"`)
	one.step(t, "GET", "/tenant-codes?status=exhausted&q="+code, nil, found, `"code":"`+code+`"`)
	other.step(t, "GET", "/redemptions?code="+code, nil, found, user("ada"), user("bob"), made)
	one.step(t, "GET", "/users?status=Normal&q="+user("bob"), nil, found, user("bob"))

	other.step(t, "POST", "/redemptions/"+made+"/rollback", map[string]string{"reason": "a mistake"}, found,
		`"rollbackReason":"a mistake"`)
	one.step(t, "GET", "/users/"+user("bob"), nil, http.StatusNotFound, "user_not_found")
	held = other.step(t, "POST", codes+"reserve", about("userId", user("cyd")), found, code)
	one.step(t, "POST", "/reservations/"+held+"/release", nil, found, held)
	other.step(t, "POST", codes+code+"/revoke", nil, found, `"status":"revoked"`)
	one.step(t, "POST", codes+code+"/restore", nil, found, `"status":"active"`, `"redemptions":1`, `"reservations":0`)
	other.step(t, "DELETE", codes+code, nil, http.StatusConflict, "code_in_use")

	one.step(t, "PUT", "/users/"+user("dan"), map[string]string{"status": "Premium"}, found, `"status":"Premium"`)
	other.step(t, "GET", "/users/"+user("dan"), nil, found, `"status":"Premium"`)
	one.step(t, "DELETE", "/users/"+user("ada"), nil, http.StatusNoContent)
	other.step(t, "GET", "/redemptions?code="+code, nil, found, `"userId":null`)
	one.step(t, "POST", codes+"add", map[string]string{"code": code + "UNUSED", "type": "Upgrade"}, found)
	other.step(t, "DELETE", codes+code+"UNUSED", nil, http.StatusNoContent)
	one.step(t, "GET", codes+code+"UNUSED", nil, http.StatusNotFound, "code_not_found")
}

// step sends a request, requires a status and that the body has these parts, and returns the
// id in it.
func (c *client) step(t *testing.T, method, path string, fields any, status int, parts ...string) (id string) {
	t.Helper()
	request, err := c.request(method, path, fields)
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.send(request)
	if err != nil || a.status != status {
		t.Fatalf("%s %s %v: %v, status %d, want %d: %s", method, path, fields, err, a.status, status, a.body)
	}
	for _, part := range parts {
		if !strings.Contains(a.body, part) {
			t.Errorf("%s %s %v was answered without %s: %s", method, path, fields, part, a.body)
		}
	}
	_, id, _ = strings.Cut(a.body, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	return id
}

// startPooled starts two servers on a database, behind a pooler, and returns their key.
func startPooled(t *testing.T, db postgresDatabase) (servers []*server, key string) {
	t.Helper()
	pooler := startPgBouncer(t, pgtest.Shared(t).Address())
	pooled := postgresDatabase{strings.Replace(db.url, pgtest.Shared(t).Address(), pooler, 1)}
	servers = []*server{launch(t, serveCommand(pooled)...), launch(t, serveCommand(pooled)...)}
	for _, s := range servers {
		s.awaitListening(t)
		key += s.key // one of them has one
	}
	return servers, key
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
	address := freePort(t)
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
