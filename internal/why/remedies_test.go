package why_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/why"
)

// code returns a code of acme.
func (w *world) code(t *testing.T, value string) codes.Code {
	t.Helper()
	return must[codes.Code](t)(w.codes.GetCode(t.Context(), w.acme, value))
}

// redeemable returns the values of the codes that can be redeemed now.
func (w *world) redeemable(t *testing.T) (values []string) {
	t.Helper()
	page, err := w.codes.ListCodes(t.Context(), w.acme, codes.CodeFilter{Status: codes.StatusActive}, core.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range page.Items {
		values = append(values, c.Value)
	}
	return values
}

func (w *world) replace(t *testing.T, value, key string) codes.Issued {
	t.Helper()
	return must[codes.Issued](t)(w.Replace(t.Context(), w.acme, value, "", key))
}

func TestAReplacementTakesTheOldCodesPlace(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "TICKET-1", codes.TypePremium, 1, func(o *codes.Options) {
			o.Note, o.Recipient, o.Metadata = "stand B12", "ann@example.org", map[string]string{"seat": "4"}
		})
		w.pass(time.Hour)
		made := w.replace(t, "ticket1", "press")
		want := codes.Code{
			Value: made.Code.Value, WorkspaceID: w.acme.WorkspaceID, Type: codes.TypePremium, MaxRedemptions: new(int64(1)),
			Note: "stand B12", Recipient: "ann@example.org", Metadata: map[string]string{codes.MetadataReplaces: "TICKET-1"},
			CreatedAt: w.clock(), CreatedBy: w.acme.ID,
		}
		if diff := cmp.Diff(want, w.code(t, made.Code.Value)); diff != "" || made.Replayed {
			t.Errorf("the new code (-want +got, replayed %v):\n%s", made.Replayed, diff)
		}
		old := w.code(t, "TICKET-1")
		links := map[string]string{"seat": "4", codes.MetadataReplacedBy: made.Code.Value}
		if diff := cmp.Diff(links, old.Metadata); diff != "" || old.RevokedAt == nil {
			t.Errorf("the old code was revoked at %v; metadata (-want +got):\n%s", old.RevokedAt, diff)
		}
		for _, key := range []string{"press", "another", ""} { // its state tells, whatever the key
			if again := w.replace(t, "TICKET-1", key); again.Code.Value != made.Code.Value || !again.Replayed {
				t.Errorf("pressed again with %q: %+v", key, again)
			}
		}
		if diff := cmp.Diff([]string{made.Code.Value}, w.redeemable(t)); diff != "" {
			t.Errorf("what can be redeemed (-want +got):\n%s", diff)
		}
	})
}

func TestPressingAtOnceGivesOneReplacement(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		const presses = 8
		w.add(t, "TICKET-1", codes.TypePremium, 1)
		var all sync.WaitGroup
		values := make([]string, presses)
		for i := range presses {
			all.Go(func() {
				issued, err := w.Replace(t.Context(), w.acme, "TICKET-1", "", fmt.Sprint("press-", i))
				if err != nil {
					t.Error(err)
				}
				values[i] = issued.Code.Value
			})
		}
		all.Wait()
		live := w.redeemable(t)
		if len(live) != 1 {
			t.Fatalf("%q can be redeemed", live)
		}
		for _, value := range values {
			if value != live[0] {
				t.Errorf("a press gave %q, live is %q", value, live[0])
			}
		}
	})
}

