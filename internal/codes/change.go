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

// applyTo changes the code, or says why it cannot be changed so, at this instant. It reports
// whether anything is different then.
func (c *CodeChange) applyTo(code *Code, now time.Time) (changed bool, err error) {
	differing := c.differing(code)
	if differing == (CodeChange{}) {
		return false, nil
	}
	next := Options{
		MaxRedemptions: Limit{Max: code.MaxRedemptions}, StartsAt: code.StartsAt, ExpiresAt: code.ExpiresAt,
		Note: code.Note, Recipient: code.Recipient, Metadata: differing.metadata(code.Metadata),
	}
	if differing.MaxRedemptions.Given {
		next.MaxRedemptions = differing.MaxRedemptions
	}
	differing.StartsAt.Replace(&next.StartsAt)
	differing.ExpiresAt.Replace(&next.ExpiresAt)
	differing.Note.ApplyTo(&next.Note)
	differing.Recipient.ApplyTo(&next.Recipient)
	if err := differing.check(code, &next, now); err != nil {
		return false, err
	}
	code.MaxRedemptions, code.StartsAt, code.ExpiresAt = next.MaxRedemptions.Max, next.StartsAt, next.ExpiresAt
	code.Note, code.Recipient, code.Metadata = next.Note, next.Recipient, next.Metadata
	return true, nil
}

// differing is the change without what the code is already. To repeat that is no change, so
// rules for new values do not apply to it.
func (c *CodeChange) differing(code *Code) (rest CodeChange) {
	if c.MaxRedemptions.Given && !same(c.MaxRedemptions.Max, code.MaxRedemptions) {
		rest.MaxRedemptions = c.MaxRedemptions
	}
	if at := core.StoredTime(c.StartsAt.Value); c.StartsAt.Given && !sameTime(at, code.StartsAt) {
		rest.StartsAt = core.Field[time.Time]{Given: true, Value: at}
	}
	if at := core.StoredTime(c.ExpiresAt.Value); c.ExpiresAt.Given && !sameTime(at, code.ExpiresAt) {
		rest.ExpiresAt = core.Field[time.Time]{Given: true, Value: at}
	}
	if c.Note.Given && core.OrZero(c.Note.Value) != code.Note {
		rest.Note = c.Note
	}
	if c.Recipient.Given && core.OrZero(c.Recipient.Value) != code.Recipient {
		rest.Recipient = c.Recipient
	}
	rest.Metadata = c.differingMetadata(code.Metadata)
	return rest
}

// differingMetadata is the patch of the metadata without the entries that are so already.
func (c *CodeChange) differingMetadata(now map[string]string) (rest core.Field[map[string]*string]) {
	if !c.Metadata.Given || c.Metadata.Value == nil {
		rest.Given = c.Metadata.Given && len(now) > 0
		return rest
	}
	entries := map[string]*string{}
	for key, value := range *c.Metadata.Value {
		if old, there := now[key]; there != (value != nil) || there && old != *value {
			entries[key] = value
		}
	}
	if len(entries) > 0 {
		rest.Given, rest.Value = true, &entries
	}
	return rest
}

// check says what is wrong with a change that leaves nothing as it is. next are the options that
// the code would have. Limits hold for what is given, not for what was stored under older ones.
func (c *CodeChange) check(code *Code, next *Options, now time.Time) error {
	given := Options{MaxRedemptions: c.MaxRedemptions, Note: core.OrZero(c.Note.Value), Recipient: core.OrZero(c.Recipient.Value)}
	if c.StartsAt.Given || c.ExpiresAt.Given {
		given.StartsAt, given.ExpiresAt = next.StartsAt, next.ExpiresAt
	}
	wrongOrder := expiresTooEarly
	if c.StartsAt.Given && !c.ExpiresAt.Given {
		wrongOrder = startsTooLate
	}
	var errs core.FieldErrors
	given.check(&errs, wrongOrder)
	if isLarger(next.Metadata, code.Metadata) {
		checkMetadataSize(&errs, next.Metadata)
	}
	checkMetadataEntries(&errs, c.metadata(nil))
	if err := errs.Err(); err != nil {
		return err
	}
	if c.ExpiresAt.Given {
		if err := next.checkExpiry(now); err != nil {
			return err
		}
	}
	if limit := c.MaxRedemptions.Max; limit != nil && *limit < code.Redemptions+code.Reservations {
		return core.Conflict(core.ReasonCodeInUse, fmt.Sprintf(
			"maxRedemptions cannot be less than what is taken already: %d redeemed, %d reserved",
			code.Redemptions, code.Reservations))
	}
	return nil
}

// isLarger reports whether metadata has more entries or more text than other metadata.
func isLarger(m, than map[string]string) bool {
	text := func(m map[string]string) (bytes int) {
		for key, value := range m {
			bytes += len(key) + len(value)
		}
		return bytes
	}
	return len(m) > len(than) || text(m) > text(than)
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

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
