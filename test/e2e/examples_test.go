package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installLine is how to get what the tests run, on Debian and Ubuntu.
const installLine = "apt-get install curl nodejs python3 python3-requests php-cli php-curl util-linux " +
	"postgresql pgbouncer"

const examplesFolder = "../../examples"

// example is one of the example clients that can be run.
type example struct {
	language string
	command  func(t *testing.T) []string
}

var examples = []example{
	{"curl", func(t *testing.T) []string {
		return []string{"sh", exampleFile("curl", "add-and-generate.sh")}
	}},
	{"nodejs", func(t *testing.T) []string {
		requireTool(t, "node", "-e", "process.exit(typeof fetch === 'function' ? 0 : 1)")
		return []string{"node", exampleFile("nodejs", "access-codes.mjs")}
	}},
	{"python", func(t *testing.T) []string {
		return []string{pythonWithRequests(t), exampleFile("python", "access_codes.py")}
	}},
	{"php", func(t *testing.T) []string {
		requireTool(t, "php", "-r", "exit(extension_loaded('curl') ? 0 : 1);")
		return []string{"php", exampleFile("php", "access-codes.php")}
	}},
}

// A client cannot tell which engine the server has: one is enough.
func TestEveryExampleAddsAndGeneratesACode(t *testing.T) {
	db := newSQLite(t)
	requireTool(t, "curl")
	s := startServer(t, db)
	where := []string{"ACCESSCODES_URL=" + s.url, "ACCESSCODES_API_KEY=" + s.key}
	for _, e := range examples {
		t.Run(e.language, func(t *testing.T) {
			value := "WELCOME-" + strings.ToUpper(e.language)
			first := lastLine(mustRun(t, where, append(e.command(t), value)...))
			second := lastLine(mustRun(t, where, append(e.command(t), value+"-PREMIUM", "Premium")...))
			c := newClient(t, s.url, s.key)
			c.mustAdd(t, value, "Normal", http.StatusBadRequest, "code_already_exists")
			rows := db.rows(t)
			requireType(t, rows, value, "Normal")
			requireType(t, rows, first, "Normal")
			requireType(t, rows, value+"-PREMIUM", "Premium")
			requireType(t, rows, second, "Premium")
			for _, code := range []string{first, second} {
				if !generatedCode.MatchString(code) {
					t.Errorf("the last line is %q, want a match of %s", code, generatedCode)
				}
			}
			r := run(t, where, append(e.command(t), value)...)
			for _, say := range []string{"400", "code_already_exists", "a code with this value exists already"} {
				if r.code == 0 || !strings.Contains(r.stdout+r.stderr, say) || strings.Contains(r.stderr, "    at ") ||
					strings.Contains(r.stderr, "Traceback") || strings.Contains(r.stderr, "Stack trace") {
					t.Errorf("adding a code again ended with %d, want a failure that says %s, without a stack trace\n%s%s",
						r.code, say, r.stdout, r.stderr)
				}
			}
		})
	}
}

func TestEveryExampleSaysWhatIsMissing(t *testing.T) {
	for _, e := range examples {
		for _, only := range []string{"ACCESSCODES_URL=http://127.0.0.1:1", "ACCESSCODES_API_KEY=ack_x"} {
			r := run(t, []string{only}, append(e.command(t), "WELCOME")...)
			if r.code != 2 || !strings.Contains(r.stderr, "ACCESSCODES_URL") ||
				!strings.Contains(r.stderr, "ACCESSCODES_API_KEY") {
				t.Errorf("%s with only %s ended with %d and %q on stderr, want 2 and the names of both variables",
					e.language, only, r.code, r.stderr)
			}
		}
	}
}

func exampleFile(parts ...string) string {
	return filepath.Join(append([]string{examplesFolder}, parts...)...)
}

// requireTool requires a program that can run this with success.
func requireTool(t testing.TB, name string, args ...string) {
	t.Helper()
	if len(args) == 0 {
		args = []string{"--version"}
	}
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("this test needs %s: %s\n%v %s", name, installLine, err, out)
	}
}

// pythonWithRequests is the first Python that has the library: a Python of the user's
// own may come first in PATH and lack what the system's has.
func pythonWithRequests(t testing.TB) string {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import requests").Run() == nil {
			return python
		}
	}
	t.Fatalf("this test needs Python with requests: %s", installLine)
	return ""
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	return lines[len(lines)-1]
}

func requireType(t testing.TB, rows map[string]row, value, kind string) {
	t.Helper()
	if r := rows[canonicalForm(value)]; r.value != value || r.kind != kind {
		t.Errorf("the database has %+v for %s, want the type %s", r, value, kind)
	}
}

func readExample(t testing.TB, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(exampleFile(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
