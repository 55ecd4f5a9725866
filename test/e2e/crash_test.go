package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

const (
	crashClients   = 32
	crashRedeemers = 8
	crashUses      = 10 // of a code that has too few
)

func TestCampaignWhatWasAcknowledgedSurvivesSIGKILL(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("random seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		l, u := newLedger(), newUses()
		s := startServer(t, db)
		key := s.key
		crashes := campaign.Length(t, 4, 50)
		for round := range crashes {
			// When a process dies is the point here, so it is a time and no signal.
			killed := crash(
				t,
				s,
				key,
				l,
				u,
				round,
				20*time.Millisecond+time.Duration(random.Int64N(int64(380*time.Millisecond))),
			)
			s = startServer(t, db) // a server, not this test, repairs what the crash left
			db.awaitQuiet(t, killed)
			l.check(t, u.check(t, db, db.rows(t)))
			requireService(t, newClient(t, s.url, key), l, u, round)
			if t.Failed() {
				t.Fatalf("after crash %d", round)
			}
		}
		t.Logf(
			"%d codes and %d redemptions acknowledged, %d requests for codes unanswered",
			l.successes(),
			u.successes(),
			l.unanswered(),
		)
		s.stop(t)
		l.check(t, u.check(t, db, db.rows(t)))
		if l.unanswered() == 0 {
			t.Error("no request was under way in any crash, which proves nothing")
		}
	})
}

// crash runs load on the server and kills it this long after the first code and the first
// redemption were acknowledged. It returns when the server was dead.
func crash(t *testing.T, s *server, key string, l *ledger, u *uses, round int, after time.Duration) (killed time.Time) {
	t.Helper()
	label, c := fmt.Sprintf("CRASH-R%d", round), newClient(t, s.url, key)
	few, many := label+"-FEW", label+"-MANY"
	u.add(t, c, few, crashUses)
	u.add(t, c, many, nil)
	codes, redemptions := l.successes(), u.successes()
	issuing := startLoad(t, c, l, crashClients, label)
	redeeming := startRedeeming(t, newClient(t, s.url, key), u, crashRedeemers, label, few, many)
	l.await(
		t,
		"a code and a redemption are acknowledged",
		func() bool { return l.successes() > codes && u.successes() > redemptions },
	)
	<-time.After(after)
	s.kill(t)
	killed = time.Now()
	issuing.stop()
	redeeming.stop()
	if u.unanswered() == 0 {
		t.Error("no redemption was under way in a crash")
	}
	return killed
}

// requireService requires that the server answers again, also what it owes to callers.
func requireService(t *testing.T, c *client, l *ledger, u *uses, round int) {
	t.Helper()
	c.mustGet(t, "/readyz", 200)
	u.repeat(t, c)
	w := wanted{value: fmt.Sprintf("AFTER-CRASH-%d", round), kind: "Premium"}
	l.record(w, c.mustAdd(t, w.value, w.kind, 200, ""), nil)
	c.mustAdd(t, w.value, w.kind, 400, "code_already_exists")
	w = wanted{generated: true, kind: "Upgrade"}
	l.record(w, c.mustGenerate(t, w.kind, 200, ""), nil)
}
