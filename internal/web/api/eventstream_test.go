package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// sent is what a caller of a stream has of one event: an id alone is none, but for the id.
type sent struct{ id, event, data string }

// listening reads a stream as the HTML standard says (§9.2.6).
type listening struct {
	lines    *bufio.Scanner
	lastID   string
	retry    string
	comments int
}

// listenTo asks for a stream over a real connection.
func (f *fixture) listenTo(t *testing.T, server *httptest.Server, query string, edits ...edit) *listening {
	t.Helper()
	response := f.fetch(t, server, "/events"+query, append([]edit{with("Accept", "text/event-stream")}, edits...)...)
	header := response.Header
	if response.StatusCode != 200 || header.Get("Content-Type") != "text/event-stream" ||
		header.Get("Cache-Control") != "no-store" || header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("status %d, %v", response.StatusCode, header)
	}
	return &listening{lines: bufio.NewScanner(response.Body)}
}

// block reads up to the next empty line. It reports false at the end of the stream.
func (l *listening) block() (is sent, ok bool) {
	for l.lines.Scan() {
		name, value, _ := strings.Cut(l.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case l.lines.Text() == "":
			return is, true
		case name == "":
			l.comments++
		case name == "id":
			l.lastID, is.id = value, value
		case name == "event":
			is.event = value
		case name == "data":
			is.data += value
		case name == "retry":
			l.retry = value
		}
	}
	return is, false
}

// next is the next event.
func (l *listening) next(t *testing.T) sent {
	t.Helper()
	for {
		is, ok := l.block()
		if !ok {
			t.Fatalf("the stream has ended: %v", l.lines.Err())
		}
		if is.data != "" {
			return is
		}
	}
}

// mustEnd reads to the end of the stream, which must be as the protocol has it.
func (l *listening) mustEnd(t *testing.T) {
	t.Helper()
	for ok := true; ok; _, ok = l.block() {
	}
	if l.lines.Err() != nil {
		t.Errorf("the stream breaks off: %v", l.lines.Err())
	}
}

// act makes an event of another user.
func (f *fixture) act(t *testing.T, user string) {
	t.Helper()
	f.call(t, "PUT", "/users/"+user, `{"status":"Normal"}`).mustBeOK(t)
	f.sequence(t)
}

func TestAStreamHasTheEventsOfTheList(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		head := f.head(t)
		f.act(t, "zo%C3%AB")
		for _, http2 := range []bool{false, true} {
			server := f.serve(t, http2)
			stream := f.listenTo(t, server, fmt.Sprintf("?after=%d&types=user.*", head))
			got := stream.next(t)
			var list struct{ Data []any }
			f.call(t, "GET", fmt.Sprintf("/events?after=%d", head), "").mustBeOK(t).into(t, &list)
			sameJSON(t, got.data, asJSON(t, list.Data[0]))
			if got.id != strconv.FormatInt(head+1, 10) || got.event != "user.registered" || stream.retry != "2000" {
				t.Errorf("%+v, retry %s", got, stream.retry)
			}
		}
		server := f.serve(t, false)
		stream := f.listenTo(t, server, "?types=user.*&actor=key&subject=user:bob", with("Last-Event-ID", ""))
		for _, user := range []string{"ada", "bob"} { // while it waits
			f.act(t, user)
		}
		if got := stream.next(t); !strings.Contains(got.data, `"id":"bob"`) || got.id != strconv.FormatInt(head+3, 10) {
			t.Errorf("with filters: %+v", got)
		}
	})
}

