package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// Deps is what [NewBatches] needs from outside.
type Deps struct {
	Store   Store
	Jobs    job.Store
	Source  Source
	Taken   func(ctx context.Context, canonicals []string) ([]bool, error) // see [codes.CodeStore]
	Before  Predecessors
	Now     func() time.Time
	Entropy io.Reader // a cryptographic source
	NewID   func() (core.ID, error)
	Wake    func() // tells the runner that there is a new job
}

// Batches makes batches and looks them up. It is safe for concurrent use.
//
// An actor who may read sees every batch of the workspace, any other its own and those of the keys that
// its key has replaced.
type Batches struct {
	deps     Deps
	recorder *event.Recorder
	sight    sight
}

// NewBatches returns the service.
func NewBatches(deps Deps) *Batches {
	return &Batches{
		deps: deps, recorder: event.NewRecorder(deps.Entropy), sight: newSight(deps.Jobs, deps.Before),
	}
}

// Now is the present, as stores keep it.
func (s *Batches) Now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// Create asks for a batch: its codes are made after that. replayed: an earlier request with the same
// Idempotency-Key made it.
//
// Errors: KindInvalid with the fields that are wrong, also if the format has too few values;
// KindConflict with ReasonIdempotencyKeyReused; KindUnavailable, also if the workspace has
// [job.MaxUnfinished] unfinished jobs.
func (s *Batches) Create(ctx context.Context, actor *core.Actor, req NewBatch) (b Batch, replayed bool, err error) {
	spec := BatchSpec{Name: req.Name, Count: req.Count, Format: req.Format.of(actor.Format)}
	req.check(spec.Format)
	// The format as it was asked for: the workspace's own may change before a retry.
	asked, err := json.Marshal(struct {
		Count  int64
		Name   string
		Format FormatChoice
	}{req.Count, req.Name, req.Format})
	if err != nil {
		return Batch{}, false, fmt.Errorf("write what a batch is asked for: %w", err)
	}
	retry, err := req.RetryOf(actor.WorkspaceID, "batch", string(asked))
	if err != nil {
		return Batch{}, false, err
	}
	if err := req.Unread.Err(); err != nil {
		return Batch{}, false, err
	}
	spec.Type, spec.Options = req.Type, req.Options
	if !retry.IsZero() {
		first, err := s.deps.Jobs.JobByRetryKey(ctx, actor.WorkspaceID, retry.Key[:])
		if !errors.Is(err, core.ErrNotFound) {
			return s.replay(ctx, actor, first, err, retry)
		}
	}
	now := s.Now()
	if err := req.CheckExpiry(now); err != nil {
		return Batch{}, false, err
	}
	if err := s.checkSpace(ctx, &spec); err != nil {
		return Batch{}, false, err
	}
	return s.insert(ctx, actor, spec, retry, now)
}

// check adds what is wrong with a request by itself.
func (r *NewBatch) check(format core.Format) {
	r.CheckBatch()
	errs := &r.Unread
	if r.Count < 1 || r.Count > MaxBatchCodes {
		errs.Add(core.ReasonInvalidValue, "/count", wrongCount.With("max", MaxBatchCodes))
	}
	core.CheckText(errs, "/name", "name", r.Name, MaxBatchNameLength)
	var wrong core.FieldErrors
	format.Check(&wrong)
	errs.AddAll(wrong.Err(), "/format")
}

func (s *Batches) insert(
	ctx context.Context, actor *core.Actor, spec BatchSpec, retry codes.Retry, now time.Time,
) (b Batch, replayed bool, err error) {
	id, err := s.deps.NewID()
	if err != nil {
		return Batch{}, false, fmt.Errorf("make an id: %w", err)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return Batch{}, false, fmt.Errorf("write what a batch is made of: %w", err)
	}
	b = Batch{BatchSpec: spec, Job: job.Job{
		ID: id, WorkspaceID: actor.WorkspaceID, Kind: KindBatch, Status: job.Queued, Spec: string(text),
		Total: spec.Count, CreatedAt: now, Actor: event.Actor{Kind: actor.Kind, ID: actor.ID, Name: actor.Name},
	}}
	if !retry.IsZero() {
		b.RetryKey, b.Fingerprint = retry.Key[:], retry.Fingerprint[:]
	}
	events, err := b.event(s.recorder.Of(actor), event.BatchCreated, now)
	if err != nil {
		return Batch{}, false, err
	}
	stored, inserted, err := s.deps.Jobs.InsertJob(ctx, b.Job, events...)
	if err != nil || !inserted {
		return s.replay(ctx, actor, stored, err, retry)
	}
	s.deps.Wake()
	b.Redeemed = new(int64(0))
	return b, false, nil
}

// replay answers a request with the batch that an earlier one made.
func (s *Batches) replay(
	ctx context.Context, actor *core.Actor, first job.Job, err error, retry codes.Retry,
) (b Batch, replayed bool, _ error) {
	if err == nil {
		err = s.sight.checkRetry(ctx, actor, &first, retry, []job.Kind{KindBatch})
	}
	if err != nil {
		return Batch{}, false, err
	}
	b, err = s.shown(ctx, first)
	return b, err == nil, err
}

