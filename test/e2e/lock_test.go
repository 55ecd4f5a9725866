package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"
)

// lockedAnswerLimit is how long an answer may take while another program holds the
// database: a write waits 5 s for the lock, and it may first have to wait for another
// one that does.
const lockedAnswerLimit = 12 * time.Second

func TestALongLockOfAnotherProgramIsAnsweredWith503AndPasses(t *testing.T) {
	path := newDatabase(t)
	s := startServer(t, path)
	c := newClient(t, s.url, s.key)
	release := lockDatabase(t, path)
	start := time.Now()
	replies := addAtOnce(c, "LOCKED", 20)
	c.mustGet(t, "/livez", http.StatusOK)
	c.mustGet(t, "/readyz", http.StatusOK)
	for range cap(replies) {
		r := <-replies
		must(t, "add "+r.value, r.answer, r.err, http.StatusServiceUnavailable, "store_unavailable")
		if r.header.Get("Retry-After") == "" {
			t.Errorf("add %s: no Retry-After: %v", r.value, r.header)
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
	path := newDatabase(t)
	s := startServer(t, path)
	release := lockDatabase(t, path)
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
	replies := make(chan reply, n)
	var start sync.WaitGroup
	start.Add(1)
	for i := range n {
		go func() {
			start.Wait()
			r := reply{value: lockValue(label, i)}
			r.answer, r.err = c.add(r.value, "Normal")
			replies <- r
		}()
	}
	start.Done()
	return replies
}
