package e2e

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// storeTimeout is how long the store of a PostgreSQL database tries one operation.
const storeTimeout = 10 * time.Second

// blockedAnswerLimit is how long an answer may take while PostgreSQL does not get on: a
// write is given up after storeTimeout, and it may first have to wait for another one
// that is.
const blockedAnswerLimit = 2*storeTimeout + 2*time.Second

// TestCampaignALongLockOfTheTableIsAnsweredWithAnErrorAndPasses: of what was sent to the database
// nobody knows whether it will be done, but what waited behind it was not begun.
func TestCampaignALongLockOfTheTableIsAnsweredWithAnErrorAndPasses(t *testing.T) {
	t.Parallel()
	db := newPostgres(t)
	s := startServer(t, db)
	c := newClient(t, s.url, s.key)
	l := newLedger()
	l.mayDoubt = true
	release := db.lock(t)
	start := time.Now()
	underWay := repliesAtOnce("FIRST", 1, c.addBlocked)
	db.awaitBlocked(t)
	waiting := repliesAtOnce("LOCKED", 20, c.addBlocked)
	c.mustGet(t, "/livez", http.StatusOK)
	c.mustGet(t, "/readyz", http.StatusOK)
	first := <-underWay
	l.record(wanted{value: first.value, kind: "Normal"}, first.answer, first.err)
	for range cap(waiting) {
		r := <-waiting
		if r.err != nil || !r.isRefusal() {
			t.Errorf("add %s: %v, status %d %v: %s, want 503 with all that belongs to it", r.value, r.err, r.status,
				r.header, r.body)
		}
		l.record(wanted{value: r.value, kind: "Normal"}, r.answer, r.err)
	}
	if took := time.Since(start); took > blockedAnswerLimit {
		t.Errorf("the last answer took %s, want at most %s", took, blockedAnswerLimit)
	}
	if l.successes() > 0 {
		t.Errorf("add %s was answered while the table was locked: %s", first.value, first.body)
	}
	release()
	l.repeat(t, c, first.value) // it gets its code, whoever has made it
	for i := range cap(waiting) {
		l.repeat(t, c, lockValue("LOCKED", i))
	}
	w := wanted{generated: true, kind: "Normal"}
	l.record(w, c.mustGenerate(t, w.kind, http.StatusOK, ""), nil)
	l.check(t, db.rows(t))
	if n := db.count(t, "codes"); n != cap(waiting)+2 {
		t.Errorf("%d codes are there, want %d", n, cap(waiting)+2)
	}
}

// awaitBlocked returns when somebody waits for a lock.
func (d postgresDatabase) awaitBlocked(t testing.TB) {
	t.Helper()
	eventually(t, startLimit, "somebody waits for a lock", func() bool {
		return selectAll(t, d, `
			SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`,
			pgx.RowTo[bool])[0]
	})
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

// repeat repeats a request, which must get its code: it has an Idempotency-Key, or was refused.
func (l *ledger) repeat(t testing.TB, c *client, value string) {
	t.Helper()
	a, err := c.addBlocked(value)
	must(t, "repeat add "+value, a, err, http.StatusOK, "")
	l.record(wanted{value: value, kind: "Normal"}, a, err)
}
