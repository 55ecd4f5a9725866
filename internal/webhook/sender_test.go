package webhook_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/webhook"
)

func TestEventsOfASubjectAreSentInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	w.enable(t, r)
	w.send(t)
	var values []string
	for range 40 {
		values = append(values, "A", "B", "C")
	}
	w.happen(t, values...)
	got := r.awaits(t, len(values))
	if len(got) != len(values) || r.isDisordered {
		t.Errorf("%d requests, two at once about one code: %t", len(got), r.isDisordered)
	}
	for _, code := range []string{"A", "B", "C"} {
		if numbers := of(got, code); len(numbers) != 40 || !slices.IsSorted(numbers) {
			t.Errorf("the events of %s came as %v", code, numbers)
		}
	}
}

func TestAFewRequestsAreUnderWayAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	free := make(chan struct{})
	r.answers(func(http.ResponseWriter, *received) { <-free })
	w.send(t)
	w.happen(t, numbered("CODE-", 30)...)
	r.awaits(t, 8)
	other := newReceiver(t, w) // is served although the first does not answer
	w.enable(t, other)
	w.happen(t, "LATER")
	other.awaits(t, 1)
	close(free)
	r.awaits(t, 31)
	if r.most != 8 {
		t.Errorf("%d requests were under way", r.most)
	}
	w.awaitDelivery(t, e.ID, "LATER", hasStatus(webhook.Succeeded))
}

func TestAPoisonedEventHoldsUpNoOthersAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	r.fails(http.StatusInternalServerError, func(got *received) bool { return got.Subject.ID == "POISON" })
	w.send(t)
	w.happen(t, append([]string{"POISON"}, numbered("CODE-", 25)...)...)
	r.awaits(t, 26)
	for tries := 1; tries <= 2; tries++ {
		d := w.awaitDelivery(t, e.ID, "POISON", hasAttempts(tries))
		last := d.Attempts[tries-1]
		if d.Status != webhook.Pending || d.NextAt == nil || last.Status != 500 ||
			last.Error != "it answered 500 Internal Server Error" {
			t.Fatalf("after %d attempts: %+v", tries, d)
		}
		if wait := d.NextAt.Sub(last.At.Add(last.Took)); wait < 54*time.Minute || wait > 66*time.Minute {
			t.Errorf("the next attempt comes after %s, want an hour or a tenth more or less", wait)
		}
		w.pass(2 * time.Hour)
	}
	d := w.awaitDelivery(t, e.ID, "POISON", hasAttempts(3))
	if d.Status != webhook.Failed || d.NextAt != nil {
		t.Errorf("after the last attempt: %+v", d)
	}
	if stored := w.endpoint(t, e.ID); stored.Failures != 2 || stored.Status() != webhook.Enabled {
		t.Errorf("the endpoint: %+v", stored)
	}
	if len(r.got()) != 25+3 {
		t.Errorf("%d requests", len(r.got()))
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	far := w.now().Add(6 * time.Hour).UTC().Format(http.TimeFormat)
	asked := map[string]string{"SECONDS": "7200", "DATE": far, "SHORT": "1", "LONG": "99999999999999999999"}
	want := map[string]time.Duration{
		"SECONDS": 2 * time.Hour, "DATE": 6 * time.Hour, "SHORT": time.Hour, "LONG": 24 * time.Hour,
	}
	r.answers(func(rw http.ResponseWriter, got *received) {
		rw.Header().Set("Retry-After", asked[got.Subject.ID])
		rw.WriteHeader(http.StatusInternalServerError)
	})
	w.send(t)
	for code := range asked {
		w.happen(t, code)
		d := w.awaitDelivery(t, e.ID, code, hasAttempts(1))
		wait := d.NextAt.Sub(d.Attempts[0].At)
		if wait < want[code]*9/10-time.Minute || wait > want[code]*11/10+time.Minute {
			t.Errorf("Retry-After: %s makes it wait %s, want %s", asked[code], wait, want[code])
		}
	}
}

func TestAReceiverWithTooMuchToDoIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	r.answers(func(rw http.ResponseWriter, got *received) {
		if got.Subject.ID == "FIRST" {
			rw.Header().Set("Retry-After", "1")
			rw.WriteHeader(http.StatusTooManyRequests)
		}
	})
	w.send(t)
	w.happen(t, "FIRST")
	refused := w.awaitDelivery(t, e.ID, "FIRST", hasAttempts(1)).Attempts[0]
	w.happen(t, "SECOND")
	next := w.awaitDelivery(t, e.ID, "SECOND", hasStatus(webhook.Succeeded)).Attempts[0]
	if apart := next.At.Sub(refused.At); apart < time.Second {
		t.Errorf("the next event was sent after %s", apart)
	}
}

func TestAnAnswer410Disables(t *testing.T) {
	t.Parallel()
	for _, byTest := range []bool{false, true} {
		t.Run("by a test "+strconv.FormatBool(byTest), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := newReceiver(t, w)
			e := w.enable(t, r)
			r.fails(http.StatusGone, always)
			w.send(t)
			if byTest {
				_, _, err := w.Test(t.Context(), &w.actor, e.ID)
				must(t, err)
			} else {
				w.happen(t, "A")
			}
			w.bell.await(t, "the endpoint is disabled", func() bool {
				return w.status(t, e.ID) == webhook.Disabled
			})
			w.requireDisabled(t, e.ID, webhook.Gone, "it answered 410 Gone")
			w.happen(t, "B", "C")
			if w.claimable(t) {
				t.Error("the endpoint is sent for")
			}
		})
	}
}

// claimable reports whether there is something to send that nobody sends.
func (w *world) claimable(t *testing.T) bool {
	t.Helper()
	claims, err := w.store.ClaimEndpoints(t.Context(), core.ID{15: 7}, time.Hour, 10)
	must(t, err)
	return len(claims) > 0
}

func (w *world) requireDisabled(t *testing.T, id core.ID, why webhook.DisabledReason, lastError string) {
	t.Helper()
	if e := w.endpoint(t, id); e.DisabledReason != why || e.LastError != lastError {
		t.Errorf("the endpoint: %+v", e)
	}
	events := w.events(t, event.EndpointDisabled)
	if len(events) != 1 || events[0].Subject.ID != id.String() {
		t.Errorf("events about it: %+v", events)
	}
}

func TestFiveDaysOfFailuresDisable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) {
		w.deps.Schedule = slices.Repeat(webhook.Schedule{24 * time.Hour}, 9)
	})
	r := newReceiver(t, w)
	e := w.enable(t, r)
	r.fails(http.StatusBadGateway, always)
	w.send(t)
	w.happen(t, "A")
	for day := 1; day <= 4; day++ {
		w.awaitDelivery(t, e.ID, "A", hasAttempts(day))
		w.pass(27 * time.Hour)
	}
	w.awaitDelivery(t, e.ID, "A", hasAttempts(5))
	if e := w.endpoint(t, e.ID); e.Status() != webhook.Enabled || e.FailingSince == nil {
		t.Errorf("before the five days are over: %+v", e)
	}
	w.pass(27 * time.Hour)
	w.awaitDelivery(t, e.ID, "A", hasAttempts(6))
	w.requireDisabled(t, e.ID, webhook.Failing, "it answered 502 Bad Gateway")
}

func TestAnEndpointThatIsDownIsProbedAndItsEventsWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := newReceiver(t, w)
	e := w.enable(t, r)
	r.fails(http.StatusInternalServerError, always)
	w.send(t)
	w.happen(t, numbered("CODE-", 60)...)
	first := r.awaits(t, 10) // in a row
	begin := time.Now()
	r.awaits(t, 11) // a probe
	if apart := time.Since(begin); apart < 500*time.Millisecond && len(first) == 10 {
		t.Errorf("the first probe came after %s", apart)
	}
	if count := len(w.deliveries(t, e.ID)); count > 20 {
		t.Errorf("%d events have failed one by one", count)
	}
	r.answers(nil)
	r.forget()
	w.test(t, e.ID) // which ends the pause
	w.pass(2 * time.Hour)
	w.bell.await(t, "everything arrives", func() bool {
		seen := map[string]bool{}
		for _, got := range r.got() {
			seen[got.Subject.ID] = true
		}
		return len(seen) == 60+1
	})
	w.bell.await(t, "no failure is left", func() bool { return w.endpoint(t, e.ID).Failures == 0 })
}
