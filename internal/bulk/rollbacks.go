package bulk

import (
	"context"
	"slices"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// rolling is how far the redemptions of a change's codes are rolled back. It begins when all codes are
// revoked: so nothing is redeemed any more, and none is missed.
//
// A redemption is refused while a later one of its user stands, perhaps one of a code that comes behind.
// So there are further rounds, until one rolls nothing back.
type rolling struct {
	Next, End int64   // numbers of items: of the code that is next, and behind the last code
	After     core.ID `json:",omitzero"` // the redemption of the next code up to which it is done
	Done      int64   // redemptions that were rolled back in this round
	Refused   int64   // in this round, because a later one stands
}

// rollbackCost is about how many codes are changed in the time of one rollback, or of its undoing: the
// size of a step is worked out from earlier ones, which may have been about codes.
const rollbackCost = 4

// ofRollbacks returns how many rollbacks a step of a size has.
func ofRollbacks(size int) int { return max(size/rollbackCost, 1) }

// clone returns a copy that shares nothing that changes.
func (p place) clone() place {
	if p.Rolling != nil {
		rolling := *p.Rolling
		p.Rolling = &rolling
	}
	return p
}

// limit returns how many codes to look at.
func (r *rolling) limit(size int) int { return int(min(int64(size), r.End-r.Next)) }

// rollsBackLater reports whether a code that was revoked before has redemptions to roll back.
func (c *Change) rollsBackLater(result *codes.Result) bool {
	return c.RollBack && result.Err == nil && result.Replayed && result.Before.Redemptions > 0
}

// goesOn moves a change behind its last code, or behind a round of rollbacks, and reports whether
// there is more to do.
func (c *Change) goesOn() bool {
	switch r := c.Place.Rolling; {
	case !c.RollBack:
		return false
	case r == nil:
		c.Place = place{Rolling: &rolling{End: c.Items}}
		return true
	case r.Refused > 0 && r.Done > 0:
		c.Place.Rolling = &rolling{End: r.End}
		return true
	default:
		for range r.Refused {
			c.skip(core.ReasonRollbackOutOfOrder)
		}
		return false
	}
}

// planRollbacks returns the part that rolls back about so many redemptions of the codes of items.
func (p *planner) planRollbacks(
	ctx context.Context, items []ChangeItem, size int, source *event.Source,
) (*part, error) {
	used, err := p.used(ctx, items)
	if err != nil {
		return nil, err
	}
	at := *p.c.Place.Rolling
	var all []standing
	for i, read := 0, 0; i < len(items) && read < size; i++ {
		var last core.ID
		if canonical := items[i].Canonical; used[canonical] {
			var found []codes.Redemption
			if found, last, err = p.redemptions(ctx, canonical, at.After, size-read); err != nil {
				return nil, err
			}
			read += len(found)
			for k := range found {
				if found[k].Stands() {
					all = append(all, standing{canonical, found[k]})
				}
			}
		}
		if at.After = last; !last.IsZero() {
			break
		}
		at.Next++
	}
	// Newest first, over all codes: then most later ones are rolled back before.
	slices.SortFunc(all, func(a, b standing) int { return slices.Compare(b.ID[:], a.ID[:]) })
	done := &part{next: place{Rolling: &at}, isLast: at.Next >= at.End}
	done.commands, done.rollbacks = p.rollbacks(all, source)
	return done, nil
}

// used returns which codes of items have redemptions that stand.
func (p *planner) used(ctx context.Context, items []ChangeItem) (map[string]bool, error) {
	canonicals := make([]string, len(items))
	for i := range items {
		canonicals[i] = items[i].Canonical
	}
	found, err := p.store.FindCodes(ctx, p.c.WorkspaceID, canonicals, p.at)
	used := map[string]bool{}
	for i := range found {
		used[found[i].Form()] = found[i].Redemptions > 0
	}
	return used, err
}

// rollbacks returns the commands that roll redemptions back.
func (p *planner) rollbacks(all []standing, source *event.Source) ([]*codes.Command, []*codes.Rollback) {
	commands, rollbacks := make([]*codes.Command, len(all)), make([]*codes.Rollback, len(all))
	for i := range all {
		r := &codes.Rollback{
			Redemption: all[i].ID, UserID: all[i].UserID, By: p.c.Actor.ID, Reason: "change " + p.c.ID.String(),
		}
		commands[i], rollbacks[i] = r.Command(p.c.WorkspaceID, all[i].canonical, p.at, source), r
	}
	return commands, rollbacks
}

// takeRollbacks counts the outcomes of rollbacks and returns the items to store.
func (c *Change) takeRollbacks(results []codes.Result, rollbacks []*codes.Rollback) (items []ChangeItem, err error) {
	for i := range results {
		switch result := &results[i]; {
		case core.HasReason(result.Err, core.ReasonRollbackOutOfOrder):
			c.Place.Rolling.Refused++
		case result.Err != nil:
			c.skip(core.AsError(result.Err).Reason)
		case !result.Replayed:
			item, err := itemOfRollback(rollbacks[i], result.Code.Form())
			if err != nil {
				return nil, err
			}
			items = append(items, c.numbered(item))
			c.RolledBack++
			c.Place.Rolling.Done++
		}
	}
	return items, nil
}

// tryRollbacks counts what rolling redemptions back would come to.
func (p *planner) tryRollbacks(ctx context.Context, all []standing) error {
	if len(all) == 0 {
		return nil
	}
	commands, _ := p.rollbacks(all, nil)
	results, err := p.store.DryRun(ctx, commands)
	if err != nil {
		return err
	}
	for i := range results {
		err := results[i].Err
		if core.HasReason(err, core.ReasonRollbackOutOfOrder) {
			isOne, failed := p.hasLaterOutside(ctx, &all[i].Redemption)
			if failed != nil {
				return failed
			}
			if !isOne {
				err = nil
			}
		}
		switch {
		case err != nil:
			p.c.skip(core.AsError(err).Reason)
		case !results[i].Replayed:
			p.c.RolledBack++
		}
	}
	return nil
}

// hasLaterOutside reports whether a later redemption of the same user stands that the change does not
// roll back.
func (p *planner) hasLaterOutside(ctx context.Context, r *codes.Redemption) (bool, error) {
	theirs, err := p.store.Redemptions(ctx, &codes.RedemptionQuery{
		WorkspaceID: p.c.WorkspaceID, UserID: r.UserID, Limit: core.MaxPage, MaxBytes: core.MaxPageBytes,
	})
	if err != nil {
		return false, err
	}
	for i := range theirs {
		later := &theirs[i]
		if !later.Stands() || later.Ordinal <= r.Ordinal {
			continue
		}
		forms := []string{core.Canonical(later.Code), core.OldForm(later.Code)}
		found, err := p.store.FindCodes(ctx, p.c.WorkspaceID, forms, p.at)
		if err != nil {
			return false, err
		}
		if !slices.ContainsFunc(found, func(c codes.Code) bool { return c.Value == later.Code && p.selects(&c) }) {
			return true, nil
		}
	}
	return false, nil
}

// selects reports whether the change is about a code.
func (p *planner) selects(c *codes.Code) bool {
	_, isListed := slices.BinarySearch(p.list, c.Form())
	return (isListed || !p.c.Listed) && p.c.Select.Has(c, p.at)
}
