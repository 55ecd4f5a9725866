package why

import (
	"cmp"
	"context"
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
	// EntryReplacedForOne: another code takes its place for one person; it stays as it is.
	EntryReplacedForOne EntryKind = "replaced_for_one"
	EntryDeleted        EntryKind = "deleted" // by a change that was undone since, else there were no code
	EntryUndeleted      EntryKind = "undeleted"
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
	Reason       string  // why, if somebody said it
	Until        *time.Time

	// ChangeID is the change of Count codes that did it; zero: it was done to this one alone.
	ChangeID core.ID
	Count    int64
	Undoing  bool // it is the undoing of that change
	// Untold, of revoked: it was done together with others, and by whom is not kept.
	Untold bool

	Changes    []FieldChange // of changed
	ReplacedBy string        // of replaced, for one too: the new code's value
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
	names, err := s.names(ctx, actor)
	if err != nil {
		return nil, false, err
	}
	known, err := s.stepsOf(ctx, actor, &code, names)
	if err != nil {
		return nil, false, err
	}
	entries = append(entries, creation(&code, names))
	for i := range page.Items {
		entries = append(entries, redeemed(&page.Items[i], names)...)
	}
	told, err := s.told(known.events, names)
	if err != nil {
		return nil, false, err
	}
	entries = append(entries, told...)
	entries = append(entries, known.entries(&code)...)
	slices.SortStableFunc(entries, newestFirst)
	return entries, page.Next != "" || known.more, nil
}

// entries are what the steps show, and that the code was revoked if none of them tells of that.
func (k *steps) entries(c *codes.Code) (all []Entry) {
	isTold := c.RevokedAt == nil
	for i := range k.all {
		e := &k.all[i].Entry
		all = append(all, *e)
		isTold = isTold || (e.Kind == EntryRevoked || e.Kind == EntryReplaced) && !e.At.Before(*c.RevokedAt)
	}
	if !isTold {
		all = append(all, Entry{Kind: EntryRevoked, At: *c.RevokedAt, Untold: true})
	}
	return all
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
	Reason          string
	MetadataChanged bool
}

// told returns the entries of events that change no field of the code.
func (s *Service) told(events []event.Event, names Names) (entries []Entry, err error) {
	ended := map[core.ID]bool{} // reservations that hold nothing any more
	for _, e := range slices.Backward(events) {
		var data eventData
		if err := readData(&e, &data); err != nil {
			return nil, err
		}
		entry := Entry{
			Kind: entryKinds[e.Type], At: e.At, By: e.Actor.ID, ByKind: e.Actor.Kind, ByName: names.of(&e.Actor),
			UserID: e.UserID, Reason: data.Reason, Position: e.Position,
		}
		entry.RedemptionID, _ = core.ParseID(data.RedemptionID) // not every event has one
		entry.Reservation, _ = core.ParseID(data.ReservationID) // nor the other
		switch entry.Kind {
		case "":
			ended[entry.Reservation] = true
		case EntryHeld:
			entry.Until = data.ExpiresAt
			entry.Live = !ended[entry.Reservation] && entry.Until != nil && s.now().Before(*entry.Until)
			entries = append(entries, entry)
		case EntryReinstated:
			entries = append(entries, entry)
		}
	}
	return entries, nil
}
