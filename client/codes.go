package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Type is what a code grants to the user who redeems it.
type Type string

// The types of codes.
const (
	TypeNormal  Type = "Normal"  // registers a user
	TypePremium Type = "Premium" // registers a user as premium
	TypeUpgrade Type = "Upgrade" // makes a registered user premium
)

// Status is what can be done with a code now.
type Status string

// The statuses of codes. A code has the first that applies, in this order.
const (
	StatusRevoked   Status = "revoked"   // taken back
	StatusExpired   Status = "expired"   // its ExpiresAt has come
	StatusScheduled Status = "scheduled" // its StartsAt has not come yet
	StatusExhausted Status = "exhausted" // every use is taken
	StatusActive    Status = "active"    // it can be redeemed
)

// Code is an access code. Times are in UTC, to the microsecond.
type Code struct {
	Code           string            `json:"code"` // as it was given or generated
	Type           Type              `json:"type"`
	Status         Status            `json:"status"`
	MaxRedemptions *int64            `json:"maxRedemptions"` // nil: no limit
	Redemptions    int64             `json:"redemptions"`    // uses that are taken
	Reservations   int64             `json:"reservations"`   // uses that are held for the moment
	StartsAt       *time.Time        `json:"startsAt"`       // from when on it can be redeemed; nil: from the beginning
	ExpiresAt      *time.Time        `json:"expiresAt"`      // from when on it cannot any more; nil: never
	RevokedAt      *time.Time        `json:"revokedAt"`      // when it was taken back; nil: it was not
	Note           string            `json:"note"`           // for your own people
	Recipient      string            `json:"recipient"`      // who it was given to
	Metadata       map[string]string `json:"metadata"`
	BatchID        string            `json:"batchId"`    // a UUID; empty: it is of no batch
	BatchIndex     *int64            `json:"batchIndex"` // its place in the batch, from 0 on; nil: it is of none
	CreatedAt      time.Time         `json:"createdAt"`
	CreatedBy      string            `json:"createdBy"` // the id of the API key

	// Replayed: [Client.AddCode] had been called before with the same key, perhaps by a retry.
	Replayed bool `json:"-"`
}

func (c *Code) replayed() *bool { return &c.Replayed }

// AddCodeRequest says what code to add. Code and Type are required.
type AddCodeRequest struct {
	// Code is the value that people type, 1 to 128 characters. Compared with others, case, white space,
	// dashes and what cannot be seen do not count. It must be unique over the whole installation.
	Code string `json:"code"`
	Type Type   `json:"type"`
	// MaxRedemptions is how often it can be redeemed, from 1 on; left out or null: without limit.
	MaxRedemptions Field[int64] `json:"maxRedemptions,omitzero"`
	StartsAt       time.Time    `json:"startsAt,omitzero"`   // from when on; zero: from the beginning
	ExpiresAt      time.Time    `json:"expiresAt,omitzero"`  // until when, in the future; zero: for ever
	Note           string       `json:"note,omitempty"`      // for your own people, up to 500 characters
	Recipient      string       `json:"recipient,omitempty"` // who it is given to, up to 320 characters
	// Metadata are up to 50 texts of your own: keys of up to 40 characters, values of up to 500, 8192
	// bytes in all.
	Metadata map[string]string `json:"metadata,omitempty"`

	// IdempotencyKey makes the same call a retry, also in another process: 1 to 255 visible ASCII
	// characters, such as an order's number. If empty, the call makes one for its own retries.
	IdempotencyKey string `json:"-"`
}

// AddCode adds a code with a value of your own.
func (c *Client) AddCode(ctx context.Context, r AddCodeRequest) (*Code, error) {
	return fetch[Code](ctx, c, call{
		operation: "addCode", method: http.MethodPost, path: []string{"tenant-codes", "add"}, body: r,
		effect: settles, key: idempotencyKey(r.IdempotencyKey),
	})
}

// GenerateCodeRequest says what code to generate. Type is required; the other fields are as in
// [AddCodeRequest], but for MaxRedemptions.
type GenerateCodeRequest struct {
	Type Type `json:"type"`
	// MaxRedemptions is how often it can be redeemed, from 1 on; left out: once; null: without limit.
	MaxRedemptions Field[int64]      `json:"maxRedemptions,omitzero"`
	StartsAt       time.Time         `json:"startsAt,omitzero"`
	ExpiresAt      time.Time         `json:"expiresAt,omitzero"`
	Note           string            `json:"note,omitempty"`
	Recipient      string            `json:"recipient,omitempty"`
	Metadata       map[string]string `json:"metadata,omitempty"`

	IdempotencyKey string `json:"-"`
}

