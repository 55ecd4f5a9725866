package why_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/why"
)

// timeline writes the timeline of a code as lines.
func (w *world) timeline(t *testing.T, value string) (lines []string) {
	t.Helper()
	if err := w.log.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries, more, err := w.Timeline(t.Context(), w.acme, value)
	if err != nil || more {
		t.Fatal(err, more)
	}
	for _, e := range entries {
		line := fmt.Sprintf("%s %s by %s", e.At.Sub(start), e.Kind, e.ByName)
		for _, more := range []string{e.UserID, string(e.Effect), e.Reason, e.Replaces, e.ReplacedBy} {
			if more != "" {
				line += ", " + more
			}
		}
		for _, c := range e.Changes {
			line += fmt.Sprintf(", %s %v to %v", c.Field, c.From, c.To)
		}
		if e.Kind == why.EntryRedeemed && !e.Stands {
			line += ", not any more"
		}
		if !e.ChangeID.IsZero() {
			line += fmt.Sprintf(", of %d, undoing %v", e.Count, e.Undoing)
		}
		if e.Kind == why.EntryHeld {
			line += fmt.Sprintf(", live %v until %s", e.Live, e.Until.Sub(start))
		}
		lines = append(lines, line)
	}
	return lines
}

func TestTheTimelineOfACode(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.acme.Listens = event.AllHot
		w.add(t, "WELCOME", codes.TypePremium, 50)
		w.pass(time.Hour)
		change := codes.CodeChange{
			MaxRedemptions: codes.Limit{Given: true, Max: new(int64(100))},
			ExpiresAt:      core.Field[time.Time]{Given: true, Value: new(start.AddDate(1, 0, 0))},
			Recipient:      core.Field[string]{Given: true, Value: new("ann@example.org")},
			Metadata:       core.Field[map[string]*string]{Given: true, Value: &map[string]*string{"a": new("b")}},
		}
		must[codes.Code](t)(w.codes.ChangeCode(ctx, w.acme, "WELCOME", change))
		w.pass(time.Hour)
		must[codes.Code](t)(w.codes.RevokeCode(ctx, w.acme, "WELCOME"))
		w.pass(time.Hour)
		must[codes.Code](t)(w.codes.RestoreCode(ctx, w.acme, "WELCOME"))
		w.pass(time.Hour)
		bob := w.redeem(t, "WELCOME", "bob")
		w.pass(time.Hour)
		must[codes.Redeemed](t)(w.codes.Rollback(ctx, w.acme, bob.ID, "payment failed"))
		w.pass(time.Hour)
		for _, user := range []string{"ann", "zoe"} {
			held := must[codes.Reserved](t)(w.codes.Reserve(ctx, w.acme, codes.ReserveRequest{
				Code: "WELCOME", UserID: user, Life: 10 * time.Minute,
			}))
			if user == "zoe" {
				must[codes.Reserved](t)(w.codes.Release(ctx, w.acme, held.Reservation.ID))
			}
			w.pass(time.Minute)
		}
		want := []string{
			"6h1m0s held by Checkout, zoe, live false until 6h11m0s",
			"6h0m0s held by Checkout, ann, live true until 6h10m0s",
			"5h0m0s rolled_back by Checkout, bob, payment failed",
			"4h0m0s redeemed by Checkout, bob, registers_premium, not any more",
			"3h0m0s restored by Checkout",
			"2h0m0s revoked by Checkout",
			"1h0m0s changed by Checkout, maxRedemptions 50 to 100, expiresAt <nil> to 2027-11-26 14:03:00 +0000 UTC, " +
				"recipient <nil> to ann@example.org, metadata <nil> to <nil>",
			"0s created by Checkout",
		}
		if diff := cmp.Diff(want, w.timeline(t, "welcome")); diff != "" {
			t.Errorf("timeline (-want +got):\n%s", diff)
		}
	})
}

func TestTheTimelinesOfACodeAndItsReplacement(t *testing.T) {
	w := newWorld(t)
	w.add(t, "TICKET-1", codes.TypePremium, 1)
	w.pass(time.Hour)
	made := w.replace(t, "TICKET-1", "").Code.Value
	want := []string{"1h0m0s replaced by Checkout, " + made, "0s created by Checkout"}
	if diff := cmp.Diff(want, w.timeline(t, "TICKET-1")); diff != "" {
		t.Errorf("of the old one (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1h0m0s created by Checkout, TICKET-1"}, w.timeline(t, made)); diff != "" {
		t.Errorf("of the new one (-want +got):\n%s", diff)
	}
}

// TestTheTimelineHasChangesOfMany changes a code among so many that its part of a change is searched for.
func TestTheTimelineHasChangesOfMany(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "WELCOME", codes.TypePremium, 0)
		for i := range 150 {
			w.add(t, fmt.Sprint("OTHER-", i), codes.TypePremium, 0)
			if i%50 == 0 {
				w.pass(time.Minute)
			}
		}
		w.pass(57 * time.Minute)
		w.acme.Reason = "they leaked"
		done := w.change(t, bulk.NewChange{Filter: codes.CodeFilter{Type: codes.TypePremium}, Do: codes.Act{Revoke: true}})
		w.acme.Reason = ""
		w.pass(time.Hour)
		w.change(t, bulk.NewChange{Codes: []string{"OTHER-1", "OTHER-2"}, Do: codes.Act{Restore: true}})
		must[bulk.Change](t)(w.changes.Undo(t.Context(), w.acme, done.ID))
		w.work(t)
		w.pass(time.Hour)
		var values []string
		for i := range 150 {
			values = append(values, fmt.Sprint("OTHER-", i))
		}
		note := codes.CodeChange{Note: core.Field[string]{Given: true, Value: new("spring")}}
		w.change(t, bulk.NewChange{Codes: append(values, "WELCOME"), Do: codes.Act{Set: &note}})
		want := []string{
			"3h0m0s changed by Checkout, note <nil> to spring, of 151, undoing false",
			"2h0m0s restored by Checkout, of 151, undoing true",
			"1h0m0s revoked by Checkout, they leaked, of 151, undoing false",
			"0s created by Checkout",
		}
		if diff := cmp.Diff(want, w.timeline(t, "WELCOME")); diff != "" {
			t.Errorf("timeline (-want +got):\n%s", diff)
		}
		w.pass(31 * 24 * time.Hour)
		if got := w.timeline(t, "OTHER-1"); len(got) != 1 {
			t.Errorf("a month later: %q", got)
		}
	})
}

func TestATimelineShowsTheNewestRedemptions(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 0)
	for i := range 101 {
		w.redeem(t, "WELCOME", fmt.Sprint("user-", i))
	}
	entries, more, err := w.Timeline(t.Context(), w.acme, "WELCOME")
	if err != nil || !more || len(entries) != 101 || entries[0].UserID != "user-100" {
		t.Errorf("%d entries, more %v, %v", len(entries), more, err)
	}
}
