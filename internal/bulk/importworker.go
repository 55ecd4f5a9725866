package bulk

import (
	"context"
	"io"
	"time"

	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// ImportWorker ends imports whose node has died: their files came to that node alone. It implements
// [job.Worker].
type ImportWorker struct {
	jobs     job.Store
	now      func() time.Time
	recorder *event.Recorder
}

// NewImportWorker returns a worker over a store. entropy is a cryptographic source.
func NewImportWorker(jobs job.Store, now func() time.Time, entropy io.Reader) *ImportWorker {
	return &ImportWorker{jobs, now, event.NewRecorder(entropy)}
}

// Step implements [job.Worker].
func (w *ImportWorker) Step(ctx context.Context, lease job.Lease, _ job.Job, _ int) (job.Job, error) {
	return w.jobs.StepJob(ctx, lease, func(j *job.Job) ([]*event.Event, error) {
		at := w.now().UTC().Truncate(time.Microsecond)
		return endBroken(j, serverStopped, w.source(j), at)
	})
}

// Failed implements [job.Worker].
func (w *ImportWorker) Failed(j *job.Job) ([]*event.Event, error) {
	return endImport(j, job.Failed, j.Failure, w.source(j), *j.FinishedAt)
}

func (w *ImportWorker) source(j *job.Job) *event.Source {
	return w.recorder.Source(j.WorkspaceID, event.System(), 0)
}
