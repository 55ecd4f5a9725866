package codes

import (
	"errors"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Rollback rolls a redemption back as [Redemptions.Rollback] does, and remembers what it did to the
// user.
type Rollback struct {
	Redemption core.ID
	UserID     string // of the redemption
	By         core.ID
	Reason     string

	Was *User      // the user before; nil: the redemption names nobody any more
	Is  UserStatus // the user's status after it
}

// Command returns the command that rolls it back. It sets Was and Is.
func (r *Rollback) Command(workspace core.ID, canonical string, at time.Time, source *event.Source) *Command {
	return &Command{
		WorkspaceID: workspace, Canonical: canonical, UserID: r.UserID, Redemption: r.Redemption, At: at,
		NeedsHistory: true, Rule: r.rule, Source: source,
	}
}

func (r *Rollback) rule(x *Execution) Result {
	r.Was, r.Is = nil, Unregistered
	of := x.redemption()
	if of == nil || of.UserID == "" {
		return rollback(r.By, r.Reason)(x)
	}
	user := x.unit.user(UserRef{of.WorkspaceID, of.UserID})
	was := user.User
	result := rollback(r.By, r.Reason)(x)
	r.Was, r.Is = &was, user.Status
	return result
}

// ErrUserChangedSince is why a rollback cannot be taken back: its user is not what it left.
var ErrUserChangedSince = errors.New("the user is not what the rollback left")

// Reinstatement takes a [Rollback] back, if the user is still what the rollback left. It does so to an
// expired or revoked code, too: the redemption was made before.
type Reinstatement struct{ Rollback }

// Command returns the command that takes it back.
func (r *Reinstatement) Command(workspace core.ID, canonical string, at time.Time, source *event.Source) *Command {
	command := r.Rollback.Command(workspace, canonical, at, source)
	command.Rule = r.rule
	return command
}

func (r *Reinstatement) rule(x *Execution) Result {
	e, c := x.redemption(), x.code()
	switch {
	case e == nil || c == nil:
		return refuse(errRedemptionNotFound())
	case e.Stands():
		return Result{Code: x.codeNow(), Redemption: e.snapshot(), Replayed: true}
	case r.isUserChanged(x, e):
		return refuse(ErrUserChangedSince)
	case c.MaxRedemptions != nil && c.Redemptions+c.Reservations >= *c.MaxRedemptions:
		return refuse(core.Conflict(core.ReasonCodeExhausted, c.usesTaken()))
	}
	x.reinstate(c, e, r.Was)
	return Result{Code: x.codeNow(), Redemption: e.snapshot()}
}

// isUserChanged reports whether the user is not what the rollback left: has another status, has redeemed
// something since, or was erased.
func (r *Reinstatement) isUserChanged(x *Execution, e *TrackedRedemption) bool {
	if r.Was == nil || e.UserID == "" {
		return (r.Was == nil) != (e.UserID == "")
	}
	return x.unit.user(UserRef{e.WorkspaceID, e.UserID}).Status != r.Is || x.hasLater(e)
}
