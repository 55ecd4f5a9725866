package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// keyLimit is how soon every server follows a change of keys and workspaces.
const keyLimit = 5 * time.Second

func TestARevokedKeyStopsWorkingWithin5Seconds(t *testing.T) {
	path := newDatabase(t)
	s := startServer(t, path)
	key := createKey(t, path)
	c := newClient(t, s.url, key)
	c.mustGenerate(t, "Normal", http.StatusOK, "") // a new key works at once, and is remembered
	administer(t, path, "key", "revoke", key)
	requireRefusedSoon(t, c)
	newClient(t, s.url, s.key).mustGenerate(t, "Normal", http.StatusOK, "")
}

func TestASuspendedWorkspaceIsRefusedWithin5SecondsUntilItIsResumed(t *testing.T) {
	path := newDatabase(t)
	s := startServer(t, path)
	administer(t, path, "workspace", "create", "other", "--name", "Other", "--prefix", "OTHER")
	other := newClient(t, s.url, strings.TrimSpace(administer(t, path, "key", "create", "--workspace", "other", "--name", "e2e")))
	c := newClient(t, s.url, s.key)
	c.mustGenerate(t, "Normal", http.StatusOK, "")
	administer(t, path, "workspace", "suspend", "default")
	requireRefusedSoon(t, c)
	other.mustGenerate(t, "Normal", http.StatusOK, "")
	administer(t, path, "workspace", "resume", "default")
	requireStatusSoon(t, c, http.StatusOK)
}

func TestAKeyRotatedWithoutOverlapIsReplacedWithin5Seconds(t *testing.T) {
	path := newDatabase(t)
	s := startServer(t, path)
	old := createKey(t, path)
	c := newClient(t, s.url, old)
	c.mustGenerate(t, "Normal", http.StatusOK, "")
	replacement := strings.TrimSpace(administer(t, path, "key", "rotate", old, "--overlap", "0h"))
	newClient(t, s.url, replacement).mustGenerate(t, "Normal", http.StatusOK, "")
	requireRefusedSoon(t, c)
}

// createKey makes a key of the first workspace on the command line, whose stdout must
// be the key alone.
func createKey(t testing.TB, path string) string {
	t.Helper()
	out := administer(t, path, "key", "create", "--workspace", "default", "--name", "e2e")
	key := strings.TrimSuffix(out, "\n")
	if keyFormat.FindString(key) != key {
		t.Fatalf("key create printed %q, want a key alone", out)
	}
	return key
}

// requireRefusedSoon requires 401 within the limit and from then on, with the same
// words that an unknown key gets.
func requireRefusedSoon(t *testing.T, c *client) {
	t.Helper()
	requireStatusSoon(t, c, http.StatusUnauthorized)
	unknown := newClient(t, c.url, "ack_unknown").mustGenerate(t, "Normal", http.StatusUnauthorized, "invalid_api_key")
	for range 20 {
		a := c.mustGenerate(t, "Normal", http.StatusUnauthorized, "invalid_api_key")
		if withoutID(a) != withoutID(unknown) || a.header.Get("WWW-Authenticate") == "" {
			t.Fatalf("the answer tells more than that of an unknown key: %v %s", a.header, a.body)
		}
	}
}

// withoutID is the body of an answer without its request id.
func withoutID(a answer) string {
	return strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "")
}

func requireStatusSoon(t *testing.T, c *client, status int) {
	t.Helper()
	var last answer
	eventually(t, keyLimit, http.StatusText(status), func() bool {
		var err error
		if last, err = c.generate("Normal"); err != nil {
			t.Fatal(err)
		}
		return last.status == status
	})
}
