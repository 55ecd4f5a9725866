package codes

import (
	"context"
	"time"

	"accesscodes/internal/core"
)

// Redemption is one use of one code by one user, with what it granted.
type Redemption struct {
	ID            core.ID
	WorkspaceID   core.ID
	Code          string // the code's value as it was given or generated
	Type          Type   // the code's
	UserID        string // empty: the person has been erased
	Grants        UserStatus
	Before        UserStatus // the user's status before
	Ordinal       int64      // 1 for the first after the user registered; a later one has a higher number
	Metadata      map[string]string
	ReservationID core.ID // zero: redeemed without a reservation
	CreatedAt     time.Time
	CreatedBy     core.ID // the API key
	RolledBackAt  *time.Time
	RolledBackBy  core.ID // the API key; zero while it stands
	Reason        string  // for the rollback; empty: none was given
}

// Stands reports whether the redemption has not been rolled back.
func (r *Redemption) Stands() bool { return r.RolledBackAt == nil }

// StandsAt reports whether the redemption stands at an instant: from when it was made until it
// was rolled back.
func (r *Redemption) StandsAt(at time.Time) bool {
	return !r.CreatedAt.After(at) && (r.RolledBackAt == nil || r.RolledBackAt.After(at))
}

// NewestStanding returns the newest redemption that stands of each of some users, by their ids: it has
// made them what they are. Who has none is left out.
//
// Errors: KindUnavailable.
func (s *Redemptions) NewestStanding(
	ctx context.Context, actor *core.Actor, users []string,
) (map[string]Redemption, error) {
	if len(users) == 0 {
		return nil, nil
	}
	leave, err := s.lists.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return nil, err
	}
	defer leave()
	found, err := s.store.NewestStanding(ctx, actor.WorkspaceID, users)
	if err != nil {
		return nil, err
	}
	all := make(map[string]Redemption, len(found))
	for i := range found {
		all[found[i].UserID] = found[i]
	}
	return all, nil
}

// ReservationState is the state of a reservation.
type ReservationState string

// The states. A lapsed reservation is stored as held until it is tidied; [Reservation.LiveAt] says
// whether it still holds a use.
const (
	ReservationHeld      ReservationState = "held"
	ReservationConfirmed ReservationState = "confirmed"
	ReservationReleased  ReservationState = "released"
	ReservationLapsed    ReservationState = "lapsed"
)

// Limits of how long a reservation holds a use.
const (
	MinReservation     = 10 * time.Second
	DefaultReservation = 5 * time.Minute
	MaxReservation     = time.Hour
)

// Reservation is one use of a code, held for a user for a short time.
type Reservation struct {
	ID           core.ID
	WorkspaceID  core.ID
	Code         string // the code's value
	UserID       string // empty: the person has been erased
	State        ReservationState
	ExpiresAt    time.Time // from then on it holds nothing
	CreatedAt    time.Time
	CreatedBy    core.ID // the API key
	RedemptionID core.ID // the redemption that confirming it made
}

// LiveAt reports whether the reservation holds a use at an instant.
func (r *Reservation) LiveAt(now time.Time) bool {
	return r.State == ReservationHeld && now.Before(r.ExpiresAt)
}
