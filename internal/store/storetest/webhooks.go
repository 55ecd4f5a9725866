package storetest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/webhook"
)

// hooks are the webhook endpoints of one workspace.
type hooks struct {
	Store
	workspace core.ID
	source    *event.Source
}

func newHooks(t *testing.T, newStore Factory) *hooks {
	t.Helper()
	s := open(t, newStore)
	return hooksOf(s, newWorkspace(t, s).ID)
}

func hooksOf(s Store, workspace core.ID) *hooks {
	return &hooks{s, workspace, event.NewRecorder(rand.Reader).Source(workspace, event.System(), event.AllHot)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// insert adds an endpoint that is told about events behind a position.
func (h *hooks) insert(t *testing.T, types string, position int64) webhook.Endpoint {
	t.Helper()
	e := webhook.Endpoint{
		ID: newID(t), WorkspaceID: h.workspace, URL: "https://example.com/hook", Description: "Ours", Types: types,
		Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", CreatedAt: now, TestedAt: new(now), Position: position,
	}
	inserted, err := h.InsertEndpoint(t.Context(), e, h.event(t, "INSERTED", ""))
	if err != nil || !inserted {
		t.Fatalf("InsertEndpoint = %v, %v", inserted, err)
	}
	return e
}

func (h *hooks) event(t *testing.T, code, user string) *event.Event {
	t.Helper()
	e, err := h.source.Make(event.CodeRevoked, now, event.Code(code, code), user, event.Data{})
	must(t, err)
	return e
}

// happen records events about codes and gives them positions.
func (h *hooks) happen(t *testing.T, codes ...string) {
	t.Helper()
	for _, code := range codes {
		must(t, h.RecordEvents(t.Context(), h.event(t, code, "")))
	}
	h.head(t)
}

// head gives positions and returns the newest.
func (h *hooks) head(t *testing.T) int64 {
	t.Helper()
	for {
		count, err := h.SequenceEvents(t.Context())
		must(t, err)
		if count == 0 {
			break
		}
	}
	heads, err := h.EventHeads(t.Context(), []core.ID{h.workspace})
	must(t, err)
	return heads[h.workspace]
}

// change changes an endpoint.
func (h *hooks) change(t *testing.T, id core.ID, change func(*webhook.Endpoint)) webhook.Endpoint {
	t.Helper()
	e, err := h.ChangeEndpoint(t.Context(), h.workspace, id, endpointChange(change))
	must(t, err)
	return e
}

func endpointChange(change func(*webhook.Endpoint), deliveries ...webhook.Delivery) webhook.Change {
	return func(e *webhook.Endpoint) (webhook.Changed, error) {
		change(e)
		return webhook.Changed{Deliveries: deliveries}, nil
	}
}

func unchanged(*webhook.Endpoint) {}

// put stores deliveries of an endpoint.
func (h *hooks) put(t *testing.T, id core.ID, deliveries ...webhook.Delivery) {
	t.Helper()
	_, err := h.ChangeEndpoint(t.Context(), h.workspace, id, endpointChange(unchanged, deliveries...))
	must(t, err)
}

// delivery is one that waits until a time; nil: it has arrived.
func (h *hooks) delivery(t *testing.T, e *webhook.Endpoint, position int64, next *time.Time) webhook.Delivery {
	t.Helper()
	d := webhook.Delivery{
		WorkspaceID: h.workspace, EndpointID: e.ID, Position: position, EventID: newID(t), Type: event.CodeRevoked,
		Subject: event.Subject{Kind: event.SubjectCode, ID: "A"}, Status: webhook.Succeeded, CreatedAt: now, NextAt: next,
		Attempts: []webhook.Attempt{{At: now, Took: time.Second, Status: 204}}, Answer: "thanks, ada",
	}
	if next != nil {
		d.Status, d.Tries = webhook.Pending, 1
	}
	return d
}

// claims takes leases and returns them by the endpoint.
func (h *hooks) claims(t *testing.T, node core.ID, life time.Duration) map[core.ID]webhook.Claim {
	t.Helper()
	all, err := h.ClaimEndpoints(t.Context(), node, life, 100)
	must(t, err)
	byID := map[core.ID]webhook.Claim{}
	for _, c := range all {
		byID[c.Endpoint.ID] = c
	}
	return byID
}

// positions are those of deliveries, as a text.
func positions(all []webhook.Delivery) (text string) {
	for i := range all {
		text += fmt.Sprint(all[i].Position, " ")
	}
	return text
}

func testWebhooks(t *testing.T, newStore Factory) {
	t.Run("endpoints", func(t *testing.T) { testEndpoints(t, newHooks(t, newStore)) })
	t.Run("wanted", func(t *testing.T) { testWanted(t, newHooks(t, newStore)) })
	t.Run("claims", func(t *testing.T) { testEndpointClaims(t, newHooks(t, newStore)) })
	t.Run("deliveries", func(t *testing.T) { testDeliveries(t, newHooks(t, newStore)) })
	t.Run("retries", func(t *testing.T) { testDeliveryRetries(t, newHooks(t, newStore)) })
	t.Run("tidying", func(t *testing.T) { testDeliveryTidying(t, newHooks(t, newStore)) })
}

func testEndpoints(t *testing.T, h *hooks) {
	e := h.insert(t, "code.* key.*", 3)
	e.OldSecret, e.OldUntil, e.Failures, e.FailingSince, e.LastAt, e.LastStatus, e.LastError = "old", new(now), 2,
		new(now), new(now), 500, "it answered 500"
	e.URL, e.Description, e.DisabledAt, e.DisabledReason = "https://example.org", "", new(now), webhook.Gone
	h.change(t, e.ID, func(stored *webhook.Endpoint) { *stored = e })
	found, err := h.Endpoint(t.Context(), h.workspace, e.ID)
	if err != nil || fmt.Sprintf("%+v", endpointValues(&found)) != fmt.Sprintf("%+v", endpointValues(&e)) {
		t.Errorf("stored: %+v, want %+v, %v", found, e, err)
	}
	other := hooksOf(h.Store, newWorkspace(t, h.Store).ID)
	if _, err := other.Endpoint(t.Context(), other.workspace, e.ID); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("another workspace's: %v", err)
	}
	_, err = other.ChangeEndpoint(t.Context(), other.workspace, e.ID, endpointChange(unchanged))
	if !errors.Is(err, core.ErrNotFound) {
		t.Errorf("another workspace's is changed: %v", err)
	}
	broken := errors.New("broken")
	_, err = h.ChangeEndpoint(t.Context(), h.workspace, e.ID, func(e *webhook.Endpoint) (webhook.Changed, error) {
		e.URL = "https://example.net"
		return webhook.Changed{Deliveries: []webhook.Delivery{h.delivery(t, e, 1, nil)}}, broken
	})
	if found, _ := h.Endpoint(t.Context(), h.workspace, e.ID); !errors.Is(err, broken) || found.URL != e.URL {
		t.Errorf("a change that fails: %v, %s", err, found.URL)
	}
	for range webhook.MaxEndpoints - 1 {
		h.insert(t, "", 0)
	}
	e.ID = newID(t)
	if inserted, err := h.InsertEndpoint(t.Context(), e); err != nil || inserted {
		t.Errorf("one too many: %v, %v", inserted, err)
	}
	all, err := h.Endpoints(t.Context(), h.workspace)
	if none, _ := other.Endpoints(t.Context(), other.workspace); err != nil || len(all) != 50 || len(none) != 0 {
		t.Errorf("%d endpoints, and %d of another workspace, %v", len(all), len(none), err)
	}
}

// endpointValues shows an endpoint without addresses in memory.
func endpointValues(e *webhook.Endpoint) []any {
	show := func(at *time.Time) string {
		if at == nil {
			return "never"
		}
		return at.UTC().Format(time.RFC3339Nano)
	}
	plain := *e
	plain.OldUntil, plain.TestedAt, plain.DisabledAt, plain.DeletedAt, plain.FailingSince, plain.LastAt = nil, nil, nil,
		nil, nil, nil
	return []any{
		plain, show(e.OldUntil), show(e.TestedAt), show(e.DisabledAt), show(e.DeletedAt), show(e.FailingSince),
		show(e.LastAt),
	}
}

func testWanted(t *testing.T, h *hooks) {
	require := func(when string, want ...event.Type) {
		t.Helper()
		all, err := h.Endpoints(t.Context(), h.workspace)
		must(t, err)
		var set core.EventSet
		for i := range all {
			set |= all[i].Hot()
		}
		if got := h.recorded(t); set != event.HotSet(want) || got != set {
			t.Errorf("%s %q is recorded, want %v", when, event.WriteHotSet(got), want)
		}
	}
	off := func(e *webhook.Endpoint) { e.DisabledAt, e.DisabledReason = new(now), webhook.ByRequest }
	on := func(e *webhook.Endpoint) { e.DisabledAt, e.DisabledReason = nil, "" }
	one, two := h.insert(t, "redemption.created key.*", 1), h.insert(t, "code.created", 1)
	h.change(t, one.ID, off)
	h.change(t, two.ID, off)
	require("while all are off")
	h.change(t, one.ID, on)
	require("with one", event.RedemptionCreated)
	h.change(t, two.ID, on)
	require("with two", event.RedemptionCreated, event.CodeCreated)
	h.change(t, two.ID, func(e *webhook.Endpoint) { e.Types = "code.exhausted" })
	require("with other types", event.RedemptionCreated, event.CodeExhausted)
	h.change(t, two.ID, func(e *webhook.Endpoint) { e.DeletedAt = new(now) })
	require("without the second", event.RedemptionCreated)
	h.happen(t, "A")
	lease := h.claims(t, core.ID{15: 1}, time.Hour)[one.ID].Lease
	_, err := h.KeepEndpoint(t.Context(), lease, false, endpointChange(off))
	must(t, err)
	require("after deliveries have failed")
}

// recorded returns the hot types that are recorded in the workspace.
func (h *hooks) recorded(t *testing.T) core.EventSet {
	t.Helper()
	all, err := h.Workspaces(t.Context())
	must(t, err)
	for _, w := range all {
		if w.ID == h.workspace {
			return w.Listens()
		}
	}
	t.Fatal("the workspace is gone")
	return 0
}

// suspend suspends the workspace, or resumes it.
func (h *hooks) suspend(t *testing.T, suspended bool) {
	t.Helper()
	all, err := h.Workspaces(t.Context())
	must(t, err)
	for _, w := range all {
		if w.ID == h.workspace {
			_, err := h.UpdateWorkspace(t.Context(), w.Slug, tenancy.WorkspaceChange{Suspended: &suspended}, now, nil)
			must(t, err)
		}
	}
}

func testEndpointClaims(t *testing.T, h *hooks) {
	one, two := core.ID{15: 1}, core.ID{15: 2}
	e := h.insert(t, "", 0)
	idle := h.insert(t, "", 1000)
	h.happen(t, "A")
	first := h.claims(t, one, time.Hour)
	if len(first) != 1 || first[e.ID].Endpoint.URL != e.URL {
		t.Fatalf("claims: %+v", first)
	}
	if again := h.claims(t, two, time.Hour); len(again) != 0 {
		t.Errorf("two nodes send: %+v", again)
	}
	keep := func(lease webhook.Lease, release bool, deliveries ...webhook.Delivery) error {
		_, err := h.KeepEndpoint(t.Context(), lease, release, endpointChange(unchanged, deliveries...))
		return err
	}
	lease := first[e.ID].Lease
	lease.Life = -time.Second
	must(t, keep(lease, false))
	second := h.claims(t, two, time.Hour)[e.ID].Lease // the first has lapsed
	if err := keep(lease, false, h.delivery(t, &e, 1, nil)); !errors.Is(err, webhook.ErrLeaseLost) {
		t.Errorf("with a lease that is lost: %v", err)
	}
	if _, err := h.Delivery(t.Context(), h.workspace, e.ID, 1); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("it has stored something: %v", err)
	}
	for what, change := range map[string]func(*webhook.Endpoint){
		"address":  func(e *webhook.Endpoint) { e.URL = "https://example.org" },
		"types":    func(e *webhook.Endpoint) { e.Types = "code.*" },
		"secret":   func(e *webhook.Endpoint) { e.Secret = "whsec_" },
		"position": func(e *webhook.Endpoint) { e.Position-- },
	} {
		h.change(t, e.ID, func(e *webhook.Endpoint) { e.Position += 2 })
		h.change(t, e.ID, change)
		if err := keep(second, false); !errors.Is(err, webhook.ErrLeaseLost) {
			t.Errorf("another %s does not end the lease: %v", what, err)
		}
		h.happen(t, "A", "B", "C")
		second = h.claims(t, one, time.Hour)[e.ID].Lease
	}
	must(t, keep(second, true)) // gives it back
	third := h.claims(t, two, time.Hour)[e.ID].Lease
	h.suspend(t, true)
	if err := keep(third, false); !errors.Is(err, webhook.ErrLeaseLost) {
		t.Errorf("a suspended workspace is sent for: %v", err)
	}
	h.change(t, e.ID, func(e *webhook.Endpoint) { e.URL = "https://example.net" }) // ends the lease
	if claims := h.claims(t, one, time.Hour); len(claims) != 0 {
		t.Errorf("claims of a suspended workspace: %+v", claims)
	}
	h.suspend(t, false)
	h.put(t, idle.ID, h.delivery(t, &idle, 1, new(time.Now().UTC().Add(-time.Hour))))
	if claims := h.claims(t, one, time.Hour); len(claims) != 2 {
		t.Errorf("with a delivery that is due: %+v", claims)
	}
}
