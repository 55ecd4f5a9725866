package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

func testChanges(t *testing.T, newStore Factory) {
	for name, act := range acts() {
		t.Run("an undo restores exactly what was there: "+name, func(t *testing.T) {
			testUndo(t, newChanging(t, open(t, newStore)), act)
		})
	}
	t.Run("what was changed since stays", func(t *testing.T) { testUndoSince(t, newChanging(t, open(t, newStore))) })
	t.Run("a dry run says what the change does", func(t *testing.T) {
		testDryRun(t, newChanging(t, open(t, newStore)))
	})
	t.Run("listed codes", func(t *testing.T) { testListedCodes(t, newChanging(t, open(t, newStore))) })
	t.Run("selections", func(t *testing.T) { testSelections(t, newChanging(t, open(t, newStore))) })
	t.Run("steps", func(t *testing.T) { testChangeSteps(t, newChanging(t, open(t, newStore))) })
	t.Run("deleting", func(t *testing.T) { testDeletingMany(t, newStore) })
	t.Run("rolling back", func(t *testing.T) { testRollingBackMany(t, newStore) })
	t.Run("what is needed until the end", func(t *testing.T) { testForgetEnded(t, newChanging(t, open(t, newStore))) })
	t.Run("pruning", func(t *testing.T) { testPruneChanges(t, newChanging(t, open(t, newStore))) })
}

func testUndo(t *testing.T, c *changing, act codes.Act) {
	c.add(numbered(23)...)
	revoked := c.create(bulk.NewChange{Codes: []string{"code-007", "CODE 019"}, Do: codes.Act{Revoke: true}})
	c.work(1)
	before := c.codes(numbered(23)...)
	c.now = c.now.Add(time.Minute)
	change := c.create(bulk.NewChange{Filter: normalCodes, Do: act})
	c.add("LATER-1") // its time is before the request; the next one's is not
	late := newCode(c.actor.WorkspaceID, "LATER-2")
	late.CreatedAt = c.now.Add(time.Microsecond)
	insert(t, c.s, late)
	done := c.work(5)
	if done.Status != job.Succeeded || done.Matched != 24 || done.Changed+total(done.Skipped) != 24 || done.Changed < 2 {
		t.Fatalf("the change is %+v", done)
	}
	differ := 0
	for i, after := range c.codes(numbered(23)...) {
		if len(codes.Differing(&before[i], &after)) > 0 {
			differ++
		}
	}
	if later := c.codes("LATER-1")[0]; later.Note == "nLATER-1" && later.RevokedAt == nil && !act.Restore {
		t.Errorf("the code of before is %+v", later)
	}
	if int64(differ) != done.Changed && int64(differ)+1 != done.Changed {
		t.Errorf("%d codes differ, the change says %d", differ, done.Changed)
	}
	if later := c.codes("LATER-2")[0]; cmp.Diff(late.Code, later) != "" {
		t.Errorf("a code that was made after the request is %+v", later)
	}
	c.undo(change.ID)
	if got := c.state(change.ID); got != bulk.Undoing {
		t.Errorf("status %s", got)
	}
	undone := c.work(4)
	if undone.State() != bulk.Undone || undone.Undo.Changed != done.Changed || len(undone.Undo.Skipped) != 0 {
		t.Errorf("the undone change is %+v, %+v", undone, undone.Undo)
	}
	c.requireCodes(before)
	c.undo(change.ID) // twice changes nothing
	if got := c.state(change.ID); got != bulk.Undone {
		t.Errorf("status %s", got)
	}
	if got := eventCount(t, c.s, c.actor.WorkspaceID); got != 3 { // the first change, this one, its undoing
		t.Errorf("%d events, want 3", got)
	}
	if revoked.Matched != 0 {
		t.Errorf("the answer to a request is %+v", revoked)
	}
}

func total(counts map[core.Reason]int64) (sum int64) {
	for _, count := range counts {
		sum += count
	}
	return sum
}

