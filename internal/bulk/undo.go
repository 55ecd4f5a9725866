package bulk

import (
	"context"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// undo makes a step of taking a change back.
func (w *ChangeWorker) undo(ctx context.Context, lease job.Lease, c *Change, size int) (job.Job, error) {
	items, err := w.lastItems(ctx, c, size)
	if err != nil {
		return c.Job, err
	}
	users, err := w.usersOf(ctx, c, items)
	if err != nil {
		return c.Job, err
	}
	at, source := w.now().UTC().Truncate(time.Microsecond), w.recorder.Source(c.WorkspaceID, c.Undo.Actor, 0)
	commands, reversals := make([]*codes.Command, len(items)), make([]reversal, len(items))
	for i := range items {
		if reversals[i], err = reversalOf(&items[i], users); err != nil {
			return c.Job, err
		}
		commands[i] = reversals[i].command(&items[i], at, source)
	}
	return w.store.StepChange(ctx, lease, commands,
		func(j *job.Job, results []codes.Result, _ Ledger) ([]*event.Event, error) {
			if j.Cursor != c.Cursor {
				return nil, errMoved
			}
			return w.finishUndo(j, reversals, results)
		})
}

// lastItems returns the next items to undo, the last of those that are left first: so a redemption is
// put back after those of its user that were made before.
func (w *ChangeWorker) lastItems(ctx context.Context, c *Change, size int) ([]ChangeItem, error) {
	left := c.Items - c.Undo.Next
	from := max(0, left-int64(min(size, mostAtOnce)))
	items, err := w.store.ChangeItems(ctx, c.WorkspaceID, c.ID, from, int(left-from))
	if err != nil {
		return nil, err
	}
	if int64(len(items)) != left-from || left > from && items[0].Number != from {
		return nil, core.Conflict(core.ReasonChangeNotUndoable,
			"the time to undo this change is over, and what was needed for it is deleted")
	}
	slices.Reverse(items)
	if len(items) > 0 {
		rollback, err := items[0].rollback()
		if err != nil {
			return nil, err
		}
		if rollback != nil { // and so are most of the others
			items = items[:min(len(items), ofRollbacks(size))]
		}
	}
	return items, nil
}

// finishUndo moves a change behind the items that a step has taken back.
func (w *ChangeWorker) finishUndo(
	j *job.Job, reversals []reversal, results []codes.Result,
) ([]*event.Event, error) {
	c, err := changeOf(*j)
	if err != nil {
		return nil, err
	}
	for i, r := range reversals {
		r.count(c.Undo, &results[i])
	}
	c.Undo.Next += int64(len(reversals))
	c.Failures = 0
	var events []*event.Event
	if err = c.store(); err == nil && c.Undo.Next >= c.Items {
		c.End(job.Succeeded, w.now().UTC().Truncate(time.Microsecond))
		events, err = w.ended(&c, c.Undo.Actor)
	}
	*j = c.Job
	return events, err
}
