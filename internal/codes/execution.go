package codes

import (
	"time"

	"accesscodes/internal/core"
)

// Scene is what one act sees of a book, and the only way in which its rule changes it.
type Execution struct {
	unit    *UnitOfWork
	command *Command
	At      time.Time
}

func (b *UnitOfWork) execution(act *Command) *Execution {
	return &Execution{unit: b, command: act, At: b.at}
}

// code returns the act's code, or nil if its workspace has no such code.
func (s *Execution) code() *TrackedCode {
	e := s.unit.codes[s.command.Canonical]
	if e == nil || e.WorkspaceID != s.command.WorkspaceID || e.Change == Removed {
		return nil
	}
	return e
}

// user returns the act's user, registered or not.
func (s *Execution) user() *TrackedUser {
	return s.unit.user(UserRef{s.command.WorkspaceID, s.command.UserID})
}

// redemption returns the redemption that the act names, or nil if its workspace has none
// such.
func (s *Execution) redemption() *TrackedRedemption {
	if e := s.unit.redemptions[s.command.Redemption]; e != nil && e.WorkspaceID == s.command.WorkspaceID {
		return e
	}
	return nil
}

// reservation returns the reservation that the act names, or nil if its workspace has
// none such.
func (s *Execution) reservation() *TrackedReservation {
	if e := s.unit.reservations[s.command.Reservation]; e != nil && e.WorkspaceID == s.command.WorkspaceID {
		return e
	}
	return nil
}

// standing returns the redemption of the act's code by its user that stands, or nil.
func (s *Execution) standing() *TrackedRedemption {
	for _, e := range s.user().redemptions {
		if e.Canonical == s.command.Canonical && e.Stands() {
			return e
		}
	}
	return nil
}

// stood returns the redemption of the act's code by its user that stands at the instant that the
// act is about, or nil.
func (s *Execution) stood() *TrackedRedemption {
	if !s.command.Hypothetical {
		return s.standing()
	}
	for _, e := range s.user().redemptions {
		if e.Canonical == s.command.Canonical && e.StandsAt(s.At) {
			return e
		}
	}
	return nil
}

// hold returns the live reservation of the act's code for its user, or nil.
func (s *Execution) hold() *TrackedReservation {
	for _, e := range s.user().reservations {
		if e.Canonical == s.command.Canonical && e.LiveAt(s.At) {
			return e
		}
	}
	return nil
}

// hasLater reports whether a later redemption of the same user stands.
func (s *Execution) hasLater(r *TrackedRedemption) bool {
	if r.UserID == "" {
		return false
	}
	for _, e := range s.unit.user(UserRef{r.WorkspaceID, r.UserID}).redemptions {
		if e.Stands() && e.Ordinal > r.Ordinal {
			return true
		}
	}
	return false
}

// setUser changes what a user is; Unregistered removes the user.
func (s *Execution) setUser(id string, status UserStatus) {
	u := s.unit.user(UserRef{s.command.WorkspaceID, id})
	switch {
	case u.Status == status:
		return
	case status == Unregistered:
		u.Change = u.Change.then(Removed)
	case u.Status == Unregistered:
		u.Change, u.CreatedAt = u.Change.then(Added), s.At
	default:
		u.Change = u.Change.then(Changed)
	}
	u.Status, u.UpdatedAt = status, s.At
}

// take gives one use of a code to a user, the one that hold holds if there is one.
func (s *Execution) take(c *TrackedCode, hold *TrackedReservation, made Redemption) *TrackedRedemption {
	user := s.user()
	made.WorkspaceID, made.UserID = s.command.WorkspaceID, s.command.UserID
	made.Code, made.Type, made.CreatedAt = c.Value, c.Type, s.At
	made.Before, made.Ordinal = user.Status, 1
	for _, e := range user.redemptions {
		if e.Stands() { // as it does unless this group has rolled it back
			made.Ordinal = max(made.Ordinal, e.Ordinal+1)
		}
	}
	if hold != nil {
		made.ReservationID = hold.ID
		hold.RedemptionID = made.ID
		s.end(c, hold, ReservationConfirmed)
	}
	c.Redemptions++
	c.Counted, c.Used = true, true
	s.setUser(s.command.UserID, made.Grants)
	e := &TrackedRedemption{Redemption: made, Canonical: c.Canonical, Change: Added}
	s.unit.addRedemption(e)
	s.recordTaken(c, &e.Redemption)
	return e
}

// giveBack undoes a redemption.
func (s *Execution) giveBack(c *TrackedCode, r *TrackedRedemption, by core.ID, reason string) {
	at := s.At
	r.RolledBackAt, r.RolledBackBy, r.Reason = &at, by, reason
	r.Change = r.Change.then(Changed)
	c.Redemptions--
	c.Counted = true
	was := Unregistered
	if r.UserID != "" {
		was = s.unit.user(UserRef{r.WorkspaceID, r.UserID}).Status
		s.setUser(r.UserID, r.Before)
	}
	s.recordGivenBack(c, &r.Redemption, was)
}

// reserve holds one use of a code for the act's user.
func (s *Execution) reserve(c *TrackedCode, made Reservation) *TrackedReservation {
	made.WorkspaceID, made.UserID, made.Code = s.command.WorkspaceID, s.command.UserID, c.Value
	made.State, made.CreatedAt = ReservationHeld, s.At
	c.Held++
	c.Reservations++
	c.Counted, c.Used = true, true
	e := &TrackedReservation{Reservation: made, Canonical: c.Canonical, Change: Added}
	s.unit.addReservation(e)
	s.recordReservation(c, &e.Reservation)
	return e
}

// end ends a reservation that is stored as held.
func (s *Execution) end(c *TrackedCode, r *TrackedReservation, state ReservationState) {
	if r.LiveAt(s.At) {
		c.Reservations--
	}
	c.Held--
	c.Counted = true
	r.State = state
	r.Change = r.Change.then(Changed)
	s.recordReservation(c, &r.Reservation)
}
