package codes

import (
	"fmt"
	"maps"
	"time"

	"accesscodes/internal/core"
)

// CodeChange says what to change about a code's options; what is not given stays. It is a
// JSON merge patch (RFC 7396) read into fields.
type CodeChange struct {
	MaxRedemptions Limit
	StartsAt       core.Field[time.Time]
	ExpiresAt      core.Field[time.Time]
	Note           core.Field[string]
	Recipient      core.Field[string]
	Metadata       core.Field[map[string]*string] // entry by entry; nil removes one
}

// applyTo changes the code, or says why it cannot be changed so.
func (c *CodeChange) applyTo(code *Code) error {
	options := Options{
		MaxRedemptions: Limit{Max: code.MaxRedemptions}, StartsAt: code.StartsAt, ExpiresAt: code.ExpiresAt,
		Note: code.Note, Recipient: code.Recipient, Metadata: c.metadata(code.Metadata),
	}
	if c.MaxRedemptions.Given {
		options.MaxRedemptions = c.MaxRedemptions
	}
	if c.StartsAt.Given {
		options.StartsAt = c.StartsAt.Value
	}
	if c.ExpiresAt.Given {
		options.ExpiresAt = c.ExpiresAt.Value
	}
	c.Note.ApplyTo(&options.Note)
	c.Recipient.ApplyTo(&options.Recipient)
	var errs core.FieldErrors
	wrongOrder := expiresTooEarly
	if c.StartsAt.Given && !c.ExpiresAt.Given {
		wrongOrder = startsTooLate
	}
	checked := options // what stays as it is may be older than a rule
	if !c.Note.Given {
		checked.Note = ""
	}
	if !c.Recipient.Given {
		checked.Recipient = ""
	}
	if !c.Metadata.Given {
		checked.Metadata = nil
	}
	checked.check(&errs, wrongOrder)
	options.StartsAt, options.ExpiresAt = checked.StartsAt, checked.ExpiresAt
	if err := errs.Err(); err != nil {
		return err
	}
	if limit := c.MaxRedemptions.Max; limit != nil && *limit < code.Redemptions+code.Reservations {
		return core.Conflict(core.ReasonCodeInUse, fmt.Sprintf("maxRedemptions cannot be less than what is taken already: %d redeemed, %d reserved", code.Redemptions, code.Reservations))
	}
	code.MaxRedemptions, code.StartsAt, code.ExpiresAt = options.MaxRedemptions.Max, options.StartsAt, options.ExpiresAt
	code.Note, code.Recipient, code.Metadata = options.Note, options.Recipient, options.Metadata
	return nil
}

// metadata is a code's metadata with the change.
func (c *CodeChange) metadata(now map[string]string) map[string]string {
	if !c.Metadata.Given {
		return now
	}
	if c.Metadata.Value == nil {
		return nil
	}
	next := maps.Clone(now)
	for key, value := range *c.Metadata.Value {
		switch {
		case value == nil:
			delete(next, key)
		case next == nil:
			next = map[string]string{key: *value}
		default:
			next[key] = *value
		}
	}
	if len(next) == 0 {
		return nil
	}
	return next
}

// check says what is wrong with the change whatever the code is.
func (c *CodeChange) check(now time.Time) error {
	if err := c.applyTo(&Code{}); err != nil {
		return err
	}
	if c.ExpiresAt.Given {
		return (&Options{ExpiresAt: core.StoredTime(c.ExpiresAt.Value)}).checkExpiry(now)
	}
	return nil
}