func TestAReplacementEndsNoEarlierThanTheOldCode(t *testing.T) {
	w := newWorld(t)
	month, year := start.Add(codes.ReplacementLife), start.AddDate(1, 0, 0)
	w.add(t, "SOON", codes.TypePremium, 1, ends(start.Add(time.Hour)))
	w.add(t, "LATE", codes.TypePremium, 1, ends(year))
	w.add(t, "NEVER", codes.TypePremium, 1)
	w.add(t, "SHARED", codes.TypePremium, 100, ends(year))
	for value, want := range map[string]*time.Time{"SOON": &month, "LATE": &year, "NEVER": nil, "SHARED": &month} {
		offered := w.explain(t, why.Question{Typed: value}).Remedies[0].Until
		got := w.replace(t, value, "key-"+value).Code.ExpiresAt
		if !cmp.Equal(want, got) || !cmp.Equal(want, offered) {
			t.Errorf("%s: ends %v, offered %v, want %v", value, got, offered, want)
		}
	}
}

func TestASharedCodeStaysForOthers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "WELCOME", codes.TypePremium, 200)
		first, second := w.replace(t, "WELCOME", "ann"), w.replace(t, "WELCOME", "bob")
		w.pass(time.Minute)
		again := w.replace(t, "WELCOME", "ann")
		if first.Code.Value == second.Code.Value || again.Code.Value != first.Code.Value || !again.Replayed {
			t.Errorf("got %q, %q and again %q", first.Code.Value, second.Code.Value, again.Code.Value)
		}
		if old := w.code(t, "WELCOME"); old.RevokedAt != nil || len(old.Metadata) > 0 {
			t.Errorf("the shared code is %+v", old)
		}
		if got := w.code(t, first.Code.Value).Metadata[codes.MetadataReplaces]; got != "WELCOME" {
			t.Errorf("the replacement names %q", got)
		}
	})
}

// TestARestoredCodeIsRevokedAgain: the page about codes can restore one that has a replacement. Pressed
// then, Replace leaves one of the two.
func TestARestoredCodeIsRevokedAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "TICKET-1", codes.TypePremium, 1)
		first := w.replace(t, "TICKET-1", "a")
		must[codes.Code](t)(w.codes.RestoreCode(t.Context(), w.acme, "TICKET-1"))
		if again := w.replace(t, "TICKET-1", "b"); again.Code.Value != first.Code.Value {
			t.Errorf("another replacement was made")
		}
		if diff := cmp.Diff([]string{first.Code.Value}, w.redeemable(t)); diff != "" {
			t.Errorf("what can be redeemed (-want +got):\n%s", diff)
		}
		must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, first.Code.Value))
		second := w.replace(t, "TICKET-1", "c")
		if diff := cmp.Diff([]string{second.Code.Value}, w.redeemable(t)); diff != "" || second.Replayed {
			t.Errorf("after the replacement was revoked (-want +got):\n%s", diff)
		}
	})
}

func TestAReplacedCodeIsNotRestoredByTheRemedy(t *testing.T) {
	w := newWorld(t)
	w.add(t, "TICKET-1", codes.TypePremium, 1)
	made := w.replace(t, "TICKET-1", "a")
	if _, err := w.Restore(t.Context(), w.acme, "TICKET-1"); !core.HasReason(err, core.ReasonCodeRevoked) {
		t.Errorf("got %v", err)
	}
	for _, r := range w.explain(t, why.Question{Typed: "TICKET-1"}).Remedies {
		isLinked := r.Kind == why.RemedyReplace || r.Kind == why.RemedyRestore
		if isLinked && (r.Needed || r.WhyNot != why.WhyNotReplaced || r.ReplacedBy != made.Code.Value) {
			t.Errorf("got %+v", r)
		}
	}
}

