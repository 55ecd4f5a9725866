package codes

import (
	"maps"
	"time"

	"accesscodes/internal/core"
)

// applyTo changes the code, or returns why this change is not possible at this instant. It reports
// whether the code is different afterwards.
func (c *CodeChange) applyTo(code *Code, now time.Time) (changed bool, err error) {
	differing := c.differing(code)
	if differing == (CodeChange{}) {
		return false, nil
	}
	next := optionsOf(code)
	differing.applyToOptions(&next)
	if err := differing.check(code, &next, now); err != nil {
		return false, err
	}
	next.applyTo(code)
	return true, nil
}

// Options returns the options of a new code that has what the change gives.
func (c *CodeChange) Options() (o Options) {
	c.applyToOptions(&o)
	return o
}

// applyToOptions sets the options that are given.
func (c *CodeChange) applyToOptions(o *Options) {
	for i := range fields {
		option := fields[i].Option
		if option == nil {
			continue
		}
		switch given := option.ChangeOf(c).(type) {
		case *Limit:
			if given.Given {
				*option.Of(o).(*Limit) = *given
			}
		case *core.Field[time.Time]:
			given.Replace(option.Of(o).(**time.Time))
		case *core.Field[string]:
			given.ApplyTo(option.Of(o).(*string))
		case *core.Field[map[string]*string]:
			metadata := option.Of(o).(*map[string]string)
			*metadata = c.metadata(*metadata)
		}
	}
}

// differing returns the change without the values that the code already has. Repeating a value is no
// change, so the rules for new values do not apply to it.
func (c *CodeChange) differing(code *Code) (rest CodeChange) {
	now := optionsOf(code)
	for i := range fields {
		option := fields[i].Option
		if option == nil {
			continue
		}
		switch given := option.ChangeOf(c).(type) {
		case *Limit:
			if given.Given && !same(given.Max, option.Of(&now).(*Limit).Max) {
				*option.ChangeOf(&rest).(*Limit) = *given
			}
		case *core.Field[time.Time]:
			if at := core.StoredTime(given.Value); given.Given && !sameTime(at, *option.Of(&now).(**time.Time)) {
				*option.ChangeOf(&rest).(*core.Field[time.Time]) = core.Field[time.Time]{Given: true, Value: at}
			}
		case *core.Field[string]:
			if given.Given && core.OrZero(given.Value) != *option.Of(&now).(*string) {
				*option.ChangeOf(&rest).(*core.Field[string]) = *given
			}
		case *core.Field[map[string]*string]:
			*option.ChangeOf(&rest).(*core.Field[map[string]*string]) = c.differingMetadata(code.Metadata)
		}
	}
	return rest
}

// differingMetadata returns the patch of the metadata without the entries that the code already has.
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

var limitTaken = core.NewSentence("limit_taken",
	"maxRedemptions cannot be less than what is taken already: {redeemed} redeemed, {reserved} reserved")

// check returns what is wrong with a change that only holds new values. next are the options that
// the code would have. Limits apply to what is given, not to what was stored under older limits.
func (c *CodeChange) check(code *Code, next *Options, now time.Time) error {
	var given Options
	c.applyToOptions(&given)
	given.Metadata = nil // checked below, together with the code's other metadata
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
	if c.ExpiresAt.Given {
		next.addExpiry(&errs, now)
	}
	if err := errs.Err(); err != nil {
		return err
	}
	if limit := c.MaxRedemptions.Max; limit != nil && *limit < code.Redemptions+code.Reservations {
		return core.ConflictOf(core.ReasonCodeInUse,
			limitTaken.With("redeemed", code.Redemptions, "reserved", code.Reservations))
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

// metadata returns a code's metadata with the change applied.
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
