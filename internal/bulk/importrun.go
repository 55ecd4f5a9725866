package bulk

import (
	"context"
	"errors"
	"io"
	"time"

	"accesscodes/internal/bulk/upload"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// importRun is an import under way. One goroutine reads the file, the one of the request stores lines.
type importRun struct {
	*Imports
	req     *NewImport
	actor   *core.Actor
	lease   job.Lease
	i       Import // as it is stored
	source  *event.Source
	pace    *job.Pace
	feed    *feed
	notes   []core.Said
	checked time.Time // when the actor was
	tried   triedCodes
}

func (r *importRun) run(ctx context.Context) (Import, error) {
	// The work goes on when the sender has gone: what has arrived is stored, and the end is noted.
	ctx = context.WithoutCancel(ctx)
	if r.i.Steps > 0 {
		if err := r.forgetRejected(ctx); err != nil {
			return r.i, r.abandon(ctx, err)
		}
	}
	r.checked = time.Now()
	r.feed = newFeed(r.req.Body, &r.i.ImportSpec, func(value string) (string, bool, error) {
		return r.Forms(ctx, r.actor, value)
	})
	go r.feed.run()
	end, err := r.work(ctx)
	r.feed.stop(r.req.Interrupt)
	switch {
	case errors.Is(err, job.ErrLeaseLost):
		return r.lost(ctx)
	case err != nil:
		return r.i, r.abandon(ctx, err)
	case errors.Is(end, io.EOF) || r.i.Reason != "":
		return r.i, r.i.fault()
	case core.AsError(end).Kind != core.KindInternal:
		return r.i, r.about(end)
	default:
		return r.i, &BrokenUpload{end}
	}
}

// forgetRejected deletes what an earlier try has kept.
func (r *importRun) forgetRejected(ctx context.Context) error {
	for {
		if count, err := r.Store.ForgetRejected(ctx, r.i.WorkspaceID, r.i.ID); err != nil || count == 0 {
			return err
		}
	}
}

// work stores lines until the file ends, or something else does.
func (r *importRun) work(ctx context.Context) (end, err error) {
	for {
		lines, end, err := r.collect(ctx)
		if err == nil {
			err = r.check(ctx)
		}
		if err != nil {
			return nil, err
		}
		start := time.Now()
		if r.i.Atomic {
			err = r.stepAtomic(ctx, lines, end)
		} else {
			err = r.step(ctx, r.set(lines), end)
		}
		if err != nil || end != nil {
			return end, err
		}
		took := time.Since(start)
		r.pace.Took(took)
		r.pace.GiveWay(took, func(d time.Duration) { <-time.After(d) })
	}
}

// collect gathers the lines of a step. An atomic import has one.
func (r *importRun) collect(ctx context.Context) (lines []*importLine, end, err error) {
	size, most := r.pace.Size(), setBytes
	if r.i.Atomic {
		size, most = MaxAtomicLines+1, maxAtomicBytes
	}
	beat := time.NewTicker(importBeat)
	defer beat.Stop()
	var old <-chan time.Time
	for bytes := 0; len(lines) < size && bytes < most; {
		select {
		case next := <-r.feed.chunks:
			lines = append(lines, next.lines...)
			if bytes += next.bytes; next.end != nil {
				r.notes = next.notes
				return lines, r.limited(len(lines), bytes, next.end), nil
			}
			if old == nil && !r.i.Atomic {
				old = time.After(setAge)
			}
		case <-old:
			return lines, nil, nil
		case <-beat.C:
			if err := r.renew(ctx); err != nil {
				return nil, nil, err
			}
		}
	}
	return lines, r.limited(len(lines), 0, nil), nil
}

// limited is what ends the lines of an atomic import: there may be too many.
func (r *importRun) limited(lines, bytes int, end error) error {
	if r.i.Atomic && (end == nil || lines > MaxAtomicLines || bytes > maxAtomicBytes) {
		return &upload.FileError{
			Reason: upload.FileTooLarge, Said: atomicTooLarge.With("lines", MaxAtomicLines, "mib", maxAtomicBytes>>20),
		}
	}
	return end
}

// renew keeps the lease while nothing arrives, and finds out that the import was canceled.
func (r *importRun) renew(ctx context.Context) error {
	_, err := r.Jobs.StepJob(ctx, r.lease, func(*job.Job) ([]*event.Event, error) { return nil, nil })
	if core.IsKind(err, core.KindUnavailable) || core.HasReason(err, core.ReasonOutcomeUnknown) { // a step will tell
		err = nil
	}
	if err != nil {
		return err
	}
	return r.check(ctx)
}

// check asks now and then whether the actor may still do this.
func (r *importRun) check(ctx context.Context) error {
	if time.Since(r.checked) < importBeat {
		return nil
	}
	r.checked = time.Now()
	if err := r.req.Check(ctx); !core.IsKind(err, core.KindUnavailable) {
		return err
	}
	return nil
}

// set makes the set of a step.
func (r *importRun) set(lines []*importLine) *ImportSet {
	now := r.Now()
	return &ImportSet{
		lines: lines, spec: &r.i.ImportSpec, place: r.i.Made, at: now, tells: r.actor.May(core.PermissionRead),
		template: codes.Code{
			WorkspaceID: r.i.WorkspaceID, BatchID: r.i.BatchID(), CreatedAt: now, CreatedBy: r.i.Actor.ID,
		},
	}
}

// step stores a set, or says what would become of it.
func (r *importRun) step(ctx context.Context, set *ImportSet, end error) error {
	stored := set
	if r.i.DryRun {
		if err := r.try(ctx, set); err != nil {
			return err
		}
		stored = new(ImportSet) // nothing
	}
	return r.save(ctx, stored, func(j *job.Job, results []codes.Result, rejects Rejects) ([]*event.Event, error) {
		if stored.take(results) {
			return nil, errGone
		}
		return r.finish(j, set, end, rejects)
	})
}

// stepAtomic stores all lines, or none.
func (r *importRun) stepAtomic(ctx context.Context, lines []*importLine, end error) error {
	set := r.set(lines)
	if r.i.DryRun || !errors.Is(end, io.EOF) || set.count().Rejected > 0 {
		if errors.Is(end, io.EOF) {
			if err := r.try(ctx, set); err != nil { // so that all mistakes are told
				return err
			}
		}
		return r.endAtomic(ctx, set, end)
	}
	err := r.save(ctx, set, func(j *job.Job, results []codes.Result, rejects Rejects) ([]*event.Event, error) {
		switch {
		case set.take(results):
			return nil, errGone
		case set.count().Rejected > 0:
			return nil, errNotWhole
		}
		return r.finish(j, set, end, rejects)
	})
	if errors.Is(err, errNotWhole) {
		return r.endAtomic(ctx, set, end)
	}
	return err
}

// endAtomic ends an atomic import that stores nothing.
func (r *importRun) endAtomic(ctx context.Context, set *ImportSet, end error) error {
	return r.save(ctx, new(ImportSet), func(j *job.Job, _ []codes.Result, rejects Rejects) ([]*event.Event, error) {
		return r.finish(j, set, end, rejects)
	})
}

var (
	errGone     = errors.New("a code was deleted meanwhile")
	errNotWhole = errors.New("a line of an atomic import is rejected")
)

// Limits of a step that fails.
const (
	savePatience = 20 * time.Second // with a store that is away
	savePause    = 200 * time.Millisecond
	saveTime     = 15 * time.Second // of one try
)

// save makes a step, and tries again what may succeed then.
func (r *importRun) save(ctx context.Context, set *ImportSet, finish FinishImport) error {
	for begin := time.Now(); ; {
		limited, cancel := context.WithTimeout(ctx, saveTime)
		j, err := r.Store.StoreImport(limited, r.lease, set, finish)
		cancel()
		if core.HasReason(err, core.ReasonOutcomeUnknown) {
			j, err = r.outcome(ctx, err)
		}
		switch {
		case err == nil:
			r.i, err = importOf(j)
			return err
		case !errors.Is(err, errGone) && !core.IsKind(err, core.KindUnavailable), time.Since(begin) > savePatience:
			return err
		case !errors.Is(err, errGone):
			<-time.After(savePause)
		}
	}
}

// outcome finds out whether a step was made of which that is unknown.
func (r *importRun) outcome(ctx context.Context, unknown error) (job.Job, error) {
	j, err := r.Jobs.Job(ctx, r.i.WorkspaceID, r.i.ID, importKinds...)
	if err != nil {
		return j, unknown
	}
	now, err := importOf(j)
	if err == nil && now.Steps == r.i.Steps {
		err = core.Unavailable(unknown) // nothing was done
	}
	return j, err
}