// TestThoseWhoOnlyHelpReplaceASharedCodeOnceForEachUser: else they could make codes without end.
func TestThoseWhoOnlyHelpReplaceASharedCodeOnceForEachUser(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 200)
	support := w.as(core.PermissionRead, core.PermissionRemedy)
	replace := func(user string) codes.Issued {
		t.Helper()
		return must[codes.Issued](t)(w.Replace(t.Context(), support, "WELCOME", user, rand.Text()))
	}
	ann, again, bob := replace("ann"), replace("ann"), replace("bob")
	if ann.Replayed || !again.Replayed || again.Code.Value != ann.Code.Value || bob.Code.Value == ann.Code.Value {
		t.Errorf("got %q, again %q, for another %q", ann.Code.Value, again.Code.Value, bob.Code.Value)
	}
	must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, ann.Code.Value))
	if next := replace("ann"); next.Replayed || next.Code.Value == ann.Code.Value {
		t.Errorf("after it was revoked: %+v", next)
	}
	if _, err := w.Replace(t.Context(), support, "WELCOME", "", "press"); !core.IsKind(err, core.KindForbidden) {
		t.Errorf("for nobody: %v", err)
	}
	if live := w.redeemable(t); len(live) != 3 { // the shared one, Ann's second, Bob's
		t.Errorf("%q can be redeemed", live)
	}
}

// TestThoseWhoOnlyHelpReplaceASharedCodeSoOftenADay: ids of users may be made up.
func TestThoseWhoOnlyHelpReplaceASharedCodeSoOftenADay(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "WELCOME", codes.TypePremium, 200)
		support := w.as(core.PermissionRead, core.PermissionRemedy)
		var made, last codes.Issued
		var err error
		times := 0
		for err == nil && times < 100 {
			last = made
			made, err = w.Replace(t.Context(), support, "WELCOME", fmt.Sprint("user-", times), "")
			if err == nil {
				times++
			}
			if err := w.log.Sequence(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if !core.IsKind(err, core.KindTooMany) || times != 20 {
			t.Errorf("after %d: %v", times, err)
		}
		page, err := w.log.Newest(t.Context(), event.Query{
			Workspace: w.acme.WorkspaceID, Limit: 1, Types: []event.Type{event.CodeUpdated},
		})
		if err != nil {
			t.Fatal(err)
		}
		told := page.Events[0]
		if of, ok := why.Undoable(support, &told, w.clock()); told.Subject.ID != "WELCOME" || of != last.Code.Value || !ok {
			t.Errorf("the log tells of %q by %s, made %q", of, told.Data, last.Code.Value)
		}
		if e := w.explain(t, why.Question{Typed: "WELCOME"}); e.Code.RevokedAt != nil {
			t.Error("the shared code is revoked")
		}
		w.pass(24 * time.Hour)
		must[codes.Issued](t)(w.Replace(t.Context(), support, "WELCOME", "user-x", ""))
	})
}

// TestThoseWhoOnlyHelpGiveNoMoreThanASharedCode: they restore it or raise its limit, for all who have it.
func TestThoseWhoOnlyHelpGiveNoMoreThanASharedCode(t *testing.T) {
	w := newWorld(t)
	later := start.Add(48 * time.Hour)
	w.add(t, "ACTIVE", codes.TypePremium, 2)
	w.add(t, "ENDED", codes.TypePremium, 2, ends(start.Add(time.Hour)))
	w.add(t, "LATER", codes.TypePremium, 2, func(o *codes.Options) { o.StartsAt = &later })
	w.add(t, "REVOKED", codes.TypePremium, 2)
	must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, "REVOKED"))
	for _, value := range []string{"USED", "USEDENDED"} {
		w.add(t, value, codes.TypePremium, 2, ends(start.Add(time.Duration(len(value))*time.Hour)))
		w.redeem(t, value, "ann of "+value)
		w.redeem(t, value, "bob of "+value)
	}
	w.pass(8 * time.Hour)
	support := w.as(core.PermissionRead, core.PermissionRemedy)
	for value, allowed := range map[string]bool{
		"ACTIVE": true, "ENDED": true, "LATER": false, "REVOKED": false, "USED": false, "USEDENDED": false,
	} {
		e := must[*why.Explanation](t)(w.Explain(t.Context(), support, why.Question{Typed: value}))
		if r := e.Remedies[0]; r.Possible != allowed || (r.WhyNot == why.WhyNotNobody) == allowed {
			t.Errorf("%s: %+v", value, r)
		}
		_, err := w.Replace(t.Context(), support, value, "eve", "")
		if allowed != (err == nil) || !allowed && !core.IsKind(err, core.KindForbidden) {
			t.Errorf("%s: %v", value, err)
		}
		if _, err := w.Replace(t.Context(), w.acme, value, "", "editor-"+value); err != nil {
			t.Errorf("%s by an editor: %v", value, err)
		}
	}
}

