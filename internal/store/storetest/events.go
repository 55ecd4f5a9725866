package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// testEvents: what changes is in the log, once, in the order in which it changed, and nothing
// else is.
func testEvents(t *testing.T, newStore Factory) {
	t.Run(
		"what each request changes is recorded, replays and refusals are not",
		func(t *testing.T) { testRecording(t, newStore) },
	)
	t.Run("hot events are recorded only where somebody listens", func(t *testing.T) { testHotEvents(t, newStore) })
	t.Run("keys and workspaces", func(t *testing.T) { testAdminEvents(t, newStore) })
	t.Run("a code that is not inserted has no event", func(t *testing.T) { testInsertEvents(t, newStore) })
	t.Run("reservations that lapse", func(t *testing.T) { testLapsedEvents(t, newStore) })
	t.Run("reading", func(t *testing.T) { testReadingEvents(t, newStore) })
	t.Run("the position before a time", func(t *testing.T) { testPositionBefore(t, newStore) })
	t.Run("order", func(t *testing.T) { testEventOrder(t, newStore) })
	t.Run("erasing", func(t *testing.T) { testErasingEvents(t, newStore) })
	t.Run("pruning", func(t *testing.T) { testPruningEvents(t, newStore) })
	t.Run("isolation", func(t *testing.T) { testEventIsolation(t, newStore) })
	t.Run("what was refused or failed leaves nothing", func(t *testing.T) { testEventsOfFailures(t, newStore) })
}

// listen makes the workspace of a caller record everything.
func (s *site) listen(t *testing.T, caller *core.Actor) {
	t.Helper()
	all := tenancy.EventsAll
	w, err := s.Store.UpdateWorkspace(
		t.Context(),
		caller.Workspace,
		tenancy.WorkspaceChange{Events: &all},
		s.time(),
		nil,
	)
	if err != nil {
		t.Fatal(err)
	}
	caller.Listens = w.Listens()
}

