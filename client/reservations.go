package client

import (
	"context"
	"net/http"
	"time"
)

// Reservation is a use of a code that is held for a user, as long as a sign-up takes.
type Reservation struct {
	ID        string    `json:"id"`        // a UUID
	Code      string    `json:"code"`      // the code's value
	UserID    string    `json:"userId"`    // your own id; empty: the person was erased
	ExpiresAt time.Time `json:"expiresAt"` // when the use is given back by itself, unless it was confirmed

	// Replayed: an earlier call, perhaps a retry, had done it, and it stays as it was.
	Replayed bool `json:"-"`
}

func (r *Reservation) replayed() *bool { return &r.Replayed }

// ReserveCodeRequest says for whom to hold a use of what. Code and UserID are required.
type ReserveCodeRequest struct {
	Code   string // as a person typed it
	UserID string // your own id, 1 to 255 characters, compared byte by byte
	// TTL is how long the use is held, from 10 seconds to an hour, in whole seconds; 0: 5 minutes. It is
	// not held for longer than the code lives.
	TTL time.Duration
}

// reserve is the body of a request to reserve.
type reserve struct {
	Code       string `json:"code"`
	UserID     string `json:"userId"`
	TTLSeconds int64  `json:"ttlSeconds,omitempty"`
}

// ReserveCode holds a use of a code for a user. It is refused for the same reasons as
// [Client.RedeemCode]. A user who holds one already keeps that one.
func (c *Client) ReserveCode(ctx context.Context, r ReserveCodeRequest) (*Reservation, error) {
	return fetch[Reservation](ctx, c, call{
		operation: "reserveCode", method: http.MethodPost, path: []string{"tenant-codes", "reserve"},
		body: reserve{r.Code, r.UserID, wholeSeconds(r.TTL)}, effect: settles,
	})
}

// ConfirmReservation redeems the code with the use that is held.
func (c *Client) ConfirmReservation(ctx context.Context, id string) (*Redemption, error) {
	return fetch[Redemption](ctx, c, call{
		operation: "confirmReservation", method: http.MethodPost, path: []string{"reservations", id, "confirm"},
		effect: settles,
	})
}

// ReleaseReservation gives the use that is held back. Releasing one that holds nothing any more does
// nothing.
func (c *Client) ReleaseReservation(ctx context.Context, id string) (*Reservation, error) {
	return fetch[Reservation](ctx, c, call{
		operation: "releaseReservation", method: http.MethodPost, path: []string{"reservations", id, "release"},
		effect: settles,
	})
}
