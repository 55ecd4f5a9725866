package codes

import (
	"context"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// What can be wrong with what a record says about a code that there is already.
var (
	differentCode = core.NewSentence("different_code", "a code with this value exists already, with another {fields}")
	typeStays     = core.NewSentence("type_stays", "the code exists with the type {type}, which cannot be changed")
)

// Claim is what somebody else's record says about a code that there is already.
type Claim struct {
	Type Type // empty: nothing
	// Change returns what has to be different about a code with this metadata. Times may be past.
	Change    func(metadata map[string]string) CodeChange
	RevokedAt core.Field[time.Time]
}

// Compare returns the command that finds out whether a code is what a new one would be. If so, its Result
// is Replayed; if not, the reason of its error is ReasonCodeAlreadyExists. tells: it names the fields that
// differ.
func Compare(want *NewCode, tells bool) *Command {
	return &Command{
		WorkspaceID: want.WorkspaceID, Canonical: want.Canonical, At: want.CreatedAt,
		Rule: func(x *Execution) Result {
			c := x.code()
			if c == nil {
				return refuse(errCodeNotFound())
			}
			names := Differing(&want.Code, &c.Code)
			if c.Type != want.Type {
				names = slices.Insert(names, 0, "type")
			}
			if len(names) == 0 {
				return Result{Code: x.codeNow(), Replayed: true}
			}
			if !tells {
				return refuse(errCodeExists())
			}
			return refuse(core.Invalid(core.ReasonCodeAlreadyExists,
				differentCode.With("fields", strings.Join(names, ", ")).At("/code")))
		},
	}
}

// Adopt returns the command that makes a code what a claim says. Its Result is Replayed if the code was so.
func Adopt(workspace core.ID, canonical string, claim Claim, at time.Time) *Command {
	return &Command{
		WorkspaceID: workspace, Canonical: canonical, At: at,
		Rule: func(x *Execution) Result {
			c := x.code()
			switch {
			case c == nil:
				return refuse(errCodeNotFound())
			case claim.Type != "" && claim.Type != c.Type:
				return refuse(TypeStays(c.Type))
			}
			change, next := claim.Change(c.Metadata), c.Code
			changed, err := change.applyTo(&next, time.Time{}) // any expiry is after that
			if err != nil {
				return refuse(err)
			}
			if at := claim.RevokedAt; at.Given && !sameTime(at.Value, next.RevokedAt) {
				next.RevokedAt, changed = at.Value, true
			}
			if changed {
				c.Code, c.Change = next, c.Change.then(Changed)
			}
			return Result{Code: x.codeNow(), Replayed: !changed}
		},
	}
}

// TypeStays is the error about a claim to another type than a code has.
func TypeStays(is Type) *core.Error {
	return core.Invalid(core.ReasonInvalidValue, typeStays.With("type", is).At("/type"))
}

// FormOfNew returns the form of a value that is to be a code of a workspace: the old form if a code of
// the workspace is stored under that, else the canonical form. isTaken: a code of another workspace is
// stored under the old form, so that there cannot be a second one.
func (s *Service) FormOfNew(ctx context.Context, actor *core.Actor, value string) (
	form string, isTaken bool, err error,
) {
	if s.oldForms.areNone() {
		return core.Canonical(value), false, nil
	}
	if form, err = s.formOf(ctx, actor, value); err != nil || core.IsOldForm(form) {
		return form, false, err
	}
	isTaken, err = s.isOldFormTaken(ctx, value)
	return form, isTaken, err
}
