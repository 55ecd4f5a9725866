package why_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/why"
)

// at asks about WELCOME at an instant, for ann.
func (w *world) at(t *testing.T, at time.Time) *why.Explanation {
	t.Helper()
	return w.explain(t, why.Question{Typed: "WELCOME", UserID: "ann", At: &at})
}

// TestAnEarlierTime lets much happen to a code and asks, for each moment, what redeeming answered then.
func TestAnEarlierTime(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx, hour := t.Context(), time.Hour
		var bob codes.Redemption
		moments := []struct {
			happens func()
			reason  core.Reason // of what redeeming answers then
			taken   int64
		}{
			{func() { w.add(t, "WELCOME", codes.TypePremium, 1) }, "", 0},
			{func() { bob = w.redeem(t, "WELCOME", "bob") }, core.ReasonCodeExhausted, 1},
			{func() { must[codes.Code](t)(w.RaiseLimit(ctx, w.acme, "WELCOME", 3)) }, "", 1},
			{func() { must[codes.Code](t)(w.codes.RevokeCode(ctx, w.acme, "WELCOME")) }, core.ReasonCodeRevoked, 1},
			{func() { must[codes.Code](t)(w.codes.RestoreCode(ctx, w.acme, "WELCOME")) }, "", 1},
			{func() { must[codes.Redeemed](t)(w.codes.Rollback(ctx, w.acme, bob.ID, "mistake")) }, "", 0},
			{func() {
				change := codes.CodeChange{StartsAt: core.Field[time.Time]{Given: true, Value: new(start.AddDate(1, 0, 0))}}
				must[codes.Code](t)(w.codes.ChangeCode(ctx, w.acme, "WELCOME", change))
			}, core.ReasonCodeNotStarted, 0},
			{func() {
				change := codes.CodeChange{StartsAt: core.Field[time.Time]{Given: true}}
				must[codes.Code](t)(w.codes.ChangeCode(ctx, w.acme, "WELCOME", change))
			}, "", 0},
			{func() {
				must[codes.User](t)(w.codes.PutUser(ctx, w.acme, "ann", codes.UserNormal))
			}, core.ReasonUserAlreadyRegistered, 0},
			{func() {
				if err := w.codes.EraseUser(ctx, w.acme, "ann"); err != nil {
					t.Fatal(err)
				}
			}, "", 0},
			{func() { w.redeem(t, "WELCOME", "ann") }, "", 1},
		}
		for i := range moments {
			moments[i].happens()
			w.pass(hour)
		}
		for i, m := range moments {
			if m.reason == core.ReasonUserAlreadyRegistered {
				continue // the person was erased since, and what they were with them
			}
			e := w.at(t, start.Add(time.Duration(i)*hour+30*time.Minute))
			if e.Answer.Reason != m.reason || e.Answer.Uses.Taken != m.taken || e.Past == nil {
				t.Errorf("moment %d: %+v, want the reason %q and %d uses", i, e.Answer, m.reason, m.taken)
			}
			if replay := i == len(moments)-1; e.Answer.Replay != replay {
				t.Errorf("moment %d: a replay: %v", i, e.Answer.Replay)
			}
			if *e.Code.MaxRedemptions != 3 {
				t.Errorf("moment %d: the code is not shown as it is now", i)
			}
			if e.Now == nil || !e.Now.Replay || e.Remedies[0].Possible {
				t.Errorf("moment %d: now %+v, and a replacement %+v", i, e.Now, e.Remedies[0])
			}
		}
		before := w.at(t, start.Add(-time.Hour))
		if before.Answer.Reason != core.ReasonCodeNotFound || before.Code == nil || !before.Past.CreatedAt.Equal(start) {
			t.Errorf("before there was the code: %+v", before)
		}
	})
}

