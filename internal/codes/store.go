package codes

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// CodeStore keeps codes. A code is found by its canonical form, which is unique across all
// workspaces.
type CodeStore interface {
	// InsertCodes stores new codes, all in one transaction, and reports the outcome for each, in the
	// same order. Codes are taken one after the other: if two have the same canonical form or the
	// same Retry.Key, the first is inserted. The event of a code is stored if the code is inserted.
	InsertCodes(ctx context.Context, codes []*NewCode) ([]InsertResult, error)
	// CodesTaken reports for each canonical form whether a code has it, in any
	// workspace.
	CodesTaken(ctx context.Context, canonicals []string) ([]bool, error)
	// Code returns the workspace's code with this canonical form, or [core.ErrNotFound]. Its
	// Reservations are those that are live at the instant.
	Code(ctx context.Context, workspace core.ID, canonical string, at time.Time) (Code, error)
	// FindCodes returns the codes of the workspace that have one of these canonical forms, in no
	// particular order.
	FindCodes(ctx context.Context, workspace core.ID, canonicals []string, at time.Time) ([]Code, error)
	// CodeByRetryKey returns the workspace's code that has this Retry.Key, or had it until it was
	// deleted, or [core.ErrNotFound].
	CodeByRetryKey(ctx context.Context, workspace core.ID, key [16]byte, at time.Time) (*RetriedCode, error)
	// OldForms returns every code that is stored under an old form: its workspace by that form. See
	// [core.IsOldForm].
	OldForms(ctx context.Context) (map[string]core.ID, error)
}

// RedemptionStore keeps what is done with codes: redemptions, reservations, users.
type RedemptionStore interface {
	// Execute carries out commands in one transaction, by means of a [UnitOfWork]. A refused command
	// is a result, not an error, and changes nothing. The events of the unit of work are stored with
	// its changes.
	Execute(ctx context.Context, commands []*Command) ([]Result, error)
	// DryRun returns what Execute would return, and changes nothing. Others may change what it reads
	// at the same time.
	DryRun(ctx context.Context, commands []*Command) ([]Result, error)
	// Redemption returns the workspace's redemption with this id, and the canonical form of its
	// code, or [core.ErrNotFound].
	Redemption(ctx context.Context, workspace, id core.ID) (canonical string, r Redemption, err error)
	// FindRedemptions returns the redemptions of the workspace that are named, in no particular order.
	FindRedemptions(ctx context.Context, workspace core.ID, refs []Ref) ([]Redemption, error)
	// Reservation returns the workspace's reservation with this id, and the canonical form of its
	// code, or [core.ErrNotFound].
	Reservation(ctx context.Context, workspace, id core.ID) (canonical string, r Reservation, err error)
	// TidyReservations marks some of the reservations that are stored as held and have lapsed, and
	// returns how many. It returns 0 when none are left. For workspaces that listen it stores the
	// events that [Lapsed] makes; with a nil recorder it stores none.
	TidyReservations(ctx context.Context, now time.Time, recorder *event.Recorder) (int, error)
	// User returns a user, or [core.ErrNotFound].
	User(ctx context.Context, workspace core.ID, id string) (User, error)
	// PutUser stores a user and returns the stored user. A user who exists keeps CreatedAt, and also
	// UpdatedAt if the status is the same. The event that [User.Put] makes is stored, too.
	PutUser(ctx context.Context, user User, source *event.Source) (User, error)
	// EraseUser deletes a user and removes the id from every redemption, reservation and event,
	// except from earlier events user.erased. It reports whether anything but events held the id; if
	// so, it stores the events.
	EraseUser(ctx context.Context, workspace core.ID, id string, erased ...*event.Event) (bool, error)
}

// ListStore reads pages of lists. Each page is read from an index, from its start on: the first page
// costs as much as the last.
type ListStore interface {
	// Codes returns codes, newest first.
	Codes(ctx context.Context, q *CodeQuery) ([]Code, error)
	// CountCodes returns how many codes a query without status and text finds, but Limit at most. It
	// reads indexes alone.
	CountCodes(ctx context.Context, q *CodeQuery) (int, error)
	// Redemptions returns redemptions, those with the highest ids first.
	Redemptions(ctx context.Context, q *RedemptionQuery) ([]Redemption, error)
	// NewestStanding returns, of each of the workspace's users that are named, the newest redemption that
	// stands, if there is one, in no particular order.
	NewestStanding(ctx context.Context, workspace core.ID, users []string) ([]Redemption, error)
	// Users returns users in the order of their ids, byte by byte.
	Users(ctx context.Context, q *UserQuery) ([]User, error)
}

// NewCode is a code to insert.
type NewCode struct {
	Code
	Canonical string
	Retry     Retry          // zero: asked for without an Idempotency-Key
	Events    []*event.Event // to store with it
	source    *event.Source
	shared    *Code // the code in whose place it is for one person; nil: none
}

// InsertOutcome is the outcome of inserting one code.
type InsertOutcome int

// The outcomes.
const (
	Inserted  InsertOutcome = iota
	CodeTaken               // a code with this canonical form exists, in any workspace
	// RetryKeyUsed: a code of this workspace has this Retry.Key, or had it until it was deleted. It
	// takes precedence over CodeTaken.
	RetryKeyUsed
)

// InsertResult is the result of inserting one code.
type InsertResult struct {
	Outcome  InsertOutcome
	Existing *RetriedCode // with RetryKeyUsed: the code that exists; else nil
}

// RetriedCode is a code with the mark by which a retry finds it.
type RetriedCode struct {
	Code
	Retry   Retry
	Deleted bool // the code was deleted: only Retry is known
}
