package bulk

import (
	"context"
	"errors"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// reversal undoes one item of a change.
type reversal interface {
	command(item *ChangeItem, at time.Time, source *event.Source) *codes.Command
	// count counts what became of it.
	count(u *undoState, result *codes.Result)
}

// reversalOf returns what undoes an item. users are those of [ChangeWorker.usersOf].
func reversalOf(item *ChangeItem, users map[core.ID]string) (reversal, error) {
	if item.Is == "" {
		was, err := decodeCode(item.Was)
		return &undeletion{codes.Undeletion{Was: was}}, err
	}
	if rollback, err := item.rollback(); err != nil || rollback != nil {
		if err != nil {
			return nil, err
		}
		rollback.UserID = users[rollback.Redemption]
		return &reinstatement{codes.Reinstatement{Rollback: *rollback}}, nil
	}
	r := new(fieldReversal)
	if _, err := decodeFields(item.Was, &r.Was, changes); err != nil {
		return nil, err
	}
	names, err := decodeFields(item.Is, &r.Is, changes)
	r.Fields = names
	return r, err
}

// usersOf returns the users of the redemptions among items, by redemption.
func (w *ChangeWorker) usersOf(ctx context.Context, c *Change, items []ChangeItem) (map[core.ID]string, error) {
	var refs []codes.Ref
	for i := range items {
		rollback, err := items[i].rollback()
		if err != nil {
			return nil, err
		}
		if rollback != nil {
			refs = append(refs, codes.Ref{Canonical: items[i].Canonical, ID: rollback.Redemption})
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	found, err := w.reads.FindRedemptions(ctx, c.WorkspaceID, refs)
	users := map[core.ID]string{}
	for i := range found {
		users[found[i].ID] = found[i].UserID
	}
	return users, err
}

// fieldReversal gives fields of a code their values from before.
type fieldReversal struct{ codes.Reversal }

func (r *fieldReversal) command(item *ChangeItem, at time.Time, _ *event.Source) *codes.Command {
	return r.Command(item.WorkspaceID, item.Canonical, at)
}

// count counts what became of one code. A code can be changed in some fields and passed over in
// others.
func (r *fieldReversal) count(u *undoState, result *codes.Result) {
	if result.Err != nil {
		u.skip(core.AsError(result.Err).Reason)
		return
	}
	if r.Changed {
		u.Changed++
	}
	if len(r.Left) > 0 {
		u.skip(SkipChangedSince)
	}
	if r.Refused != nil {
		u.skip(core.AsError(r.Refused).Reason)
	}
}

// undeletion brings a code back.
type undeletion struct{ codes.Undeletion }

func (r *undeletion) command(item *ChangeItem, at time.Time, _ *event.Source) *codes.Command {
	return r.Command(item.WorkspaceID, item.Canonical, at)
}

func (r *undeletion) count(u *undoState, result *codes.Result) {
	if result.Err != nil {
		u.skip(core.AsError(result.Err).Reason)
		return
	}
	u.Changed++
}

// reinstatement makes a redemption stand again.
type reinstatement struct{ codes.Reinstatement }

func (r *reinstatement) command(item *ChangeItem, at time.Time, source *event.Source) *codes.Command {
	return r.Command(item.WorkspaceID, item.Canonical, at, source)
}

func (r *reinstatement) count(u *undoState, result *codes.Result) {
	switch {
	case errors.Is(result.Err, codes.ErrUserChangedSince):
		u.skip(SkipUserChangedSince)
	case result.Err != nil:
		u.skip(core.AsError(result.Err).Reason)
	case !result.Replayed:
		u.PutBack++
	}
}
