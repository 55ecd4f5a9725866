package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

func testRollingBackMany(t *testing.T, newStore Factory) {
	t.Run("an undo restores exactly what was there", func(t *testing.T) {
		testRollingBack(t, newChanging(t, open(t, newStore)))
	})
	t.Run("a redemption before one that stays is passed over", func(t *testing.T) {
		testLaterOutside(t, newChanging(t, open(t, newStore)))
	})
	t.Run("who has changed since stays", func(t *testing.T) { testUserSince(t, newChanging(t, open(t, newStore))) })
	t.Run("redemptions by their names", func(t *testing.T) {
		testFindRedemptions(t, newChanging(t, open(t, newStore)))
	})
	t.Run("in the middle", func(t *testing.T) { testRollbackSteps(t, newChanging(t, open(t, newStore))) })
}

var rollback = bulk.NewChange{
	Filter: codes.CodeFilter{CreatedBefore: new(now)}, Do: codes.Act{Revoke: true}, RollBack: true,
}

// addUsed adds codes of which some are redeemed: JOIN-000 and so on by one each, SHARED by many, and UP,
// the oldest, by some of both.
func (c *changing) addUsed(each, shared int) {
	c.t.Helper()
	upgrade, common := newCode(c.actor.WorkspaceID, "UP"), newCode(c.actor.WorkspaceID, "SHARED")
	upgrade.Type, upgrade.CreatedAt, common.CreatedAt = codes.TypeUpgrade, now.Add(-2*time.Hour), now.Add(-time.Hour)
	insert(c.t, c.s, upgrade, common)
	for i := range each {
		code := newCode(c.actor.WorkspaceID, fmt.Sprintf("JOIN-%03d", i))
		code.CreatedAt, code.MaxRedemptions = now.Add(-time.Minute), new(int64(1))
		insert(c.t, c.s, code)
		c.redeemLater(code.Value, fmt.Sprintf("each-%d", i))
	}
	for i := range shared {
		c.redeemLater("SHARED", fmt.Sprintf("shared-%d", i))
	}
	for i := range 3 {
		c.redeemLater("UP", fmt.Sprintf("each-%d", i))
		c.redeemLater("UP", fmt.Sprintf("shared-%d", i))
	}
}

// redeemLater redeems a code at a time of its own.
func (c *changing) redeemLater(value, user string) {
	c.t.Helper()
	c.now = c.now.Add(time.Second)
	c.redeem(value, user)
}

// look is everything that the workspace has, but for its log.
func (c *changing) look() (all everything) {
	c.t.Helper()
	var errs [3]error
	ctx, workspace := c.t.Context(), c.actor.WorkspaceID
	all.Codes, errs[0] = c.s.Codes(ctx, &codes.CodeQuery{WorkspaceID: workspace, Limit: 1000, At: c.now})
	all.Redemptions, errs[1] = c.s.Redemptions(ctx, &codes.RedemptionQuery{WorkspaceID: workspace, Limit: 1000})
	all.Users, errs[2] = c.s.Users(ctx, &codes.UserQuery{WorkspaceID: workspace, Limit: 1000})
	for _, err := range errs {
		if err != nil {
			c.t.Fatal(err)
		}
	}
	return all
}

// stand counts redemptions that stand.
func (all *everything) stand() (count int64) {
	for i := range all.Redemptions {
		if all.Redemptions[i].Stands() {
			count++
		}
	}
	return count
}

// told counts the events of types.
func (c *changing) told(types ...event.Type) int {
	c.t.Helper()
	sequence(c.t, c.s)
	page, err := c.s.Events(c.t.Context(), &event.Query{Workspace: c.actor.WorkspaceID, Types: types, Limit: 1000})
	if err != nil {
		c.t.Fatal(err)
	}
	return len(page.Events)
}

// tryAndWork makes a dry run, then the change, which must do what that has said.
func (c *changing) tryAndWork(req bulk.NewChange, size int) bulk.Change {
	c.t.Helper()
	was := c.look()
	would, err := c.all.Try(c.t.Context(), c.actor, req)
	if err != nil || !would.Complete {
		c.t.Fatalf("Try: %+v, %v", would, err)
	}
	if diff := cmp.Diff(was, c.look()); diff != "" {
		c.t.Errorf("the dry run has changed:\n%s", diff)
	}
	c.create(req)
	done := c.work(size)
	if diff := cmp.Diff(would.Tally, done.Tally); diff != "" {
		c.t.Errorf("what it would do and what it did (-would +did):\n%s", diff)
	}
	return done
}