func testUndoSince(t *testing.T, c *changing) {
	before := c.add(numbered(6)...) // limits 2, 3, 4, 2, 3, 4
	act := acts()["set"]
	act.Set.MaxRedemptions.Max = new(int64(5))
	change := c.create(bulk.NewChange{Filter: normalCodes, Do: act})
	c.work(100)
	services := c.services()
	note, entry := "by hand", "by hand"
	_, err := services.ChangeCode(t.Context(), c.actor, "CODE-001", codes.CodeChange{
		Note:     core.Field[string]{Given: true, Value: &note},
		Metadata: core.Field[map[string]*string]{Given: true, Value: &map[string]*string{"gained": &entry}},
	})
	if err == nil {
		err = services.DeleteCode(t.Context(), c.actor, "CODE-004")
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		c.redeem("CODE-003", fmt.Sprintf("user-%d", i)) // one more than the limit was
	}
	again := &codes.NewCode{Code: c.codes("CODE-005")[0], Canonical: core.Canonical("CODE-005")}
	if err := services.DeleteCode(t.Context(), c.actor, "CODE-005"); err != nil {
		t.Fatal(err)
	}
	again.CreatedAt = again.CreatedAt.Add(time.Hour) // another code, which the change has not changed
	insert(t, c.s, again)
	c.undo(change.ID)
	undone := c.work(2)
	want := map[core.Reason]int64{bulk.SkipChangedSince: 1, core.ReasonCodeInUse: 1, core.ReasonCodeNotFound: 2}
	if diff := cmp.Diff(want, undone.Undo.Skipped); diff != "" || undone.Undo.Changed != 4 {
		t.Errorf("%d changed; skipped (-want +got):\n%s", undone.Undo.Changed, diff)
	}
	before[1].Note, before[1].Metadata["gained"] = "by hand", "by hand"
	before[3].MaxRedemptions, before[3].Redemptions = new(int64(5)), 3
	before[5] = again.Code
	c.requireCodes(slices.Delete(before, 4, 5))
}

func testDryRun(t *testing.T, c *changing) {
	c.add(numbered(40)...)
	c.redeem("CODE-002", "ada")
	c.redeem("CODE-003", "bob")
	c.redeem("CODE-003", "eve")
	one := codes.Act{Set: &codes.CodeChange{MaxRedemptions: codes.Limit{Given: true, Max: new(int64(1))}}}
	req := bulk.NewChange{Codes: append(numbered(30), "NONE-SUCH"), Do: one}
	would, err := c.all.Try(t.Context(), c.actor, req)
	if err != nil || !would.Complete {
		t.Fatalf("Try: %+v, %v", would, err)
	}
	if got := c.codes("CODE-000")[0]; *got.MaxRedemptions != 2 {
		t.Errorf("a dry run has changed %+v", got)
	}
	c.create(req)
	did := c.work(3)
	if diff := cmp.Diff(would.Tally, did.Tally); diff != "" {
		t.Errorf("what it would do and what it did (-would +did):\n%s", diff)
	}
	want := bulk.Tally{Matched: 30, People: 3, Counts: bulk.Counts{Changed: 29, Skipped: map[core.Reason]int64{
		core.ReasonCodeInUse: 1, core.ReasonCodeNotFound: 1,
	}}, Sample: did.Sample}
	if diff := cmp.Diff(want, did.Tally); diff != "" || len(did.Sample) != 20 {
		t.Errorf("%d in the sample; tally (-want +got):\n%s", len(did.Sample), diff)
	}
	if got := *c.codes("CODE-003")[0].MaxRedemptions; got != 2 {
		t.Errorf("the code with two redemptions has the limit %d", got)
	}
}

