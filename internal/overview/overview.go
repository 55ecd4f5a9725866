// Package overview counts what a workspace has, for the first page of the console: codes by status,
// type and day, redemptions by day, users. Nothing is kept up to date by requests that make or redeem
// codes, so counting costs them nothing; it is done in steps, for workspaces that somebody looks at. It
// is not for decisions: numbers are as of an instant, and are about some seconds to minutes old in a
// large workspace.
package overview

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// days is how many days are told apart, today among them.
const days = 31

// Day is what happened on a day of UTC.
type Day struct {
	Date        time.Time // its midnight
	Codes       int64     // made on it, and not deleted since
	Redemptions int64     // made on it, also if they were rolled back since
}

// Ending is a batch with codes that can still be used, but end within [endingWithin].
type Ending struct {
	BatchID core.ID
	Codes   int64
	At      time.Time // when the first of them ends
}

// Counts is what a workspace has. Codes and users are as of AsOf; redemptions are newer.
type Counts struct {
	ByStatus          map[codes.Status]int64
	ByType            map[codes.Type]int64
	Days              []Day // the last 31, oldest first
	Redeemed24h       int64 // in the last 24 hours, and up to ten minutes more
	Redeemed24hByType map[codes.Type]int64
	Users, Premium    int64
	Ending            []Ending // at most 20, those that end first
	AsOf              time.Time
	// Counting: not everything has been counted once yet. Without codes, AsOf is zero.
	Counting bool
	// Progress is how much of the count under way is done, from 0 to 1: 0 also if that is not known,
	// as in the first count; 1 if none is under way.
	Progress float64
}

// Load returns how many interactive calls were made, and how many wait now.
type Load func() (calls uint64, waiting int)

// Deps is what a service needs.
type Deps struct {
	Store Store
	Now   func() time.Time
	Load  Load // nil: there is none to give way to
}

// Service counts.
type Service struct {
	deps Deps
	lane *core.Lane
}

// One look at a workspace runs at a time: the next one finds its result.
const (
	looksAtOnce  = 1
	looksWaiting = 16
	lookWait     = 3 * time.Second
)

// New returns a service.
func New(deps Deps) *Service {
	return &Service{deps, core.NewLane(looksAtOnce, looksWaiting, lookWait)}
}

// Limits of counting.
const (
	// lookTime is how long a look may count itself, so that a small workspace is counted at once.
	lookTime = 150 * time.Millisecond
	// freshFor is how long a look trusts the last count of a workspace that was counted in no more than
	// smallTook: who has just made a code sees it.
	freshFor  = 2 * time.Second
	smallTook = 50 * time.Millisecond
	// seenEvery is how often a look is noted.
	seenEvery = time.Minute
	// lookPages is how many pages of redemptions a look reads.
	lookPages = 5
	// noteAfter is how many redemptions a look counts before it is worth a write to keep that.
	noteAfter = 1000
)

// Counts returns what is in the actor's workspace. The first look at a workspace begins to count it.
//
// Errors: KindUnavailable, with ReasonOverloaded if very many look at the workspace at once.
func (s *Service) Counts(ctx context.Context, actor *core.Actor) (Counts, error) {
	leave, err := s.lane.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return Counts{}, err
	}
	defer leave()
	kept, c, err := s.load(ctx, actor.WorkspaceID)
	if err != nil {
		return Counts{}, err
	}
	now := s.deps.Now()
	isWorth := now.Sub(kept.SeenAt) >= seenEvery
	if !now.Before(kept.LeaseUntil) {
		before := c.redeemed.Counted
		if err := s.settle(ctx, c, lookPages, nil); err != nil {
			return Counts{}, err
		}
		isWorth = isWorth || c.redeemed.Counted-before >= noteAfter
		if c.isForLook(now) {
			isWorth = true
			if err := s.pass(ctx, c, lookTime, func(time.Duration) {}); err != nil {
				return Counts{}, err
			}
		}
	}
	if isWorth {
		kept.SeenAt = now
		// Another look or node may have been faster, and a count that cannot be kept can still be shown.
		if _, err := s.save(ctx, kept, c); err != nil && !core.IsKind(err, core.KindUnavailable) {
			return Counts{}, err
		}
	}
	isBehind, err := s.readRest(ctx, c)
	if err != nil {
		return Counts{}, err
	}
	return c.counts(s.deps.Now(), isBehind), nil
}

// isForLook reports whether a look should count itself: the workspace was not counted yet, or is small.
func (c *count) isForLook(now time.Time) bool {
	switch {
	case c.Pass != nil:
		return c.Pass.Took < lookTime
	case c.Result == nil:
		return true
	default:
		return c.Took <= smallTook && now.Sub(c.Result.At) >= freshFor
	}
}

// counts makes the answer.
func (c *count) counts(now time.Time, isBehind bool) Counts {
	all := Counts{Counting: isBehind || c.Result == nil, Progress: 1}
	result := c.Result
	if result == nil {
		result = new(tally)
	}
	all.ByStatus, all.ByType, all.Ending = result.ByStatus, result.ByType, firstEnding(result.Ending)
	all.Users, all.Premium, all.AsOf = result.Users, result.Premium, result.At
	if c.Pass != nil {
		all.Progress = c.Pass.progress(c.Result)
	}
	for i := range int64(days) {
		day := dayOf(now) - days + 1 + i
		all.Days = append(all.Days, Day{
			Date: time.Unix(day*daySeconds, 0).UTC(), Codes: result.Days[day], Redemptions: c.redeemed.Days[day],
		})
	}
	all.Redeemed24hByType = c.redeemed.since(now.Add(-24 * time.Hour))
	for _, number := range all.Redeemed24hByType {
		all.Redeemed24h += number
	}
	return all
}

const daySeconds = 24 * 60 * 60

// dayOf returns the number of a day of UTC since 1970.
func dayOf(at time.Time) int64 { return floorDiv(at.Unix(), daySeconds) }

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}
