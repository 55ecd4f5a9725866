package codes

import (
	"context"
	"errors"

	"accesscodes/internal/core"
)

// Form is the form that the code is stored under.
func (c *Code) Form() string {
	if c.HasOldForm {
		return core.OldForm(c.Value)
	}
	return core.Canonical(c.Value)
}

// OldFormCode is a code that is left with its old form.
type OldFormCode struct {
	Slug  string // of its workspace
	Value string
}

// formOf returns the form under which a code of the caller's workspace is looked up by a
// text: the old form if a code is left with exactly that, else the canonical one. Which old
// forms are left was read when the service started: migrations make them and nothing else
// does. So where there are none, this costs nothing.
func (b *base) formOf(ctx context.Context, actor *core.Actor, text string) (string, error) {
	if len(b.oldForms) > 0 {
		old := core.OldForm(text)
		if b.oldForms[old] == actor.WorkspaceID {
			_, err := b.store.Code(ctx, actor.WorkspaceID, old, b.now())
			if !errors.Is(err, core.ErrNotFound) { // it may have been deleted since
				return old, err
			}
		}
	}
	return core.Canonical(text), nil
}

// isOldFormTaken reports whether a code of any workspace is left with the old form of a
// value. A second code with this value could not be found.
func (b *base) isOldFormTaken(ctx context.Context, value string) (bool, error) {
	old := core.OldForm(value)
	if _, left := b.oldForms[old]; !left {
		return false, nil
	}
	taken, err := b.store.CodesTaken(ctx, []string{old})
	return err == nil && taken[0], err
}
