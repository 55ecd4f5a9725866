package access

import "time"

// Scene is what one act sees of a book, and the only way in which its rule changes it.
type Scene struct {
	book *Book
	act  *Act
	At   time.Time
}

func (b *Book) scene(act *Act) *Scene { return &Scene{book: b, act: act, At: b.at} }

// code returns the act's code, or nil if its workspace has no such code.
func (s *Scene) code() *CodeEntry {
	e := s.book.codes[s.act.Canonical]
	if e == nil || e.WorkspaceID != s.act.WorkspaceID || e.Change == Removed {
		return nil
	}
	return e
}

// user returns the act's user, registered or not.
func (s *Scene) user() *UserEntry { return s.book.user(UserRef{s.act.WorkspaceID, s.act.UserID}) }

// redemption returns the redemption that the act names, or nil if its workspace has none
// such.
func (s *Scene) redemption() *RedemptionEntry {
	if e := s.book.redemptions[s.act.Redemption]; e != nil && e.WorkspaceID == s.act.WorkspaceID {
		return e
	}
	return nil
}

// reservation returns the reservation that the act names, or nil if its workspace has
// none such.
func (s *Scene) reservation() *ReservationEntry {
	if e := s.book.reservations[s.act.Reservation]; e != nil && e.WorkspaceID == s.act.WorkspaceID {
		return e
	}
	return nil
}

// standing returns the redemption of the act's code by its user that stands, or nil.
func (s *Scene) standing() *RedemptionEntry {
	for _, e := range s.user().redemptions {
		if e.Canonical == s.act.Canonical && e.Stands() {
			return e
		}
	}
	return nil
}

// hold returns the live reservation of the act's code for its user, or nil.
func (s *Scene) hold() *ReservationEntry {
	for _, e := range s.user().reservations {
		if e.Canonical == s.act.Canonical && e.LiveAt(s.At) {
			return e
		}
	}
	return nil
}

// hasLater reports whether a later redemption of the same user stands.
func (s *Scene) hasLater(r *RedemptionEntry) bool {
	if r.UserID == "" {
		return false
	}
	for _, e := range s.book.user(UserRef{r.WorkspaceID, r.UserID}).redemptions {
		if e.Stands() && e.Ordinal > r.Ordinal {
			return true
		}
	}
	return false
}

// setUser changes what a user is; Unregistered removes the user.
func (s *Scene) setUser(id string, status UserStatus) {
	u := s.book.user(UserRef{s.act.WorkspaceID, id})
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
func (s *Scene) take(c *CodeEntry, hold *ReservationEntry, made Redemption) *RedemptionEntry {
	user := s.user()
	made.WorkspaceID, made.UserID = s.act.WorkspaceID, s.act.UserID
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
	s.setUser(s.act.UserID, made.Grants)
	e := &RedemptionEntry{Redemption: made, Canonical: c.Canonical, Change: Added}
	s.book.addRedemption(e)
	return e
}

// giveBack undoes a redemption.
func (s *Scene) giveBack(c *CodeEntry, r *RedemptionEntry, by ID, reason string) {
	at := s.At
	r.RolledBackAt, r.RolledBackBy, r.Reason = &at, by, reason
	r.Change = r.Change.then(Changed)
	c.Redemptions--
	c.Counted = true
	if r.UserID != "" {
		s.setUser(r.UserID, r.Before)
	}
}

// reserve holds one use of a code for the act's user.
func (s *Scene) reserve(c *CodeEntry, made Reservation) *ReservationEntry {
	made.WorkspaceID, made.UserID, made.Code = s.act.WorkspaceID, s.act.UserID, c.Value
	made.State, made.CreatedAt = ReservationHeld, s.At
	c.Held++
	c.Reservations++
	c.Counted, c.Used = true, true
	e := &ReservationEntry{Reservation: made, Canonical: c.Canonical, Change: Added}
	s.book.addReservation(e)
	return e
}

// end ends a reservation that is stored as held.
func (s *Scene) end(c *CodeEntry, r *ReservationEntry, state ReservationState) {
	if r.LiveAt(s.At) {
		c.Reservations--
	}
	c.Held--
	c.Counted = true
	r.State = state
	r.Change = r.Change.then(Changed)
}
