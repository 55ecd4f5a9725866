package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// lockedAnswerLimit is how long an answer may take while another program holds the
// file: a write waits 5 s for the lock, and it may first have to wait for another
// one that does.
const lockedAnswerLimit = 12 * time.Second

func TestCampaignALongLockOfTheFileIsAnsweredWith503AndPasses(t *testing.T) {
	t.Parallel()
	db := newSQLite(t)
	s := startServer(t, db)
	c := newClient(t, s.url, s.key)
	release := db.lock(t)
	start := time.Now()
	replies := addAtOnce(c, "LOCKED", 20)
	c.mustGet(t, "/livez", http.StatusOK)
	c.mustGet(t, "/readyz", http.StatusOK)
	for range cap(replies) {
		r := <-replies
		if r.err != nil || !r.isRefusal() {
			t.Errorf("add %s: %v, status %d %v: %s, want 503 with all that belongs to it", r.value, r.err, r.status,
				r.header, r.body)
		}
	}
	if took := time.Since(start); took > lockedAnswerLimit {
		t.Errorf("the last answer took %s, want at most %s", took, lockedAnswerLimit)
	}
	release()
	for i := range cap(replies) { // 503 said that nothing was done
		c.mustAdd(t, lockValue("LOCKED", i), "Normal", http.StatusOK, "")
	}
	c.mustGenerate(t, "Normal", http.StatusOK, "")
}

func TestAShortLockOfAnotherProgramIsNotSeenByCallers(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		s := startServer(t, db)
		release := db.lock(t)
		replies := addAtOnce(newClient(t, s.url, s.key), "BRIEF", 20)
		select {
		case r := <-replies:
			t.Fatalf("add %s was answered while the database was locked: %d %v", r.value, r.status, r.err)
		case <-time.After(300 * time.Millisecond): // the length of the lock
		}
		release()
		for range cap(replies) {
			r := <-replies
			must(t, "add "+r.value, r.answer, r.err, http.StatusOK, "")
		}
	})
}

// reply is the answer to the add of a value.
type reply struct {
	answer
	value string
	err   error
}

func lockValue(label string, i int) string { return fmt.Sprintf("%s-%d", label, i) }

// addAtOnce adds so many codes at the same time. The channel gets as many replies as
// it has room for.
func addAtOnce(c *client, label string, n int) <-chan reply {
	return repliesAtOnce(label, n, func(value string) (answer, error) { return c.add(value, "Normal") })
}

// repliesAtOnce asks for so many values at the same time.
func repliesAtOnce(label string, n int, ask func(value string) (answer, error)) <-chan reply {
	replies := make(chan reply, n)
	var start sync.WaitGroup
	start.Add(1)
	for i := range n {
		go func() {
			start.Wait()
			r := reply{value: lockValue(label, i)}
			r.answer, r.err = ask(r.value)
			replies <- r
		}()
	}
	start.Done()
	return replies
}