func TestAUserOfAReplacementIsTrimmedAndChecked(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 2)
	support := w.as(core.PermissionRead, core.PermissionRemedy)
	first := must[codes.Issued](t)(w.Replace(t.Context(), support, "WELCOME", "ann", "")).Code.Value
	again := must[codes.Issued](t)(w.Replace(t.Context(), support, "WELCOME", " ann\n", "")).Code.Value
	if again != first {
		t.Errorf("got %q and %q", first, again)
	}
	if _, err := w.Replace(t.Context(), support, "WELCOME", "an\x00n", ""); !core.IsKind(err, core.KindInvalid) {
		t.Errorf("got %v", err)
	}
}

// TestMetadataOfTheCallersOwnLinksNothing: they may have used such words for what they mean.
func TestMetadataOfTheCallersOwnLinksNothing(t *testing.T) {
	w := newWorld(t)
	own := map[string]string{"replacedBy": "invoice 7", "replaces": "invoice 6"}
	w.add(t, "TICKET-1", codes.TypePremium, 1, func(o *codes.Options) { o.Metadata = own })
	must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, "TICKET-1"))
	for _, r := range w.explain(t, why.Question{Typed: "TICKET-1"}).Remedies {
		if r.WhyNot == why.WhyNotReplaced {
			t.Errorf("%s: replaced by %q", r.Kind, r.ReplacedBy)
		}
	}
	if restored, err := w.Restore(t.Context(), w.acme, "TICKET-1"); err != nil || restored.RevokedAt != nil {
		t.Errorf("it is not restored: %v", err)
	}
	w.replace(t, "TICKET-1", "a")
	kept := w.code(t, "TICKET-1").Metadata
	delete(kept, codes.MetadataReplacedBy)
	if diff := cmp.Diff(own, kept); diff != "" {
		t.Errorf("what they wrote (-want +got):\n%s", diff)
	}
}

// lossyStore carries commands or inserts out, or not, and then says that it does not know.
type lossyStore struct {
	storetest.Store
	lose func(call string) (carryOut, lose bool)
}

var errLost = core.OutcomeUnknown(errors.New("the process was killed"))

func (s *lossyStore) Execute(ctx context.Context, commands []*codes.Command) ([]codes.Result, error) {
	carryOut, lose := s.lose("execute")
	if !carryOut {
		return nil, errLost
	}
	results, err := s.Store.Execute(ctx, commands)
	if lose {
		return nil, errLost
	}
	return results, err
}

func (s *lossyStore) InsertCodes(ctx context.Context, made []*codes.NewCode) ([]codes.InsertResult, error) {
	if carryOut, _ := s.lose("insert"); !carryOut {
		return nil, errLost
	}
	return s.Store.InsertCodes(ctx, made)
}

