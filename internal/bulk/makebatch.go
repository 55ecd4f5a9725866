package bulk

import (
	"context"
	"fmt"
	"io"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// BatchWorker makes the codes of batches. It implements [job.Worker]. The runner makes one step at a
// time.
type BatchWorker struct {
	store    Store
	source   Source
	now      func() time.Time
	recorder *event.Recorder
	checked  core.Format // the last format that was found to have values: finding out takes as long as a step
}

// NewBatchWorker returns a worker over a store. entropy is a cryptographic source.
func NewBatchWorker(store Store, source Source, now func() time.Time, entropy io.Reader) *BatchWorker {
	return &BatchWorker{store: store, source: source, now: now, recorder: event.NewRecorder(entropy)}
}

// Step implements [job.Worker]. The number of codes that are done is the cursor.
func (w *BatchWorker) Step(ctx context.Context, lease job.Lease, j job.Job, size int) (job.Job, error) {
	b, err := batchOf(j)
	if err != nil {
		return j, err
	}
	if err := w.checkSpace(b.Format); err != nil {
		return j, err
	}
	now := w.now().UTC().Truncate(time.Microsecond)
	from, count := b.Done, min(int64(size), b.Count-b.Done)
	step := &BatchStep{
		Template: b.code(now), Values: w.source.Values(b.Format), Format: b.Format,
		Change: func(j *job.Job) ([]*event.Event, error) { return w.advance(j, from, count, now) },
	}
	if err := step.draw(from, count); err != nil {
		return j, err
	}
	return w.store.MakeBatchCodes(ctx, lease, step)
}

// checkSpace refuses a format without values, in which one would be drawn for ever: since the batch was
// asked for, the node may have started with another list of words.
//
// Errors: KindConflict with ReasonCodeSpaceExhausted.
func (w *BatchWorker) checkSpace(format core.Format) error {
	if format == w.checked {
		return nil
	}
	if w.source.Space(format).Sign() == 0 {
		return core.ConflictOf(core.ReasonCodeSpaceExhausted, allValuesWords.With("format", format))
	}
	w.checked = format
	return nil
}

// advance moves a job over the codes of a step.
func (w *BatchWorker) advance(j *job.Job, from, count int64, now time.Time) ([]*event.Event, error) {
	if j.Done != from {
		return nil, fmt.Errorf("the step begins at %d, the batch is at %d", from, j.Done)
	}
	j.Failures = 0
	if j.Done += count; j.Done < j.Total {
		return nil, nil
	}
	j.End(job.Succeeded, now)
	return w.ended(j, event.BatchCompleted)
}

// Failed implements [job.Worker].
func (w *BatchWorker) Failed(j *job.Job) ([]*event.Event, error) {
	return w.ended(j, event.BatchFailed)
}

func (w *BatchWorker) ended(j *job.Job, t event.Type) ([]*event.Event, error) {
	b, err := batchOf(*j)
	if err != nil {
		return nil, err
	}
	return b.event(w.recorder.Source(j.WorkspaceID, event.System(), 0), t, *j.FinishedAt)
}
