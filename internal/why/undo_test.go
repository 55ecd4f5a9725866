package why_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/why"
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

// TestAWithdrawnReplacementIsNoCodeAnyMore: else each withdrawal would leave one more that can be redeemed.
func TestAWithdrawnReplacementIsNoCodeAnyMore(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		support := w.as(core.PermissionRead, core.PermissionRemedy)
		w.add(t, "TICKET-1", codes.TypePremium, 1)
		w.add(t, "WELCOME", codes.TypePremium, 200)
		for _, value := range []string{"TICKET-1", "WELCOME"} {
			made := must[codes.Issued](t)(w.Replace(t.Context(), support, value, "ann", "")).Code.Value
			must[codes.Code](t)(w.Withdraw(t.Context(), support, made))
			if _, err := w.Restore(t.Context(), support, made); !core.HasReason(err, core.ReasonCodeRevoked) {
				t.Errorf("restored: %v", err)
			}
			if _, err := w.Replace(t.Context(), support, made, "ann", ""); !core.HasReason(err, core.ReasonCodeRevoked) {
				t.Errorf("replaced: %v", err)
			}
			for _, r := range w.explain(t, why.Question{Typed: made}).Remedies {
				isAbout := r.Kind == why.RemedyReplace || r.Kind == why.RemedyRestore
				if isAbout && (r.Possible || r.WhyNot != why.WhyNotWithdrawn || r.Instead != value) {
					t.Errorf("offered: %+v", r)
				}
			}
		}
		if live := w.redeemable(t); len(live) != 2 {
			t.Errorf("%q can be redeemed", live)
		}
	})
}

// TestOneCodeHasOneLineOfReplacements: the first of a line is not replaced anew, nor is one in its midst
// taken back, and what another has taken the place of is not restored.
func TestOneCodeHasOneLineOfReplacements(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "TICKET-1", codes.TypePremium, 1)
		second := w.replace(t, "TICKET-1", "").Code.Value
		w.pass(time.Minute)
		third := w.replace(t, second, "").Code.Value
		_, err := w.Replace(t.Context(), w.acme, "TICKET-1", "", "")
		if !core.HasReason(err, core.ReasonCodeRevoked) || core.AsError(err).Said.Texts["code"] != third {
			t.Errorf("the first is replaced anew: %v", err)
		}
		if _, err := w.Withdraw(t.Context(), w.acme, second); !core.HasReason(err, core.ReasonChangeNotUndoable) {
			t.Errorf("the second is taken back: %v", err)
		}
		must[codes.Code](t)(w.Withdraw(t.Context(), w.acme, third))
		must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, second))
		next := w.replace(t, "TICKET-1", "").Code.Value
		if _, err := w.Restore(t.Context(), w.acme, second); !core.HasReason(err, core.ReasonCodeRevoked) {
			t.Errorf("what has another replacement is restored: %v", err)
		}
		if diff := cmp.Diff([]string{next}, w.redeemable(t)); diff != "" {
			t.Errorf("what can be redeemed (-want +got):\n%s", diff)
		}
	})
}

// TestThoseWhoOnlyHelpReplaceNoCodeThatCannotNameTheOther: nothing would keep it from being restored.
func TestThoseWhoOnlyHelpReplaceNoCodeThatCannotNameTheOther(t *testing.T) {
	w := newWorld(t)
	w.add(t, "TICKET-1", codes.TypePremium, 1, func(o *codes.Options) {
		o.Metadata = map[string]string{}
		for i := range codes.MaxMetadataEntries {
			o.Metadata[fmt.Sprint("key", i)] = "x"
		}
	})
	support := w.as(core.PermissionRead, core.PermissionRemedy)
	if _, err := w.Replace(t.Context(), support, "TICKET-1", "ann", ""); !core.IsKind(err, core.KindForbidden) {
		t.Errorf("got %v", err)
	}
}