func TestAUserAtAnEarlierTime(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypeUpgrade, 0)
	w.add(t, "FIRST", codes.TypeNormal, 0)
	moments := []struct {
		happens func()
		reason  core.Reason
		user    codes.UserStatus
	}{
		{func() {}, core.ReasonUserNotRegistered, codes.Unregistered},
		{func() { w.redeem(t, "FIRST", "ann") }, "", codes.UserNormal},
		{func() {
			must[codes.User](t)(w.codes.PutUser(t.Context(), w.acme, "ann", codes.UserPremium))
		}, core.ReasonUserAlreadyPremium, codes.UserPremium},
		{func() {
			must[codes.User](t)(w.codes.PutUser(t.Context(), w.acme, "ann", codes.UserNormal))
		}, "", codes.UserNormal},
		{func() { w.redeem(t, "WELCOME", "ann") }, "", codes.UserPremium},
	}
	for i := range moments {
		moments[i].happens()
		w.pass(time.Hour)
	}
	for i, m := range moments {
		e := w.at(t, start.Add(time.Duration(i)*time.Hour+time.Minute))
		status := codes.Unregistered
		if e.Answer.User != nil {
			status = e.Answer.User.Status
		}
		if e.Answer.Reason != m.reason || status != m.user || len(e.Past.Unsure) > 0 {
			t.Errorf("moment %d: %+v with the user %q, unsure %q", i, e.Answer, status, e.Past.Unsure)
		}
	}
}

// TestAnEarlierTimeBeforeAChangeOfMany asks about times before, between and after changes of many codes.
func TestAnEarlierTimeBeforeAChangeOfMany(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "WELCOME", codes.TypePremium, 0)
		for i := range 200 {
			w.add(t, fmt.Sprint("OTHER-", i), codes.TypePremium, 0)
		}
		w.pass(time.Hour)
		all := codes.CodeFilter{Type: codes.TypePremium}
		w.change(t, bulk.NewChange{Filter: all, Do: codes.Act{Revoke: true}})
		w.pass(time.Hour)
		must[codes.Code](t)(w.codes.RestoreCode(t.Context(), w.acme, "WELCOME"))
		w.pass(time.Hour)
		later := codes.CodeChange{StartsAt: core.Field[time.Time]{Given: true, Value: new(start.AddDate(1, 0, 0))}}
		set := w.change(t, bulk.NewChange{Codes: []string{"OTHER-7", "WELCOME", "x"}, Do: codes.Act{Set: &later}})
		w.pass(time.Hour)
		must[bulk.Change](t)(w.changes.Undo(t.Context(), w.acme, set.ID))
		w.work(t)
		w.pass(time.Hour)
		for i, want := range []core.Reason{
			"", core.ReasonCodeRevoked, "", core.ReasonCodeNotStarted, "",
		} {
			e := w.at(t, start.Add(time.Duration(i)*time.Hour+time.Minute))
			if e.Answer.Reason != want || len(e.Past.Unsure) > 0 {
				t.Errorf("moment %d: %q, unsure %q; want %q", i, e.Answer.Reason, e.Past.Unsure, want)
			}
		}
	})
}

// TestChangesOfLongAgo looks at what is known of changes whose items are not kept any more.
func TestChangesOfLongAgo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		code := w.add(t, "WELCOME", codes.TypePremium, 0)
		w.add(t, "OTHER", codes.TypeNormal, 0)
		day := 24 * time.Hour
		reached := w.change(t, bulk.NewChange{
			Filter: codes.CodeFilter{Type: codes.TypePremium}, Do: codes.Act{Revoke: true},
		})
		w.pass(29 * day)
		must[bulk.Change](t)(w.changes.Undo(t.Context(), w.acme, reached.ID))
		since := func() time.Time {
			t.Helper()
			_, since, err := w.changes.EffectsOn(t.Context(), w.acme, &code)
			if err != nil {
				t.Fatal(err)
			}
			return since
		}
		w.pass(2 * day)
		if got := since(); !got.Equal(w.clock()) {
			t.Errorf("while one of long ago is undone, all is known from %v on", got)
		}
		w.work(t)
		undone := w.clock()
		w.pass(day)
		w.change(t, bulk.NewChange{Codes: []string{"OTHER"}, Do: codes.Act{Revoke: true}})
		if got := since(); !got.Equal(undone) {
			t.Errorf("once it is undone, all is known from %v on, want %v", got, undone)
		}
		w.pass(100 * day)
		if got, want := since(), w.clock().Add(-bulk.UndoLife); !got.Equal(want) {
			t.Errorf("much later, all is known from %v on, want %v", got, want)
		}
		code = w.add(t, "YOUNG", codes.TypePremium, 0)
		if got := since(); !got.IsZero() {
			t.Errorf("of a code that is younger than all changes, all is known from %v on", got)
		}
	})
}

