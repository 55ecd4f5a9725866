package bulk

import (
	"context"
	"errors"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// Predecessors returns the keys that the key of an actor has replaced, one after the other.
type Predecessors func(ctx context.Context, actor *core.Actor) ([]core.ID, error)

// sight is what actors see of jobs. An actor who may read sees all of the workspace, any other its own
// and those of its predecessors.
type sight struct {
	jobs   job.Store
	before Predecessors
	lane   *core.Lane
}

// Limits of one workspace: what was asked for may be long, and counting takes time.
const (
	looksAtOnce  = 2
	looksWaiting = 50
	lookWait     = 5 * time.Second
)

func newSight(jobs job.Store, before Predecessors) sight {
	return sight{jobs, before, core.NewLane(looksAtOnce, looksWaiting, lookWait)}
}

// makers returns whose jobs an actor sees; none: everybody's.
func (s *sight) makers(ctx context.Context, actor *core.Actor) ([]core.ID, error) {
	if actor.May(core.PermissionRead) {
		return nil, nil
	}
	before, err := s.before(ctx, actor)
	return append([]core.ID{actor.ID}, before...), err
}

// sees reports whether an actor sees a job.
func (s *sight) sees(ctx context.Context, actor *core.Actor, j *job.Job) (bool, error) {
	makers, err := s.makers(ctx, actor)
	return len(makers) == 0 || slices.Contains(makers, j.Actor.ID), err
}

// find returns a job of one of the kinds, or missing.
func (s *sight) find(
	ctx context.Context, actor *core.Actor, id core.ID, missing *core.Error, kinds []job.Kind,
) (job.Job, error) {
	j, err := s.jobs.Job(ctx, actor.WorkspaceID, id, kinds...)
	if errors.Is(err, core.ErrNotFound) {
		return job.Job{}, missing
	}
	if err != nil {
		return job.Job{}, err
	}
	seen, err := s.sees(ctx, actor, &j)
	if err == nil && !seen {
		err = missing
	}
	return j, err
}

// checkRetry returns an error unless a job is what a request with the same Idempotency-Key has asked for.
func (s *sight) checkRetry(
	ctx context.Context, actor *core.Actor, first *job.Job, retry codes.Retry, kinds []job.Kind,
) error {
	seen, err := s.sees(ctx, actor, first)
	if err != nil {
		return err
	}
	if !seen || !slices.Contains(kinds, first.Kind) || string(first.Fingerprint) != string(retry.Fingerprint[:]) {
		return core.Conflict(core.ReasonIdempotencyKeyReused,
			"this Idempotency-Key was used for a different request; a new request needs a new key")
	}
	return nil
}

// listed returns a page of the jobs of some kinds that an actor sees, newest first, as what read makes of
// them. what is a name for the cursors of the list.
//
// Errors: KindInvalid with ReasonInvalidParameter or ReasonInvalidCursor; KindUnavailable.
func listed[T any](
	ctx context.Context, s *sight, actor *core.Actor, page core.PageRequest, what string, kinds []job.Kind,
	read func(job.Job) (T, error),
) (shown core.Page[T], err error) {
	limit, err := page.CheckedLimit()
	if err != nil {
		return shown, err
	}
	q := job.Query{WorkspaceID: actor.WorkspaceID, Kinds: kinds, Limit: limit + 1, MaxBytes: core.MaxPageBytes}
	if q.ActorIDs, err = s.makers(ctx, actor); err != nil {
		return shown, err
	}
	list := core.NewCursor(what, actor.WorkspaceID)
	if q.After, err = list.IDKey(page.Cursor); err != nil {
		return shown, err
	}
	found, err := s.jobs.Jobs(ctx, &q)
	if err != nil {
		return shown, err
	}
	jobs := core.PageOf(found, limit, (*job.Job).Size,
		func(j *job.Job) string { return list.After(j.ID[:]) })
	shown = core.Page[T]{Items: make([]T, len(jobs.Items)), Next: jobs.Next}
	for i := range jobs.Items {
		if shown.Items[i], err = read(jobs.Items[i]); err != nil {
			return core.Page[T]{}, err
		}
	}
	return shown, nil
}

// some returns those of some jobs that an actor sees, as what read makes of them.
func some[T any](
	ctx context.Context, s *sight, actor *core.Actor, ids []core.ID, kinds []job.Kind, read func(job.Job) (T, error),
) (map[core.ID]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	makers, err := s.makers(ctx, actor)
	if err != nil {
		return nil, err
	}
	found, err := s.jobs.Jobs(ctx, &job.Query{
		WorkspaceID: actor.WorkspaceID, Kinds: kinds, IDs: ids, ActorIDs: makers, Limit: len(ids),
	})
	if err != nil {
		return nil, err
	}
	all := make(map[core.ID]T, len(found))
	for i := range found {
		if all[found[i].ID], err = read(found[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