// sequence gives every event of a store its position.
func sequence(t *testing.T, store event.Store) {
	t.Helper()
	if err := event.NewService(store, time.Now, 0).Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// log is everything in a workspace's log.
func (s *site) log(t *testing.T, caller *core.Actor) []event.Event {
	t.Helper()
	return s.logOf(t, event.Query{Workspace: caller.WorkspaceID})
}

// logOf is everything that a query finds from its After on.
func (s *site) logOf(t *testing.T, q event.Query) (all []event.Event) {
	t.Helper()
	sequence(t, s.Store)
	q.Limit = 100
	for {
		page, err := s.Store.Events(t.Context(), &q)
		if err != nil {
			t.Fatalf("Events: %v", err)
		}
		all = append(all, page.Events...)
		if page.Next == page.Head {
			return all
		}
		q.After = page.Next
	}
}

// told is an event in one line, but for its ids and times.
func told(e event.Event) string {
	subject := e.Subject.ID
	if e.Subject.Kind != event.SubjectCode {
		subject = ""
	}
	line := fmt.Sprintf("%s %s:%s %s by %s", e.Type, e.Subject.Kind, subject, e.UserID, e.Actor.Kind)
	return strings.Join(strings.Fields(line), " ")
}

func toldAll(events []event.Event) (lines []string) {
	for _, e := range events {
		lines = append(lines, told(e))
	}
	return lines
}

// checkLog checks what is told by the events from a position on.
func (s *site) checkLog(t *testing.T, what string, caller *core.Actor, after int64, want ...string) {
	t.Helper()
	checkSame(t, what, want, toldAll(s.logOf(t, event.Query{Workspace: caller.WorkspaceID, After: after})))
}

func testHotEvents(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	issued, err := s.AddCode(t.Context(), s.mine, "quiet", codes.IssueRequest{Type: codes.TypeNormal})
	if err != nil {
		t.Fatal(err)
	}
	made := s.redeem(t, s.mine, issued.Code.Value, "ada")
	s.release(t, s.mine, s.reserve(t, s.mine, "quiet", "bob", time.Minute))
	s.checkLog(t, "nobody listens", s.mine, 0)
	s.rollback(t, s.mine, made)
	s.checkLog(t, "nobody listens, and what is not hot", s.mine, 0,
		"redemption.rolled_back code:quiet ada by key", "user.changed user: ada by key")
	s.listen(t, s.mine)
	s.redeem(t, s.mine, "quiet", "ada")
	s.checkLog(
		t,
		"somebody listens",
		s.mine,
		2,
		"redemption.created code:quiet ada by key",
		"user.registered user: ada by key",
	)
}

func testAdminEvents(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	admin := tenancy.NewService(tenancy.Deps{
		Store: s.Store, Now: s.time, Entropy: core.SystemEntropy(), NewID: s.nextID,
	})
	w, err := admin.CreateWorkspace(t.Context(), "acme", "Acme", core.Format{Prefix: "A", Groups: 2, GroupLength: 4})
	if err != nil {
		t.Fatal(err)
	}
	caller := &core.Actor{WorkspaceID: w.ID}
	s.checkLog(t, "create", caller, 0, "workspace.created workspace: by system")
	name, yes, no, some, all := "New", true, false, tenancy.EventsSome, tenancy.EventsAll
	for i, step := range []struct {
		change tenancy.WorkspaceChange
		want   []string
	}{
		{tenancy.WorkspaceChange{Name: &name}, []string{"workspace.updated workspace: by system"}},
		{tenancy.WorkspaceChange{Name: &name, Events: &some}, nil},
		{tenancy.WorkspaceChange{Events: &all}, []string{"workspace.updated workspace: by system"}},
		{tenancy.WorkspaceChange{Suspended: &yes}, []string{"workspace.suspended workspace: by system"}},
		{tenancy.WorkspaceChange{Suspended: &yes}, nil},
		{tenancy.WorkspaceChange{Suspended: &no}, []string{"workspace.resumed workspace: by system"}},
		{tenancy.WorkspaceChange{Suspended: &no}, nil},
	} {
		before := int64(len(s.log(t, caller)))
		if w, err = admin.UpdateWorkspace(t.Context(), "acme", step.change); err != nil {
			t.Fatal(err)
		}
		s.checkLog(t, fmt.Sprint("step ", i), caller, before, step.want...)
	}
	if w.Events != tenancy.EventsAll {
		t.Errorf("events are %q", w.Events)
	}
	before := int64(len(s.log(t, caller)))
	key, _, err := admin.CreateKey(t.Context(), "acme", tenancy.NewKey{Name: "CRM", Role: tenancy.RoleIssue})
	if err != nil {
		t.Fatal(err)
	}
	next, _, err := admin.RotateKey(t.Context(), key.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := admin.RevokeKey(t.Context(), next.ID); err != nil {
			t.Fatal(err)
		}
	}
	s.checkLog(
		t,
		"keys",
		caller,
		before,
		"key.created key: by system",
		"key.rotated key: by system",
		"key.revoked key: by system",
	)
	found := s.logOf(
		t,
		event.Query{Workspace: w.ID, Subject: &event.SubjectName{Kind: event.SubjectKey, Key: key.ID.String()}},
	)
	want := fmt.Sprintf(`{"expiresAt":%q,"name":"CRM","previous":{"expiresAt":null},"replacedBy":%q,"role":"issue"}`,
		s.time().Add(time.Hour).Format(time.RFC3339Nano), next.ID)
	if len(found) != 2 || found[1].Data != want {
		t.Errorf("the key's events: %v, want the second to say %s", found, want)
	}
}

func testInsertEvents(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	noted := func(value string) *codes.NewCode {
		code := coded(s.mine, value)
		code.Events = []*event.Event{s.note(t, s.mine, event.CodeCreated, event.Code(value, code.Canonical), "")}
		return code
	}
	first, second := noted("first"), noted("second")
	first.Retry = codes.Retry{Key: [16]byte{1}, Fingerprint: [16]byte{1}}
	retried := noted("retried")
	retried.Retry = first.Retry
	got := outcomes(insert(t, s.Store, first, noted("FIRST"), second, retried, coded(s.mine, "without")))
	checkSame(
		t,
		"outcomes",
		[]codes.InsertOutcome{
			codes.Inserted,
			codes.CodeTaken,
			codes.Inserted,
			codes.RetryKeyUsed,
			codes.Inserted,
		},
		got,
	)
	s.checkLog(
		t,
		"those that were inserted",
		s.mine,
		0,
		"code.created code:first by key",
		"code.created code:second by key",
	)
}

// note makes an event.
func (s *site) note(
	t *testing.T,
	caller *core.Actor,
	kind event.Type,
	about event.Subject,
	user string,
) *event.Event {
	t.Helper()
	listening := *caller
	listening.Listens = event.AllHot
	e, err := event.NewRecorder(core.SystemEntropy()).Of(&listening).Make(kind, s.time(), about, user, event.Data{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func testLapsedEvents(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.listen(t, s.mine)
	s.add(t, s.mine, "loud")
	s.add(t, s.other, "quiet")
	held := s.reserve(t, s.mine, "loud", "ada", time.Minute)
	s.reserve(t, s.other, "quiet", "ada", time.Minute)
	s.pass(time.Minute)
	for range 2 {
		if err := s.TidyReservations(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.checkLog(t, "who listens", s.mine, 1, "reservation.lapsed code:loud ada by system")
	s.checkLog(t, "who does not", s.other, 0)
	lapsed := s.log(t, s.mine)[1]
	if want := fmt.Sprintf(`{"reservationId":%q}`, held.ID); lapsed.Data != want || lapsed.RequestID != "" ||
		!lapsed.At.Equal(s.time()) {
		t.Errorf("%+v, want the data %s", lapsed, want)
	}
}
