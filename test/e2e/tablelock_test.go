package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// storeTimeout is how long the store of a PostgreSQL database tries one act.
const storeTimeout = 10 * time.Second

// blockedAnswerLimit is how long an answer may take while PostgreSQL does not get on: a
// write is given up after storeTimeout, and it may first have to wait for another one
// that is.
const blockedAnswerLimit = 2*storeTimeout + 2*time.Second

func TestALongLockOfTheTableIsAnsweredWithAnErrorAndPasses(t *testing.T) {
	db := newPostgres(t)
	s := startServer(t, db)
	c := newClient(t, s.url, s.key)
	l := newLedger()
	l.mayDoubt = true
	release := db.lock(t)
	start := time.Now()
	replies := repliesAtOnce("LOCKED", 20, c.addBlocked)
	c.mustGet(t, "/livez", http.StatusOK)
	c.mustGet(t, "/readyz", http.StatusOK)
	for range cap(replies) {
		r := <-replies
		l.record(wanted{value: r.value, kind: "Normal"}, r.answer, r.err)
	}
	if took := time.Since(start); took > blockedAnswerLimit {
		t.Errorf("the last answer took %s, want at most %s", took, blockedAnswerLimit)
	}
	if failed := l.doubtCount() + l.refusalCount(); failed != cap(replies) {
		t.Errorf("%d requests were refused, %d have an unknown outcome, want %d together", l.refusalCount(), l.doubtCount(), cap(replies))
	}
	t.Logf("%d requests were refused, %d have an unknown outcome", l.refusalCount(), l.doubtCount())
	release()
	for i := range cap(replies) {
		requireFoundOut(t, c, l, lockValue("LOCKED", i))
	}
	w := wanted{generated: true, kind: "Normal"}
	l.record(w, c.mustGenerate(t, w.kind, http.StatusOK, ""), nil)
	l.check(t, db.rows(t))
	if n := db.count(t, "codes"); n != cap(replies)+1 {
		t.Errorf("%d codes are there, want %d", n, cap(replies)+1)
	}
}

// addBlocked adds a code; every other one with an Idempotency-Key.
func (c *client) addBlocked(value string) (answer, error) {
	return c.addOnce(value, "Normal", blockedKey(value))
}

// blockedKey is the Idempotency-Key of a value; none for those with an odd number.
func blockedKey(value string) string {
	if number, _ := strconv.Atoi(value[len(value)-1:]); number%2 == 1 {
		return ""
	}
	return value
}

// requireFoundOut repeats a request whose outcome is unknown. With an Idempotency-Key it
// gets its code; without one it may learn that the code exists.
func requireFoundOut(t *testing.T, c *client, l *ledger, value string) {
	t.Helper()
	a, err := c.addBlocked(value)
	if err == nil && a.Reason == "code_already_exists" && blockedKey(value) == "" {
		return
	}
	must(t, "repeat add "+value, a, err, http.StatusOK, "")
	l.record(wanted{value: value, kind: "Normal"}, a, err)
}
