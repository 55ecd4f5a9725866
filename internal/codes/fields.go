package codes

import (
	"reflect"
	"time"

	"accesscodes/internal/core"
)

// Field is one field of a [Code]: how it is called, where it lies and how it is reached. The list
// of them, [Fields], is what everything else is made from: JSON in and out, the OpenAPI document,
// merge patches, fingerprints, the columns of both engines, and copies.
type Field struct {
	Name    string // in JSON; empty: callers do not see it
	Column  string // in every engine
	Doc     string // for the API's documentation
	Example string
	Words   []string // that a text is one of; none: it is any text
	Always  bool     // an id that is never none

	// Of returns where a code has the field. What it points to says how the field lies in columns
	// and is shown: *string, *[core.OptionalText], *int64, **int64, *[time.Time], **[time.Time],
	// *[core.ID] (zero: none) or *[core.Metadata].
	Of func(*Code) any

	// Private: only who may look codes up sees it.
	Private bool
	// Counted: it is 0 when a code is made, and counts what is done with the code.
	Counted bool
	// Changes: it may be another one later.
	Changes bool
	// Option says how requests give the field; nil: they do not.
	Option *Option
}

// Option is a field that a request for a new code may give, and that may be changed.
type Option struct {
	Doc, ChangeDoc string // for the documentation of requests
	MaxLength      int    // of a text, in characters; 0: none
	Min, Max       int64  // of a number; both 0: none

	// Of returns where the options have the field: *[Limit], **[time.Time], *string or
	// *map[string]string.
	Of func(*Options) any
	// ChangeOf returns where a change has it: *[Limit], or a *[core.Field] of a time, a text or
	// metadata.
	ChangeOf func(*CodeChange) any
	// Late: it was added after requests had been given fingerprints.
	Late bool
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

// Limit is how often a code can be redeemed, as a request states it: left out, no limit, or a
// number.
type Limit struct {
	Given bool
	Max   *int64 // nil with Given: no limit
}

// CodeChange says what to change about a code's options; a field that is not given stays as it is.
// It is a JSON merge patch (RFC 7396) read into fields.
type CodeChange struct {
	MaxRedemptions Limit
	StartsAt       core.Field[time.Time]
	ExpiresAt      core.Field[time.Time]
	Note           core.Field[string]
	Recipient      core.Field[string]
	Metadata       core.Field[map[string]*string] // entry by entry; nil removes one
}

// fields is the list, in the order in which JSON shows it.
var fields = []Field{
	{Column: "workspace_id", Of: func(c *Code) any { return &c.WorkspaceID }},
	{
		Name: "code", Column: "value", Doc: "The value as it was given or generated.", Example: "WELCOME2031",
		Of: func(c *Code) any { return &c.Value },
	},
	{
		Name: "type", Column: "type", Doc: "What the code grants.",
		Words: []string{string(TypeNormal), string(TypePremium), string(TypeUpgrade)},
		Of:    func(c *Code) any { return (*string)(&c.Type) },
	},
	{
		Name: "maxRedemptions", Column: "max_redemptions", Doc: "How often the code can be redeemed; null for no limit.",
		Of: func(c *Code) any { return &c.MaxRedemptions }, Changes: true,
		Option: &Option{
			Doc: "How often the code can be redeemed; null for no limit. " +
				"Left out: no limit for an added code, 1 for a generated one.",
			ChangeDoc: "How often the code can be redeemed; null for no limit. Not less than what is taken already.",
			Min:       1, Max: MaxMaxRedemptions,
			Of:       func(o *Options) any { return &o.MaxRedemptions },
			ChangeOf: func(c *CodeChange) any { return &c.MaxRedemptions },
		},
	},
	{
		Name: "redemptions", Column: "redemptions", Doc: "How often it has been.",
		Of: func(c *Code) any { return &c.Redemptions }, Counted: true,
	},
	{
		Name: "reservations", Column: "reservations", Doc: "How many uses are held for the moment.",
		Of: func(c *Code) any { return &c.Reservations }, Counted: true,
	},
	{
		Name: "startsAt", Column: "starts_at",
		Of: func(c *Code) any { return &c.StartsAt }, Changes: true,
		Option: &Option{
			Doc:       "From when on the code can be redeemed; RFC 3339, kept to the microsecond.",
			ChangeDoc: "From when on the code can be redeemed; null: from now on.",
			Of:        func(o *Options) any { return &o.StartsAt },
			ChangeOf:  func(c *CodeChange) any { return &c.StartsAt },
		},
	},
	{
		Name: "expiresAt", Column: "expires_at",
		Of: func(c *Code) any { return &c.ExpiresAt }, Changes: true,
		Option: &Option{
			Doc: "From when on the code cannot be redeemed any more; in the future and later than startsAt.",
			ChangeDoc: "From when on the code cannot be redeemed any more, in the future; null: never. " +
				"To end a code now, revoke it.",
			Of:       func(o *Options) any { return &o.ExpiresAt },
			ChangeOf: func(c *CodeChange) any { return &c.ExpiresAt },
		},
	},
	{Name: "revokedAt", Column: "revoked_at", Of: func(c *Code) any { return &c.RevokedAt }, Changes: true},
	{
		Name: "note", Column: "note", Private: true,
		Of: func(c *Code) any { return (*core.OptionalText)(&c.Note) }, Changes: true,
		Option: &Option{
			Doc: "For your own people. No control characters but tabs and line breaks, here and below, " +
				"and none that turn the direction of writing.",
			ChangeDoc: "For your own people; null for none.", MaxLength: MaxNoteLength,
			Of:       func(o *Options) any { return &o.Note },
			ChangeOf: func(c *CodeChange) any { return &c.Note },
		},
	},
	{
		Name: "recipient", Column: "recipient", Private: true,
		Of: func(c *Code) any { return (*core.OptionalText)(&c.Recipient) }, Changes: true,
		Option: &Option{
			Doc: "Who the code was given to.", ChangeDoc: "Who the code was given to; null for none.",
			MaxLength: MaxRecipientLength,
			Of:        func(o *Options) any { return &o.Recipient },
			ChangeOf:  func(c *CodeChange) any { return &c.Recipient },
		},
	},
	{
		Name: "metadata", Column: "metadata", Private: true,
		Of: func(c *Code) any { return (*core.Metadata)(&c.Metadata) }, Changes: true,
		Option: &Option{
			Doc: "Up to 50 strings of your own; keys of 1 to 40 characters, values of up to 500, " +
				"8192 bytes in all.",
			ChangeDoc: "Strings to add or to replace; null in place of a string removes it, " +
				"null in place of the object removes all.",
			Of:       func(o *Options) any { return &o.Metadata },
			ChangeOf: func(c *CodeChange) any { return &c.Metadata },
		},
	},
	{
		Name: "batchId", Column: "batch_id", Private: true,
		Doc: "The batch that the code belongs to; null: none.",
		Of:  func(c *Code) any { return &c.BatchID },
	},
	{
		Name: "batchIndex", Column: "batch_index", Private: true,
		Doc: "The code's place in its batch, from 0 on; null: it belongs to none.",
		Of:  func(c *Code) any { return &c.BatchIndex },
	},
	{Name: "createdAt", Column: "created_at", Of: func(c *Code) any { return &c.CreatedAt }},
	{
		Name: "createdBy", Column: "created_by", Always: true, Private: true,
		Doc: "The id of the API key that created the code.",
		Of:  func(c *Code) any { return &c.CreatedBy },
	},
}

// StatusFollows is the field that the status is shown behind. A status is no field: it is worked out.
const StatusFollows = "type"

// Fields returns every field, in the order in which JSON shows them. The list must not be changed.
func Fields() []Field { return fields }

// hidePrivate empties the fields that only those see who may look codes up.
func (c *Code) hidePrivate() {
	for i := range fields {
		if fields[i].Private {
			reflect.ValueOf(fields[i].Of(c)).Elem().SetZero()
		}
	}
}

// Size returns the approximate size of the code on a page, in bytes.
func (c *Code) Size() int {
	size := shownFields
	for i := range fields {
		switch v := fields[i].Of(c).(type) {
		case *string:
			size += len(*v)
		case *core.OptionalText:
			size += len(*v)
		case *core.Metadata:
			size += sizeOf(*v)
		}
	}
	return size
}

// applyTo makes a code's fields what the options say.
func (o *Options) applyTo(c *Code) {
	for i := range fields {
		f := &fields[i]
		if f.Option == nil {
			continue
		}
		switch to := f.Of(c).(type) {
		case **int64:
			*to = f.Option.Of(o).(*Limit).Max
		case **time.Time:
			*to = *f.Option.Of(o).(**time.Time)
		case *core.OptionalText:
			*to = core.OptionalText(*f.Option.Of(o).(*string))
		case *core.Metadata:
			*to = *f.Option.Of(o).(*map[string]string)
		}
	}
}

// optionsOf are the options that a code has.
func optionsOf(c *Code) (o Options) {
	for i := range fields {
		f := &fields[i]
		if f.Option == nil {
			continue
		}
		switch to := f.Option.Of(&o).(type) {
		case *Limit:
			to.Max = *f.Of(c).(**int64)
		case **time.Time:
			*to = *f.Of(c).(**time.Time)
		case *string:
			*to = string(*f.Of(c).(*core.OptionalText))
		case *map[string]string:
			*to = *f.Of(c).(*core.Metadata)
		}
	}
	return o
}