func TestAKilledReplacementIsCompletedByRepeatingIt(t *testing.T) {
	full := func(o *codes.Options) { // no room for a link
		o.Metadata = map[string]string{}
		for i := range codes.MaxMetadataEntries {
			o.Metadata[fmt.Sprint("key", i)] = "x"
		}
	}
	for _, c := range []struct {
		name    string
		options func(*codes.Options)
		call    string
		done    bool
		left    int // codes that can be redeemed in between
	}{
		{"before the transaction", func(*codes.Options) {}, "execute", false, 1},
		{"after the transaction", func(*codes.Options) {}, "execute", true, 1},
		{"between the steps of a code without room", full, "insert", false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, w *world) {
				w.add(t, "TICKET-1", codes.TypePremium, 1, c.options)
				w.serve(&lossyStore{w.store, func(call string) (bool, bool) { return call != c.call || c.done, call == c.call }})
				if _, err := w.Replace(t.Context(), w.acme, "TICKET-1", "", "press"); err == nil {
					t.Fatal("nothing was lost")
				}
				if live := w.redeemable(t); len(live) != c.left {
					t.Errorf("%q can be redeemed in between", live)
				}
				w.serve(w.store)
				made := w.replace(t, "TICKET-1", "press")
				w.pass(time.Second)
				again := w.replace(t, "TICKET-1", "press")
				if diff := cmp.Diff([]string{made.Code.Value}, w.redeemable(t)); diff != "" || again.Code.Value != made.Code.Value {
					t.Errorf("again gave %q; what can be redeemed (-want +got):\n%s", again.Code.Value, diff)
				}
			})
		})
	}
}

func TestExtendAndRaiseNeverTakeBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.add(t, "WELCOME", codes.TypePremium, 2, ends(start.Add(time.Hour)))
		w.pass(2 * time.Hour)
		later, earlier := start.Add(10*24*time.Hour), start.Add(5*24*time.Hour)
		for _, until := range []time.Time{later, earlier} {
			must[codes.Code](t)(w.Extend(t.Context(), w.acme, "WELCOME", until))
		}
		for _, limit := range []int64{5, 3} {
			must[codes.Code](t)(w.RaiseLimit(t.Context(), w.acme, "WELCOME", limit))
		}
		if c := w.code(t, "WELCOME"); !c.ExpiresAt.Equal(later) || *c.MaxRedemptions != 5 {
			t.Errorf("it ends %v with a limit of %d", c.ExpiresAt, *c.MaxRedemptions)
		}
		w.add(t, "OPEN", codes.TypePremium, 0)
		must[codes.Code](t)(w.Extend(t.Context(), w.acme, "OPEN", later))
		must[codes.Code](t)(w.RaiseLimit(t.Context(), w.acme, "OPEN", 3))
		if c := w.code(t, "OPEN"); c.ExpiresAt != nil || c.MaxRedemptions != nil {
			t.Errorf("a code without end and limit got %v and %v", c.ExpiresAt, c.MaxRedemptions)
		}
	})
}

// TestOfferedRemediesHelp carries out what an explanation offers.
func TestOfferedRemediesHelp(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 1, ends(time.Date(2026, 11, 26, 23, 59, 0, 0, time.UTC)))
	w.redeem(t, "WELCOME", "other")
	must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, "WELCOME"))
	w.pass(72 * time.Hour)
	e := w.explain(t, why.Question{Typed: "WELCOME", UserID: "ann"})
	for _, r := range e.Remedies {
		if !r.Needed {
			t.Errorf("%s is not needed: %s", r.Kind, r.WhyNot)
		}
	}
	until := *e.Remedies[1].Until
	if want := time.Date(2026, 12, 6, 23, 59, 0, 0, time.UTC); !until.Equal(want) {
		t.Errorf("extended until %v, want %v", until, want)
	}
	must[codes.Code](t)(w.Extend(t.Context(), w.acme, "WELCOME", until))
	must[codes.Code](t)(w.RaiseLimit(t.Context(), w.acme, "WELCOME", *e.Remedies[2].Limit))
	must[codes.Code](t)(w.Restore(t.Context(), w.acme, "WELCOME"))
	w.redeem(t, "WELCOME", "ann")
}

