package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

func testDeletingMany(t *testing.T, newStore Factory) {
	t.Run("an undo restores exactly what was there", func(t *testing.T) {
		testUndeletion(t, newChanging(t, open(t, newStore)))
	})
	t.Run("a value that was taken since stays", func(t *testing.T) {
		testTakenSince(t, newChanging(t, open(t, newStore)))
	})
	t.Run("a retry stays one", func(t *testing.T) { testDeletedRetry(t, newChanging(t, open(t, newStore))) })
	t.Run("what is kept has its time", func(t *testing.T) { testUndeletionTime(t, newChanging(t, open(t, newStore))) })
}

var deletion = bulk.NewChange{Filter: normalCodes, Do: codes.Act{Delete: true}}

// requireNone requires that there are no codes with these values.
func (c *changing) requireNone(values ...string) {
	c.t.Helper()
	for _, value := range values {
		code, err := c.s.Code(c.t.Context(), c.actor.WorkspaceID, core.Canonical(value), c.now)
		if !errors.Is(err, core.ErrNotFound) {
			c.t.Errorf("%s is %+v, %v", value, code, err)
		}
	}
}

func testUndeletion(t *testing.T, c *changing) {
	values := numbered(12)
	c.add(values...)
	full := newCode(c.actor.WorkspaceID, "Full é-1")
	full.CreatedAt = now.Add(-time.Hour)
	full.StartsAt, full.ExpiresAt, full.RevokedAt = new(now), new(now.Add(time.Hour)), new(now.Add(time.Microsecond))
	full.Recipient, full.BatchID, full.BatchIndex = `"ada" <a@example.com>`, newID(t), new(int64(4711))
	insert(t, c.s, full)
	c.redeem("CODE-002", "ada")
	hold := codes.ReserveRequest{Code: "CODE-003", UserID: "bob"}
	if _, err := c.services().Reserve(t.Context(), c.actor, hold); err != nil {
		t.Fatal(err)
	}
	values = append(values, "Full é-1")
	before := c.codes(values...)
	would, err := c.all.Try(t.Context(), c.actor, deletion)
	if err != nil || !would.Complete {
		t.Fatalf("Try: %+v, %v", would, err)
	}
	c.requireCodes(before)
	change := c.create(deletion)
	done := c.work(5)
	if diff := cmp.Diff(would.Tally, done.Tally); diff != "" {
		t.Errorf("what it would do and what it did (-would +did):\n%s", diff)
	}
	if done.Changed != 11 || done.Skipped[core.ReasonCodeInUse] != 2 || done.Does() != "delete" {
		t.Errorf("the change is %+v", done)
	}
	c.requireNone(append(values[4:], "CODE-000", "CODE-001")...)
	c.requireCodes(before[2:4])
	c.undo(change.ID)
	if undone := c.work(4); undone.Undo.Changed != 11 || len(undone.Undo.Skipped) != 0 {
		t.Errorf("the undone change is %+v", undone.Undo)
	}
	c.requireCodes(before)
	c.redeem("CODE-007", "eve") // as if nothing had happened
	if err := c.services().DeleteCode(t.Context(), c.actor, "CODE-008"); err != nil {
		t.Error(err)
	}
}

func testTakenSince(t *testing.T, c *changing) {
	before := c.add(numbered(5)...)
	other := newChanging(t, c.s)
	change := c.create(deletion)
	c.work(100)
	foreign, mine := other.add("CODE001"), c.add("code-003")
	c.undo(change.ID)
	undone := c.work(2)
	want := map[core.Reason]int64{core.ReasonCodeAlreadyExists: 2}
	if diff := cmp.Diff(want, undone.Undo.Skipped); diff != "" || undone.Undo.Changed != 3 {
		t.Errorf("%d changed; skipped (-want +got):\n%s", undone.Undo.Changed, diff)
	}
	other.requireCodes(foreign)
	c.requireNone("CODE-001")
	c.requireCodes([]codes.Code{before[0], before[2], mine[0], before[4]})
}

func testDeletedRetry(t *testing.T, c *changing) {
	marked, plain := newCode(c.actor.WorkspaceID, "MARKED"), newCode(c.actor.WorkspaceID, "PLAIN")
	marked.Retry = codes.Retry{Key: [16]byte{1, 15: 2}, Fingerprint: [16]byte{3}}
	insert(t, c.s, marked, plain)
	change := c.create(deletion)
	c.work(1)
	retry := func() codes.InsertResult {
		late := newCode(c.actor.WorkspaceID, "LATE")
		late.Retry = marked.Retry
		return insert(t, c.s, late)[0]
	}
	if got := retry(); got.Outcome != codes.RetryKeyUsed || !got.Existing.Deleted {
		t.Errorf("a retry after the deletion: %+v", got)
	}
	c.requireNone("MARKED", "PLAIN", "LATE")
	c.undo(change.ID)
	c.work(1)
	want := codes.RetriedCode{Code: marked.Code, Retry: marked.Retry}
	if got := retry(); got.Outcome != codes.RetryKeyUsed || cmp.Diff(want, *got.Existing) != "" {
		t.Errorf("a retry after the undoing: %+v, %+v", got, got.Existing)
	}
	found, err := c.s.CodeByRetryKey(t.Context(), c.actor.WorkspaceID, marked.Retry.Key, c.now)
	if err != nil || cmp.Diff(want, *found) != "" {
		t.Errorf("by its key: %+v, %v", found, err)
	}
	if err := c.services().DeleteCode(t.Context(), c.actor, "MARKED"); err != nil {
		t.Fatal(err)
	}
	if got := retry(); got.Outcome != codes.RetryKeyUsed || !got.Existing.Deleted {
		t.Errorf("a retry after another deletion: %+v", got)
	}
}

// testUndeletionTime: an undoing that has not come to its end when its time is over fails, and says why.
func testUndeletionTime(t *testing.T, c *changing) {
	c.add(numbered(3)...)
	change := c.create(deletion)
	c.work(100)
	c.undo(change.ID)
	c.now = time.Now().AddDate(0, 0, 32) // ids of changes tell when they were made, by the real clock
	if err := c.all.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.step(10); !core.HasReason(err, core.ReasonChangeNotUndoable) {
		t.Errorf("error %v", err)
	}
	kept, err := c.s.ChangeItems(t.Context(), c.actor.WorkspaceID, change.ID, 0, 10)
	if err != nil || len(kept) != 0 {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if got := c.find(change.ID); got.Status != job.Running {
		t.Errorf("the runner decides what becomes of it, but it is %+v", got)
	}
}
