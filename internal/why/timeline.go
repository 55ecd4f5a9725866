package why

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// EntryKind is the kind of an [Entry].
type EntryKind string

// The kinds of entry.
const (
	EntryCreated    EntryKind = "created"
	EntryRedeemed   EntryKind = "redeemed"
	EntryRolledBack EntryKind = "rolled_back"
	EntryReinstated EntryKind = "reinstated" // a redemption stands again
	EntryHeld       EntryKind = "held"       // a use was held for a user; only of workspaces that listen
	EntryChanged    EntryKind = "changed"
	EntryRevoked    EntryKind = "revoked"
	EntryRestored   EntryKind = "restored"
	EntryReplaced   EntryKind = "replaced" // revoked, because another code replaces it
)

// Entry is one thing that happened to a code.
type Entry struct {
	Kind EntryKind
	At   time.Time
	// By is who did it: a key or a member; ByName is empty if no name is known any more.
	By     core.ID
	ByKind core.ActorKind
	ByName string

	UserID       string  // redeemed, rolled back, held; empty: erased
	RedemptionID core.ID // redeemed, rolled back
	Reservation  core.ID // held
	Live         bool    // of held: it is still held
	Stands       bool    // of redeemed: it was not rolled back
	Effect       Effect  // of redeemed
	Reason       string  // of rolled back
	Until        *time.Time

	Changes    []FieldChange // of changed
	ReplacedBy string        // of replaced: the new code's value
	Replaces   string        // of created: the old code's value
	BatchID    core.ID       // of created
	BatchIndex *int64
	Position   int64 // of the event, from which the page about it can be opened; 0: it is none
}

// FieldChange is one option that was changed.
type FieldChange struct {
	Field string // its name in the API
	// From and To are nil for none; otherwise a string, an int64 or a [time.Time]. Of metadata nothing
	// is known but that it changed.
	From, To any
}

// maxTimelineRedemptions is how many redemptions a timeline shows.
const maxTimelineRedemptions = 100

// Timeline returns what happened to a code, newest first, and whether there is more than it shows: it
// has the newest redemptions and what the log keeps.
//
// Errors: KindForbidden without [core.PermissionRead]; KindNotFound with ReasonCodeNotFound;
// KindUnavailable.
func (s *Service) Timeline(
	ctx context.Context, actor *core.Actor, value string,
) (entries []Entry, more bool, err error) {
	if err := actor.Require(core.PermissionRead); err != nil {
		return nil, false, err
	}
	code, err := s.deps.Codes.GetCode(ctx, actor, value)
	if err != nil {
		return nil, false, err
	}
	page, err := s.deps.Codes.ListRedemptions(ctx, actor, codes.RedemptionFilter{Code: code.Value},
		core.PageRequest{Limit: maxTimelineRedemptions})
	if err != nil {
		return nil, false, err
	}
	events, moreEvents, err := s.eventsAbout(ctx, actor, event.SubjectCode, code.Form(),
		event.CodeCreated, event.CodeUpdated, event.CodeRevoked, event.CodeRestored, event.RedemptionRestored,
		event.ReservationCreated, event.ReservationConfirmed, event.ReservationReleased, event.ReservationLapsed)
	if err != nil {
		return nil, false, err
	}
	names, err := s.names(ctx, actor)
	if err != nil {
		return nil, false, err
	}
	entries = append(entries, creation(&code, names))
	for i := range page.Items {
		entries = append(entries, redeemed(&page.Items[i], names)...)
	}
	told, err := s.told(events, names)
	if err != nil {
		return nil, false, err
	}
	entries = append(entries, told...)
	slices.SortStableFunc(entries, newestFirst)
	return entries, page.Next != "" || moreEvents, nil
}

// newestFirst orders entries. What made a code stands behind everything of the same instant.
func newestFirst(a, b Entry) int {
	isCreation := func(e Entry) int {
		if e.Kind == EntryCreated {
			return 1
		}
		return 0
	}
	return cmp.Or(b.At.Compare(a.At), isCreation(a)-isCreation(b), cmp.Compare(b.Position, a.Position))
}

// creation is from the code's row, which stays when the log does not.
func creation(c *codes.Code, names Names) Entry {
	by := names[c.CreatedBy] // rows name keys and members alike
	return Entry{
		Kind: EntryCreated, At: c.CreatedAt, By: c.CreatedBy, ByKind: by.Kind, ByName: by.Name,
		BatchID: c.BatchID, BatchIndex: c.BatchIndex, Replaces: c.Metadata[codes.MetadataReplaces],
	}
}

