package bulk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Effect is what a change has done to one code.
type Effect struct {
	Change
	Fields  []string // that differ, see [codes.Fields]; none: the code was deleted
	Was, Is codes.Code
	// Reversed: the undoing of the change has reached the code.
	Reversed bool
}

// Limits of a look for the effects on one code.
const (
	effectsOf   = 20 // of the newest changes that may have reached it
	itemsAtOnce = 64 // where the item of a code lies, so many are read together
)

// UndoneBy returns who has undone the change, or asked for that, and when it ended; nil: nobody has, or
// it goes on.
func (c *Change) UndoneBy() (by event.Actor, at *time.Time) {
	if c.Undo == nil {
		return event.Actor{}, nil
	}
	return c.Undo.Actor, c.FinishedAt
}

// EffectsOn returns what changes have done to a code, the newest first, and from when on that is all: of
// older ones it is not kept, or there are too many. Zero: none before them can have reached the code.
//
// Errors: KindUnavailable.
func (s *Changes) EffectsOn(
	ctx context.Context, actor *core.Actor, code *codes.Code,
) (all []Effect, since time.Time, err error) {
	now, looked := s.now(), 0
	kept := now.Add(-UndoLife)
	for page := (core.PageRequest{Limit: core.MaxPage}); ; {
		list, err := s.List(ctx, actor, page)
		if err != nil {
			return nil, since, err
		}
		for i := range list.Items {
			c := &list.Items[i]
			switch {
			case c.CreatedAt.Before(code.CreatedAt):
				return all, since, nil
			case c.CreatedAt.Before(kept.Add(-pruneAge)): // it did nothing after kept, not even by its undoing
				return all, later(since, kept), nil
			case !c.mayHaveReached(code):
				continue
			case c.CreatedAt.Before(kept) || looked == effectsOf:
				since = later(since, c.endBy(now))
				continue
			}
			looked++
			effect, err := s.effectOn(ctx, c, code)
			if err != nil {
				return nil, since, err
			}
			if effect != nil {
				all = append(all, *effect)
			}
		}
		if page.Cursor = list.Next; page.Cursor == "" {
			return all, since, nil
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// endBy is when a change, or its undoing, ended; now: it goes on.
func (c *Change) endBy(now time.Time) time.Time {
	if c.FinishedAt == nil {
		return now
	}
	return *c.FinishedAt
}

// mayHaveReached reports whether a change may have changed a code.
func (c *Change) mayHaveReached(code *codes.Code) bool {
	switch {
	case c.Items == 0:
		return false
	case int64(len(c.Sample)) == c.Changed && !c.RollBack: // then it names all of them
		return slices.Contains(c.Sample, code.Value)
	default:
		return c.Listed || c.Select.MayHave(code)
	}
}

// effectOn finds the item of a code among those of a change, which lie in the order in which the change
// came upon their codes: so no index is needed, and changes are no slower for it. nil: there is none.
func (s *Changes) effectOn(ctx context.Context, c *Change, code *codes.Code) (*Effect, error) {
	low, high := int64(0), c.Items // the item is from low on, and before high
	for high-low > itemsAtOnce {
		middle := low + (high-low)/2
		items, err := s.Store.ChangeItems(ctx, c.WorkspaceID, c.ID, middle, 1)
		if err != nil || len(items) == 0 { // it was deleted meanwhile
			return nil, err
		}
		order, err := items[0].order(c, code)
		if err != nil {
			return nil, err
		}
		if order > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	items, err := s.Store.ChangeItems(ctx, c.WorkspaceID, c.ID, low, itemsAtOnce)
	for i := 0; i < len(items) && err == nil; i++ {
		var order int
		if order, err = items[i].order(c, code); err == nil && order == 0 {
			return items[i].effect(c, code)
		}
	}
	return nil, err
}

// order says whether an item of a change lies before (-1) or behind (1) that of a code.
func (i *ChangeItem) order(c *Change, code *codes.Code) (int, error) {
	if rollback, err := i.rollback(); err != nil || rollback != nil {
		return 1, err // they come after all codes
	}
	if c.Listed {
		return cmp.Compare(i.Canonical, code.Form()), nil
	}
	at, err := i.createdAt()
	return cmp.Or(code.CreatedAt.Compare(at), cmp.Compare(code.Form(), i.Canonical)), err
}

// createdAt returns when the code of an item was made.
func (i *ChangeItem) createdAt() (time.Time, error) {
	var was struct {
		CreatedAt time.Time `json:"createdAt"`
	}
	err := decode(i.Was, &was)
	return was.CreatedAt, err
}

// effect reads an item about a code; nil: it is about an earlier one of the same value.
func (i *ChangeItem) effect(c *Change, code *codes.Code) (*Effect, error) {
	at, err := i.createdAt()
	if err != nil || !at.Equal(code.CreatedAt) {
		return nil, err
	}
	effect := &Effect{Change: *c, Reversed: c.Undo != nil && i.Number >= c.Items-c.Undo.Next}
	if i.Is == "" {
		return effect, nil
	}
	if _, err = decodeFields(i.Was, &effect.Was, changes); err == nil {
		effect.Fields, err = decodeFields(i.Is, &effect.Is, changes)
	}
	if len(effect.Fields) == 0 { // it was looked at for the sake of its redemptions
		return nil, err
	}
	return effect, err
}
