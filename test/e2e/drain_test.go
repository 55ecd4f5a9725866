package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestRequestsUnderWayAreAnsweredAfterSIGTERM(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		const requests = 32
		s := startServer(t, db)
		release := db.lock(t) // no request can end before the signal comes
		replies := addUnderWay(t, s, requests)
		s.signal(t, syscall.SIGTERM)
		if s.log.await(regexp.MustCompile(`"draining"`), s.exited, time.After(startLimit)) == nil {
			t.Fatal("the server did not log that it is draining")
		}
		requireNotReady(t, s)
		if len(replies) > 0 || !s.running() {
			t.Error("the server did not wait for the requests under way")
		}
		release()
		for range requests {
			r := <-replies
			must(t, "add "+r.value, r.answer, r.err, http.StatusOK, "")
		}
		s.awaitExit(t, 0)
		if rows := db.rows(t); len(rows) != requests {
			t.Errorf("%d codes are there, want %d", len(rows), requests)
		}
	})
}

func TestAnIdleServerEndsWith0AfterSIGTERM(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		s := startServer(t, db)
		newClient(t, s.url, s.key).mustGenerate(t, "Normal", http.StatusOK, "") // leaves an idle connection
		s.stop(t)
		requireNotReady(t, s)
	})
}

func TestWhatIsDoneAfterSIGTERMUnderLoadIsAnswered(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		s := startServer(t, db)
		l := newLedger()
		ld := startLoad(t, newClient(t, s.url, s.key), l, 32, "DRAINED")
		l.await(t, "500 codes are acknowledged", func() bool { return l.successes() >= 500 })
		s.stop(t)
		ld.stop()
		rows := db.rows(t)
		l.check(t, rows)
		// A request that came too late for an answer must not have been carried out either.
		if len(rows) != l.successes() {
			t.Errorf("%d codes are there, %d callers were told so", len(rows), l.successes())
		}
		t.Logf("%d codes acknowledged, %d requests unanswered", l.successes(), l.unanswered())
	})
}

// addUnderWay sends adds and returns once the server is working on every one of them:
// it asks for a body (100 Continue) only when it has begun with the request.
func addUnderWay(t *testing.T, s *server, n int) <-chan reply {
	t.Helper()
	replies := make(chan reply, n)
	var begun sync.WaitGroup
	begun.Add(n)
	c := newClient(t, s.url, s.key)
	c.http.Transport.(*http.Transport).ExpectContinueTimeout = requestLimit
	for i := range n {
		go func() {
			r := reply{value: fmt.Sprintf("UNDER-WAY-%d", i)}
			r.answer, r.err = c.addAfterContinue(r.value, begun.Done)
			replies <- r
		}()
	}
	all := make(chan struct{})
	go func() { begun.Wait(); close(all) }()
	select {
	case <-all:
	case r := <-replies:
		t.Fatalf("add %s ended early: %d %v %s", r.value, r.status, r.err, r.body)
	case <-time.After(startLimit):
		t.Fatal("the server did not begin with every request")
	}
	return replies
}

// addAfterContinue adds a code and calls continued when the server wants the body.
func (c *client) addAfterContinue(value string, continued func()) (answer, error) {
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{Got100Continue: continued})
	body := strings.NewReader(fmt.Sprintf(`{"code": %q, "type": "Normal"}`, value))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/tenant-codes/add", body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Expect", "100-continue")
	return c.do(request)
}

// requireNotReady requires what load balancers need to send requests elsewhere: a 503
// or no connection.
func requireNotReady(t *testing.T, s *server) {
	t.Helper()
	a, err := newClient(t, s.url, s.key).get("/readyz")
	if err == nil && a.status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d, want 503 or no answer", a.status)
	}
}
