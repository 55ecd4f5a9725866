package codes

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

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

// oldForms are the workspaces of the codes that are stored under old forms, by form. Only migrations
// make such forms, so they are read once.
type oldForms struct {
	known atomic.Pointer[map[string]core.ID] // nil: not read yet
}

func newOldForms(deps Deps) *oldForms {
	o := new(oldForms)
	if !deps.OldFormsUnknown {
		o.known.Store(&deps.OldForms)
	}
	return o
}

// areNone reports whether it is known that no code has an old form.
func (o *oldForms) areNone() bool {
	known := o.known.Load()
	return known != nil && len(*known) == 0
}

// mayBeOf reports whether a code of a workspace may be stored under an old form.
func (o *oldForms) mayBeOf(workspace core.ID, form string) bool {
	known := o.known.Load()
	return known == nil || (*known)[form] == workspace
}

// mayBe reports whether a code may be stored under an old form.
func (o *oldForms) mayBe(form string) bool {
	known := o.known.Load()
	if known == nil {
		return true
	}
	_, left := (*known)[form]
	return left
}

// ReadOldForms reads which codes are stored under old forms, and returns how many. Until it has
// succeeded, each look-up asks the store for the old form, too. After that it does nothing.
//
// Errors: KindUnavailable.
func (s *Service) ReadOldForms(ctx context.Context) (int, error) {
	if known := s.oldForms.known.Load(); known != nil {
		return len(*known), nil
	}
	forms, err := s.store.OldForms(ctx)
	if err != nil {
		return 0, fmt.Errorf("read which codes have old forms: %w", err)
	}
	s.oldForms.known.Store(&forms)
	return len(forms), nil
}

// formOf returns the form by which to look up a text in the caller's workspace: the old form if a
// code is stored under exactly that, else the canonical form. Where there are no old forms, this
// costs nothing.
func (b *base) formOf(ctx context.Context, actor *core.Actor, text string) (string, error) {
	if !b.oldForms.areNone() {
		old := core.OldForm(text)
		if b.oldForms.mayBeOf(actor.WorkspaceID, old) {
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
	if !b.oldForms.mayBe(old) {
		return false, nil
	}
	taken, err := b.store.CodesTaken(ctx, []string{old})
	return err == nil && taken[0], err
}