func testRollingBack(t *testing.T, c *changing) {
	c.addUsed(7, 23)
	ctx, services := t.Context(), c.services()
	_, err := services.RevokeCode(ctx, c.actor, "JOIN-004") // before the change
	if err == nil {
		_, err = services.PutUser(ctx, c.actor, "shared-5", codes.UserPremium) // which a rollback passes over
	}
	if err == nil {
		err = services.EraseUser(ctx, c.actor, "shared-6")
	}
	if err != nil {
		t.Fatal(err)
	}
	before := c.look()
	change := c.tryAndWork(rollback, 4)
	after := c.look()
	if change.RolledBack != 36 || change.People != 29 || change.Changed != 8 || total(change.Skipped) != 1 ||
		change.Skipped[bulk.SkipUnchanged] != 1 || after.stand() != 0 || len(after.Users) != 0 {
		t.Errorf("the change is %+v; %d redemptions stand, users %+v", change.Tally, after.stand(), after.Users)
	}
	if r := after.Redemptions[0]; r.RolledBackBy != c.actor.ID || r.Reason != "change "+change.ID.String() {
		t.Errorf("a redemption is %+v", r)
	}
	for i := range after.Codes {
		if code := &after.Codes[i]; code.Redemptions != 0 || code.RevokedAt == nil {
			t.Errorf("a code is %+v", code)
		}
	}
	if got := c.told(event.RedemptionRolledBack); got != 36 {
		t.Errorf("%d events of rollbacks", got)
	}
	c.undo(change.ID)
	undone := c.work(5)
	if undone.Undo.PutBack != 36 || undone.Undo.Changed != 8 || len(undone.Undo.Skipped) != 0 {
		t.Errorf("the undone change is %+v", undone.Undo)
	}
	if diff := cmp.Diff(before, c.look()); diff != "" {
		t.Errorf("what is not as it was (-was +is):\n%s", diff)
	}
	if restored, users := c.told(event.RedemptionRestored), c.told(event.UserChanged); restored != 36 || users != 2*35+1 {
		t.Errorf("%d events of redemptions, %d of users", restored, users)
	}
}

func testLaterOutside(t *testing.T, c *changing) {
	c.addUsed(4, 4)
	joins := rollback
	joins.Filter.Type = codes.TypeNormal
	done := c.tryAndWork(joins, 3)
	if done.RolledBack != 2 || done.Skipped[core.ReasonRollbackOutOfOrder] != 6 {
		t.Errorf("the change is %+v", done.Tally)
	}
	after := c.look()
	if len(after.Users) != 6 || after.stand() != 12 {
		t.Errorf("%d users, %d redemptions stand", len(after.Users), after.stand())
	}
}

func testUserSince(t *testing.T, c *changing) {
	c.addUsed(6, 4)
	change := c.tryAndWork(rollback, 100)
	services, ctx := c.services(), t.Context()
	c.add("NEW")
	c.redeemLater("NEW", "each-3") // is registered again
	_, err := services.RestoreCode(ctx, c.actor, "JOIN-004")
	if err == nil {
		_, err = services.PutUser(ctx, c.actor, "shared-3", codes.UserPremium)
	}
	if err == nil {
		err = services.EraseUser(ctx, c.actor, "each-5") // of whom only the redemption is left
	}
	if err != nil {
		t.Fatal(err)
	}
	c.redeemLater("JOIN-004", "another") // its only use
	before := c.look()
	c.undo(change.ID)
	undone := c.work(2)
	want := map[core.Reason]int64{
		bulk.SkipUserChangedSince: 3, core.ReasonCodeExhausted: 1, bulk.SkipChangedSince: 1,
	}
	if diff := cmp.Diff(want, undone.Undo.Skipped); diff != "" || undone.Undo.PutBack != 12 {
		t.Errorf("%d are put back; skipped (-want +got):\n%s", undone.Undo.PutBack, diff)
	}
	after := c.look()
	if after.stand() != before.stand()+12 || len(after.Users) != len(before.Users)+6 {
		t.Errorf("%d redemptions stand, of %d users", after.stand(), len(after.Users))
	}
}

func testRollbackSteps(t *testing.T, c *changing) {
	c.addUsed(5, 20)
	before := c.look()
	change := c.create(rollback)
	for c.find(change.ID).RolledBack < 9 {
		if _, err := c.step(4); err != nil {
			t.Fatal(err)
		}
	}
	if all := c.look(); all.stand() != before.stand()-c.find(change.ID).RolledBack {
		t.Errorf("%d redemptions stand", all.stand())
	}
	if _, err := c.all.Cancel(t.Context(), c.actor, change.ID); err != nil {
		t.Fatal(err)
	}
	c.undo(change.ID)
	if undone := c.work(3); undone.Undo.PutBack != undone.RolledBack || undone.Undo.Changed != 7 {
		t.Errorf("the undone change is %+v", undone.Undo)
	}
	if diff := cmp.Diff(before, c.look()); diff != "" {
		t.Errorf("what is not as it was (-was +is):\n%s", diff)
	}
}

func testFindRedemptions(t *testing.T, c *changing) {
	c.addUsed(3, 4)
	want := c.look().Redemptions
	var refs []codes.Ref
	for i := range want {
		refs = append(refs, codes.Ref{Canonical: core.Canonical(want[i].Code), ID: want[i].ID})
	}
	refs = append(refs, codes.Ref{Canonical: "SHARED", ID: newID(t)})
	got, err := c.s.FindRedemptions(t.Context(), c.actor.WorkspaceID, refs)
	slices.SortFunc(got, func(a, b codes.Redemption) int { return slices.Compare(b.ID[:], a.ID[:]) })
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	other := newChanging(t, c.s).actor.WorkspaceID
	for workspace, of := range map[core.ID][]codes.Ref{other: refs, c.actor.WorkspaceID: nil} {
		if got, err := c.s.FindRedemptions(t.Context(), workspace, of); err != nil || len(got) != 0 {
			t.Errorf("found %+v, %v", got, err)
		}
	}
}