// TestARevocationIsNotTakenBackOnceTheCodeIsReplaced: there would be two codes. The same holds for a
// replacement that was withdrawn meanwhile.
func TestARevocationIsNotTakenBackOnceTheCodeIsReplaced(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		support := w.as(core.PermissionRead, core.PermissionRemedy)
		revoke := func(value string) {
			t.Helper()
			w.acme.RequestID = "revoke " + value
			must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, value))
			if err := w.log.Sequence(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		requireStays := func(value string) {
			t.Helper()
			_, err := w.Undo(t.Context(), w.acme, value, "revoke "+value)
			if !core.HasReason(err, core.ReasonChangeNotUndoable) || w.code(t, value).RevokedAt == nil {
				t.Errorf("%s: %v", value, err)
			}
		}
		w.add(t, "TICKET-1", codes.TypePremium, 1)
		revoke("TICKET-1")
		made := must[codes.Issued](t)(w.Replace(t.Context(), support, "TICKET-1", "", "")).Code.Value
		requireStays("TICKET-1")
		revoke(made)
		must[codes.Code](t)(w.Withdraw(t.Context(), support, made))
		requireStays(made)
	})
}

func TestARevocationOfManyLeavesWhatWasReplacedSince(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "TICKET-1", codes.TypePremium, 1)
		w.add(t, "TICKET-2", codes.TypePremium, 1)
		c := w.change(t, bulk.NewChange{Codes: []string{"TICKET-1", "TICKET-2"}, Do: codes.Act{Revoke: true}})
		must[codes.Issued](t)(w.Replace(t.Context(), w.acme, "TICKET-1", "", ""))
		if _, err := w.changes.Undo(t.Context(), w.acme, c.ID); err != nil {
			t.Fatal(err)
		}
		w.work(t)
		if w.code(t, "TICKET-1").RevokedAt == nil || w.code(t, "TICKET-2").RevokedAt != nil {
			t.Errorf("undone, there are %v", w.redeemable(t))
		}
	})
}

// TestOfSeveralRequestsWithOneIDTheNewestIsTakenBack: callers choose the ids of their requests.
func TestOfSeveralRequestsWithOneIDTheNewestIsTakenBack(t *testing.T) {
	w := newWorld(t)
	end := start.Add(time.Hour)
	w.add(t, "TICKET-1", codes.TypePremium, 1, ends(end))
	w.acme.RequestID = "same"
	for _, limit := range []int64{2, 3} {
		must[codes.Code](t)(w.RaiseLimit(t.Context(), w.acme, "TICKET-1", limit))
	}
	if got := must[codes.Code](t)(w.Undo(t.Context(), w.acme, "TICKET-1", "same")); *got.MaxRedemptions != 2 {
		t.Errorf("the limit is %d", *got.MaxRedemptions)
	}
	w.pass(2 * time.Hour)
	support := w.as(core.PermissionRead, core.PermissionRemedy)
	support.ID, support.RequestID = core.ID{1}, "same"
	must[codes.Code](t)(w.Extend(t.Context(), support, "TICKET-1", end.Add(24*time.Hour)))
	must[codes.Code](t)(w.RaiseLimit(t.Context(), w.acme, "TICKET-1", 4)) // later, by another
	if got := must[codes.Code](t)(w.Undo(t.Context(), support, "TICKET-1", "same")); !got.ExpiresAt.Equal(end) {
		t.Errorf("it ends %v", got.ExpiresAt)
	}
}

func TestFewWaitForRequestsThatNeverWere(t *testing.T) {
	w := newWorld(t)
	w.add(t, "TICKET-1", codes.TypePremium, 1)
	refused := make(chan error)
	const tries = 20
	for range tries {
		go func() {
			_, err := w.Undo(t.Context(), w.acme, "TICKET-1", "unknown")
			refused <- err
		}()
	}
	waited := 0
	for range tries {
		if err := <-refused; core.HasReason(err, core.ReasonChangeNotUndoable) {
			waited++
		} else if !core.HasReason(err, core.ReasonOverloaded) {
			t.Error(err)
		}
	}
	if waited == 0 || waited == tries {
		t.Errorf("%d of %d have waited", waited, tries)
	}
}

func TestAReplacementIsWithdrawnFor30Days(t *testing.T) {
	w := newWorld(t)
	w.add(t, "TICKET-1", codes.TypePremium, 1)
	made := w.replace(t, "TICKET-1", "").Code.Value
	w.pass(bulk.UndoLife + time.Second)
	if _, err := w.Withdraw(t.Context(), w.acme, made); !core.HasReason(err, core.ReasonChangeNotUndoable) {
		t.Errorf("got %v", err)
	}
	other := codes.Reversal{CreatedAt: start.Add(time.Second)}
	if _, err := w.codes.TakeBack(t.Context(), w.acme, "TICKET-1", other); !core.IsKind(err, core.KindNotFound) {
		t.Errorf("what another code of the value had is taken back: %v", err)
	}
}
