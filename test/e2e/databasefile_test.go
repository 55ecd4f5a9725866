package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecretsThatAreNotOnTheCommandLine: the address of the database is in a file and a key
// that was leaked comes on stdin, so that neither the arguments nor the environment of a
// process hold one.
func TestSecretsThatAreNotOnTheCommandLine(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		file := addressFile(t, db)
		s := launch(t, program, "serve", "--listen", "127.0.0.1:0", "--database-file", file)
		s.awaitListening(t)
		requireNoSecret(t, s.pid())

		inFile := []string{"ACCESSCODES_DATABASE_FILE=" + file}
		create := []string{program, "key", "create", "--workspace", "default", "--name", "e2e"}
		key := strings.TrimSpace(mustRun(t, inFile, create...))
		c := newClient(t, s.url, key)
		c.mustGenerate(t, "Normal", http.StatusOK, "")

		leaked := filepath.Join(t.TempDir(), "key")
		writeSecret(t, leaked, key+"\n")
		rotated := strings.TrimSpace(mustRun(t, inFile, "sh", "-c", program+" key rotate - <"+leaked))
		if out := mustRun(t, inFile, "sh", "-c", program+" key revoke - <"+leaked); strings.Contains(out, key) {
			t.Errorf("revoke printed the key:\n%s", out)
		}
		requireRefusedSoon(t, []*client{c})
		newClient(t, s.url, rotated).mustGenerate(t, "Normal", http.StatusOK, "")
	})
}

// addressFile returns the path of a file that holds a database's address, with a password if
// it can have one: the test's PostgreSQL takes any.
func addressFile(t *testing.T, db database) string {
	t.Helper()
	address := db.address()
	if strings.HasPrefix(address, "postgres://") {
		address = withPassword(t, address)
	}
	path := filepath.Join(t.TempDir(), "database")
	writeSecret(t, path, address+"\n")
	return path
}

func writeSecret(t *testing.T, path, secret string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
}

// requireNoSecret requires that a process shows the password neither in its arguments, which
// everybody on the machine can read, nor in its environment.
func requireNoSecret(t *testing.T, pid int) {
	t.Helper()
	for _, name := range []string{"cmdline", "environ"} {
		shown, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(shown), password) {
			t.Errorf("%s of the server holds the password: %q", name, shown)
		}
	}
}

// TestACopyBetweenDatabasesInFiles moves what the README calls moving there, without an
// address on the command line.
func TestACopyBetweenDatabasesInFiles(t *testing.T) {
	from, to := newSQLite(t), newPostgres(t)
	first := startServer(t, from)
	first.stop(t)
	mustRun(t, nil, program, "copy", "--from-file", addressFile(t, from), "--to-file", addressFile(t, to))
	s := launch(t, program, "serve", "--listen", "127.0.0.1:0", "--database-file", addressFile(t, to))
	s.awaitListening(t)
	newClient(t, s.url, first.key).mustGenerate(t, "Normal", http.StatusOK, "")
}

// TestAnAddressInAFileIsNotRepeated: an address that a server does not start on stays secret.
func TestAnAddressInAFileIsNotRepeated(t *testing.T) {
	for name, address := range map[string]string{
		"not understood": "mysql://accesscodes:" + password + "@localhost/codes",
		"two lines":      "postgres://accesscodes@localhost/codes\npassword=" + password,
		"unreachable":    "postgres://accesscodes:" + password + "@" + closedPort(t) + "/codes",
		"not escaped":    "postgres://accesscodes:x@" + password + "/" + password + "@localhost/codes",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "database")
			writeSecret(t, path, address)
			writeSecret(t, path+"2", "sqlite:"+path+".db")
			for _, command := range [][]string{
				{program, "serve", "--listen", "127.0.0.1:0", "--database-file", path},
				{program, "copy", "--from-file", path, "--to-file", path + "2"},
				{program, "migrate", "status", "--database-file", path},
			} {
				r := run(t, nil, command...)
				requireOneLine(t, r)
				if r.code == 0 {
					t.Errorf("%q succeeded", command)
				}
			}
		})
	}
}