func TestALaterTime(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 0, ends(start.Add(24*time.Hour)))
	e := w.at(t, start.Add(48*time.Hour))
	if e.Answer.Reason != core.ReasonCodeExpired || e.Past != nil || !e.Remedies[1].Needed {
		t.Errorf("got %+v", e)
	}
}

// TestWhatAnEarlierTimeCannotKnow asks about times of which something is lost.
func TestWhatAnEarlierTimeCannotKnow(t *testing.T) {
	unsure := func(e *why.Explanation) string {
		var all []string
		for _, cause := range e.Past.Unsure {
			all = append(all, string(cause))
		}
		return strings.Join(all, " ")
	}
	t.Run("held uses", func(t *testing.T) {
		w := newWorld(t)
		w.add(t, "WELCOME", codes.TypePremium, 1)
		w.pass(time.Hour)
		if got := unsure(w.at(t, start.Add(time.Minute))); got != "reservations" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("an import", func(t *testing.T) {
		w := newWorld(t)
		w.add(t, "WELCOME", codes.TypePremium, 0)
		w.pass(time.Hour)
		for _, want := range []string{"", "bulk_change"} {
			_, _, err := w.imports.Run(t.Context(), w.acme, bulk.NewImport{
				ImportSpec: bulk.ImportSpec{Format: "csv", OnExisting: bulk.FailOnExisting, DryRun: want == ""},
				Body:       strings.NewReader("code,type\nOTHER,Normal\n"), Interrupt: func() {},
				Check: func(context.Context) error { return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := unsure(w.at(t, start.Add(time.Minute))); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
	t.Run("a change of many of long ago", func(t *testing.T) {
		w := newWorld(t)
		w.add(t, "WELCOME", codes.TypePremium, 0)
		for i := range 25 {
			w.add(t, fmt.Sprint("WELCOME-", i), codes.TypePremium, 0)
		}
		w.pass(time.Hour)
		w.change(t, bulk.NewChange{Filter: codes.CodeFilter{Query: "WELCOME-"}, Do: codes.Act{Revoke: true}})
		if e := w.at(t, start.Add(time.Minute)); len(e.Past.Unsure) > 0 {
			t.Errorf("it is known what the change did, but got %q", unsure(e))
		}
		w.pass(32 * 24 * time.Hour)
		if got := unsure(w.at(t, start.Add(time.Minute))); got != "bulk_change" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("deleted events", func(t *testing.T) {
		w := newWorld(t)
		w.add(t, "WELCOME", codes.TypePremium, 0)
		w.pass(24 * time.Hour)
		must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, "WELCOME"))
		must[codes.User](t)(w.codes.PutUser(t.Context(), w.acme, "ann", codes.UserNormal))
		if err := w.log.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.PruneEvents(t.Context(), start.Add(24*time.Hour), event.Retention{All: time.Hour}); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Hour)
		e := w.at(t, start.Add(time.Minute))
		if got := unsure(e); got != "events_not_kept user" || !e.Past.Since.Equal(start.Add(24*time.Hour)) {
			t.Errorf("got %q, kept since %v", got, e.Past.Since)
		}
		if e := w.at(t, start.Add(24*time.Hour)); len(e.Past.Unsure) > 0 {
			t.Errorf("of a time of which all is kept: %q", e.Past.Unsure)
		}
	})
	t.Run("events of a type that is kept for less", func(t *testing.T) {
		w := newWorld(t)
		w.log = event.NewService(w.store, w.clock, 0, event.TypeRetention{Types: "code.*", Keep: time.Hour})
		w.serve(w.store)
		w.add(t, "WELCOME", codes.TypePremium, 0)
		must[codes.User](t)(w.codes.PutUser(t.Context(), w.acme, "ann", codes.UserNormal)) // its event stays
		w.pass(time.Hour)
		must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, "WELCOME"))
		w.pass(2 * time.Hour)
		if err := w.log.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		e := w.at(t, start.Add(time.Minute))
		if got := unsure(e); got != "events_not_kept" || !e.Past.Since.Equal(start.Add(2*time.Hour)) {
			t.Errorf("got %q, kept since %v", got, e.Past.Since)
		}
		if e := w.at(t, start.Add(2*time.Hour)); len(e.Past.Unsure) > 0 {
			t.Errorf("of a time of which all is kept: %q", e.Past.Unsure)
		}
	})
}