func testListedCodes(t *testing.T, c *changing) {
	other := newChanging(t, c.s)
	foreign := other.add("FOREIGN")
	c.add(numbered(5)...)
	c.create(bulk.NewChange{
		Codes: []string{"code 001", "CODE-001", "FOREIGN", "NO-SUCH", "CODE-004"}, Do: codes.Act{Revoke: true},
	})
	done := c.work(1)
	if done.Matched != 2 || done.Changed != 2 || done.Skipped[core.ReasonCodeNotFound] != 2 {
		t.Errorf("the change is %+v", done)
	}
	other.requireCodes(foreign)
	if _, err := other.all.Change(t.Context(), other.actor, done.ID); !core.HasReason(err, core.ReasonChangeNotFound) {
		t.Errorf("another workspace finds it: %v", err)
	}
	if _, err := other.all.Undo(t.Context(), other.actor, done.ID); !core.HasReason(err, core.ReasonChangeNotFound) {
		t.Errorf("another workspace undoes it: %v", err)
	}
}

func testSelections(t *testing.T, c *changing) {
	all := c.add(numbered(12)...)
	c.redeem("CODE-000", "ada")
	c.redeem("CODE-000", "bob") // exhausted
	for name, test := range map[string]struct {
		filter codes.CodeFilter
		want   int64
	}{
		"type":      {codes.CodeFilter{Type: codes.TypePremium}, 0},
		"status":    {codes.CodeFilter{Status: codes.StatusExhausted}, 1},
		"value":     {codes.CodeFilter{Query: "code01"}, 2},
		"note":      {codes.CodeFilter{Query: "NcOdE-00"}, 10},
		"time":      {codes.CodeFilter{CreatedAfter: &all[3].CreatedAt, CreatedBefore: &all[6].CreatedAt}, 2},
		"another's": {codes.CodeFilter{BatchID: newID(t)}, 0},
	} {
		would, err := c.all.Try(t.Context(), c.actor, bulk.NewChange{Filter: test.filter, Do: codes.Act{Revoke: true}})
		if err != nil || would.Matched != test.want || would.Changed != test.want {
			t.Errorf("%s: %+v, %v; want %d", name, would, err, test.want)
		}
		list, err := c.s.Codes(t.Context(), &codes.CodeQuery{
			WorkspaceID: c.actor.WorkspaceID, CodeFilter: test.filter, Limit: 100, At: now,
		})
		if err != nil || int64(len(list)) != test.want {
			t.Errorf("%s: the list has %d, %v", name, len(list), err)
		}
	}
}

func testChangeSteps(t *testing.T, c *changing) {
	before := c.add(numbered(9)...)
	change := c.create(bulk.NewChange{Filter: normalCodes, Do: codes.Act{Revoke: true}})
	claimed, lost := claim(t, c.s, core.ID{15: 2}, over)
	if _, err := c.step(3); err != nil { // by another node
		t.Fatal(err)
	}
	worker := bulk.NewChangeWorker(c.s, c.s, func() time.Time { return c.now }, core.SystemEntropy())
	if _, err := worker.Step(t.Context(), lost, claimed, 9); !errors.Is(err, job.ErrLeaseLost) {
		t.Errorf("error %v", err)
	}
	_, lease := claim(t, c.s, core.ID{15: 3}, over)
	if _, err := worker.Step(t.Context(), lease, claimed, 9); err == nil {
		t.Error("a step from another place was made")
	}
	if _, err := c.all.Undo(t.Context(), c.actor, change.ID); !core.HasReason(err, core.ReasonChangeUnfinished) {
		t.Errorf("error %v", err)
	}
	for range 2 {
		if canceled, err := c.all.Cancel(t.Context(), c.actor, change.ID); err != nil || canceled.Status != job.Canceled {
			t.Fatalf("Cancel: %+v, %v", canceled, err)
		}
	}
	if _, err := worker.Step(t.Context(), lease, claimed, 9); !errors.Is(err, job.ErrLeaseLost) {
		t.Errorf("error %v", err)
	}
	if got := c.find(change.ID); got.Changed != 3 {
		t.Errorf("the change is %+v", got)
	}
	c.undo(change.ID)
	if _, err := c.step(2); err != nil {
		t.Fatal(err)
	}
	if _, err := c.all.Cancel(t.Context(), c.actor, change.ID); err != nil { // and then it goes on
		t.Fatal(err)
	}
	c.undo(change.ID)
	if undone := c.work(2); undone.Undo.Changed != 3 {
		t.Errorf("the change is %+v, %+v", undone, undone.Undo)
	}
	c.requireCodes(before)
	if _, err := c.all.Cancel(t.Context(), c.actor, change.ID); !core.HasReason(err, core.ReasonChangeFinished) {
		t.Errorf("error %v", err)
	}
}

