package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// keyLimit is how soon every server follows a change of keys and workspaces.
const keyLimit = 5 * time.Second

func TestARevokedKeyStopsWorkingOnEveryServerWithin5Seconds(t *testing.T) {
	t.Parallel()
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		key := createKey(t, db)
		clients := clientsOf(t, nodes, key)
		requireGenerated(t, clients) // a new key works at once, and is remembered
		administer(t, db, "key", "revoke", key)
		requireRefusedSoon(t, clients)
		requireGenerated(t, clientsOf(t, nodes, nodes[0].key))
	})
}

func TestASuspendedWorkspaceIsRefusedByEveryServerWithin5SecondsUntilItIsResumed(t *testing.T) {
	t.Parallel()
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		administer(t, db, "workspace", "create", "other", "--name", "Other", "--prefix", "OTHER")
		other := strings.TrimSpace(administer(t, db, "key", "create", "--workspace", "other", "--name", "e2e"))
		clients := clientsOf(t, nodes, nodes[0].key)
		requireGenerated(t, clients)
		administer(t, db, "workspace", "suspend", "default")
		requireRefusedSoon(t, clients)
		requireGenerated(t, clientsOf(t, nodes, other))
		administer(t, db, "workspace", "resume", "default")
		requireStatusSoon(t, clients, http.StatusOK)
	})
}

func TestAKeyRotatedWithoutOverlapIsReplacedOnEveryServerWithin5Seconds(t *testing.T) {
	t.Parallel()
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		old := createKey(t, db)
		clients := clientsOf(t, nodes, old)
		requireGenerated(t, clients)
		replacement := strings.TrimSpace(administer(t, db, "key", "rotate", old, "--overlap", "0h"))
		requireGenerated(t, clientsOf(t, nodes, replacement))
		requireRefusedSoon(t, clients)
	})
}

// createKey makes a key of the first workspace on the command line, whose stdout must
// be the key alone.
func createKey(t testing.TB, db database) string {
	t.Helper()
	out := administer(t, db, "key", "create", "--workspace", "default", "--name", "e2e")
	key := strings.TrimSuffix(out, "\n")
	if keyFormat.FindString(key) != key {
		t.Fatalf("key create printed %q, want a key alone", out)
	}
	return key
}

// clientsOf is a client of every server with the same key.
func clientsOf(t testing.TB, nodes []*server, key string) (all []*client) {
	for _, s := range nodes {
		all = append(all, newClient(t, s.url, key))
	}
	return all
}

// requireGenerated requires that every server generates a code.
func requireGenerated(t *testing.T, clients []*client) {
	t.Helper()
	for _, c := range clients {
		c.mustGenerate(t, "Normal", http.StatusOK, "")
	}
}

// requireRefusedSoon requires 401 of every server within the limit and from then on, with
// the same words that an unknown key gets.
func requireRefusedSoon(t *testing.T, clients []*client) {
	t.Helper()
	requireStatusSoon(t, clients, http.StatusUnauthorized)
	for _, c := range clients {
		unknown := newClient(t, c.url, "ack_unknown").mustGenerate(t, "Normal", http.StatusUnauthorized, "invalid_api_key")
		for range 20 {
			a := c.mustGenerate(t, "Normal", http.StatusUnauthorized, "invalid_api_key")
			if withoutID(a) != withoutID(unknown) || a.header.Get("WWW-Authenticate") == "" {
				t.Fatalf("the answer tells more than that of an unknown key: %v %s", a.header, a.body)
			}
		}
	}
}

// withoutID is the body of an answer without its request id.
func withoutID(a answer) string {
	return strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "")
}

// requireStatusSoon requires that, within the limit, all servers answer with this status.
// Until then each is asked over and over.
func requireStatusSoon(t *testing.T, clients []*client, status int) {
	t.Helper()
	eventually(t, keyLimit, http.StatusText(status), func() bool {
		all := true
		for _, c := range clients {
			a, err := c.generate("Normal")
			if err != nil {
				t.Fatal(err)
			}
			all = all && a.status == status
		}
		return all
	})
}
