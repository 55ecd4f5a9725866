package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// password is in the addresses of databases that a server does not start on.
const password = "Zq7PasswordZq7"

// refusedStartLimit is how long a server may take to say that it does not start.
const refusedStartLimit = storeTimeout + 2*time.Second

func TestAServerThatCannotReachPostgreSQLSaysSoInOneLineAndEndsWith1(t *testing.T) {
	for _, test := range []struct{ name, address, says string }{
		{"nobody listens", "postgres://accesscodes@" + closedPort(t) + "/codes", "connection refused"},
		{
			"somebody listens and says nothing",
			"postgres://accesscodes@" + silentPort(t) + "/codes?connect_timeout=1",
			"timeout",
		},
		{"no such host", "postgres://accesscodes@nowhere.invalid/codes", "nowhere.invalid"},
		{"no such database", strings.Replace(newPostgres(t).url, "/test_", "/nothing_", 1), "does not exist"},
		{"no such user", strings.Replace(newPostgres(t).url, "//postgres@", "//nobody@", 1), "nobody"},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireRefusedStart(t, withPassword(t, test.address), test.says)
		})
	}
}

func TestAServerRefusesAnAddressThatItDoesNotUnderstand(t *testing.T) {
	for _, address := range []string{
		"postgres://accesscodes:" + password + "@host:port/codes",
		"postgres://accesscodes:" + password + "%zz@localhost/codes",
		"postgres://accesscodes:" + password + "@localhost/codes?sslmode=perhaps",
		"mysql://accesscodes:" + password + "@localhost/codes",
	} {
		r := run(t, []string{"ACCESSCODES_DATABASE=" + address}, program, "serve", "--listen", "127.0.0.1:0")
		requireOneLine(t, r)
		if r.code == 0 || !strings.Contains(r.stderr, "postgres://") {
			t.Errorf("%s ended with %d and %q, want a failure that says what an address looks like", address, r.code, r.stderr)
		}
	}
}

func TestAServerRefusesADatabaseThatLosesWhatItAcknowledges(t *testing.T) {
	t.Run("synchronous_commit", func(t *testing.T) {
		db := newPostgres(t)
		name := db.url[strings.LastIndex(db.url, "/")+1 : strings.Index(db.url, "?")]
		db.exec(t, "ALTER DATABASE "+name+" SET synchronous_commit = off")
		requireRefusedStart(t, withPassword(t, db.url), "synchronous_commit is off")
		// The failed start must not have used up the one chance to see the first key.
		db.exec(t, "ALTER DATABASE "+name+" RESET synchronous_commit")
		s := startServer(t, db)
		newClient(t, s.url, s.key).mustGenerate(t, "Normal", http.StatusOK, "")
	})
	t.Run("fsync", func(t *testing.T) {
		db := newPostgresOn(t, newCluster(t, "fsync=off"))
		requireRefusedStart(t, withPassword(t, db.url), "fsync is off")
	})
}

// requireRefusedStart requires that a server ends with 1 soon and with one line that says
// this and not the password.
func requireRefusedStart(t *testing.T, address, says string) {
	t.Helper()
	start := time.Now()
	r := run(t, []string{"ACCESSCODES_DATABASE=" + address}, program, "serve", "--listen", "127.0.0.1:0")
	if took := time.Since(start); took > refusedStartLimit {
		t.Errorf("the server took %s to end, want at most %s", took, refusedStartLimit)
	}
	requireOneLine(t, r)
	if r.code != 1 || !strings.Contains(r.stderr, says) {
		t.Errorf("the server ended with %d and %q, want 1 and %q", r.code, r.stderr, says)
	}
}

// requireOneLine requires one line of error without the password.
func requireOneLine(t *testing.T, r result) {
	t.Helper()
	line, rest, _ := strings.Cut(r.stderr, "\n")
	if rest != "" || !strings.HasPrefix(line, "accesscodes: ") || r.stdout != "" {
		t.Errorf("stdout is %q, stderr is %q, want one line on stderr", r.stdout, r.stderr)
	}
	if strings.Contains(r.stderr, password) || strings.Contains(r.stderr, password[:6]) {
		t.Errorf("stderr holds the password: %s", r.stderr)
	}
}

// withPassword puts the password into an address.
func withPassword(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(parsed.User.Username(), password)
	return parsed.String()
}

// silentPort is a local address where connections are made and nothing more happens.
func silentPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // the kernel alone has accepted on it
	return listener.Addr().String()
}

// closedPort is a local address that nobody listens on until the test ends: a socket that is bound
// to it keeps others from getting it.
func closedPort(t *testing.T) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	address, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", address.(*syscall.SockaddrInet4).Port)
}

// freePort is a local address that a program may listen on.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}
