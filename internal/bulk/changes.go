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

// ChangesDeps is what [NewChanges] needs from outside.
type ChangesDeps struct {
	Store ChangeStore
	Reads ChangeReads
	Jobs  job.Store
	// Forms is [codes.Service.FormsOf].
	Forms func(
		ctx context.Context, actor *core.Actor, values []string, errs *core.FieldErrors, prefix string,
	) ([]string, error)
	Now     func() time.Time
	Entropy io.Reader // a cryptographic source
	NewID   func() (core.ID, error)
	Wake    func() // tells the runner that there is a job
}

// Changes changes many codes and looks such changes up. It is safe for concurrent use.
type Changes struct {
	ChangesDeps
	recorder *event.Recorder
	dryRuns  *core.Lane
	sight    sight
}

// Limits of dry runs.
const (
	dryRunsAtOnce = 1 // of one workspace
	dryRunWaiting = 10
	dryRunWait    = 5 * time.Second
)

// NewChanges returns the service.
func NewChanges(deps ChangesDeps) *Changes {
	return &Changes{
		ChangesDeps: deps, recorder: event.NewRecorder(deps.Entropy),
		dryRuns: core.NewLane(dryRunsAtOnce, dryRunWaiting, dryRunWait),
		sight:   newSight(deps.Jobs, noPredecessors),
	}
}

// noPredecessors is for jobs of actors who may read.
func noPredecessors(context.Context, *core.Actor) ([]core.ID, error) { return nil, nil }

func (s *Changes) now() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// NewChange asks for a change.
type NewChange struct {
	Filter         codes.CodeFilter
	Codes          []string // values in any spelling; nil: the codes of the filter
	Do             codes.Act
	RollBack       bool // the redemptions of the codes, too
	IdempotencyKey string
	// Unread are fields that are missing or could not be read: the request is refused, with these and
	// with what else is wrong.
	Unread core.FieldErrors
}

// check adds what is wrong with a request by itself, and returns the listed codes.
func (s *Changes) check(ctx context.Context, actor *core.Actor, req *NewChange) (list []string, err error) {
	errs := &req.Unread
	codes.CheckReason(errs, actor.Reason)
	req.Filter.CheckFields(errs, "/select")
	switch {
	case errs.Names("/select/batchId"): // so it is not known what is selected
	case req.Codes == nil && req.Filter == codes.CodeFilter{}:
		errs.Add(core.ReasonMissingField, "/select", core.InEnglish("select must have codes, or at least one other member"))
	case req.Codes != nil && req.Filter != codes.CodeFilter{}:
		errs.Add(core.ReasonInvalidValue, "/select/codes", core.InEnglish("select must have either codes or other members"))
	case req.Codes != nil && len(req.Codes) == 0 || len(req.Codes) > MaxChangeCodes:
		errs.Add(core.ReasonInvalidValue, "/select/codes", core.InEnglish("codes must have 1 to %d entries", MaxChangeCodes))
	case req.Codes != nil:
		list, err = s.forms(ctx, actor, req.Codes, errs)
	}
	count := 0
	for _, given := range []bool{req.Do.Revoke, req.Do.Restore, req.Do.Delete, req.Do.Set != nil} {
		if given {
			count++
		}
	}
	if count != 1 {
		errs.Add(core.ReasonInvalidValue, "/do",
			core.InEnglish(`do must have exactly one of "revoke": true, "restore": true, "delete": true and "set"`))
	} else if req.RollBack && !req.Do.Revoke {
		errs.Add(core.ReasonInvalidValue, "/rollBackRedemptions", core.InEnglish(
			`redemptions are rolled back only beside "revoke": true; `+
				"a code that was redeemed stays on record and cannot be deleted"))
	}
	if req.Do.Set != nil && req.Do.Set.IsEmpty() {
		errs.Add(core.ReasonMissingField, "/do/set", core.InEnglish("set must have at least one option"))
	}
	return list, err
}

// forms returns the canonical forms of listed codes. Thousands of values in rare letters take seconds, so
// a workspace has few turns.
func (s *Changes) forms(
	ctx context.Context, actor *core.Actor, values []string, errs *core.FieldErrors,
) ([]string, error) {
	leave, err := s.sight.lane.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.Forms(ctx, actor, values, errs, "/select/codes")
}

// checkNow returns what is wrong with a request at this time. A retry must not fail for coming later.
func (r *NewChange) checkNow(now time.Time) error {
	if r.Do.Set != nil {
		r.Do.Set.CheckAny(&r.Unread, "/do/set", now)
	}
	return r.Unread.Err()
}