// GeneratedCode is a new random code.
type GeneratedCode struct {
	Code string `json:"code"` // such as ACME-7KQW-M2XN: the workspace's prefix and format

	// Replayed: [Client.GenerateCode] had been called before with the same key, perhaps by a retry.
	Replayed bool `json:"-"`
}

func (g *GeneratedCode) replayed() *bool { return &g.Replayed }

// GenerateCode makes a unique random code.
func (c *Client) GenerateCode(ctx context.Context, r GenerateCodeRequest) (*GeneratedCode, error) {
	return fetch[GeneratedCode](ctx, c, call{
		operation: "generateCode", method: http.MethodPost, path: []string{"tenant-codes", "generate"}, body: r,
		effect: settles, key: idempotencyKey(r.IdempotencyKey),
	})
}

// GetCode looks a code up, however it is spelt.
func (c *Client) GetCode(ctx context.Context, code string) (*Code, error) {
	return fetch[Code](ctx, c, aboutCode("getCode", http.MethodGet, code, reads))
}

// CodeFilter says which codes a list has. Zero fields leave none out.
type CodeFilter struct {
	Type    Type
	Status  Status // that they have now
	BatchID string
	// Query is how a value, a note or a recipient begins.
	Query         string
	CreatedAfter  time.Time
	CreatedBefore time.Time
}

func (f *CodeFilter) values() url.Values {
	return values{
		"type": string(f.Type), "status": string(f.Status), "batchId": f.BatchID, "q": f.Query,
		"createdAfter": instant(f.CreatedAfter), "createdBefore": instant(f.CreatedBefore),
	}.given()
}

// ListCodes returns a page of codes, newest first. [Client.Codes] goes through all of them.
func (c *Client) ListCodes(ctx context.Context, filter CodeFilter, page PageRequest) (*Page[Code], error) {
	return list[Code](ctx, c, "listCodes", "tenant-codes", filter.values(), page)
}

// Codes goes through all codes that a filter leaves, newest first. One that exists throughout comes
// exactly once, whatever is added meanwhile.
func (c *Client) Codes(ctx context.Context, filter CodeFilter) iter.Seq2[*Code, error] {
	return pages(func(page PageRequest) (*Page[Code], error) { return c.ListCodes(ctx, filter, page) })
}

// ChangeCodeRequest says what to change about a code: what is left out stays as it is, null means none.
type ChangeCodeRequest struct {
	MaxRedemptions Field[int64]     `json:"maxRedemptions,omitzero"` // not less than what is taken; null: no limit
	StartsAt       Field[time.Time] `json:"startsAt,omitzero"`
	ExpiresAt      Field[time.Time] `json:"expiresAt,omitzero"` // in the future; to end a code now, revoke it
	Note           Field[string]    `json:"note,omitzero"`
	Recipient      Field[string]    `json:"recipient,omitzero"`
	// Metadata changes entry by entry: nil removes one. Null removes all.
	Metadata Field[map[string]*string] `json:"metadata,omitzero"`
}

// ChangeCode changes a code's options. Its value and its type never change.
func (c *Client) ChangeCode(ctx context.Context, code string, change ChangeCodeRequest) (*Code, error) {
	what := aboutCode("changeCode", http.MethodPatch, code, acts)
	what.body = change
	return fetch[Code](ctx, c, what)
}

// RevokeCode takes a code back. Revoking it twice keeps the first time.
func (c *Client) RevokeCode(ctx context.Context, code string) (*Code, error) {
	return fetch[Code](ctx, c, aboutCode("revokeCode", http.MethodPost, code, settles, "revoke"))
}

// RestoreCode undoes that a code was revoked.
func (c *Client) RestoreCode(ctx context.Context, code string) (*Code, error) {
	return fetch[Code](ctx, c, aboutCode("restoreCode", http.MethodPost, code, settles, "restore"))
}

// DeleteCode deletes a code that was never redeemed nor reserved; others are [ReasonCodeInUse].
func (c *Client) DeleteCode(ctx context.Context, code string) error {
	_, err := c.do(ctx, aboutCode("deleteCode", http.MethodDelete, code, acts), nil)
	return err
}

// aboutCode is a call about one code. A code that is spelt like a route, such as "add", is found in
// capitals.
func aboutCode(operation, method, code string, effect effect, rest ...string) call {
	if strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") == "" {
		code = strings.ToUpper(code)
	}
	path := append([]string{"tenant-codes", code}, rest...)
	return call{operation: operation, method: method, path: path, effect: effect}
}
