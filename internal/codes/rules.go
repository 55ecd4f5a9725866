package codes

import (
	"fmt"
	"time"

	"accesscodes/internal/core"
)

// The rules: what each command does, or why it is refused. A rule sees only an [Execution].

// redeem gives one use of the code to the user.
func redeem(id, by core.ID, metadata map[string]string) func(*Execution) Result {
	return func(x *Execution) Result {
		if made := x.redemption(); made != nil { // by an earlier try whose answer was lost
			return Result{Code: x.codeNow(), Redemption: made.snapshot()}
		}
		c := x.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		if earlier := x.standing(); earlier != nil {
			return Result{Code: x.codeNow(), Redemption: earlier.snapshot(), Replayed: true}
		}
		hold := x.hold()
		grant, err := x.usable(c, hold)
		if err != nil {
			return Result{Err: err, Code: x.codeNow()}
		}
		made := x.take(c, hold, grant, Redemption{ID: id, CreatedBy: by, Metadata: metadata})
		return Result{Code: x.codeNow(), Redemption: made.snapshot()}
	}
}

// validate is redeem without its effect. Without a user it judges only the code. It differs from
// redeem in one case: a user who has redeemed the code already is refused here, and gets a replay
// from redeem.
func validate(x *Execution) Result {
	c := x.code()
	if c == nil {
		return refuse(errCodeNotFound())
	}
	result := Result{Code: x.codeNow()}
	if x.command.UserID == "" {
		result.Err = c.refusal(x.At, false)
	} else if earlier := x.stood(); earlier != nil {
		result.Redemption = earlier.snapshot()
		result.Err = core.Conflict(core.ReasonAlreadyRedeemed, "this user redeemed this code at "+instant(earlier.CreatedAt))
	} else {
		_, result.Err = x.usable(c, x.hold())
	}
	return result
}

// reserve holds one use of the code for the user. A user who holds one already keeps it.
func reserve(id, by core.ID, life time.Duration) func(*Execution) Result {
	return func(x *Execution) Result {
		if made := x.reservation(); made != nil { // by an earlier try whose answer was lost
			return Result{Code: x.codeNow(), Reservation: made.snapshot()}
		}
		c := x.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		if hold := x.hold(); hold != nil {
			return Result{Code: x.codeNow(), Reservation: hold.snapshot(), Replayed: true}
		}
		if _, err := x.usable(c, nil); err != nil {
			return Result{Err: err, Code: x.codeNow()}
		}
		expires := x.At.Add(life)
		if c.ExpiresAt != nil && c.ExpiresAt.Before(expires) {
			expires = *c.ExpiresAt
		}
		made := x.reserve(c, Reservation{ID: id, CreatedBy: by, ExpiresAt: expires})
		return Result{Code: x.codeNow(), Reservation: made.snapshot()}
	}
}

// confirm redeems the code with the use that a reservation holds. If the reservation is confirmed
// already, the result may lack the redemption, which is not always loaded.
func confirm(id, by core.ID) func(*Execution) Result {
	return func(x *Execution) Result {
		r, c := x.reservation(), x.code()
		switch {
		case r == nil || c == nil:
			return refuse(errReservationNotFound())
		case r.State == ReservationConfirmed:
			result := Result{Code: x.codeNow(), Reservation: r.snapshot(), Replayed: r.RedemptionID != id}
			if made := x.unit.redemptions[r.RedemptionID]; made != nil {
				result.Redemption = made.snapshot()
			}
			return result
		case r.UserID == "":
			return refuse(errReservationNotFound())
		case r.State == ReservationReleased:
			return refuse(core.Conflict(core.ReasonReservationReleased,
				"this reservation was released; it holds no use of the code any more"))
		case !r.LiveAt(x.At) || c.MaxRedemptions != nil && c.Redemptions >= *c.MaxRedemptions:
			return refuse(core.Conflict(core.ReasonReservationLapsed,
				"this reservation lapsed at "+instant(r.ExpiresAt)+"; its use of the code was given back"))
		}
		grant, err := x.usable(c, r)
		if err != nil {
			return refuse(err)
		}
		made := x.take(c, r, grant, Redemption{ID: id, CreatedBy: by})
		return Result{Code: x.codeNow(), Reservation: r.snapshot(), Redemption: made.snapshot()}
	}
}

