package codes

import (
	"errors"
	"time"

	"accesscodes/internal/core"
)

// Act is what is done to each code of a selection: exactly one of these. The rules are those of the
// requests for one code.
type Act struct {
	Revoke  bool        `json:",omitempty"`
	Restore bool        `json:",omitempty"`
	Delete  bool        `json:",omitempty"`
	Set     *CodeChange `json:",omitempty"` // options to change
}

// ErrNotSelected is the outcome of a command for a code that is not in the selection, or not any more.
var ErrNotSelected = errors.New("the code is not in the selection")

// Command returns the command that does it to one code, if the selection has the code. Its Result
// says in Before how the code was. It records no event.
func (a *Act) Command(workspace core.ID, canonical string, s *Selection, at time.Time) *Command {
	rule := a.rule()
	return &Command{
		WorkspaceID: workspace, Canonical: canonical, At: at, NeedsUsage: a.Delete,
		Rule: func(x *Execution) Result {
			c := x.code()
			if c == nil || !s.Has(&c.Code, x.At) {
				return refuse(ErrNotSelected)
			}
			before := RetriedCode{Code: c.Code, Retry: c.Retry}
			result := rule(x)
			result.Before = &before
			return result
		},
	}
}

func (a *Act) rule() func(*Execution) Result {
	switch {
	case a.Set != nil:
		return change(a.Set)
	case a.Delete:
		return remove
	default:
		return revoke(a.Revoke)
	}
}

// CheckAny adds what is wrong with a change whatever the code, each with a prefix to its pointer.
func (c *CodeChange) CheckAny(errs *core.FieldErrors, prefix string, now time.Time) {
	var none Code
	next := optionsOf(&none)
	c.applyToOptions(&next)
	errs.AddAll(c.check(&none, &next, now), prefix)
}

// IsEmpty reports whether the change names no option.
func (c *CodeChange) IsEmpty() bool { return *c == CodeChange{} }
