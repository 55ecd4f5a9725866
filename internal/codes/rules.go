package codes

import (
	"fmt"
	"time"

	"accesscodes/internal/core"
)

// The rules: what each act does, or why not. They decide by a [Scene] alone.

// redeem gives one use of the code to the user.
func redeem(id, by core.ID, metadata map[string]string) func(*Execution) Result {
	return func(s *Execution) Result {
		if made := s.redemption(); made != nil { // by an earlier try whose answer was lost
			return Result{Code: s.codeNow(), Redemption: made.snapshot()}
		}
		c := s.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		if earlier := s.standing(); earlier != nil {
			return Result{Code: s.codeNow(), Redemption: earlier.snapshot(), Replayed: true}
		}
		hold := s.hold()
		grants, err := s.usable(c, hold)
		if err != nil {
			return Result{Err: err, Code: s.codeNow()}
		}
		made := s.take(c, hold, Redemption{ID: id, CreatedBy: by, Grants: grants, Metadata: metadata})
		return Result{Code: s.codeNow(), Redemption: made.snapshot()}
	}
}

// validate is redeem without its effect. Without a user only the code is judged. That the user
// has redeemed it already is what it refuses and redeem does not: there it is a replay.
func validate(s *Execution) Result {
	c := s.code()
	if c == nil {
		return refuse(errCodeNotFound())
	}
	result := Result{Code: s.codeNow()}
	if s.command.UserID == "" {
		result.Err = c.refusal(s.At, false)
	} else if earlier := s.stood(); earlier != nil {
		result.Redemption = earlier.snapshot()
		result.Err = core.Conflict(core.ReasonAlreadyRedeemed, "this user redeemed this code at "+instant(earlier.CreatedAt))
	} else {
		_, result.Err = s.usable(c, s.hold())
	}
	return result
}

// reserve holds one use of the code for the user. A user who holds one already keeps that
// one.
func reserve(id, by core.ID, life time.Duration) func(*Execution) Result {
	return func(s *Execution) Result {
		if made := s.reservation(); made != nil { // by an earlier try whose answer was lost
			return Result{Code: s.codeNow(), Reservation: made.snapshot()}
		}
		c := s.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		if hold := s.hold(); hold != nil {
			return Result{Code: s.codeNow(), Reservation: hold.snapshot(), Replayed: true}
		}
		if _, err := s.usable(c, nil); err != nil {
			return Result{Err: err, Code: s.codeNow()}
		}
		expires := s.At.Add(life)
		if c.ExpiresAt != nil && c.ExpiresAt.Before(expires) {
			expires = *c.ExpiresAt
		}
		made := s.reserve(c, Reservation{ID: id, CreatedBy: by, ExpiresAt: expires})
		return Result{Code: s.codeNow(), Reservation: made.snapshot()}
	}
}

// confirm redeems the code with the use that a reservation holds. If the reservation is
// confirmed already, the result may lack the redemption, which is not always in the book.
func confirm(id, by core.ID) func(*Execution) Result {
	return func(s *Execution) Result {
		r, c := s.reservation(), s.code()
		switch {
		case r == nil || c == nil:
			return refuse(errReservationNotFound())
		case r.State == ReservationConfirmed:
			result := Result{Code: s.codeNow(), Reservation: r.snapshot(), Replayed: r.RedemptionID != id}
			if made := s.unit.redemptions[r.RedemptionID]; made != nil {
				result.Redemption = made.snapshot()
			}
			return result
		case r.UserID == "":
			return refuse(errReservationNotFound())
		case r.State == ReservationReleased:
			return refuse(core.Conflict(core.ReasonReservationReleased, "this reservation was released; it holds no use of the code any more"))
		case !r.LiveAt(s.At) || c.MaxRedemptions != nil && c.Redemptions >= *c.MaxRedemptions:
			return refuse(core.Conflict(core.ReasonReservationLapsed, "this reservation lapsed at "+instant(r.ExpiresAt)+"; its use of the code was given back"))
		}
		grants, err := s.usable(c, r)
		if err != nil {
			return refuse(err)
		}
		made := s.take(c, r, Redemption{ID: id, CreatedBy: by, Grants: grants})
		return Result{Code: s.codeNow(), Reservation: r.snapshot(), Redemption: made.snapshot()}
	}
}

// release gives back the use that a reservation holds.
func release(s *Execution) Result {
	r, c := s.reservation(), s.code()
	switch {
	case r == nil || c == nil:
		return refuse(errReservationNotFound())
	case r.State == ReservationConfirmed:
		return refuse(core.Conflict(core.ReasonReservationConfirmed, "this reservation was confirmed; roll its redemption back instead"))
	case r.LiveAt(s.At):
		s.end(c, r, ReservationReleased)
		return Result{Code: s.codeNow(), Reservation: r.snapshot()}
	case r.State == ReservationHeld: // and lapsed, as if somebody had tidied
		s.end(c, r, ReservationLapsed)
		fallthrough
	default: // released or lapsed: it holds nothing
		return Result{Code: s.codeNow(), Reservation: r.snapshot(), Replayed: true}
	}
}

