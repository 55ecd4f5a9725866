package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Redemption is one use of a code by a user. Times are in UTC, to the microsecond.
type Redemption struct {
	ID             string            `json:"id"`     // a UUID
	Code           string            `json:"code"`   // the code's value
	Type           Type              `json:"type"`   // the code's type
	UserID         string            `json:"userId"` // your own id; empty: the person was erased
	Grants         UserStatus        `json:"grants"` // what the user became
	Metadata       map[string]string `json:"metadata"`
	ReservationID  string            `json:"reservationId"` // whose use it took; empty: there was none
	CreatedAt      time.Time         `json:"createdAt"`
	CreatedBy      string            `json:"createdBy"`    // the id of the API key
	RolledBackAt   *time.Time        `json:"rolledBackAt"` // when it was undone; nil: it stands
	RolledBackBy   string            `json:"rolledBackBy"` // the id of the API key
	RollbackReason string            `json:"rollbackReason"`

	// Replayed: an earlier call, perhaps a retry, had done it; nothing was used twice.
	Replayed bool `json:"-"`
}

func (r *Redemption) replayed() *bool { return &r.Replayed }

// RedeemCodeRequest says who redeems what. Code and UserID are required.
type RedeemCodeRequest struct {
	Code     string            `json:"code"`               // as a person typed it
	UserID   string            `json:"userId"`             // your own id, 1 to 255 characters, compared byte by byte
	Metadata map[string]string `json:"metadata,omitempty"` // kept with the redemption; limits as in AddCodeRequest
}

// RedeemCode gives one use of a code to a user. The same code and user again is the same redemption. A
// refusal uses nothing up.
func (c *Client) RedeemCode(ctx context.Context, r RedeemCodeRequest) (*Redemption, error) {
	return fetch[Redemption](ctx, c, call{
		operation: "redeemCode", method: http.MethodPost, path: []string{"tenant-codes", "redeem"}, body: r, effect: settles,
	})
}

// RedemptionFilter says which redemptions a list has. Zero fields leave none out.
type RedemptionFilter struct {
	Code          string // however it is spelt
	UserID        string
	CreatedAfter  time.Time
	CreatedBefore time.Time
}

func (f *RedemptionFilter) values() url.Values {
	return values{
		"code": f.Code, "userId": f.UserID,
		"createdAfter": instant(f.CreatedAfter), "createdBefore": instant(f.CreatedBefore),
	}.given()
}

// ListRedemptions returns a page of redemptions, newest first, those that were rolled back among them.
// [Client.Redemptions] goes through all of them.
func (c *Client) ListRedemptions(
	ctx context.Context, filter RedemptionFilter, page PageRequest,
) (*Page[Redemption], error) {
	return list[Redemption](ctx, c, "listRedemptions", "redemptions", filter.values(), page)
}

// Redemptions goes through all redemptions that a filter leaves, newest first.
func (c *Client) Redemptions(ctx context.Context, filter RedemptionFilter) iter.Seq2[*Redemption, error] {
	return pages(func(page PageRequest) (*Page[Redemption], error) { return c.ListRedemptions(ctx, filter, page) })
}

// rollBack is the body of a rollback.
type rollBack struct {
	Reason string `json:"reason,omitempty"`
}

// RollBackRedemption undoes a redemption: the code has its use back, and the user is what they were
// before. The reason is for your own people, up to 500 characters, and may be empty. Rolling back twice
// does nothing more.
func (c *Client) RollBackRedemption(ctx context.Context, id, reason string) (*Redemption, error) {
	return fetch[Redemption](ctx, c, call{
		operation: "rollBackRedemption", method: http.MethodPost, path: []string{"redemptions", id, "rollback"},
		body: rollBack{reason}, effect: settles,
	})
}
