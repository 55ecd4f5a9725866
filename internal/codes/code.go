package codes

import (
	"time"

	"accesscodes/internal/core"
)

// Type is what a code grants to the user who redeems it.
type Type string

// The types, spelt exactly so wherever they appear.
const (
	TypeNormal  Type = "Normal"  // registers a user
	TypePremium Type = "Premium" // registers a user as premium
	TypeUpgrade Type = "Upgrade" // makes a registered user premium
)

// Types lists every type, in the order in which documents show them.
func Types() []Type { return []Type{TypeNormal, TypePremium, TypeUpgrade} }

var wrongType = core.NewSentence("wrong_type", `type must be "Normal", "Premium" or "Upgrade", spelt exactly so`)

// Check adds what is wrong with a type.
func (t Type) Check(errs *core.FieldErrors) {
	switch t {
	case TypeNormal, TypePremium, TypeUpgrade:
	default:
		errs.Add(core.ReasonInvalidValue, "/type", wrongType.Said())
	}
}

// Status is what can be done with a code at an instant. It is derived, never stored.
type Status string

// The statuses, in the order in which they are decided.
const (
	StatusRevoked   Status = "revoked"   // taken back
	StatusExpired   Status = "expired"   // its ExpiresAt has come
	StatusScheduled Status = "scheduled" // its StartsAt has not come yet
	StatusExhausted Status = "exhausted" // every use is taken
	StatusActive    Status = "active"
)

// Statuses lists every status, in the order in which they are decided.
func Statuses() []Status {
	return []Status{StatusRevoked, StatusExpired, StatusScheduled, StatusExhausted, StatusActive}
}

// Code is an access code: a value that people type, with a type, belonging to one
// workspace. Times are UTC with microseconds.
type Code struct {
	Value          string // as it was given or generated; its canonical form is the identity
	WorkspaceID    core.ID
	Type           Type
	MaxRedemptions *int64 // nil: no limit
	Redemptions    int64  // uses taken
	Reservations   int64  // uses held for a short time
	StartsAt       *time.Time
	ExpiresAt      *time.Time
	RevokedAt      *time.Time
	Note           string
	Recipient      string // who it was given to
	Metadata       map[string]string
	BatchID        core.ID // zero: not part of a batch
	BatchIndex     *int64  // its place in the batch, from 0 on; nil: not part of one
	CreatedAt      time.Time
	CreatedBy      core.ID // the API key that created it
	HasOldForm     bool    // it is stored under an old form; see Form
}

// StatusAt returns the code's status at an instant. A code can be redeemed from
// StartsAt on and until just before ExpiresAt.
func (c *Code) StatusAt(now time.Time) Status {
	switch {
	case c.RevokedAt != nil:
		return StatusRevoked
	case c.ExpiresAt != nil && !now.Before(*c.ExpiresAt):
		return StatusExpired
	case c.StartsAt != nil && now.Before(*c.StartsAt):
		return StatusScheduled
	case c.MaxRedemptions != nil && c.Redemptions+c.Reservations >= *c.MaxRedemptions:
		return StatusExhausted
	default:
		return StatusActive
	}
}
