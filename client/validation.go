package client

import (
	"context"
	"net/http"
	"time"
)

// ValidateCodeRequest asks what redeeming a code would do. Code is required.
type ValidateCodeRequest struct {
	Code   string    `json:"code"`             // as a person typed it
	UserID string    `json:"userId,omitempty"` // who would redeem it; empty: only the code is judged
	At     time.Time `json:"at,omitzero"`      // the instant to judge by; zero: now
}

// Validation is what redeeming a code would do.
type Validation struct {
	Valid  bool   `json:"valid"`
	Reason Reason `json:"reason,omitempty"` // unless valid: that of RedeemCode, or already_redeemed
	Detail string `json:"detail,omitempty"` // unless valid: a sentence for a person
	// Code is the code as it is at that instant; nil: there is none. A key with the role redeem does not
	// see its Note, Recipient, Metadata, BatchID and CreatedBy.
	Code *Code `json:"code,omitempty"`
	// Redemption is that of this code by this user, with [ReasonAlreadyRedeemed]. A key with the role
	// redeem does not see its Metadata.
	Redemption *Redemption `json:"redemption,omitempty"`
	Grants     UserStatus  `json:"grants,omitempty"` // if valid: what the user would be
	// Suggestion is the only code that can be redeemed now and is one typo away, if there is one and the
	// code was not found. A key with the role redeem does not see it.
	Suggestion string `json:"suggestion,omitempty"`
}

// ValidateCode asks what redeeming a code would do, with no effect. That it cannot be redeemed is no
// error, but a Validation that says why.
func (c *Client) ValidateCode(ctx context.Context, r ValidateCodeRequest) (*Validation, error) {
	return fetch[Validation](ctx, c, call{
		operation: "validateCode", method: http.MethodPost, path: []string{"tenant-codes", "validate"}, body: r,
	})
}
