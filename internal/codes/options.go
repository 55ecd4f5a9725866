package codes

import (
	"slices"
	"time"

	"accesscodes/internal/core"
)

// Limits of the options, in characters (Unicode code points) unless stated otherwise.
const (
	MaxNoteLength          = 500
	MaxRecipientLength     = 320 // the longest e-mail address: RFC 3696 errata 1690, local part and domain
	MaxMetadataEntries     = 50  // entries
	MaxMetadataKeyLength   = 40
	MaxMetadataValueLength = 500
	MaxMetadataBytes       = 8 << 10 // bytes of all keys and values together
	// MaxMaxRedemptions is the largest limit of uses: the largest integer that
	// every JSON reader keeps exactly (RFC 8259 §6).
	MaxMaxRedemptions = 1<<53 - 1
)

// Errors about a code that would expire before it starts. Which one is used depends on which of the
// two times the request can change.
var (
	expiresTooEarly = core.NewSentence("expires_too_early", "expiresAt must be later than startsAt").
			Said().At("/expiresAt")
	startsTooLate = core.NewSentence("starts_too_late", "startsAt must be earlier than expiresAt").
			Said().At("/startsAt")
)

// What else can be wrong with options.
var (
	wrongLimit       = core.NewSentence("wrong_limit", "{field} must be null or from {min} to {max}")
	expiresInThePast = core.NewSentence("expires_in_the_past", "expiresAt must be in the future")
	tooManyEntries   = core.NewSentence("too_many_entries", "metadata must have at most {max} entries")
	tooMuchMetadata  = core.NewSentence("too_much_metadata",
		"metadata must have at most {max} bytes, keys and values together")
)

// Check adds what is wrong with the options at any time: that they expire in the past is no mistake.
// It cuts times to the precision of stores.
func (o *Options) Check(errs *core.FieldErrors) { o.check(errs, expiresTooEarly) }

// check adds what is wrong with the options at any time, and cuts times to the precision of stores.
// wrongOrder is the error to add if the times are in the wrong order.
func (o *Options) check(errs *core.FieldErrors, wrongOrder core.FieldError) {
	for i := range fields {
		f := &fields[i]
		if f.Option == nil {
			continue
		}
		f.check(o, errs)
		if f.Name == "expiresAt" && o.StartsAt != nil && o.ExpiresAt != nil && !o.StartsAt.Before(*o.ExpiresAt) {
			errs.Add(core.ReasonInvalidValue, wrongOrder.Pointer, wrongOrder.Said)
		}
	}
}

// check adds what is wrong with one option by itself, and cuts a time to the precision of stores.
func (f *Field) check(o *Options, errs *core.FieldErrors) {
	pointer := "/" + f.Name
	switch value := f.Option.Of(o).(type) {
	case *Limit:
		if n := value.Max; n != nil && (*n < f.Option.Min || *n > f.Option.Max) {
			errs.Add(core.ReasonInvalidValue, pointer,
				wrongLimit.With("field", f.Name, "min", f.Option.Min, "max", f.Option.Max))
		}
	case **time.Time:
		*value = core.StoredTime(*value)
		core.CheckYear(errs, pointer, f.Name, *value)
	case *string:
		core.CheckProse(errs, pointer, f.Name, *value, f.Option.MaxLength)
	case *map[string]string:
		o.checkMetadata(errs)
	}
}

// checkExpiry returns what is wrong with the options at this time. It is separate from check because
// a retry must not fail for coming later.
func (o *Options) checkExpiry(now time.Time) error {
	var errs core.FieldErrors
	o.addExpiry(&errs, now)
	return errs.Err()
}

// addExpiry is checkExpiry for a request that is refused in any case.
func (o *Options) addExpiry(errs *core.FieldErrors, now time.Time) {
	if o.ExpiresAt != nil && !o.ExpiresAt.After(now) && !errs.Names("/expiresAt") {
		errs.Add(core.ReasonInvalidValue, "/expiresAt", expiresInThePast.Said())
	}
}

func (o *Options) checkMetadata(errs *core.FieldErrors) {
	checkMetadataSize(errs, o.Metadata)
	checkMetadataEntries(errs, o.Metadata)
}

// checkMetadataSize checks metadata as a whole.
func checkMetadataSize(errs *core.FieldErrors, metadata map[string]string) {
	if len(metadata) > MaxMetadataEntries {
		errs.Add(core.ReasonInvalidValue, "/metadata", tooManyEntries.With("max", MaxMetadataEntries))
	}
	if sizeOf(metadata) > MaxMetadataBytes {
		errs.Add(core.ReasonInvalidValue, "/metadata", tooMuchMetadata.With("max", MaxMetadataBytes))
	}
}

func checkMetadataEntries(errs *core.FieldErrors, metadata map[string]string) {
	for _, key := range sortedKeys(metadata) {
		pointer := "/metadata/" + core.EscapePointer(key)
		if key == "" {
			errs.Add(core.ReasonInvalidValue, pointer, core.Empty.With("field", "a metadata key"))
		}
		core.CheckText(errs, pointer, "a metadata key", key, MaxMetadataKeyLength)
		core.CheckText(errs, pointer, "a metadata value", metadata[key], MaxMetadataValueLength)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
