package e2e

import (
	"net/http"
	"strings"
	"testing"
)

func TestAPortInUseIsOneClearLineAndExitCode1(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		address := strings.TrimPrefix(startServer(t, newSQLite(t)).url, "http://")
		r := run(t, nil, program, "serve", "--listen", address, "--database", db.address())
		if r.code != 1 || r.stdout != "" {
			t.Errorf("exit code %d and %q on stdout, want 1 and nothing", r.code, r.stdout)
		}
		line, rest, _ := strings.Cut(r.stderr, "\n")
		if rest != "" || !strings.HasPrefix(line, "accesscodes: ") || !strings.Contains(line, address) ||
			!strings.Contains(line, "address already in use") {
			t.Errorf("stderr is %q, want one line that names the address and says that it is in use", r.stderr)
		}
		// The failed start must not have used up the one chance to see the first key.
		s := startServer(t, db)
		newClient(t, s.url, s.key).mustGenerate(t, "Normal", http.StatusOK, "")
	})
}