// Create asks for a change: it is made after that. replayed: an earlier request with the same
// Idempotency-Key made it.
//
// Errors: KindInvalid with the fields that are wrong; KindConflict with ReasonIdempotencyKeyReused;
// KindUnavailable, also if the workspace has [job.MaxUnfinished] unfinished jobs.
func (s *Changes) Create(ctx context.Context, actor *core.Actor, req NewChange) (c Change, replayed bool, err error) {
	list, err := s.check(ctx, actor, &req)
	if err != nil {
		return Change{}, false, err
	}
	retry, err := req.retry(actor.WorkspaceID, list)
	if err != nil {
		return Change{}, false, err
	}
	if !retry.IsZero() && req.Unread.Err() == nil {
		first, err := s.Jobs.JobByRetryKey(ctx, actor.WorkspaceID, retry.Key[:])
		if !errors.Is(err, core.ErrNotFound) {
			return s.replay(ctx, actor, first, err, retry)
		}
	}
	now := s.now()
	if err := req.checkNow(now); err != nil {
		return Change{}, false, err
	}
	return s.insert(ctx, actor, &req, list, retry, now)
}

// retry returns the mark of a request; zero: it has no Idempotency-Key.
func (r *NewChange) retry(workspace core.ID, list []string) (codes.Retry, error) {
	asked, err := json.Marshal(struct {
		Filter codes.CodeFilter
		List   []string
		Do     codes.Act
		// A request without it keeps the mark that it had before there was such a field.
		RollBack bool `json:",omitempty"`
	}{r.Filter, list, r.Do, r.RollBack})
	if err != nil {
		return codes.Retry{}, fmt.Errorf("write what a change is asked for: %w", err)
	}
	return (&codes.IssueRequest{IdempotencyKey: r.IdempotencyKey}).RetryOf(workspace, "change", string(asked))
}

func (s *Changes) insert(
	ctx context.Context, actor *core.Actor, req *NewChange, list []string, retry codes.Retry, now time.Time,
) (c Change, replayed bool, err error) {
	id, err := s.NewID()
	if err != nil {
		return Change{}, false, fmt.Errorf("make an id: %w", err)
	}
	spec := req.spec(now)
	spec.Reason = actor.Reason
	text, err := json.Marshal(spec)
	if err != nil {
		return Change{}, false, fmt.Errorf("write what a change does: %w", err)
	}
	c = Change{ChangeSpec: spec, Job: job.Job{
		ID: id, WorkspaceID: actor.WorkspaceID, Kind: KindChange, Status: job.Queued, Spec: string(text),
		CreatedAt: now, Actor: event.Actor{Kind: actor.Kind, ID: actor.ID, Name: actor.Name},
	}}
	if !retry.IsZero() {
		c.RetryKey, c.Fingerprint = retry.Key[:], retry.Fingerprint[:]
	}
	if c.Listed {
		text, err := json.Marshal(list)
		if err == nil {
			err = s.Store.ListCodes(ctx, c.WorkspaceID, id, string(text))
		}
		if err != nil {
			return Change{}, false, err
		}
	}
	stored, inserted, err := s.Jobs.InsertJob(ctx, c.Job)
	if err != nil || !inserted {
		return s.replay(ctx, actor, stored, err, retry)
	}
	s.Wake()
	return c, false, nil
}

func (r *NewChange) spec(now time.Time) ChangeSpec {
	return ChangeSpec{
		Select: codes.Selection{CodeFilter: r.Filter, Until: now}, Listed: r.Codes != nil, Do: r.Do,
		RollBack: r.RollBack,
	}
}

// replay answers a request with the change that an earlier one made.
func (s *Changes) replay(
	ctx context.Context, actor *core.Actor, first job.Job, err error, retry codes.Retry,
) (c Change, replayed bool, _ error) {
	if err == nil {
		err = s.sight.checkRetry(ctx, actor, &first, retry, changeKinds)
	}
	if err != nil {
		return Change{}, false, err
	}
	c, err = changeOf(first)
	return c, err == nil, err
}

// ChangeNotFound returns the error about a change that there is not.
func ChangeNotFound() *core.Error {
	return core.NotFound(core.ReasonChangeNotFound, "there is no such change in this workspace")
}

// Change returns a change.
//
// Errors: KindNotFound with ReasonChangeNotFound; KindUnavailable.
func (s *Changes) Change(ctx context.Context, actor *core.Actor, id core.ID) (Change, error) {
	j, err := s.sight.find(ctx, actor, id, ChangeNotFound(), changeKinds)
	if err != nil {
		return Change{}, err
	}
	return changeOf(j)
}

// Some returns those of some changes that there are, by id. Errors: KindUnavailable.
func (s *Changes) Some(ctx context.Context, actor *core.Actor, ids []core.ID) (map[core.ID]Change, error) {
	return some(ctx, &s.sight, actor, ids, changeKinds, changeOf)
}

// List returns a page of changes, newest first.
//
// Errors: KindInvalid with ReasonInvalidParameter or ReasonInvalidCursor; KindUnavailable.
func (s *Changes) List(ctx context.Context, actor *core.Actor, page core.PageRequest) (core.Page[Change], error) {
	leave, err := s.sight.lane.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return core.Page[Change]{}, err
	}
	defer leave()
	return listed(ctx, &s.sight, actor, page, "changes", changeKinds, changeOf)
}