func TestRemediesNeedAPermission(t *testing.T) {
	w := newWorld(t)
	w.add(t, "WELCOME", codes.TypePremium, 1)
	acts := func(actor *core.Actor) (errs []error) {
		_, err := w.Extend(t.Context(), actor, "WELCOME", start.Add(time.Hour))
		errs = append(errs, err)
		_, err = w.RaiseLimit(t.Context(), actor, "WELCOME", 2)
		errs = append(errs, err)
		_, err = w.Restore(t.Context(), actor, "WELCOME")
		errs = append(errs, err)
		_, err = w.Replace(t.Context(), actor, "WELCOME", "", "")
		return append(errs, err)
	}
	viewer := w.as(core.PermissionRead)
	for _, err := range acts(viewer) {
		if !core.IsKind(err, core.KindForbidden) {
			t.Errorf("a viewer: %v", err)
		}
	}
	e := must[*why.Explanation](t)(w.Explain(t.Context(), viewer, why.Question{Typed: "WELCOME"}))
	for _, r := range e.Remedies {
		if r.Allowed {
			t.Errorf("a viewer is offered %s", r.Kind)
		}
	}
	for _, err := range acts(w.as(core.PermissionRead, core.PermissionManage)) {
		if err != nil {
			t.Errorf("with manage: %v", err)
		}
	}
}

// TestWhoMayOnlyHelpDoesNoMore: whatever is sent, a code is raised and extended as far as it helps.
func TestWhoMayOnlyHelpDoesNoMore(t *testing.T) {
	w := newWorld(t)
	w.add(t, "USED", codes.TypePremium, 1)
	w.redeem(t, "USED", "ann")
	w.add(t, "FREE", codes.TypePremium, 1)
	support := w.as(core.PermissionRead, core.PermissionRemedy)
	for _, c := range []struct {
		value   string
		to      int64
		allowed bool
	}{{"FREE", 2, false}, {"USED", 1_000_000, false}, {"USED", 2, true}, {"USED", 3, false}} {
		_, err := w.RaiseLimit(t.Context(), support, c.value, c.to)
		if c.allowed != (err == nil) || err != nil && !core.IsKind(err, core.KindForbidden) {
			t.Errorf("%s to %d: %v", c.value, c.to, err)
		}
	}
	if _, err := w.Extend(t.Context(), support, "FREE", start.Add(time.Hour)); !core.IsKind(err, core.KindForbidden) {
		t.Errorf("a code that has not ended: %v", err)
	}
}

func TestAnInvalidIdempotencyKeyIsRefused(t *testing.T) {
	w := newWorld(t)
	w.add(t, "TICKET-1", codes.TypePremium, 1)
	if _, err := w.Replace(t.Context(), w.acme, "TICKET-1", "", strings.Repeat("k", 256)); !core.HasReason(
		err, core.ReasonInvalidIdempotencyKey) {
		t.Errorf("got %v", err)
	}
}

// TestWhatAReplacementRecords: the log names the new code with the old one, revoked by that or before.
func TestWhatAReplacementRecords(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.acme.Listens = event.AllHot
		for _, value := range []string{"LIVE", "REVOKED"} {
			w.add(t, value, codes.TypePremium, 1)
		}
		must[codes.Code](t)(w.codes.RevokeCode(t.Context(), w.acme, "REVOKED"))
		live, revoked := w.replace(t, "LIVE", "").Code.Value, w.replace(t, "REVOKED", "").Code.Value
		if err := w.log.Sequence(t.Context()); err != nil {
			t.Fatal(err)
		}
		page, err := w.log.List(t.Context(), event.Query{
			Workspace: w.acme.WorkspaceID, Types: []event.Type{event.CodeCreated, event.CodeRevoked, event.CodeUpdated},
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range page.Events[3:] { // behind what prepares it
			got = append(got, string(e.Type)+" "+e.Subject.ID+" "+e.Data)
		}
		const created = ` {"expiresAt":null,"maxRedemptions":1,"startsAt":null,"type":"Premium"}`
		want := []string{
			"code.created " + live + created,
			`code.revoked LIVE {"metadataChanged":true,"previous":{"revokedAt":null},"replacedBy":"` + live +
				`","revokedAt":"2026-11-26T14:03:00Z"}`,
			"code.created " + revoked + created,
			`code.updated REVOKED {"metadataChanged":true,"replacedBy":"` + revoked + `"}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}
