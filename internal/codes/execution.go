package codes

import (
	"time"

	"accesscodes/internal/core"
)

// Execution is what one command sees of a unit of work. A rule changes the unit of work only through
// it.
type Execution struct {
	unit    *UnitOfWork
	command *Command
	At      time.Time
}

func (w *UnitOfWork) execution(command *Command) *Execution {
	return &Execution{unit: w, command: command, At: w.at}
}

// code returns the command's code, or nil if its workspace has no such code.
func (x *Execution) code() *TrackedCode {
	e := x.unit.codes[x.command.Canonical]
	if e == nil || e.WorkspaceID != x.command.WorkspaceID || e.Change == Removed {
		return nil
	}
	return e
}

// isTaken reports whether a code of any workspace has the command's canonical form. The command must
// have AddsCode.
func (x *Execution) isTaken() bool {
	return x.unit.taken[x.command.Canonical] || x.unit.codes[x.command.Canonical] != nil
}

// add adds a code that was never used, with the command's canonical form.
func (x *Execution) add(c *RetriedCode) {
	load(&x.unit.codes, x.command.Canonical, &TrackedCode{
		Code: c.Code, Retry: c.Retry, Canonical: x.command.Canonical, Change: Added,
	})
}

// user returns the command's user, registered or not.
func (x *Execution) user() *TrackedUser {
	return x.unit.user(UserRef{x.command.WorkspaceID, x.command.UserID})
}

// redemption returns the redemption that the command names, or nil if its workspace has no such
// redemption.
func (x *Execution) redemption() *TrackedRedemption {
	if e := x.unit.redemptions[x.command.Redemption]; e != nil && e.WorkspaceID == x.command.WorkspaceID {
		return e
	}
	return nil
}

// reservation returns the reservation that the command names, or nil if its workspace has no such
// reservation.
func (x *Execution) reservation() *TrackedReservation {
	if e := x.unit.reservations[x.command.Reservation]; e != nil && e.WorkspaceID == x.command.WorkspaceID {
		return e
	}
	return nil
}

// standing returns the redemption of the command's code by its user that stands, or nil.
func (x *Execution) standing() *TrackedRedemption {
	for _, e := range x.user().redemptions {
		if e.Canonical == x.command.Canonical && e.Stands() {
			return e
		}
	}
	return nil
}

// stood returns the redemption of the command's code by its user that stands at the instant that the
// command asks about, or nil.
func (x *Execution) stood() *TrackedRedemption {
	if !x.command.Hypothetical {
		return x.standing()
	}
	for _, e := range x.user().redemptions {
		if e.Canonical == x.command.Canonical && e.StandsAt(x.At) {
			return e
		}
	}
	return nil
}

// hold returns the live reservation of the command's code for its user, or nil.
func (x *Execution) hold() *TrackedReservation {
	for _, e := range x.user().reservations {
		if e.Canonical == x.command.Canonical && e.LiveAt(x.At) {
			return e
		}
	}
	return nil
}

// hasLater reports whether a later redemption of the same user stands. The command must have
// NeedsHistory.
func (x *Execution) hasLater(r *TrackedRedemption) bool {
	if r.UserID == "" {
		return false
	}
	for _, e := range x.unit.user(UserRef{r.WorkspaceID, r.UserID}).redemptions {
		if e.Stands() && e.Ordinal > r.Ordinal {
			return true
		}
	}
	return false
}

// setUser changes the status of a user; Unregistered removes the user.
func (x *Execution) setUser(id string, status UserStatus) {
	u := x.unit.user(UserRef{x.command.WorkspaceID, id})
	switch {
	case u.Status == status:
		return
	case status == Unregistered:
		u.LastOrdinal, u.Change = 0, u.Change.then(Removed)
	case u.Status == Unregistered:
		u.Change, u.CreatedAt = u.Change.then(Added), x.At
	default:
		u.Change = u.Change.then(Changed)
	}
	u.Status, u.UpdatedAt = status, x.At
}

// take gives one use of a code to the user: the use that hold holds, if there is a hold.
func (x *Execution) take(
	c *TrackedCode, hold *TrackedReservation, grant Grant, made Redemption,
) *TrackedRedemption {
	user := x.user()
	made.WorkspaceID, made.UserID = x.command.WorkspaceID, x.command.UserID
	made.Code, made.Type, made.CreatedAt = c.Value, c.Type, x.At
	made.Before, made.Grants, made.Ordinal = user.Status, grant.Status, user.LastOrdinal+1
	if hold != nil {
		made.ReservationID = hold.ID
		hold.RedemptionID = made.ID
		x.end(c, hold, ReservationConfirmed)
	}
	c.Redemptions++
	c.Counted, c.Used = true, true
	x.setUser(x.command.UserID, grant.Status)
	user.LastOrdinal, user.Change = made.Ordinal, user.Change.then(Changed)
	e := &TrackedRedemption{Redemption: made, Canonical: c.Canonical, Change: Added}
	x.unit.addRedemption(e)
	x.recordTaken(c, &e.Redemption)
	return e
}

// giveBack undoes a redemption.
func (x *Execution) giveBack(c *TrackedCode, r *TrackedRedemption, by core.ID, reason string) {
	at := x.At
	r.RolledBackAt, r.RolledBackBy, r.Reason = &at, by, reason
	r.Change = r.Change.then(Changed)
	c.Redemptions--
	c.Counted = true
	was := Unregistered
	if r.UserID != "" {
		was = x.unit.user(UserRef{r.WorkspaceID, r.UserID}).Status
		x.setUser(r.UserID, r.Before)
	}
	x.recordGivenBack(c, &r.Redemption, was)
}

// reinstate makes a redemption stand again that was rolled back. before is the user from before the
// rollback; nil: it named none.
func (x *Execution) reinstate(c *TrackedCode, r *TrackedRedemption, before *User) {
	r.RolledBackAt, r.RolledBackBy, r.Reason = nil, core.ID{}, ""
	r.Change = r.Change.then(Changed)
	c.Redemptions++
	c.Counted, c.Used = true, true
	was := Unregistered
	if before != nil {
		u := x.unit.user(UserRef{r.WorkspaceID, r.UserID})
		was = u.Status
		x.setUser(r.UserID, before.Status)
		if was == Unregistered {
			u.CreatedAt = before.CreatedAt
		}
		if u.CreatedAt.Equal(before.CreatedAt) { // not somebody who has registered since
			u.UpdatedAt = before.UpdatedAt
		}
		u.LastOrdinal, u.Change = max(u.LastOrdinal, before.LastOrdinal), u.Change.then(Changed)
	}
	x.recordReinstated(c, &r.Redemption, was)
}

// reserve holds one use of a code for the command's user.
func (x *Execution) reserve(c *TrackedCode, made Reservation) *TrackedReservation {
	made.WorkspaceID, made.UserID, made.Code = x.command.WorkspaceID, x.command.UserID, c.Value
	made.State, made.CreatedAt = ReservationHeld, x.At
	c.Held++
	c.Reservations++
	c.Counted, c.Used = true, true
	e := &TrackedReservation{Reservation: made, Canonical: c.Canonical, Change: Added}
	x.unit.addReservation(e)
	x.recordReservation(c, &e.Reservation)
	return e
}

// end ends a reservation that is stored as held.
func (x *Execution) end(c *TrackedCode, r *TrackedReservation, state ReservationState) {
	if r.LiveAt(x.At) {
		c.Reservations--
	}
	c.Held--
	c.Counted = true
	r.State = state
	r.Change = r.Change.then(Changed)
	x.recordReservation(c, &r.Reservation)
}
