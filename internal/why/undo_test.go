package why_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func TestWhatARequestDidIsTakenBackExactly(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		end := start.Add(time.Hour)
		w.add(t, "TICKET-1", codes.TypePremium, 1, func(o *codes.Options) { o.ExpiresAt = &end })
		was := w.code(t, "TICKET-1")
		w.acme.RequestID = "first"
		must[codes.Code](t)(w.Extend(t.Context(), w.acme, "TICKET-1", end.Add(time.Hour+time.Microsecond)))
		w.acme.RequestID = "second"
		must[codes.Code](t)(w.RaiseLimit(t.Context(), w.acme, "TICKET-1", 3))
		if err := w.log.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.acme.RequestID = "third"
		must[codes.Code](t)(w.Undo(t.Context(), w.acme, "ticket 1", "first"))
		got := must[codes.Code](t)(w.Undo(t.Context(), w.acme, "ticket 1", "second"))
		if diff := cmp.Diff(was, got); diff != "" {
			t.Errorf("(-was +got):\n%s", diff)
		}
		w.pass(bulk.UndoLife + time.Second)
		if _, err := w.Undo(t.Context(), w.acme, "TICKET-1", "first"); !core.HasReason(
			err, core.ReasonChangeNotUndoable) {
			t.Errorf("30 days later: %v", err)
		}
	})
}

func TestAWithdrawnReplacementLeavesTheOldCodeAsItWas(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		for _, revoked := range []bool{false, true} {
			value := map[bool]string{false: "LIVE", true: "REVOKED"}[revoked]
			w.add(t, value, codes.TypePremium, 1)
			if revoked {
				must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, value))
			}
			was := w.code(t, value)
			w.pass(time.Minute)
			made := w.replace(t, value, "").Code.Value
			w.pass(time.Minute)
			for range 2 { // the second is as a try whose answer was lost
				if diff := cmp.Diff(was, must[codes.Code](t)(w.Withdraw(t.Context(), w.acme, made))); diff != "" {
					t.Errorf("%s (-was +got):\n%s", value, diff)
				}
			}
			if again := w.replace(t, value, "").Code.Value; again == made {
				t.Errorf("%s is replaced by the code that was withdrawn", value)
			}
		}
		if _, err := w.Withdraw(t.Context(), w.acme, "LIVE"); !core.HasReason(err, core.ReasonChangeNotUndoable) {
			t.Errorf("a code that replaces none: %v", err)
		}
	})
}
