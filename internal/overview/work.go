package overview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// count is the state of a workspace's count.
type count struct {
	workspace core.ID
	redeemed  redeemed
	progress
}

// progress is the part of the state that has to do with passes.
type progress struct {
	Result    *tally        // of the last pass that came to its end; nil: none did
	Took      time.Duration // that it took
	Next      time.Time     // before which no worker begins another
	Pass      *pass         // under way; nil: none
	SettledAt time.Time     // when all settled redemptions were counted
}

// state is a count as it is written.
type state struct {
	Redeemed redeemed
	Progress progress
}

// Limits of the background work.
const (
	// interest is how long after a look a workspace is counted on.
	interest = 10 * time.Minute
	// sliceTime is how long a worker counts in a workspace before it keeps what it has; leaseLife is how
	// long others leave the workspace alone meanwhile. roundTime is when a round ends.
	sliceTime, leaseLife, roundTime = time.Second, 15 * time.Second, 4 * time.Second
	// slicePages is how many pages of redemptions a slice reads.
	slicePages = 100
	// settleEvery is how often redemptions are counted on.
	settleEvery = 10 * time.Second
)

// Advance counts on in workspaces that somebody has looked at of late. In each, one node counts at a
// time; what it has counted replaces nothing that another has counted meanwhile.
func (s *Service) Advance(ctx context.Context) error {
	began := s.deps.Now()
	seen, err := s.deps.Store.CountsSeenSince(ctx, began.Add(-interest))
	for _, workspace := range seen {
		if s.deps.Now().Sub(began) >= roundTime {
			return err
		}
		err = errors.Join(err, s.advance(ctx, workspace))
	}
	return err
}

func (s *Service) advance(ctx context.Context, workspace core.ID) error {
	kept, c, err := s.load(ctx, workspace)
	now := s.deps.Now()
	if err != nil || now.Before(kept.LeaseUntil) || !c.isDue(now) {
		return err
	}
	kept.LeaseUntil = now.Add(leaseLife)
	isOurs, err := s.deps.Store.PutCount(ctx, kept)
	if err != nil || !isOurs {
		return err
	}
	kept.Version++
	err = s.slice(ctx, c)
	// What was counted before an error is counted, too: a step fails as a whole.
	kept.LeaseUntil = s.deps.Now()
	_, saveErr := s.save(ctx, kept, c)
	return errors.Join(err, saveErr)
}

// isDue reports whether a worker should count.
func (c *count) isDue(now time.Time) bool {
	return c.isPassDue(now) || now.Sub(c.SettledAt) >= settleEvery
}

func (c *count) isPassDue(now time.Time) bool { return c.Pass != nil || !now.Before(c.Next) }

// slice counts for some time.
func (s *Service) slice(ctx context.Context, c *count) error {
	pace := job.NewPace(job.Load(s.deps.Load))
	giveWay := func(took time.Duration) {
		pace.GiveWay(took, func(d time.Duration) { wait(ctx, d) })
	}
	if err := s.settle(ctx, c, slicePages, giveWay); err != nil || !c.isPassDue(s.deps.Now()) {
		return err
	}
	return s.pass(ctx, c, sliceTime, giveWay)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// load returns a workspace's count. If none is kept, or it cannot be read, it is a new one: everything
// in it can be counted again.
func (s *Service) load(ctx context.Context, workspace core.ID) (Kept, *count, error) {
	kept, err := s.deps.Store.KeptCount(ctx, workspace)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return Kept{}, nil, err
	}
	kept.WorkspaceID = workspace
	var read state
	if len(kept.State) == 0 || json.Unmarshal(kept.State, &read) != nil || read.Redeemed.Next.IsZero() {
		read = state{Redeemed: newRedeemed(s.deps.Now())}
	}
	c := &count{workspace, read.Redeemed, read.Progress}
	if c.Pass != nil {
		c.Pass.User = kept.AfterUser
	}
	return kept, c, nil
}

// save keeps a count, unless another one was kept since it was loaded, and reports whether it did.
func (s *Service) save(ctx context.Context, kept Kept, c *count) (bool, error) {
	text, err := json.Marshal(state{c.redeemed, c.progress})
	if err != nil {
		return false, fmt.Errorf("write down a count: %w", err)
	}
	kept.State, kept.AfterUser = text, ""
	if c.Pass != nil {
		kept.AfterUser = c.Pass.User
	}
	return s.deps.Store.PutCount(ctx, kept)
}
