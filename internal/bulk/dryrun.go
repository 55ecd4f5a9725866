package bulk

import (
	"context"
	"time"

	"accesscodes/internal/core"
)

// Limits of one dry run.
const (
	// dryRunTime is how long one takes at most: it is answered while the caller waits.
	dryRunTime = 20 * time.Second
	// dryRunPeople is the largest number of people that it keeps apart.
	dryRunPeople = 250_000
	dryRunPart   = 500 // codes at once
)

// DryRun is what a change would do.
type DryRun struct {
	Tally
	// Complete: every code was looked at. Otherwise time was up, or too many people are affected, and
	// the counts are those of the codes up to there.
	Complete bool
}

// Try says what a change would do, and changes nothing.
//
// Errors: KindInvalid with the fields that are wrong; KindUnavailable, with ReasonOverloaded if the
// workspace makes another dry run.
func (s *Changes) Try(ctx context.Context, actor *core.Actor, req NewChange) (DryRun, error) {
	list, err := s.check(ctx, actor, &req)
	if err != nil {
		return DryRun{}, err
	}
	now := s.now()
	if err := req.checkNow(now); err != nil {
		return DryRun{}, err
	}
	leave, err := s.dryRuns.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return DryRun{}, err
	}
	defer leave()
	c := Change{ChangeSpec: req.spec(now)}
	c.WorkspaceID = actor.WorkspaceID
	p := planner{store: s.Reads, c: &c, list: list, at: now}
	return p.try(ctx, time.Now().Add(dryRunTime))
}

// try goes through all parts of a change without making them.
func (p *planner) try(ctx context.Context, deadline time.Time) (DryRun, error) {
	people := map[Person]struct{}{}
	for time.Now().Before(deadline) && len(people) < dryRunPeople {
		next, err := p.plan(ctx, dryRunPart)
		if err != nil {
			return DryRun{}, err
		}
		if len(next.commands) > 0 {
			results, err := p.store.DryRun(ctx, next.commands)
			if err != nil {
				return DryRun{}, err
			}
			for i := range results {
				p.c.count(&results[i])
			}
		}
		if err := p.tryRollbacks(ctx, next.standing); err != nil {
			return DryRun{}, err
		}
		for range next.missing {
			p.c.skip(core.ReasonCodeNotFound)
		}
		for _, person := range next.people {
			people[person] = struct{}{}
		}
		p.c.Place, p.c.People = next.next, int64(len(people))
		if next.isLast {
			return DryRun{Tally: p.c.Tally, Complete: true}, nil
		}
	}
	return DryRun{Tally: p.c.Tally}, nil
}
