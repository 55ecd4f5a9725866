package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

const (
	crashes      = 20
	crashClients = 32
)

func TestWhatWasAcknowledgedSurvivesSIGKILL(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("random seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		l := newLedger()
		s := startServer(t, db)
		key := s.key
		for round := range crashes {
			// When a process dies is the point here, so it is a time and no signal.
			killed := crash(t, s, key, l, round, 20*time.Millisecond+time.Duration(random.Int64N(int64(380*time.Millisecond))))
			s = startServer(t, db) // a server, not this test, repairs what the crash left
			db.awaitQuiet(t, killed)
			l.check(t, db.rows(t))
			requireService(t, newClient(t, s.url, key), l, round)
			if t.Failed() {
				t.Fatalf("after crash %d", round)
			}
		}
		t.Logf("%d codes acknowledged, %d requests unanswered", l.successes(), l.unanswered())
		s.stop(t)
		l.check(t, db.rows(t))
	})
}

// crash runs load on the server and kills it this long after the first code was
// acknowledged. It returns when the server was dead.
func crash(t *testing.T, s *server, key string, l *ledger, round int, after time.Duration) (killed time.Time) {
	t.Helper()
	before := l.successes()
	ld := startLoad(t, newClient(t, s.url, key), l, crashClients, fmt.Sprintf("CRASH-R%d", round))
	l.await(t, "a code is acknowledged", func() bool { return l.successes() > before })
	<-time.After(after)
	s.kill(t)
	killed = time.Now()
	ld.stop()
	if l.unanswered() == 0 && round == crashes-1 {
		t.Error("no request was under way in any crash, which proves nothing")
	}
	return killed
}

// requireService requires that the server answers again.
func requireService(t *testing.T, c *client, l *ledger, round int) {
	t.Helper()
	c.mustGet(t, "/readyz", 200)
	w := wanted{value: fmt.Sprintf("AFTER-CRASH-%d", round), kind: "Premium"}
	l.record(w, c.mustAdd(t, w.value, w.kind, 200, ""), nil)
	c.mustAdd(t, w.value, w.kind, 400, "code_already_exists")
	w = wanted{generated: true, kind: "Upgrade"}
	l.record(w, c.mustGenerate(t, w.kind, 200, ""), nil)
}
