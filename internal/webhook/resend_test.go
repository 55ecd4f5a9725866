package webhook_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/webhook"
)

func TestResending(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.deps.Schedule = nil }) // one attempt
	r := newReceiver(t, w)
	e := w.enable(t, r)
	r.fails(http.StatusInternalServerError, func(got *received) bool { return got.Subject.ID != "GOOD" })
	w.send(t)
	w.happen(t, "GOOD", "BAD", "WORSE")
	w.awaitDelivery(t, e.ID, "BAD", hasStatus(webhook.Failed))
	w.awaitDelivery(t, e.ID, "WORSE", hasStatus(webhook.Failed))
	good := w.awaitDelivery(t, e.ID, "GOOD", hasStatus(webhook.Succeeded))
	w.requireUnsent(t, e.ID, 0, 2)
	r.answers(nil)

	begin := time.Now()
	for attempts := 2; attempts <= 4; attempts++ {
		again, err := w.Resend(t.Context(), &w.actor, good.ID())
		must(t, err)
		if again.ID() != good.ID() {
			t.Errorf("resent: %+v", again)
		}
		w.awaitDelivery(t, e.ID, "GOOD", hasAttempts(attempts))
	}
	if took := time.Since(begin); took > 3*time.Second { // without being woken it takes six
		t.Errorf("it was sent again and again after %s", took)
	}

	count, err := w.ResendFailed(t.Context(), &w.actor, e.ID)
	must(t, err)
	for _, code := range []string{"BAD", "WORSE"} {
		w.awaitDelivery(t, e.ID, code, func(d *webhook.Delivery) bool {
			return d.Status == webhook.Succeeded && len(d.Attempts) == 2
		})
	}
	if count != 2 {
		t.Errorf("%d were resent", count)
	}
	w.requireUnsent(t, e.ID, 0, 0)
}

func (w *world) requireUnsent(t *testing.T, id core.ID, pending, failed int) {
	t.Helper()
	e := w.endpoint(t, id)
	gotPending, gotFailed, err := w.Unsent(t.Context(), &e)
	must(t, err)
	if gotPending != pending || gotFailed != failed {
		t.Errorf("%d wait and %d have failed, want %d and %d", gotPending, gotFailed, pending, failed)
	}
}

func TestResendingSinceATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	w.send(t)
	w.happen(t, "OLD")
	w.awaitDelivery(t, e.ID, "OLD", hasStatus(webhook.Succeeded)) // otherwise it might come again, too
	w.pass(time.Hour)
	since := w.now()
	w.happen(t, "ONE", "TWO")
	r.awaitCodes(t, "ONE", "TWO")
	r.forget()
	_, err := w.ResendSince(t.Context(), &w.actor, e.ID, since)
	must(t, err)
	w.happen(t, "NEXT")
	if seen := r.awaitCodes(t, "ONE", "TWO", "NEXT"); seen["OLD"] != 0 {
		t.Errorf("what came: %v", seen)
	}
}

// TestWhoBeginsAnewLeavesWhatWasUnderWay: however often it is asked for, few requests are under way.
func TestWhoBeginsAnewLeavesWhatWasUnderWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	r.answers(func(_ http.ResponseWriter, got *received) {
		select {
		case <-got.aborted:
		case <-r.hang:
		}
	})
	w.send(t)
	w.happen(t, numbered("CODE-", 30)...)
	for round := 1; round <= 5; round++ {
		r.awaits(t, 8*round)
		_, err := w.ResendSince(t.Context(), &w.actor, e.ID, time.Time{})
		must(t, err)
	}
	r.awaits(t, 48)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.most > 12 { // the end of one may be seen a moment late
		t.Errorf("%d requests were under way", r.most)
	}
}

func TestOnlyAnEnabledEndpointIsResentTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	w.update(t, e.ID, webhook.EndpointChange{Enabled: new(false)})
	_, err := w.ResendFailed(t.Context(), &w.actor, e.ID)
	requireReason(t, err, core.ReasonEndpointNotEnabled)
	_, err = w.ResendSince(t.Context(), &w.actor, e.ID, w.now())
	requireReason(t, err, core.ReasonEndpointNotEnabled)
	_, err = w.Resend(t.Context(), &w.actor, e.ID.String()+"-99")
	requireReason(t, err, core.ReasonDeliveryNotFound)
	must(t, w.Delete(t.Context(), &w.actor, e.ID))
	_, err = w.ResendFailed(t.Context(), &w.actor, e.ID)
	requireReason(t, err, core.ReasonEndpointNotFound)
}

func requireReason(t *testing.T, err error, want core.Reason) {
	t.Helper()
	if failure, ok := errors.AsType[*core.Error](err); !ok || failure.Reason != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
