package webhook_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/webhook"
)

// awaitCodes waits until events about all codes have come, and returns what has come about each.
func (r *receiver) awaitCodes(t *testing.T, codes ...string) map[string]int {
	t.Helper()
	var seen map[string]int
	r.bell.await(t, "events about all codes arrive", func() bool {
		seen = map[string]int{}
		for _, got := range r.got() {
			seen[got.Subject.ID]++
		}
		return !slices.ContainsFunc(codes, func(code string) bool { return seen[code] == 0 })
	})
	return seen
}

func TestStoppingInTheMiddleLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	r.answers(func(_ http.ResponseWriter, got *received) {
		if got.Subject.ID == "CODE-7" {
			<-r.hang
		}
	})
	stop := w.send(t)
	codes := numbered("CODE-", 200)
	w.happen(t, codes...)
	r.awaits(t, 50)
	stop()
	stopped := len(r.got())
	d := w.deliveries(t, e.ID)["CODE-7"]
	if d.Status != webhook.Pending || d.Tries != 0 || d.Attempts[0].Error != "the server was stopped meanwhile" {
		t.Errorf("what hung when the sender was stopped: %+v", d)
	}
	if stored := w.endpoint(t, e.ID); stored.Failures != 0 {
		t.Errorf("stopping the sender counts as a failure: %+v", stored)
	}
	r.answers(nil)
	w.senders = nil
	w.send(t)
	for code, count := range r.awaitCodes(t, codes...) {
		if count > 1 && code != "CODE-7" {
			t.Errorf("%s came %d times although the sender was stopped in peace", code, count)
		}
	}
	w.awaitDelivery(t, e.ID, "CODE-7", hasStatus(webhook.Succeeded))
	if stopped > len(codes) {
		t.Errorf("%d requests before the stop", stopped)
	}
}

func TestAnotherNodeGoesOnWhereOneWasKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	w.happen(t, "A", "B")
	claims, err := w.store.ClaimEndpoints(t.Context(), core.ID{15: 1}, 700*time.Millisecond, 10)
	must(t, err)
	if len(claims) != 1 || claims[0].Endpoint.ID != e.ID {
		t.Fatalf("claims: %+v", claims)
	}
	w.send(t) // another node; the first does not come back
	if len(r.got()) != 0 {
		t.Error("two nodes send")
	}
	r.awaitCodes(t, "A", "B")
	_, err = w.store.KeepEndpoint(t.Context(), claims[0].Lease, false, nil)
	if err == nil {
		t.Error("the first node still has the lease")
	}
}

func TestSwitchedOnAgainItIsToldWhatHappensFromThenOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	w.send(t)
	w.happen(t, "BEFORE")
	r.awaitCodes(t, "BEFORE")
	w.update(t, e.ID, webhook.EndpointChange{Enabled: new(false)})
	w.bell.await(t, "the sender notices", func() bool { return w.lost.Load() > 0 })
	w.happen(t, "OFF")
	w.update(t, e.ID, webhook.EndpointChange{Enabled: new(true)})
	w.happen(t, "AFTER")
	if seen := r.awaitCodes(t, "AFTER"); seen["OFF"] != 0 {
		t.Errorf("what came: %v", seen)
	}
}

func (w *world) update(t *testing.T, id core.ID, change webhook.EndpointChange) {
	t.Helper()
	_, err := w.Update(t.Context(), &w.actor, id, change)
	must(t, err)
}

func TestEventsWaitUntilANewAddressIsTested(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old, next := newReceiver(t, w), newReceiver(t, w)
	e := w.enable(t, old)
	w.update(t, e.ID, webhook.EndpointChange{URL: &next.URL})
	w.send(t)
	w.happen(t, "WAITS")
	if stored := w.endpoint(t, e.ID); stored.Status() != webhook.Untested || stored.Hot() == 0 {
		t.Errorf("the endpoint: %+v", stored)
	}
	if w.claimable(t) {
		t.Error("the new address is sent something before it is tested")
	}
	w.test(t, e.ID)
	next.awaitCodes(t, "WAITS")
	if len(old.got()) != 0 {
		t.Error("the old address was sent something")
	}
}

func TestATestIsSentOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, other := newReceiver(t, w), newReceiver(t, w)
	e, _ := w.create(t, r.URL)
	f, _ := w.create(t, other.URL)
	w.test(t, e.ID)
	w.test(t, f.ID)
	w.send(t)
	w.test(t, e.ID) // which others are told about
	w.happen(t, "A")
	r.awaitCodes(t, "A", f.ID.String())
	other.awaitCodes(t, "A", e.ID.String())
	tests := map[string]int{}
	for _, got := range r.got() {
		if got.Type == string(event.EndpointTested) {
			tests[got.Subject.ID]++
		}
	}
	if tests[e.ID.String()] != 2 || tests[f.ID.String()] != 1 {
		t.Errorf("the tests that came: %v", tests)
	}
}
