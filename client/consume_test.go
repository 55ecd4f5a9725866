package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/client"
)

// ofUsers leaves the events about users.
var ofUsers = client.OnlyEvents(client.EventFilter{Types: []client.EventType{"user.*"}})

// register registers users, who are numbered.
func register(t *testing.T, c *client.Client, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		must(c.PutUser(t.Context(), "user"+strconv.Itoa(i), client.UserNormal))(t)
	}
}

// consume consumes until the handler has had some users, and returns them. What it stops with must be the end
// of its context.
func consume(t *testing.T, c *client.Client, name string, users int, options ...client.ConsumeOption) (got []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err := c.Consume(ctx, name, func(_ context.Context, e *client.Event) error {
		if got = append(got, e.Subject.ID); len(got) == users {
			stop()
		}
		return nil
	}, append([]client.ConsumeOption{ofUsers}, options...)...)
	if err != context.Canceled { // itself, as the documentation says
		t.Errorf("Consume: %v", err)
	}
	return got
}

// of leaves the events about one user.
func of(user string) client.ConsumeOption {
	return client.OnlyEvents(client.EventFilter{Subject: "user:" + user})
}

// TestConsume: on a server on which three users are registered.
func TestConsume(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	register(t, s.client(t), 0, 3)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *server)
	}{
		{"an event that fails comes again", testConsumeAgain},
		{"the second consumer of a name notices", testSecondConsumer},
		{"answers are lost", testLostAcknowledgements},
		{"what ends it", testConsumeEnds},
		{"it goes on where it stopped", testConsumeGoesOn},
		{"it begins now", testConsumeBeginsNow},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s) })
	}
}

func testConsumeGoesOn(t *testing.T, s *server) {
	c := s.client(t)
	var got []string
	got = append(got, consume(t, c, "crm", 2, client.FromStart())...)
	first := must(c.GetCursor(t.Context(), "crm"))(t)
	got = append(got, consume(t, c, "crm", 1, client.FromStart())...)
	began := make(chan []string, 1)
	go func() { began <- consume(t, c, "crm", 2) }() // the cursor is there: from where it is
	register(t, c, 3, 5)
	got = append(got, <-began...)
	want := []string{"user0", "user1", "user2", "user3", "user4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	last := must(c.GetCursor(t.Context(), "crm"))(t)
	if first.Behind != 1 || last.Behind != 0 || last.Position != first.Position+3 {
		t.Errorf("cursors %+v, %+v", first, last)
	}
	all := must(c.ListCursors(t.Context()))(t)
	if !slices.Contains(all.Data, *last) {
		t.Errorf("all: %+v", all)
	}
	page := must(c.ListEvents(t.Context(), client.EventQuery{Cursor: "crm"}))(t)
	if len(page.Data) != 0 || page.Next != last.Position {
		t.Errorf("behind the cursor: %+v", page)
	}
	if err := c.DeleteCursor(t.Context(), "crm"); err != nil {
		t.Error(err)
	}
}

func testConsumeBeginsNow(t *testing.T, s *server) {
	begun := make(chan struct{}, 1)
	observer := client.WithObserver(func(a client.Attempt) {
		if a.Operation == "putCursor" && a.Number == 1 {
			select {
			case begun <- struct{}{}:
			default:
			}
		}
	})
	go func() { <-begun; register(t, s.client(t), 7, 8) }()
	if got := consume(t, s.client(t, observer), "now", 1, client.FromStart(), client.FromNow()); got[0] != "user7" {
		t.Errorf("users %v", got)
	}
}

// testConsumeAgain: an event is handed over until it is dealt with, after ever longer waits, and skipped only
// where the handler says so. What came before is acknowledged meanwhile.
func testConsumeAgain(t *testing.T, s *server) {
	const failures = 12
	var p patient
	c := s.client(t, p.option(), client.WithLongestJitter())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var got []string
	var setbacks []client.Setback
	errFails := errors.New("it fails")
	err := c.Consume(ctx, "again", func(_ context.Context, e *client.Event) error {
		got = append(got, e.Subject.ID)
		switch {
		case e.Subject.ID == "user0":
			return fmt.Errorf("unknown: %w", client.ErrSkip)
		case e.Subject.ID == "user1" && len(setbacks) < failures:
			if at := must(c.GetCursor(ctx, "again"))(t); len(setbacks) > 0 && at.Position != e.Position-1 {
				t.Errorf("while it fails at %d the cursor is at %d", e.Position, at.Position)
			}
			return errFails
		case e.Subject.ID == "user2":
			stop()
			return errFails // after its end
		}
		return nil
	}, ofUsers, client.FromStart(), client.OnSetback(func(s client.Setback) { setbacks = append(setbacks, s) }))
	want := append(append([]string{"user0"}, slices.Repeat([]string{"user1"}, failures+1)...), "user2")
	if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if len(setbacks) != failures || len(p.waits) < failures {
		t.Fatalf("%d setbacks, %d waits", len(setbacks), len(p.waits))
	}
	for i, of := range setbacks {
		wait := min(200*time.Millisecond<<i, time.Minute)
		if of.Event.Subject.ID != "user1" || !errors.Is(of.Err, errFails) || of.Wait != wait {
			t.Errorf("setback %d: %+v", i, of)
		}
	}
	if at := must(s.client(t).GetCursor(t.Context(), "again"))(t); at.Behind != 1 {
		t.Errorf("what was not dealt with is acknowledged: %+v", at)
	}
}

// testSecondConsumer: the second one notices when it acknowledges, and so does one whose cursor is gone.
func testSecondConsumer(t *testing.T, s *server) {
	c := s.client(t)
	for want, meanwhile := range map[client.Reason]func(name string){
		client.ReasonCursorMoved:    func(name string) { consume(t, c, name, 1, of("user0")) },
		client.ReasonCursorNotFound: func(name string) { must(0, c.DeleteCursor(t.Context(), name))(t) },
	} {
		name := string(want)[len("cursor_"):]
		for i := range 2 { // also when the first one is where the second one wants to be
			name := fmt.Sprint(name[:3], i)
			err := c.Consume(t.Context(), name, func(_ context.Context, e *client.Event) error {
				meanwhile(name)
				return nil
			}, of("user0"), client.FromStart())
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", want, err)
			}
		}
	}
}

