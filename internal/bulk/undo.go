package bulk

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// undo makes a step of taking a change back.
func (w *ChangeWorker) undo(ctx context.Context, lease job.Lease, c *Change, size int) (job.Job, error) {
	items, err := w.store.ChangeItems(ctx, c.WorkspaceID, c.ID, c.Undo.Next, size)
	if err != nil {
		return c.Job, err
	}
	at := w.now().UTC().Truncate(time.Microsecond)
	commands, reversals := make([]*codes.Command, len(items)), make([]*codes.Reversal, len(items))
	for i := range items {
		if reversals[i], err = reversalOf(&items[i]); err != nil {
			return c.Job, err
		}
		commands[i] = reversals[i].Command(c.WorkspaceID, items[i].Canonical, at)
	}
	return w.store.StepChange(ctx, lease, commands,
		func(j *job.Job, results []codes.Result, ledger Ledger) ([]*event.Event, error) {
			if j.Cursor != c.Cursor {
				return nil, errMoved
			}
			return w.finishUndo(j, reversals, results, ledger)
		})
}

func reversalOf(item *ChangeItem) (*codes.Reversal, error) {
	r := new(codes.Reversal)
	if _, err := decodeFields(item.Was, &r.Was); err != nil {
		return nil, err
	}
	names, err := decodeFields(item.Is, &r.Is)
	r.Fields = names
	return r, err
}

// finishUndo moves a change behind the items that a step has taken back.
func (w *ChangeWorker) finishUndo(
	j *job.Job, reversals []*codes.Reversal, results []codes.Result, ledger Ledger,
) ([]*event.Event, error) {
	c, err := changeOf(*j)
	if err != nil {
		return nil, err
	}
	for i, r := range reversals {
		c.Undo.count(r, &results[i])
	}
	c.Undo.Next += int64(len(reversals))
	c.Failures = 0
	var events []*event.Event
	if err = c.store(); err == nil && c.Undo.Next >= c.Items {
		c.End(job.Succeeded, w.now().UTC().Truncate(time.Microsecond))
		events, err = w.ended(&c, ledger, c.Undo.Actor)
	}
	*j = c.Job
	return events, err
}

// count counts what became of one code. A code can be changed in some fields and passed over in
// others.
func (u *undoState) count(r *codes.Reversal, result *codes.Result) {
	if result.Err != nil {
		u.skip(core.AsError(result.Err).Reason)
		return
	}
	if r.Changed {
		u.Changed++
	}
	if len(r.Left) > 0 {
		u.skip(SkipChangedSince)
	}
	if r.Refused != nil {
		u.skip(core.AsError(r.Refused).Reason)
	}
}