func testPruneChanges(t *testing.T, c *changing) {
	c.add(numbered(7)...)
	change := c.create(bulk.NewChange{Filter: normalCodes, Do: codes.Act{Revoke: true}})
	c.work(100)
	items := func() int {
		found, err := c.s.ChangeItems(t.Context(), c.actor.WorkspaceID, change.ID, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	// Ids of changes tell when they were made, by the real clock.
	real := time.Now()
	for days, want := range map[int]int{-1: 7, 30: 7} {
		c.now = real.AddDate(0, 0, days)
		if err := c.all.Prune(t.Context()); err != nil || items() != want {
			t.Errorf("after %d days: %d items, %v", days, items(), err)
		}
	}
	c.now = now.Add(bulk.UndoLife)
	if _, err := c.all.Undo(t.Context(), c.actor, change.ID); !core.HasReason(err, core.ReasonChangeNotUndoable) {
		t.Errorf("error %v", err)
	}
	c.now = real.AddDate(0, 0, 32)
	if err := c.all.Prune(t.Context()); err != nil || items() != 0 {
		t.Errorf("%d items, %v", items(), err)
	}
}

// testForgetEnded: a change that has failed for good, or whose node died, leaves no marks of people.
func testForgetEnded(t *testing.T, c *changing) {
	c.add(numbered(6)...)
	c.redeem("CODE-001", "ada")
	c.redeem("CODE-004", "eve")
	list := func(value string) bulk.NewChange {
		return bulk.NewChange{Codes: []string{value, "CODE-002", "CODE-003"}, Do: codes.Act{Revoke: true}}
	}
	failed := c.create(list("CODE-001"))
	if _, err := c.step(2); err != nil {
		t.Fatal(err)
	}
	_, err := c.s.ChangeJob(t.Context(), failed.WorkspaceID, failed.ID, failed.Kind,
		func(j *job.Job) ([]*event.Event, error) { j.End(job.Failed, now); return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	running := c.create(list("CODE-004"))
	if _, err := c.step(2); err != nil {
		t.Fatal(err)
	}
	orphan := newID(t) // a list whose change was never stored
	if err := c.s.ListCodes(t.Context(), c.actor.WorkspaceID, orphan, "[]"); err != nil {
		t.Fatal(err)
	}
	left := func() (all []core.ID) {
		t.Helper()
		for after := (core.ID{}); ; {
			_, change, err := c.s.Unforgotten(t.Context(), after)
			if errors.Is(err, core.ErrNotFound) {
				return all
			}
			if err != nil {
				t.Fatal(err)
			}
			all, after = append(all, change), change
		}
	}
	if got, want := left(), []core.ID{failed.ID, running.ID, orphan}; !slices.Equal(got, want) {
		t.Errorf("before: %v, want %v", got, want)
	}
	real := time.Now() // by which ids are made
	for _, test := range []struct {
		at   time.Time
		want []core.ID
	}{{real, []core.ID{running.ID, orphan}}, {real.Add(2 * time.Hour), []core.ID{running.ID}}} {
		c.now = test.at
		if err := c.all.Prune(t.Context()); err != nil || !slices.Equal(left(), test.want) {
			t.Errorf("at %s: %v, %v; want %v", test.at, left(), err, test.want)
		}
	}
	if done := c.work(10); done.ID != running.ID || done.People != 1 || done.Changed != 2 {
		t.Errorf("the change that went on is %+v", done)
	}
	if err := c.all.Prune(t.Context()); err != nil || len(left()) != 0 {
		t.Errorf("at its end: %v, %v", left(), err)
	}
}
