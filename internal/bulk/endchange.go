package bulk

import (
	"bytes"
	"context"
	"errors"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// Cancel stops a change, or its undoing. What is done stays done. Canceling twice changes nothing.
//
// Errors: KindNotFound with ReasonChangeNotFound; KindConflict with ReasonChangeFinished;
// KindUnavailable.
func (s *Changes) Cancel(ctx context.Context, actor *core.Actor, id core.ID) (Change, error) {
	source, now := s.recorder.Of(actor), s.now()
	return s.alter(ctx, actor, id, func(c *Change) ([]*event.Event, error) {
		switch {
		case c.Status == job.Canceled:
			return nil, nil
		case c.IsEnded():
			return nil, core.Conflict(core.ReasonChangeFinished, "this change has ended: "+string(c.State()))
		}
		c.End(job.Canceled, now)
		return c.ended(source)
	})
}

// Undo takes a change back, field by field: what still has the value that the change gave it. An
// undoing that was stopped goes on. Undoing twice changes nothing.
//
// Errors: KindNotFound with ReasonChangeNotFound; KindConflict with ReasonChangeUnfinished or
// ReasonChangeNotUndoable; KindUnavailable.
func (s *Changes) Undo(ctx context.Context, actor *core.Actor, id core.ID) (Change, error) {
	now := s.now()
	c, err := s.alter(ctx, actor, id, func(c *Change) ([]*event.Event, error) {
		switch {
		case c.State() == Undoing || c.State() == Undone:
			return nil, nil
		case !c.IsEnded():
			return nil, core.Conflict(core.ReasonChangeUnfinished, "this change is still under way; cancel it first")
		case !now.Before(c.CreatedAt.Add(UndoLife)):
			return nil, core.Conflict(core.ReasonChangeNotUndoable, "a change can be undone within 30 days")
		}
		if c.Undo == nil {
			c.Undo = &undoState{}
		}
		c.Undo.Actor = event.Actor{Kind: actor.Kind, ID: actor.ID, Name: actor.Name}
		c.Status, c.FinishedAt, c.Failure, c.FailureSaid, c.Failures = job.Queued, nil, "", "", 0
		return nil, c.store()
	})
	if err == nil {
		s.Wake()
	}
	return c, err
}

// alter alters a change in one transaction.
func (s *Changes) alter(
	ctx context.Context, actor *core.Actor, id core.ID, alter func(*Change) ([]*event.Event, error),
) (Change, error) {
	j, err := s.Jobs.ChangeJob(ctx, actor.WorkspaceID, id, KindChange, func(j *job.Job) ([]*event.Event, error) {
		c, err := changeOf(*j)
		if err != nil {
			return nil, err
		}
		events, err := alter(&c)
		*j = c.Job
		return events, err
	})
	if errors.Is(err, core.ErrNotFound) {
		return Change{}, ChangeNotFound()
	}
	if err != nil {
		return Change{}, err
	}
	return changeOf(j)
}

// pruneAge is how long after its request what is kept of a change is deleted: an undoing that was
// asked for at the last moment has a day.
const pruneAge = UndoLife + 24*time.Hour

// Prune deletes what is kept of changes that can no longer be undone, and what others needed only until
// they ended. It returns when nothing is left. The jobs stay: they are what lists show, and what a retry
// is answered with.
func (s *Changes) Prune(ctx context.Context) error {
	if err := s.forgetEnded(ctx); err != nil {
		return err
	}
	below := core.FirstID(s.now().Add(-pruneAge))
	for {
		pruned, err := s.Store.PruneChanges(ctx, below)
		if err != nil || pruned == 0 {
			return err
		}
	}
}

// listLife is how long a list of codes waits for its change, which is stored after it.
const listLife = time.Hour

// forgetEnded deletes the people and listed codes of changes that have ended, and lists of which the
// change was refused: some at a time, because there may be a million.
func (s *Changes) forgetEnded(ctx context.Context) error {
	for settled, after := core.FirstID(s.now().Add(-listLife)), (core.ID{}); ; {
		workspace, change, err := s.Store.Unforgotten(ctx, after)
		if errors.Is(err, core.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		j, err := s.Jobs.Job(ctx, workspace, change, KindChange)
		isOver := j.IsEnded()
		if errors.Is(err, core.ErrNotFound) {
			isOver, err = bytes.Compare(change[:], settled[:]) < 0, nil
		}
		if err == nil && isOver {
			err = s.forget(ctx, workspace, change)
		}
		if err != nil {
			return err
		}
		after = change
	}
}

func (s *Changes) forget(ctx context.Context, workspace, change core.ID) error {
	for {
		if count, err := s.Store.ForgetChange(ctx, workspace, change); err != nil || count == 0 {
			return err
		}
	}
}