// Batch returns a batch.
//
// Errors: KindNotFound with ReasonBatchNotFound; KindUnavailable.
func (s *Batches) Batch(ctx context.Context, actor *core.Actor, id core.ID) (Batch, error) {
	leave, err := s.sight.lane.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return Batch{}, err
	}
	defer leave()
	j, err := s.find(ctx, actor, id)
	if err != nil {
		return Batch{}, err
	}
	return s.shown(ctx, j)
}

// One returns a batch without how much of it is redeemed: counting that takes time.
//
// Errors: those of [Batches.Batch].
func (s *Batches) One(ctx context.Context, actor *core.Actor, id core.ID) (Batch, error) {
	j, err := s.find(ctx, actor, id)
	if err != nil {
		return Batch{}, err
	}
	return batchOf(j)
}

// BatchNotFound returns the error about a batch that there is not.
func BatchNotFound() *core.Error {
	return core.NotFound(core.ReasonBatchNotFound, "there is no such batch in this workspace")
}

func (s *Batches) find(ctx context.Context, actor *core.Actor, id core.ID) (job.Job, error) {
	return s.sight.find(ctx, actor, id, BatchNotFound(), batchKinds)
}

// Some returns those of some batches that there are, by id, without how much of them is redeemed. Errors:
// KindUnavailable.
func (s *Batches) Some(ctx context.Context, actor *core.Actor, ids []core.ID) (map[core.ID]Batch, error) {
	return some(ctx, &s.sight, actor, ids, batchKinds, batchOf)
}

// List returns a page of batches, newest first.
//
// Errors: KindInvalid with ReasonInvalidParameter or ReasonInvalidCursor; KindUnavailable.
func (s *Batches) List(ctx context.Context, actor *core.Actor, page core.PageRequest) (core.Page[Batch], error) {
	leave, err := s.sight.lane.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return core.Page[Batch]{}, err
	}
	defer leave()
	shown, err := s.ListUncounted(ctx, actor, page)
	if err != nil {
		return core.Page[Batch]{}, err
	}
	return shown, s.countOutcomes(ctx, shown.Items)
}

// ListUncounted is List without how much of the batches is redeemed.
func (s *Batches) ListUncounted(
	ctx context.Context, actor *core.Actor, page core.PageRequest,
) (core.Page[Batch], error) {
	return listed(ctx, &s.sight, actor, page, "batches", batchKinds, batchOf)
}

// Cancel ends a batch. The codes that were made stay. Canceling twice changes nothing.
//
// Errors: those of [Batches.Batch]; KindConflict with ReasonBatchFinished.
func (s *Batches) Cancel(ctx context.Context, actor *core.Actor, id core.ID) (Batch, error) {
	j, err := s.find(ctx, actor, id)
	if err != nil {
		return Batch{}, err
	}
	source, now := s.recorder.Of(actor), s.Now()
	j, err = s.deps.Jobs.ChangeJob(ctx, j.WorkspaceID, id, j.Kind, func(j *job.Job) ([]*event.Event, error) {
		switch {
		case j.Status == job.Canceled:
			return nil, nil
		case j.IsEnded():
			return nil, core.Conflict(core.ReasonBatchFinished, "the batch has ended already: its status is "+string(j.Status))
		}
		if IsImport(j.Kind) {
			return endImport(j, job.Canceled, "", source, now)
		}
		j.End(job.Canceled, now)
		b, err := batchOf(*j)
		if err != nil {
			return nil, err
		}
		return b.event(source, event.BatchCanceled, now)
	})
	if err != nil {
		return Batch{}, err
	}
	return s.shown(ctx, j)
}

// checkSpace refuses a format with too few values, so that codes cannot be guessed and free ones are
// soon found. How many values are taken is estimated by a sample.
func (s *Batches) checkSpace(ctx context.Context, spec *BatchSpec) error {
	space := s.deps.Source.Space(spec.Format)
	all, _ := new(big.Float).SetInt(space).Float64()
	free := all
	const plenty = sample * MinValuesPerCode
	if all > 0 && all/float64(spec.Count) < plenty { // otherwise there are enough if but one of a sample is free
		taken, err := s.sampleTaken(ctx, spec.Format)
		if err != nil {
			return err
		}
		free *= 1 - float64(taken)/sample
	}
	if free/float64(spec.Count) >= MinValuesPerCode {
		return nil
	}
	return core.Invalid(core.ReasonInvalidValue, tooFewValues.With("format", spec.Format, "space", space.Int64(),
		"free", int64(math.RoundToEven(free)), "each", int64(free/float64(spec.Count)),
		"count", spec.Count, "min", MinValuesPerCode).At("/format"))
}

// sample is how many values are looked up to estimate how many are taken.
const sample = 512

// sampleTaken returns how many of a sample of a format's values are taken.
func (s *Batches) sampleTaken(ctx context.Context, format core.Format) (taken int, err error) {
	values, canonicals := s.deps.Source.Values(format), make([]string, sample)
	for i := range canonicals {
		value, err := values.Next()
		if err != nil {
			return 0, err
		}
		canonicals[i] = core.Canonical(value)
	}
	found, err := s.deps.Taken(ctx, canonicals)
	for _, isTaken := range found {
		if isTaken {
			taken++
		}
	}
	return taken, err
}
