package why

import (
	"time"

	"accesscodes/internal/core"
)

// EntryKind is the kind of an [Entry].
type EntryKind string

// The kinds of entry.
const (
	EntryCreated    EntryKind = "created"
	EntryRedeemed   EntryKind = "redeemed"
	EntryRolledBack EntryKind = "rolled_back"
	EntryReinstated EntryKind = "reinstated" // a redemption stands again
	EntryHeld       EntryKind = "held"       // a use is held for a user now
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
	Field    string // its name in the API
	From, To any    // nil: none; a text, an int64 or a time. Of metadata nothing is known but that it changed
}
