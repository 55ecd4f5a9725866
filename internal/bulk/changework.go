package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// ChangeWorker makes changes, and takes them back. It implements [job.Worker]. The runner makes one
// step at a time.
type ChangeWorker struct {
	reads    ChangeReads
	store    ChangeStore
	now      func() time.Time
	recorder *event.Recorder
	listOf   core.ID // the change whose list is kept
	list     []string
}

// NewChangeWorker returns a worker over stores. entropy is a cryptographic source.
func NewChangeWorker(reads ChangeReads, store ChangeStore, now func() time.Time, entropy io.Reader) *ChangeWorker {
	return &ChangeWorker{reads: reads, store: store, now: now, recorder: event.NewRecorder(entropy)}
}

// mostAtOnce is how many codes or items are read by name or number in one step, whatever they hold.
const mostAtOnce = 1000

// Step implements [job.Worker].
func (w *ChangeWorker) Step(ctx context.Context, lease job.Lease, j job.Job, size int) (job.Job, error) {
	c, err := changeOf(j)
	if err != nil {
		return j, err
	}
	if c.Undo != nil {
		return w.undo(ctx, lease, &c, size)
	}
	p := planner{store: w.reads, c: &c, at: w.now().UTC().Truncate(time.Microsecond)}
	if p.list, err = w.listedCodes(ctx, &c); err != nil {
		return j, err
	}
	next, err := w.plan(ctx, &p, size)
	if err != nil {
		return j, err
	}
	return w.store.StepChange(ctx, lease, next.commands,
		func(j *job.Job, results []codes.Result, ledger Ledger) ([]*event.Event, error) {
			if j.Cursor != c.Cursor {
				return nil, errMoved
			}
			return w.finish(j, next, results, ledger)
		})
}

// plan returns the next part of a change.
func (w *ChangeWorker) plan(ctx context.Context, p *planner, size int) (*part, error) {
	if p.c.Place.Rolling == nil {
		return p.plan(ctx, size)
	}
	at := p.c.Place.Rolling
	items, err := w.store.ChangeItems(ctx, p.c.WorkspaceID, p.c.ID, at.Next, at.limit(size))
	if err != nil {
		return nil, err
	}
	return p.planRollbacks(ctx, items, ofRollbacks(size), w.recorder.Source(p.c.WorkspaceID, p.c.Actor, 0))
}

// errMoved ends a step that was planned for another place.
var errMoved = errors.New("the job is at another place than the step")

// listedCodes returns the list of the codes that a change is about.
func (w *ChangeWorker) listedCodes(ctx context.Context, c *Change) ([]string, error) {
	if !c.Listed || w.listOf == c.ID {
		return w.list, nil
	}
	text, err := w.store.ListedCodes(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return nil, fmt.Errorf("read the codes of the change %s: %w", c.ID, err)
	}
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read the codes of the change %s: %w", c.ID, err)
	}
	w.listOf, w.list = c.ID, list
	return list, nil
}

// finish stores what a part of a change has done, and moves the change behind it.
func (w *ChangeWorker) finish(
	j *job.Job, done *part, results []codes.Result, ledger Ledger,
) ([]*event.Event, error) {
	c, err := changeOf(*j)
	if err != nil {
		return nil, err
	}
	c.Place = done.next.clone() // this may be a second call
	items, err := c.takeAll(results, done)
	if err != nil {
		return nil, err
	}
	if err := ledger.Add(items); err != nil {
		return nil, err
	}
	added, err := ledger.Count(done.people)
	if err != nil {
		return nil, err
	}
	c.People += added
	c.Failures = 0
	c.Done += done.looked
	isLast := done.isLast && !c.goesOn()
	var events []*event.Event
	if err = c.store(); err == nil && isLast {
		c.End(job.Succeeded, w.now().UTC().Truncate(time.Microsecond))
		events, err = w.ended(&c, c.Actor)
	}
	*j = c.Job
	return events, err
}

// ended ends a change, or its undoing, which somebody has asked for.
func (w *ChangeWorker) ended(c *Change, by event.Actor) ([]*event.Event, error) {
	return c.ended(w.recorder.Source(c.WorkspaceID, by, 0))
}

// Failed implements [job.Worker].
func (w *ChangeWorker) Failed(j *job.Job) ([]*event.Event, error) {
	c, err := changeOf(*j)
	if err != nil {
		return nil, err
	}
	events, err := c.ended(w.recorder.Source(j.WorkspaceID, event.System(), 0))
	*j = c.Job
	return events, err
}

// takeAll counts what a part has done and returns the items to store.
func (c *Change) takeAll(results []codes.Result, done *part) ([]ChangeItem, error) {
	if done.rollbacks != nil {
		return c.takeRollbacks(results, done.rollbacks)
	}
	return c.take(results, done.missing)
}

// take counts the outcomes of commands and returns the items to store.
func (c *Change) take(results []codes.Result, missing int64) (items []ChangeItem, err error) {
	for range missing {
		c.skip(core.ReasonCodeNotFound)
	}
	for i := range results {
		result := &results[i]
		if !c.count(result) && !c.rollsBackLater(result) {
			continue
		}
		item, err := c.itemOf(result)
		if err != nil {
			return nil, err
		}
		items = append(items, c.numbered(item))
	}
	return items, nil
}

// numbered gives an item its number.
func (c *Change) numbered(item ChangeItem) ChangeItem {
	item.WorkspaceID, item.ChangeID, item.Number = c.WorkspaceID, c.ID, c.Items
	c.Items++
	return item
}

// count counts the outcome of a command, and reports whether a code was changed.
func (t *Tally) count(result *codes.Result) bool {
	if errors.Is(result.Err, codes.ErrNotSelected) {
		return false
	}
	t.Matched++
	switch {
	case result.Err != nil:
		t.skip(core.AsError(result.Err).Reason)
	case result.Replayed:
		t.skip(SkipUnchanged)
	default:
		t.Changed++
		if len(t.Sample) < sampleSize {
			t.Sample = append(t.Sample, result.Before.Value)
		}
		return true
	}
	return false
}