func TestAStreamGoesOnWhereTheLastOneEnded(t *testing.T) {
	f := newFixture(t)
	f.act(t, "ada")
	head := f.head(t)
	f.call(t, "PUT", "/cursors/crm", "").mustBeOK(t)
	f.act(t, "bob")
	f.act(t, "eve")
	server := f.serve(t, false)
	last := with("Last-Event-ID", strconv.FormatInt(head+1, 10))
	for name, test := range map[string]struct {
		query string
		edits []edit
		want  int64
	}{
		"from the oldest":      {"", nil, 1},
		"from a position":      {fmt.Sprint("?after=", head), nil, head + 1},
		"from a cursor":        {"?cursor=crm", nil, head + 1},
		"the id before after":  {fmt.Sprint("?after=", head), []edit{last}, head + 2},
		"the id before cursor": {"?cursor=crm", []edit{last}, head + 2},
	} {
		if got := f.listenTo(t, server, test.query, test.edits...).next(t); got.id != strconv.FormatInt(test.want, 10) {
			t.Errorf("%s: %+v, want %d", name, got, test.want)
		}
	}
	var page eventList
	f.call(t, "GET", "/events?cursor=crm", "", last).mustBeOK(t).into(t, &page)
	if len(page.Data) != 2 {
		t.Errorf("a page from the cursor: %+v", page)
	}
}

// TestWhoIsAnsweredWithAStream: browsers ask for it, everybody else gets a page.
func TestWhoIsAnsweredWithAStream(t *testing.T) {
	f := newFixture(t)
	server := f.serve(t, false)
	for accept, want := range map[string]string{
		"": "application/json", "*/*": "application/json", "application/json, text/event-stream": "application/json",
		"text/event-stream": "text/event-stream", "text/*": "text/event-stream",
		"text/event-stream, application/json;q=0.9": "text/event-stream",
	} {
		response := f.fetch(t, server, "/events", with("Accept", accept))
		if got := response.Header.Get("Content-Type"); got != want {
			t.Errorf("%q: %s", accept, got)
		}
	}
	stream := with("Accept", "text/event-stream")
	if got := f.call(t, "HEAD", "/events", "", stream); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %d %s", got.status, got.body)
	}
	for _, query := range []string{"?after=99999", "?types=old.*", "?limit=0"} {
		f.call(t, "GET", "/events"+query, "", stream).mustBe(t, 400, core.ReasonInvalidParameter)
	}
	for _, id := range []string{"-1", "x", "99999", "99999999999999999999"} {
		f.call(t, "GET", "/events", "", stream, with("Last-Event-ID", id)).mustBe(t, 400, core.ReasonInvalidParameter)
	}
	f.call(t, "GET", "/events?cursor=none", "", stream).mustBe(t, 404, core.ReasonCursorNotFound)
}

// TestAStreamThatFindsNothingIsNotSilent: it says how far the log was looked through.
func TestAStreamThatFindsNothingIsNotSilent(t *testing.T) {
	f := newFixture(t)
	f.beat = time.Millisecond
	f.server = newServer(t, f)
	stream := f.listenTo(t, f.serve(t, false), "?types=batch.*")
	f.act(t, "ada")
	want := strconv.FormatInt(f.head(t), 10)
	for stream.lastID != want || stream.comments < 3 {
		if is, ok := stream.block(); !ok || is.data != "" {
			t.Fatalf("%+v, %t", is, ok)
		}
	}
}

func TestAStreamEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end    func(t *testing.T, f *fixture, key core.ID)
		reason core.Reason // in the log
	}{
		"with the server": {func(_ *testing.T, f *fixture, _ core.ID) { f.server.Drain() }, ""},
		"with its key": {func(t *testing.T, f *fixture, key core.ID) {
			if _, err := f.tenancy.RevokeKey(t.Context(), key); err != nil {
				t.Error(err)
			}
		}, core.ReasonInvalidAPIKey},
		"when its key expires": {func(_ *testing.T, f *fixture, _ core.ID) {
			f.clock.advance(2 * time.Hour)
		}, core.ReasonInvalidAPIKey},
		"when its workspace is suspended": {func(t *testing.T, f *fixture, _ core.ID) {
			suspended := true
			change := tenancy.WorkspaceChange{Suspended: &suspended}
			if _, err := f.tenancy.UpdateWorkspace(t.Context(), "acme", change); err != nil {
				t.Error(err)
			}
		}, core.ReasonInvalidAPIKey},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.beat = 10 * time.Millisecond
			f.server = newServer(t, f)
			expires := f.clock.read().Add(time.Hour)
			key, secret := f.createKey(t, "acme", tenancy.NewKey{Name: "feed", Role: tenancy.RoleRead, ExpiresAt: &expires})
			f.sequence(t)
			server := f.serve(t, false)
			stream := f.listenTo(t, server, "", with("X-Api-Key", secret))
			stream.next(t)
			test.end(t, f, key.ID)
			stream.mustEnd(t)
			server.Close() // waits for the request to be logged
			logged := f.log.Take()
			if strings.Count(logged, `"status":200`) != 1 || strings.Contains(logged, "reason") != (test.reason != "") ||
				!strings.Contains(logged, string(test.reason)) {
				t.Errorf("log %s", logged)
			}
		})
	}
}

