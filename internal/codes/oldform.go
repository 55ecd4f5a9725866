package codes

import (
	"context"
	"errors"

	"accesscodes/internal/core"
)

// Form returns the form under which the code is stored.
func (c *Code) Form() string {
	if c.HasOldForm {
		return core.OldForm(c.Value)
	}
	return core.Canonical(c.Value)
}

// OldFormCode is a code that is stored under an old form; see [core.OldForm].
type OldFormCode struct {
	Slug  string // of its workspace
	Value string
}

// formOf returns the form by which to look up a text in the caller's workspace: the old form if a
// code is stored under exactly that, else the canonical form. Only migrations make old forms, so
// they are read once, when the service starts. Where there are none, this costs nothing.
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

// isOldFormTaken reports whether a code of any workspace is stored under the old form of a value. A
// second code with this value could not be found.
func (b *base) isOldFormTaken(ctx context.Context, value string) (bool, error) {
	old := core.OldForm(value)
	if _, left := b.oldForms[old]; !left {
		return false, nil
	}
	taken, err := b.store.CodesTaken(ctx, []string{old})
	return err == nil && taken[0], err
}