// release gives back the use that a reservation holds.
func release(x *Execution) Result {
	r, c := x.reservation(), x.code()
	switch {
	case r == nil || c == nil:
		return refuse(errReservationNotFound())
	case r.State == ReservationConfirmed:
		return refuse(core.Conflict(core.ReasonReservationConfirmed,
			"this reservation was confirmed; roll its redemption back instead"))
	case r.LiveAt(x.At):
		x.end(c, r, ReservationReleased)
		return Result{Code: x.codeNow(), Reservation: r.snapshot()}
	case r.State == ReservationHeld: // it has lapsed: mark it as tidying would
		x.end(c, r, ReservationLapsed)
		fallthrough
	default: // released or lapsed: it holds nothing
		return Result{Code: x.codeNow(), Reservation: r.snapshot(), Replayed: true}
	}
}

// rollback undoes a redemption: the code gets its use back, and the user the status from before.
func rollback(by core.ID, reason string) func(*Execution) Result {
	return func(x *Execution) Result {
		r, c := x.redemption(), x.code()
		switch {
		case r == nil || c == nil:
			return refuse(errRedemptionNotFound())
		case !r.Stands():
			return Result{Code: x.codeNow(), Redemption: r.snapshot(), Replayed: true}
		case x.hasLater(r):
			return refuse(core.Conflict(core.ReasonRollbackOutOfOrder,
				"a later redemption of this user stands; roll that back first"))
		}
		x.giveBack(c, r, by, reason)
		return Result{Code: x.codeNow(), Redemption: r.snapshot()}
	}
}

// revoke takes the code back, or restores it.
func revoke(revoked bool) func(*Execution) Result {
	return func(x *Execution) Result {
		c := x.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		if isRevoked := c.RevokedAt != nil; isRevoked == revoked {
			return Result{Code: x.codeNow(), Replayed: true}
		}
		before := c.Code
		c.RevokedAt = nil
		if at := x.At; revoked {
			c.RevokedAt = &at
		}
		c.Change = c.Change.then(Changed)
		x.recordRevoked(c, &before)
		return Result{Code: x.codeNow()}
	}
}

// change changes the code's options.
func change(want *CodeChange) func(*Execution) Result {
	return func(x *Execution) Result {
		c := x.code()
		if c == nil {
			return refuse(errCodeNotFound())
		}
		before := c.Code
		changed, err := want.applyTo(&c.Code, x.At)
		if err != nil {
			return refuse(err)
		}
		if changed {
			c.Change = c.Change.then(Changed)
			x.recordChanged(c, &before)
		}
		return Result{Code: x.codeNow(), Replayed: !changed}
	}
}

// remove deletes a code that was never used.
func remove(x *Execution) Result {
	c := x.code()
	switch {
	case c == nil:
		return refuse(errCodeNotFound())
	case c.Used || c.Redemptions > 0 || c.Held > 0:
		return refuse(core.Conflict(core.ReasonCodeInUse,
			"this code has been redeemed or reserved, so it stays on record; revoke it instead"))
	}
	result := Result{Code: x.codeNow()}
	c.Change = c.Change.then(Removed)
	x.recordRemoved(c)
	return result
}

// codeNow returns the command's code as it is now, or nil.
func (x *Execution) codeNow() *Code {
	c := x.code()
	if c == nil {
		return nil
	}
	now := c.Code
	return &now
}

// usable returns what the code gives to the command's user, or why the user cannot redeem
// it now. hold is a use that is held for the user, or nil.
func (x *Execution) usable(c *TrackedCode, hold *TrackedReservation) (Grant, error) {
	if err := c.refusal(x.At, hold != nil); err != nil {
		return Grant{}, err
	}
	return c.grantTo(x.user().Status)
}

// refusal says why the code cannot be redeemed at an instant; nil: it can. held: a use is held for
// the user who asks.
func (c *Code) refusal(at time.Time, held bool) error {
	if held && (c.MaxRedemptions == nil || c.Redemptions < *c.MaxRedemptions) {
		free := *c // with no limit, because the held use is enough
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
		return fmt.Sprintf("every use of this code is taken: of %d, %d redeemed and %d reserved for the moment",
			*c.MaxRedemptions, c.Redemptions, c.Reservations)
	case *c.MaxRedemptions == 1:
		return "this code has been used; it can be redeemed once"
	default:
		return fmt.Sprintf("every use of this code is taken: it has been redeemed %d of %d times",
			c.Redemptions, *c.MaxRedemptions)
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