// TestAStreamOutlivesAnOutage of the database, and ends with any other fault and when what it wants to read
// was deleted.
func TestAStreamOutlivesAnOutage(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	f.sequence(t)
	fail := func(events func() (event.Page, error)) {
		faulty.mu.Lock()
		defer faulty.mu.Unlock()
		faulty.events = events
	}
	server := f.serve(t, false)
	follow := func() *listening {
		stream := f.listenTo(t, server, fmt.Sprint("?after=", f.head(t)-1))
		stream.next(t)
		return stream
	}
	stream := follow()
	fail(func() (event.Page, error) { return event.Page{}, core.Unavailable(errStore) })
	f.act(t, "ada")
	for before := stream.comments; stream.comments == before; {
		if is, ok := stream.block(); !ok || is.data != "" {
			t.Fatalf("%+v, %t", is, ok)
		}
	}
	fail(nil)
	if got := stream.next(t); !strings.Contains(got.data, "ada") {
		t.Errorf("after the outage: %+v", got)
	}
	fail(func() (event.Page, error) { return event.Page{Head: 99, Oldest: 98}, nil })
	f.act(t, "bob")
	stream.mustEnd(t)
	f.call(t, "GET", "/events", "", with("Accept", "text/event-stream"), with("Last-Event-ID", stream.lastID)).
		mustBe(t, http.StatusGone, core.ReasonPositionExpired)
	fail(nil)
	broken := follow()
	fail(func() (event.Page, error) { return event.Page{}, errors.New("a fault") })
	f.act(t, "eve")
	for ok := true; ok; _, ok = broken.block() {
	}
	if broken.lines.Err() == nil {
		t.Error("a stream that a fault has ended looks whole")
	}
}

// TestStreamsAreCountedWithWaits: a workspace has at most so many of both.
func TestStreamsAreCountedWithWaits(t *testing.T) {
	f := newFixture(t)
	f.sequence(t)
	server := f.serve(t, false)
	ctx, leave := context.WithCancel(t.Context())
	f.listenTo(t, server, "", func(r *http.Request) { *r = *r.WithContext(ctx) }).next(t)
	for range event.MaxWaiting - 1 {
		feed, err := f.server.events.Follow(event.Query{Workspace: f.key.WorkspaceID})
		if err != nil {
			t.Fatal(err)
		}
		defer feed.Close()
	}
	f.call(t, "GET", "/events?wait=1&after=0&types=batch.*", "").mustBe(t, 503, core.ReasonOverloaded)
	f.call(t, "GET", "/events", "", with("Accept", "text/event-stream")).mustBe(t, 503, core.ReasonOverloaded)
	f.call(t, "GET", "/events", "").mustBeOK(t)
	leave()
	server.Close() // waits for the stream
	f.listenTo(t, f.serve(t, false), "").next(t)
}

func TestAStreamOverHTTP10(t *testing.T) {
	f := newFixture(t)
	f.sequence(t)
	f.server.Drain()
	old := func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0 }
	got := f.call(t, "GET", "/events", "", old, with("Accept", "text/event-stream"))
	if got.status != 200 || !strings.HasPrefix(got.body, "retry: 2000\n\nid: 1\nevent: workspace.created\ndata: {") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}
