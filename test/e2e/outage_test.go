package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// How soon callers learn that PostgreSQL is away, and how soon everything works when it
// has come back. What it was about to do is pursued for storeTimeout.
const (
	outageLimit   = storeTimeout + 2*time.Second
	recoveryLimit = 5 * time.Second
)

// refusedLimit is how long an answer may take while it is known that PostgreSQL is away: a
// look-up of the key and a write, each of which waits 2 s for it.
const refusedLimit = 6 * time.Second

func TestCampaignWhilePostgreSQLIsAwayRequestsAreRefusedAndThenTheyWorkAgain(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t)
	db := newPostgresOn(t, cluster)
	s := startServer(t, postgresDatabase{withPassword(t, db.url)})
	c := newClient(t, s.url, s.key)
	l := newLedger()
	l.mayDoubt = true
	ld := startLoad(t, newClient(t, s.url, s.key), l, 16, "AWAY")
	l.await(t, "requests succeed", func() bool { return l.successes() >= enough })

	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	requireReadySoon(t, c, outageLimit, http.StatusServiceUnavailable)
	l.await(t, "requests are refused", func() bool { return l.refusalCount() >= 16 })
	c.mustGet(t, "/livez", http.StatusOK)
	start := time.Now()
	a, err := c.generate("Normal")
	if took := time.Since(start); took > refusedLimit || err != nil || !a.isRefusal() {
		t.Errorf("generate: %v, status %d %v after %s: %s, want 503 with all that belongs to it within %s", err,
			a.status, a.header, took, a.body, refusedLimit)
	}

	if err := cluster.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	requireReadySoon(t, c, recoveryLimit, http.StatusOK)
	before := l.successes()
	l.await(t, "requests succeed again", func() bool { return l.successes() >= before+enough })
	ld.stop()
	if n := l.unanswered(); n > 0 {
		t.Errorf("%d requests got no answer", n)
	}
	l.check(t, db.rows(t))
	if strings.Contains(s.log.String(), password) || !strings.Contains(s.log.String(), `"status":503`) {
		t.Errorf("the log holds the password, or nothing of the outage:\n%s", s.log)
	}
	t.Logf("%d codes acknowledged, %d requests refused, %d with an unknown outcome", l.successes(), l.refusalCount(),
		l.doubtCount())
}

// endLimit is how soon a server ends when the database is away and no request is under way: what was
// being done in the background and a last round of it, 2 s each, and some time besides.
const endLimit = 7 * time.Second

func TestAServerEndsSoonWhilePostgreSQLIsAway(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t)
	s := startServer(t, newPostgresOn(t, cluster))
	newClient(t, s.url, s.key).mustGenerate(t, "Normal", http.StatusOK, "") // when the key was used is to be stored
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	s.stop(t)
	if took := time.Since(start); took > endLimit {
		t.Errorf("the server took %s to end, want at most %s", took, endLimit)
	}
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	if !strings.Contains(lines[len(lines)-1], `"stopped"`) {
		t.Errorf("stopped is not the last that was logged:\n%s", s.log)
	}
}

// requireReadySoon requires that /readyz answers with this status within a limit, by
// itself, and that /livez answers with 200 all the while.
func requireReadySoon(t *testing.T, c *client, limit time.Duration, status int) {
	t.Helper()
	start := time.Now()
	eventually(t, limit, "/readyz answers "+http.StatusText(status), func() bool {
		c.mustGet(t, "/livez", http.StatusOK)
		a, err := c.get("/readyz")
		if err != nil {
			t.Fatal(err)
		}
		return a.status == status
	})
	if took := time.Since(start); took > limit {
		t.Errorf("/readyz answered %d after %s, want at most %s", status, took, limit)
	}
}