// rollback undoes a redemption: the code has its use back, the user is what they were.
func rollback(by core.ID, reason string) func(*Execution) Result {
	return func(s *Execution) Result {
		r, c := s.redemption(), s.code()
		switch {
		case r == nil || c == nil:
			return refuse(errRedemptionNotFound())
		case !r.Stands():
			return Result{Code: s.codeNow(), Redemption: r.snapshot(), Replayed: true}
		case s.hasLater(r):
			return refuse(core.Conflict(core.ReasonRollbackOutOfOrder, "a later redemption of this user stands; roll that back first"))
		}
		s.giveBack(c, r, by, reason)
		return Result{Code: s.codeNow(), Redemption: r.snapshot()}
	}
}

// revoke takes the code back, or restores it.
func revoke(revoked bool) func(*Execution) Result {
	return func(s *Execution) Result {
		c := s.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		if isRevoked := c.RevokedAt != nil; isRevoked == revoked {
			return Result{Code: s.codeNow(), Replayed: true}
		}
		was := c.RevokedAt
		c.RevokedAt = nil
		if at := s.At; revoked {
			c.RevokedAt = &at
		}
		c.Change = c.Change.then(Changed)
		s.recordRevoked(c, was)
		return Result{Code: s.codeNow()}
	}
}

// change changes the code's options.
func change(want *CodeChange) func(*Execution) Result {
	return func(s *Execution) Result {
		c := s.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		before := c.Code
		changed, err := want.applyTo(&c.Code, s.At)
		if err != nil {
			return refuse(err)
		}
		if changed {
			c.Change = c.Change.then(Changed)
			s.recordChanged(c, &before)
		}
		return Result{Code: s.codeNow(), Replayed: !changed}
	}
}

// remove deletes a code that was never used.
func remove(s *Execution) Result {
	c := s.code()
	switch {
	case c == nil:
		return refuse(errCodeNotFound())
	case c.Used || c.Redemptions > 0 || c.Held > 0:
		return refuse(core.Conflict(core.ReasonCodeInUse, "this code has been redeemed or reserved, so it stays on record; revoke it instead"))
	}
	result := Result{Code: s.codeNow()}
	c.Change = c.Change.then(Removed)
	s.recordRemoved(c)
	return result
}

// codeNow returns the act's code as it is now, or nil.
func (s *Execution) codeNow() *Code {
	c := s.code()
	if c == nil {
		return nil
	}
	now := c.Code
	return &now
}

// usable returns what the code makes of the act's user, or why it cannot be redeemed by
// them now. hold is a use that is held for the user, or nil.
func (s *Execution) usable(c *TrackedCode, hold *TrackedReservation) (UserStatus, error) {
	if err := c.refusal(s.At, hold != nil); err != nil {
		return "", err
	}
	return c.Type.grant(s.user().Status)
}

// refusal says why the code cannot be redeemed at an instant, or nil. held: a use is held
// for whoever asks.
func (c *Code) refusal(at time.Time, held bool) error {
	if held && (c.MaxRedemptions == nil || c.Redemptions < *c.MaxRedemptions) {
		free := *c // but for the one use
		free.MaxRedemptions = nil
		c = &free
	}
	switch c.StatusAt(at) {
	case StatusRevoked:
		return core.Conflict(core.ReasonCodeRevoked, "this code was revoked at "+instant(*c.RevokedAt))
	case StatusExpired:
		return core.Conflict(core.ReasonCodeExpired, "this code expired at "+instant(*c.ExpiresAt))
	case StatusScheduled:
		return core.Conflict(core.ReasonCodeNotStarted, "this code cannot be used before "+instant(*c.StartsAt))
	case StatusExhausted:
		return core.Conflict(core.ReasonCodeExhausted, c.usesTaken())
	default:
		return nil
	}
}

// usesTaken says how the uses of an exhausted code were taken.
func (c *Code) usesTaken() string {
	switch {
	case c.Reservations > 0:
		return fmt.Sprintf("every use of this code is taken: of %d, %d redeemed and %d reserved for the moment", *c.MaxRedemptions, c.Redemptions, c.Reservations)
	case *c.MaxRedemptions == 1:
		return "this code has been used; it can be redeemed once"
	default:
		return fmt.Sprintf("every use of this code is taken: it has been redeemed %d of %d times", c.Redemptions, *c.MaxRedemptions)
	}
}

// instant writes a time for a sentence.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func errCodeNotFound() *core.Error {
	return core.NotFound(core.ReasonCodeNotFound, "there is no such code in this workspace")
}

func errReservationNotFound() *core.Error {
	return core.NotFound(core.ReasonReservationNotFound, "there is no such reservation in this workspace")
}

func errRedemptionNotFound() *core.Error {
	return core.NotFound(core.ReasonRedemptionNotFound, "there is no such redemption in this workspace")
}

func errUserNotFound() *core.Error {
	return core.NotFound(core.ReasonUserNotFound, "there is no such user in this workspace")
}
