package codes

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// CodeStore keeps codes. A code is found by its canonical form, which is unique over
// all workspaces.
type CodeStore interface {
	// InsertCodes stores new codes, all in one act, and reports for each what became
	// of it, in the same order. Codes are taken one after the other: if two have the
	// same canonical form or the same Retry.Key, the first is inserted. The event of a code
	// is stored if the code is inserted.
	InsertCodes(ctx context.Context, codes []*NewCode) ([]InsertResult, error)
	// CodesTaken reports for each canonical form whether a code has it, in any
	// workspace.
	CodesTaken(ctx context.Context, canonicals []string) ([]bool, error)
	// Code returns the workspace's code with this canonical form, or ErrNotFound. Its
	// Reservations are those that are live at the instant.
	Code(ctx context.Context, workspace core.ID, canonical string, at time.Time) (Code, error)
	// FindCodes returns those codes of the workspace that have one of these canonical
	// forms, in no order.
	FindCodes(ctx context.Context, workspace core.ID, canonicals []string, at time.Time) ([]Code, error)
	// CodeByRetryKey returns the workspace's code that carries this Retry.Key, or carried it
	// until it was deleted, or ErrNotFound.
	CodeByRetryKey(ctx context.Context, workspace core.ID, key [16]byte, at time.Time) (*RetriedCode, error)
	// OldForms returns the workspace of every code that is stored under an old form, by that
	// form; see [IsOldForm].
	OldForms(ctx context.Context) (map[string]core.ID, error)
}

// RedemptionStore keeps what becomes of codes: redemptions, reservations, users.
type RedemptionStore interface {
	// Act carries out acts, all in one act of its own, by means of a [Book]. A refused act
	// is a result, not an error, and changes nothing. The events of the book are stored with
	// what it has changed.
	Execute(ctx context.Context, acts []*Command) ([]Result, error)
	// Peek says what Act would, and changes nothing. What it sees may be changed by others
	// meanwhile.
	DryRun(ctx context.Context, acts []*Command) ([]Result, error)
	// Redemption returns the workspace's redemption with this id, and the canonical form of
	// its code, or ErrNotFound.
	Redemption(ctx context.Context, workspace, id core.ID) (canonical string, r Redemption, err error)
	// Reservation returns the workspace's reservation with this id, and the canonical form
	// of its code, or ErrNotFound.
	Reservation(ctx context.Context, workspace, id core.ID) (canonical string, r Reservation, err error)
	// TidyReservations marks some of the reservations that are stored as held and have
	// lapsed, and returns how many. It returns 0 when there are none left. Of those in
	// workspaces that listen it stores the events that [Lapsed] makes; nil: none.
	TidyReservations(ctx context.Context, now time.Time, recorder *event.Recorder) (int, error)
	// User returns a user, or ErrNotFound.
	User(ctx context.Context, workspace core.ID, id string) (User, error)
	// PutUser stores a user and returns it as it is then: one who was there keeps
	// CreatedAt, and UpdatedAt if the status is the same. The event that [User.Put] makes is
	// stored, too.
	PutUser(ctx context.Context, user User, source *event.Source) (User, error)
	// EraseUser deletes a user and takes the id out of every redemption, reservation and
	// event, but for earlier events user.erased. It reports whether anything but events held
	// it, and then stores the events.
	EraseUser(ctx context.Context, workspace core.ID, id string, erased ...*event.Event) (bool, error)
}

// ListStore reads pages of lists. Each is what an index begins with: the first page costs
// as much as the last.
type ListStore interface {
	// Codes returns codes, newest first.
	Codes(ctx context.Context, q *CodeQuery) ([]Code, error)
	// Redemptions returns redemptions, those with the highest ids first.
	Redemptions(ctx context.Context, q *RedemptionQuery) ([]Redemption, error)
	// Users returns users in the order of their ids, byte by byte.
	Users(ctx context.Context, q *UserQuery) ([]User, error)
}

// NewCode is a code to insert.
type NewCode struct {
	Code
	Canonical string
	Retry     Retry        // zero: asked for without an Idempotency-Key
	Event     *event.Event // about the code; nil: none is recorded
	source    *event.Source
}

// InsertOutcome is what became of a code that was to be inserted.
type InsertOutcome int

// The outcomes.
const (
	Inserted  InsertOutcome = iota
	CodeTaken               // a code with this canonical form exists, in whatever workspace
	// RetryKeyUsed: a code of this workspace carries this Retry.Key, or carried it until it was
	// deleted. It takes precedence over CodeTaken.
	RetryKeyUsed
)

// InsertResult is what became of one code.
type InsertResult struct {
	Outcome  InsertOutcome
	Existing *RetriedCode // with RetryKeyUsed: the code that was there; else nil
}

// RetriedCode is a code with the mark that a retry finds it by.
type RetriedCode struct {
	Code
	Retry   Retry
	Deleted bool // the code is gone: of it, only Retry is known
}
