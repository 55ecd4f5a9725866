package overview

import (
	"context"
	"maps"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// settledAfter is how old a redemption's id must be for no older one to appear any more. The id is made
// before the commit, which is waited for up to 5 seconds, and tried again for some more when the
// database is away; nodes' clocks may differ by some seconds, too. Newer ones are counted anew in each
// look.
const settledAfter = time.Minute

// pageSize is how many redemptions are read at once.
const pageSize = 2000

// slotSeconds is the length of the slots in which the last day is counted.
const slotSeconds = 600

// redeemed counts redemptions. Rows of redemptions stay, whatever becomes of a code, so each is counted
// once.
type redeemed struct {
	Next    core.ID // the lowest id that was not counted yet
	Counted int64
	Days    map[int64]int64
	Slots   map[codes.Type]map[int64]int64
}

func newRedeemed(now time.Time) redeemed {
	return redeemed{
		Next: core.FirstID(now.Add(-days * 24 * time.Hour)),
		Days: map[int64]int64{}, Slots: map[codes.Type]map[int64]int64{},
	}
}

func (r *redeemed) clone() redeemed {
	copied := *r
	copied.Days, copied.Slots = maps.Clone(r.Days), map[codes.Type]map[int64]int64{}
	for kind, slots := range r.Slots {
		copied.Slots[kind] = maps.Clone(slots)
	}
	return copied
}

func (r *redeemed) add(redemption *codes.Redemption) {
	r.Next = following(redemption.ID)
	r.Counted++
	r.Days[dayOf(redemption.CreatedAt)]++
	if r.Slots[redemption.Type] == nil {
		r.Slots[redemption.Type] = map[int64]int64{}
	}
	r.Slots[redemption.Type][slotOf(redemption.CreatedAt)]++
}

func slotOf(at time.Time) int64 { return floorDiv(at.Unix(), slotSeconds) }

// following returns the least id that is greater.
func following(id core.ID) core.ID {
	for i := len(id) - 1; i >= 0; i-- {
		id[i]++
		if id[i] != 0 {
			break
		}
	}
	return id
}

// forget drops what is too old to be shown.
func (r *redeemed) forget(now time.Time) {
	maps.DeleteFunc(r.Days, func(day, _ int64) bool { return day <= dayOf(now)-days })
	oldest := slotOf(now.Add(-24 * time.Hour))
	for _, slots := range r.Slots {
		maps.DeleteFunc(slots, func(slot, _ int64) bool { return slot < oldest })
	}
}

// since returns the redemptions of the slot of an instant and later ones.
func (r *redeemed) since(at time.Time) map[codes.Type]int64 {
	byType := map[codes.Type]int64{}
	for kind, slots := range r.Slots {
		for slot, number := range slots {
			if slot >= slotOf(at) {
				byType[kind] += number
			}
		}
	}
	return byType
}

// read counts redemptions with ids before one, in at most so many pages, and reports whether there are
// more. rest gives way to others after a page; nil: to none.
func (s *Service) read(
	ctx context.Context, workspace core.ID, r *redeemed, before core.ID, pages int, rest func(time.Duration),
) (hasMore bool, err error) {
	for range pages {
		start := s.deps.Now()
		found, err := s.deps.Store.RedemptionsToCount(ctx, workspace, r.Next, before, pageSize)
		if err != nil {
			return false, err
		}
		for i := range found {
			r.add(&found[i])
		}
		if len(found) < pageSize {
			return false, nil
		}
		if rest != nil {
			rest(s.deps.Now().Sub(start))
		}
	}
	return true, nil
}

// settle counts redemptions that no older one can follow any more.
func (s *Service) settle(ctx context.Context, c *count, pages int, rest func(time.Duration)) error {
	now := s.deps.Now()
	c.redeemed.forget(now)
	settled := core.FirstID(now.Add(-settledAfter))
	hasMore, err := s.read(ctx, c.workspace, &c.redeemed, settled, pages, rest)
	if err == nil && !hasMore {
		c.SettledAt = now
	}
	return err
}

// readRest counts the newest redemptions, and reports whether there are more than a look reads. What it
// counts must not be kept.
func (s *Service) readRest(ctx context.Context, c *count) (isBehind bool, err error) {
	c.redeemed = c.redeemed.clone()
	last := core.ID{}
	for i := range last {
		last[i] = 0xff
	}
	return s.read(ctx, c.workspace, &c.redeemed, last, lookPages, nil)
}
