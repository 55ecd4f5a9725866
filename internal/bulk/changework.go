package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
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
	next, err := p.plan(ctx, size)
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
	items, err := c.take(results, done.missing)
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
	c.Place, c.Failures = done.next, 0
	c.Done += done.looked
	var events []*event.Event
	if err = c.store(); err == nil && done.isLast {
		c.End(job.Succeeded, w.now().UTC().Truncate(time.Microsecond))
		events, err = w.ended(&c, ledger, c.Actor)
	}
	*j = c.Job
	return events, err
}

// ended ends a change, or its undoing, which somebody has asked for.
func (w *ChangeWorker) ended(c *Change, ledger Ledger, by event.Actor) ([]*event.Event, error) {
	if err := ledger.Forget(); err != nil {
		return nil, err
	}
	return c.ended(w.recorder.Source(c.WorkspaceID, by, false))
}

// Failed implements [job.Worker].
func (w *ChangeWorker) Failed(j *job.Job) ([]*event.Event, error) {
	c, err := changeOf(*j)
	if err != nil {
		return nil, err
	}
	events, err := c.ended(w.recorder.Source(j.WorkspaceID, event.System(), false))
	*j = c.Job
	return events, err
}

// take counts the outcomes of commands and returns the items to store.
func (c *Change) take(results []codes.Result, missing int64) (items []ChangeItem, err error) {
	for range missing {
		c.skip(core.ReasonCodeNotFound)
	}
	for i := range results {
		result := &results[i]
		if !c.count(result) {
			continue
		}
		item, err := itemOf(result.Before, result.Code)
		if err != nil {
			return nil, err
		}
		item.WorkspaceID, item.ChangeID, item.Number = c.WorkspaceID, c.ID, c.Items
		c.Items++
		items = append(items, item)
	}
	return items, nil
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

// itemOf returns what has changed of a code.
func itemOf(before, after *codes.Code) (item ChangeItem, err error) {
	names := codes.Differing(before, after)
	item.Canonical = before.Form()
	if item.Was, err = encodeFields(before, names); err == nil {
		item.Is, err = encodeFields(after, names)
	}
	return item, err
}

// encodeFields writes fields of a code as JSON.
func encodeFields(c *codes.Code, names []string) (string, error) {
	values := map[string]any{}
	for i := range codes.Fields() {
		if f := &codes.Fields()[i]; slices.Contains(names, f.Name) {
			values[f.Name] = f.Of(c)
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		return "", fmt.Errorf("write how a code was: %w", err)
	}
	return string(text), nil
}

// decodeFields reads what encodeFields writes.
func decodeFields(text string, c *codes.Code) (names []string, err error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, fmt.Errorf("read how a code was: %w", err)
	}
	for i := range codes.Fields() {
		f := &codes.Fields()[i]
		value, there := values[f.Name]
		if !there || !f.Changes {
			continue
		}
		if err := json.Unmarshal(value, f.Of(c)); err != nil {
			return nil, fmt.Errorf("read how a code was: %w", err)
		}
		names = append(names, f.Name)
	}
	return names, nil
}
