package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// sequence gives every event its position, as the server does in the background.
func (f *fixture) sequence(t *testing.T) {
	t.Helper()
	if err := f.server.events.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// listen makes acme record every event.
func (f *fixture) listen(t *testing.T) {
	t.Helper()
	all := tenancy.EventsAll
	if _, err := f.tenancy.UpdateWorkspace(t.Context(), "acme", tenancy.WorkspaceChange{Events: &all}); err != nil {
		t.Fatal(err)
	}
}

// head is the newest position of acme's log.
func (f *fixture) head(t *testing.T) int64 {
	t.Helper()
	f.sequence(t)
	var page eventList
	f.get(t, "/events?limit=1000", with("X-Api-Key", f.secret)).mustBeOK(t).into(t, &page)
	return page.Next
}

func TestAnEventSaysWhoDidWhatToWhatAndForWhichRequest(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		f.listen(t)
		before := f.head(t)
		f.add(t, "Welcome 25", `"type":"Normal","metadata":{"secret":"of ours"}`)
		f.call(t, "PATCH", "/tenant-codes/welcome-25", `{"note":"<new>","metadata":{"secret":"other"}}`,
			with("X-Request-Id", "request-7")).
			mustBeOK(t)
		f.call(t, "POST", "/tenant-codes/redeem", `{"code":"welcome25","userId":"zoë"}`, with("X-Request-Id", "request-8")).
			mustBeOK(t)
		f.sequence(t)
		got := f.call(t, "GET", fmt.Sprintf("/events?after=%d&subject=code:wel-come25", before), "").mustBeOK(t)
		if strings.Contains(got.body, "secret") {
			t.Errorf("metadata is in an event: %s", got.body)
		}
		var page struct {
			Data []map[string]any
			Next int64
		}
		got.into(t, &page)
		if len(page.Data) != 3 || page.Next != before+4 {
			t.Fatalf("body %s", got.body)
		}
		changed := page.Data[1]
		delete(changed, "id")
		sameJSON(
			t,
			asJSON(t, changed),
			fmt.Sprintf(`{"type":"code.updated","position":%d,"at":"2031-02-03T04:05:06.789012Z","workspace":%q,
			"actor":{"kind":"key","id":%q,"name":"backend"},"subject":{"kind":"code","id":"Welcome 25"},"requestId":"request-7",
			"data":{"metadataChanged":true,"note":"<new>","previous":{"note":null}}}`, before+2, f.key.WorkspaceID, f.key.ID),
		)
		redeemed := page.Data[2]
		data := redeemed["data"].(map[string]any)
		if redeemed["requestId"] != "request-8" || data["userId"] != "zoë" || data["grants"] != "Normal" {
			t.Errorf("body %s", got.body)
		}
		f.call(t, "DELETE", "/users/zo%C3%AB", "")
		f.sequence(t)
		got = f.call(t, "GET", fmt.Sprintf("/events?after=%d", before+2), "").mustBeOK(t)
		if strings.Count(got.body, "zoë") != 1 || !strings.Contains(got.body, `"userId":null`) ||
			!strings.Contains(got.body, `"subject":{"kind":"user","id":null}`) {
			t.Errorf("after the person was erased: %s", got.body)
		}
	})
}

func TestEventsThatCannotBeMeantAreRefused(t *testing.T) {
	f := newFixture(t)
	for _, query := range []string{
		"after=-1", "after=x", "after=1.5", "after=99999", "after=", "limit=0", "limit=1001", "limit=x", "wait=31",
		"wait=-1", "wait=9223372036854775807",
		"types=", "types=code", "types=*", "types=code.*,", "types=code.create", "types=,", "types=code.created;code.revoked",
		"subject=code", "subject=code:", "subject=codes:A", "subject=key:A", "subject=:A", "subject=user:%00",
		"subject=user:%FF", "actor=root", "actor=key:A", "actor=cli:root",
		"actor=key:00000000-0000-0000-0000-000000000000", "cursor=", "after=1&cursor=x", "after=1&after=2",
	} {
		t.Run(query, func(t *testing.T) {
			f.call(t, "GET", "/events?"+query, "").mustBe(t, http.StatusBadRequest, core.ReasonInvalidParameter)
		})
	}
	for _, query := range []string{
		"types=code.*,user.erased", "types=code.*,code.created", "subject=user:a:b", "subject=code:…",
		"subject=workspace:" + f.key.WorkspaceID.String(),
		"actor=member:" + f.key.ID.String(), "actor=cli", "limit=1000", "wait=0",
	} {
		f.call(t, "GET", "/events?"+query, "").mustBeOK(t)
	}
}