// testLostAcknowledgements: one whose answer is lost is found done. What another consumer
// did meanwhile is not taken for it.
func testLostAcknowledgements(t *testing.T, s *server) {
	direct := s.client(t)
	// lose carries a request out and answers like a proxy whose server has died.
	lose := func(meanwhile func()) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			sent, err := http.NewRequestWithContext(r.Context(), r.Method, s.url+r.URL.RequestURI(), r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			sent.Header = r.Header
			response, err := http.DefaultClient.Do(sent)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close() // it has been read
			meanwhile()
			w.WriteHeader(http.StatusBadGateway)
		}
	}
	nothing := func() {}
	p := new(patient)
	// It makes the cursor, finds it, reads, and acknowledges, each with something lost or refused.
	url := front(t, s, lose(nothing), page(502), nil, nil, page(503), nil, lose(nothing), page(502))
	if got := consume(t, newClient(t, url, s.key, p.option()), "lost", 1, client.FromStart(), of("user2")); len(got) != 1 {
		t.Errorf("users %v", got)
	}
	if at := must(direct.GetCursor(t.Context(), "lost"))(t); at.Behind != 0 {
		t.Errorf("the cursor is at %+v", at)
	}
	back := func() {
		must(direct.PutCursor(t.Context(), "taken", client.PutCursorRequest{Position: client.Set[int64](1)}))(t)
	}
	url = front(t, s, nil, nil, lose(back))
	err := newClient(t, url, s.key, p.option()).Consume(t.Context(), "taken",
		func(context.Context, *client.Event) error { return nil }, client.FromStart())
	if !errors.Is(err, client.ReasonCursorMoved) {
		t.Errorf("another consumer: %v", err)
	}
}

func testConsumeEnds(t *testing.T, s *server) {
	for want, url := range map[client.Reason]string{
		client.ReasonPositionExpired: front(t, s, nil, says(410, client.ReasonPositionExpired, "")),
		client.ReasonRouteNotFound:   front(t, s, says(404, client.ReasonRouteNotFound, "")), // an older server
		client.ReasonInternal:        front(t, s, nil, says(500, client.ReasonInternal, "")),
	} {
		err := newClient(t, url, s.key).Consume(t.Context(), "ends", func(context.Context, *client.Event) error {
			return nil
		})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestConsumeOutlivesTheServer: one that stops and starts again, at the same address for its callers.
func TestConsumeOutlivesTheServer(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var behind atomic.Pointer[url.URL]
	start := func() *server {
		s := must(startServer(folder))(t)
		behind.Store(must(url.Parse(s.url))(t))
		return s
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(behind.Load()) },
		ErrorLog: log.New(io.Discard, "", 0),
	})
	t.Cleanup(proxy.Close)
	s := start()
	c := newClient(t, proxy.URL, s.key)
	register(t, c, 0, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var got []string
	err := c.Consume(ctx, "crm", func(_ context.Context, e *client.Event) error {
		switch got = append(got, e.Subject.ID); len(got) {
		case 1: // it is acknowledged to the next server
			if err := s.stop(); err != nil {
				t.Error(err)
			}
			s = start()
			register(t, c, 1, 2)
		case 2:
			stop()
		}
		return nil
	}, ofUsers, client.FromStart())
	if !slices.Equal(got, []string{"user0", "user1"}) || !errors.Is(err, context.Canceled) {
		t.Errorf("users %v, %v", got, err)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}
