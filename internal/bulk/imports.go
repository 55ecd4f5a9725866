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

// ImportsDeps is what [NewImports] needs from outside.
type ImportsDeps struct {
	Store ImportStore
	// DryRun is [codes.RedemptionStore.DryRun].
	DryRun func(ctx context.Context, commands []*codes.Command) ([]codes.Result, error)
	Jobs   job.Store
	// Before tells whose imports an actor sees beside its own.
	Before Predecessors
	// Forms is [codes.Service.FormOfNew].
	Forms   func(ctx context.Context, actor *core.Actor, value string) (form string, isTaken bool, err error)
	Load    job.Load // of interactive requests; nil: none
	Now     func() time.Time
	Entropy io.Reader // a cryptographic source
	NewID   func() (core.ID, error)
}

// Imports reads files of codes and looks such imports up. It is safe for concurrent use.
//
// An actor who may read sees every import of the workspace, any other those of its own and those of the
// keys that its key has replaced.
type Imports struct {
	ImportsDeps
	recorder *event.Recorder
	lane     *core.Lane
	ofOne    *core.Lane // by actor
	reading  *core.Lane // of rejected lines
	sight    sight
}

// Limits of imports under way.
const (
	importsAtOnce  = 4 // of one workspace, at each node
	importsOfOne   = 2 // of one key: it cannot keep others of the workspace from importing
	importsWaiting = 10
	importWait     = 5 * time.Second

	// importLife is how long an import counts as under way when its node has died.
	importLife = 9 * time.Second
	// importBeat is how often the lease is renewed while nothing arrives.
	importBeat = importLife / 3
)

// NewImports returns the service.
func NewImports(deps ImportsDeps) *Imports {
	return &Imports{
		ImportsDeps: deps, recorder: event.NewRecorder(deps.Entropy),
		lane:    core.NewLane(importsAtOnce, importsWaiting, importWait),
		ofOne:   core.NewLane(importsOfOne, importsWaiting, importWait),
		reading: core.NewLane(ExportsAtOnce, 0, 0), sight: newSight(deps.Jobs, deps.Before),
	}
}

// Now is the present, as stores keep it.
func (s *Imports) Now() time.Time { return s.ImportsDeps.Now().UTC().Truncate(time.Microsecond) }

// NewImport asks for an import.
type NewImport struct {
	ImportSpec
	IdempotencyKey string
	Body           io.Reader // the file as it arrives
	// Interrupt ends a read of Body that waits.
	Interrupt func()
	// Check is asked now and then whether the actor may still do this.
	Check func(ctx context.Context) error
}

// check returns what is wrong with a request.
func (r *NewImport) check(actor *core.Actor) error {
	if r.OnExisting == UpdateOnExisting {
		if err := actor.Require(core.PermissionManage); err != nil {
			return err
		}
	}
	var errs core.FieldErrors
	if core.CheckText(&errs, "", "batch", r.Name, MaxBatchNameLength); errs.Err() != nil {
		wrong := core.AsError(errs.Err())
		return &core.Error{
			Kind: core.KindInvalid, Reason: core.ReasonInvalidParameter, Detail: wrong.Detail, Said: wrong.Fields[0].Said,
		}
	}
	return nil
}

// BrokenUpload is the error of an import whose file did not arrive as a whole.
type BrokenUpload struct{ Cause error }

// Error implements error.
func (e *BrokenUpload) Error() string { return "the upload broke off: " + e.Cause.Error() }

// Run reads a file, and returns the import when it has ended. replayed: an earlier request with the same
// Idempotency-Key has read it.
//
// Errors: KindForbidden; KindInvalid with ReasonInvalidParameter, ReasonInvalidIdempotencyKey or
// ReasonInvalidFile; KindTooLarge; KindConflict with ReasonIdempotencyKeyReused or ReasonImportRunning;
// KindUnavailable; a [BrokenUpload].
func (s *Imports) Run(ctx context.Context, actor *core.Actor, req NewImport) (i Import, replayed bool, err error) {
	if err := req.check(actor); err != nil {
		return Import{}, false, err
	}
	text, err := json.Marshal(req.ImportSpec)
	if err != nil {
		return Import{}, false, fmt.Errorf("write what an import is: %w", err)
	}
	asked := codes.IssueRequest{IdempotencyKey: req.IdempotencyKey}
	retry, err := asked.RetryOf(actor.WorkspaceID, "import", string(text))
	if err != nil {
		return Import{}, false, err
	}
	if first, err := s.earlier(ctx, actor, retry); first != nil || err != nil {
		return core.OrZero(first), err == nil, err
	}
	leave, err := s.enter(ctx, actor)
	if err != nil {
		return Import{}, false, err
	}
	defer leave()
	i, lease, err := s.start(ctx, actor, &req, string(text), retry)
	if err != nil {
		return Import{}, false, err
	}
	if lease.Holder.IsZero() { // another request was faster
		return s.replay(ctx, actor, i.Job, retry)
	}
	run := &importRun{
		Imports: s, req: &req, actor: actor, lease: lease, i: i, source: s.recorder.Of(actor), pace: job.NewPace(s.Load),
	}
	i, err = run.run(ctx)
	return i, false, err
}