func TestAPositionThatIsNotKeptIsGoneAndTheOldestIsNamed(t *testing.T) {
	f := newFixture(t)
	f.call(t, "PUT", "/users/ada", `{"status":"Normal"}`).mustBeOK(t)
	f.clock.advance(time.Hour)
	f.call(t, "PUT", "/users/ada", `{"status":"Premium"}`).mustBeOK(t)
	head := f.head(t)
	if err := event.NewService(f.store, f.clock.read, time.Minute).Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := f.call(t, "GET", fmt.Sprintf("/events?after=%d", head-2), "")
	if p := got.mustBe(t, http.StatusGone, core.ReasonPositionExpired); p.Oldest != head {
		t.Errorf("oldest %d, want %d: %s", p.Oldest, head, got.body)
	}
	var page eventList
	if f.call(t, "GET", "/events", "").mustBeOK(t).into(t, &page); len(page.Data) != 1 ||
		page.Data[0].Position != head ||
		page.Next != head {
		t.Errorf("from the oldest: %+v", page)
	}
	f.clock.advance(time.Hour)
	if err := event.NewService(f.store, f.clock.read, time.Minute).Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	got = f.call(t, "GET", fmt.Sprintf("/events?after=%d", head-1), "")
	if got.mustBe(t, http.StatusGone, core.ReasonPositionExpired); strings.Contains(got.body, `"oldest"`) {
		t.Errorf("none is kept, and the answer names the oldest: %s", got.body)
	}
	f.call(t, "GET", fmt.Sprintf("/events?after=%d", head), "").mustBeOK(t)
}

func TestAWaitForEventsEndsWithTheFirstOne(t *testing.T) {
	onEachEngine(t, func(t *testing.T, newFixture fixtureMaker) {
		f := newFixture(t)
		path := fmt.Sprintf("/events?wait=30&types=user.*&after=%d", f.head(t))
		answered := make(chan answer, 1)
		go func() { answered <- f.send(t, "GET", path, "", with("X-Api-Key", f.secret)) }()
		f.call(t, "POST", "/tenant-codes/add", `{"code":"not a user","type":"Normal"}`).mustBeOK(t)
		f.call(t, "PUT", "/users/ada", `{"status":"Normal"}`).mustBeOK(t)
		f.sequence(t)
		if got := (<-answered).mustBeOK(t); !strings.Contains(got.body, `"user.registered"`) {
			t.Errorf("body %s", got.body)
		}
	})
}

func TestAWaitForEventsEndsWithItsCallerAndWithTheServer(t *testing.T) {
	f := newFixture(t)
	head := f.head(t)
	path := fmt.Sprintf("/events?wait=30&after=%d", head)
	ctx, leave := context.WithCancel(t.Context())
	answered := make(chan answer, 1)
	ask := func(ctx context.Context) {
		answered <- f.send(t, "GET", path, "", with("X-Api-Key", f.secret),
			func(r *http.Request) { *r = *r.WithContext(ctx) })
	}
	go ask(ctx)
	leave()
	if got := <-answered; got.status != 499 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	go ask(t.Context())
	f.server.Drain()
	sameJSON(t, (<-answered).mustBeOK(t).body, fmt.Sprintf(`{"data":[],"next":%d}`, head))
}

// into decodes an answer.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