// redeemed returns the entry of a redemption, and that of its rollback.
func redeemed(r *codes.Redemption, names Names) []Entry {
	by := names[r.CreatedBy]
	made := Entry{
		Kind: EntryRedeemed, At: r.CreatedAt, By: r.CreatedBy, ByKind: by.Kind, ByName: by.Name, UserID: r.UserID,
		RedemptionID: r.ID, Stands: r.Stands(), Effect: EffectOf(r.Type),
	}
	if r.Stands() {
		return []Entry{made}
	}
	by = names[r.RolledBackBy]
	return []Entry{made, {
		Kind: EntryRolledBack, At: *r.RolledBackAt, By: r.RolledBackBy, ByKind: by.Kind, ByName: by.Name,
		UserID: r.UserID, RedemptionID: r.ID, Reason: r.Reason,
	}}
}

// entryKinds are the kinds of the entries that events make. What ends a hold, and the creation, which
// the code's row tells of, make none.
var entryKinds = map[event.Type]EntryKind{
	event.CodeUpdated: EntryChanged, event.CodeRevoked: EntryRevoked, event.CodeRestored: EntryRestored,
	event.RedemptionRestored: EntryReinstated, event.ReservationCreated: EntryHeld,
}

// eventData is what timelines show of the data of events.
type eventData struct {
	RedemptionID    string
	ReservationID   string
	ExpiresAt       *time.Time
	ReplacedBy      string
	MetadataChanged bool
	Previous        map[string]json.RawMessage
}

// told returns the entries that events make.
func (s *Service) told(events []event.Event, names Names) (entries []Entry, err error) {
	ended := map[core.ID]bool{} // reservations that hold nothing any more
	for _, e := range slices.Backward(events) {
		var data eventData
		if err := json.Unmarshal([]byte(e.Data), &data); err != nil {
			return nil, fmt.Errorf("read the data of the event %s: %w", e.ID, err)
		}
		entry := Entry{
			Kind: entryKinds[e.Type], At: e.At, By: e.Actor.ID, ByKind: e.Actor.Kind,
			ByName: names.of(&e.Actor), UserID: e.UserID, ReplacedBy: data.ReplacedBy, Position: e.Position,
		}
		entry.RedemptionID, _ = core.ParseID(data.RedemptionID) // not every event has one
		entry.Reservation, _ = core.ParseID(data.ReservationID) // nor the other
		switch entry.Kind {
		case "":
			ended[entry.Reservation] = true
			continue
		case EntryHeld:
			entry.Until = data.ExpiresAt
			entry.Live = !ended[entry.Reservation] && entry.Until != nil && s.now().Before(*entry.Until)
		case EntryRevoked, EntryChanged:
			if data.ReplacedBy != "" {
				entry.Kind = EntryReplaced
			} else if entry.Kind == EntryChanged {
				if entry.Changes, err = changesOf(&e, &data); err != nil {
					return nil, err
				}
			}
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// changesOf returns the options that an event says have changed.
func changesOf(e *event.Event, data *eventData) (changes []FieldChange, err error) {
	var now map[string]json.RawMessage
	if err := json.Unmarshal([]byte(e.Data), &now); err != nil {
		return nil, fmt.Errorf("read the data of the event %s: %w", e.ID, err)
	}
	for _, f := range codes.Fields() {
		var code codes.Code
		_, isMetadata := f.Of(&code).(*core.Metadata)
		was, changed := data.Previous[f.Name]
		switch {
		case f.Option == nil:
		case isMetadata && data.MetadataChanged:
			changes = append(changes, FieldChange{Field: f.Name})
		case changed:
			from, err := optionIn(&f, was)
			if err != nil {
				return nil, fmt.Errorf("read %s of the event %s: %w", f.Name, e.ID, err)
			}
			to, err := optionIn(&f, now[f.Name])
			if err != nil {
				return nil, fmt.Errorf("read %s of the event %s: %w", f.Name, e.ID, err)
			}
			changes = append(changes, FieldChange{f.Name, from, to})
		}
	}
	return changes, nil
}

// optionIn reads the value of an option.
func optionIn(f *codes.Field, text json.RawMessage) (any, error) {
	var code codes.Code
	field := f.Of(&code)
	if err := json.Unmarshal(text, field); err != nil {
		return nil, err
	}
	switch v := field.(type) {
	case **int64:
		if *v != nil {
			return **v, nil
		}
	case **time.Time:
		if *v != nil {
			return **v, nil
		}
	case *core.OptionalText:
		if *v != "" {
			return string(*v), nil
		}
	}
	return nil, nil
}
