package access

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of the options, in characters (Unicode code points) unless it says
// otherwise.
const (
	MaxNoteLength          = 500
	MaxRecipientLength     = 320 // the longest e-mail address: RFC 3696 errata 1690, local part and domain
	MaxMetadataEntries     = 50  // entries
	MaxMetadataKeyLength   = 40
	MaxMetadataValueLength = 500
	// MaxMaxRedemptions is the largest limit of uses: the largest integer that
	// every JSON reader keeps exactly (RFC 8259 §6).
	MaxMaxRedemptions = 1<<53 - 1
)

// Limit is how often a code can be redeemed, as a request states it: left out, no
// limit, or a number.
type Limit struct {
	Given bool
	Max   *int64 // nil with Given: no limit
}

// Options are the fields that a request for a new code may leave out.
type Options struct {
	MaxRedemptions Limit
	StartsAt       *time.Time
	ExpiresAt      *time.Time
	Note           string
	Recipient      string
	Metadata       map[string]string
}

// What is said of a code that would expire before it starts, depending on which of the two
// times the request can change.
var (
	expiresTooEarly = FieldError{Pointer: "/expiresAt", Detail: "expiresAt must be later than startsAt"}
	startsTooLate   = FieldError{Pointer: "/startsAt", Detail: "startsAt must be earlier than expiresAt"}
)

// check adds what is wrong with the options whatever the time is, and brings the
// times to the precision that stores keep. wrongOrder is what it says of times in the wrong
// order.
func (o *Options) check(errs *fieldErrors, wrongOrder FieldError) {
	if limit := o.MaxRedemptions.Max; limit != nil && (*limit < 1 || *limit > MaxMaxRedemptions) {
		errs.add(ReasonInvalidValue, "/maxRedemptions", "maxRedemptions must be null or from 1 to %d", int64(MaxMaxRedemptions))
	}
	o.StartsAt, o.ExpiresAt = storedTime(o.StartsAt), storedTime(o.ExpiresAt)
	checkYear(errs, "/startsAt", "startsAt", o.StartsAt)
	checkYear(errs, "/expiresAt", "expiresAt", o.ExpiresAt)
	if o.StartsAt != nil && o.ExpiresAt != nil && !o.StartsAt.Before(*o.ExpiresAt) {
		errs.add(ReasonInvalidValue, wrongOrder.Pointer, "%s", wrongOrder.Detail)
	}
	checkText(errs, "/note", "note", o.Note, MaxNoteLength)
	checkText(errs, "/recipient", "recipient", o.Recipient, MaxRecipientLength)
	o.checkMetadata(errs)
}

// checkYear refuses times that RFC 3339 cannot write in UTC.
func checkYear(errs *fieldErrors, pointer, name string, t *time.Time) {
	if t != nil && (t.Year() < 0 || t.Year() > 9999) {
		errs.add(ReasonInvalidValue, pointer, "%s must be between the years 0 and 9999 in UTC", name)
	}
}

// checkExpiry says what is wrong with the options only because of the time. It is
// apart from check because a retry must not fail for having come later.
func (o *Options) checkExpiry(now time.Time) error {
	if o.ExpiresAt != nil && !o.ExpiresAt.After(now) {
		return Invalid(ReasonInvalidValue, FieldError{Pointer: "/expiresAt", Detail: "expiresAt must be in the future"})
	}
	return nil
}

func (o *Options) checkMetadata(errs *fieldErrors) {
	if len(o.Metadata) > MaxMetadataEntries {
		errs.add(ReasonInvalidValue, "/metadata", "metadata must have at most %d entries", MaxMetadataEntries)
	}
	for _, key := range sortedKeys(o.Metadata) {
		pointer := "/metadata/" + escapePointer(key)
		if key == "" {
			errs.add(ReasonInvalidValue, pointer, "a metadata key must not be empty")
		}
		checkText(errs, pointer, "a metadata key", key, MaxMetadataKeyLength)
		checkText(errs, pointer, "a metadata value", o.Metadata[key], MaxMetadataValueLength)
	}
}

// checkText refuses control characters other than tab and line breaks: some
// databases cannot store them and no screen shows them.
func checkText(errs *fieldErrors, pointer, name, text string, limit int) {
	if utf8.RuneCountInString(text) > limit {
		errs.add(ReasonInvalidValue, pointer, "%s must have at most %d characters", name, limit)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }) {
		errs.add(ReasonInvalidValue, pointer, "%s must not contain control characters", name)
	}
}

// escapePointer writes a name as a reference token of a JSON pointer (RFC 6901 §3).
func escapePointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// storedTime returns t as every store keeps it: UTC, whole microseconds.
func storedTime(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	stored := t.UTC().Truncate(time.Microsecond)
	return &stored
}