// enter waits for the turn of an import.
func (s *Imports) enter(ctx context.Context, actor *core.Actor) (leave func(), err error) {
	leaveOwn, err := s.ofOne.Enter(ctx, actor.ID)
	if err == nil {
		leaveAll, full := s.lane.Enter(ctx, actor.WorkspaceID)
		if full == nil {
			return func() { leaveAll(); leaveOwn() }, nil
		}
		leaveOwn()
		err = full
	}
	if core.HasReason(err, core.ReasonOverloaded) {
		busy := core.Overloaded()
		busy.Detail = "other imports are under way; try again when one of them has ended"
		err = busy
	}
	return nil, err
}

// earlier returns the import of an earlier request with the same key, unless it is to be tried again; nil:
// there is none.
func (s *Imports) earlier(ctx context.Context, actor *core.Actor, retry codes.Retry) (*Import, error) {
	if retry.IsZero() {
		return nil, nil
	}
	first, err := s.Jobs.JobByRetryKey(ctx, actor.WorkspaceID, retry.Key[:])
	if errors.Is(err, core.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.sight.checkRetry(ctx, actor, &first, retry, importKinds); err != nil {
		return nil, err
	}
	i, err := importOf(first)
	if err != nil || i.canRunAgain(retry) {
		return nil, err
	}
	i, _, err = s.replay(ctx, actor, first, retry)
	return &i, err
}

// canRunAgain reports whether a request with the same key reads the file again.
func (i *Import) canRunAgain(retry codes.Retry) bool {
	return i.IsEnded() && i.Broken && string(i.Fingerprint) == string(retry.Fingerprint[:])
}

// replay answers a request with what an earlier one has done.
func (s *Imports) replay(
	ctx context.Context, actor *core.Actor, first job.Job, retry codes.Retry,
) (Import, bool, error) {
	if err := s.sight.checkRetry(ctx, actor, &first, retry, importKinds); err != nil {
		return Import{}, false, err
	}
	i, err := importOf(first)
	if err != nil {
		return Import{}, false, err
	}
	if !i.IsEnded() {
		running := core.Conflict(core.ReasonImportRunning,
			"the import with this Idempotency-Key is under way; watch it, or send the file again when it has ended")
		running.Import = i.ID
		return Import{}, false, running
	}
	return i, true, i.fault()
}

// fault is the error of an import that has failed because of its file.
func (i *Import) fault() error {
	if i.Reason == "" {
		return nil
	}
	return &core.Error{Kind: i.Reason.Kind(), Reason: i.Reason, Detail: i.Failure, Import: i.ID}
}

// start stores the job of an import, or begins that of an earlier try anew.
func (s *Imports) start(
	ctx context.Context, actor *core.Actor, req *NewImport, spec string, retry codes.Retry,
) (Import, job.Lease, error) {
	id, err := s.NewID()
	if err != nil {
		return Import{}, job.Lease{}, fmt.Errorf("make an id: %w", err)
	}
	j := job.Job{
		ID: id, WorkspaceID: actor.WorkspaceID, Kind: req.kind(), Status: job.Running, Spec: spec, CreatedAt: s.Now(),
		Actor: event.Actor{Kind: actor.Kind, ID: actor.ID, Name: actor.Name},
	}
	if !retry.IsZero() {
		j.RetryKey, j.Fingerprint = retry.Key[:], retry.Fingerprint[:]
	}
	makers, err := s.sight.makers(ctx, actor)
	if err != nil {
		return Import{}, job.Lease{}, err
	}
	j, lease, err := s.Jobs.StartJob(ctx, j, importLife, func(j *job.Job) bool {
		before, err := importOf(*j)
		isTheirs := len(makers) == 0 || slices.Contains(makers, j.Actor.ID)
		if err != nil || !isTheirs || !IsImport(j.Kind) || !before.canRunAgain(retry) {
			return false
		}
		before.importState = importState{Steps: before.Steps, Made: before.Made}
		err = before.store()
		*j = before.Job
		return err == nil
	})
	if err != nil {
		return Import{}, job.Lease{}, err
	}
	i, err := importOf(j)
	return i, lease, err
}
