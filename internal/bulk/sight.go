package bulk

import (
	"context"
	"slices"

	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// Predecessors returns the keys that the key of an actor has replaced, one after the other.
type Predecessors func(ctx context.Context, actor *core.Actor) ([]core.ID, error)

// makers returns whose jobs an actor sees; none: everybody's. An actor who may read sees all of the
// workspace, any other its own and those of its predecessors.
func (p Predecessors) makers(ctx context.Context, actor *core.Actor) ([]core.ID, error) {
	if actor.May(core.PermissionRead) {
		return nil, nil
	}
	before, err := p(ctx, actor)
	return append([]core.ID{actor.ID}, before...), err
}

// see reports whether an actor sees a job.
func (p Predecessors) see(ctx context.Context, actor *core.Actor, j *job.Job) (bool, error) {
	makers, err := p.makers(ctx, actor)
	return len(makers) == 0 || slices.Contains(makers, j.Actor.ID), err
}
