package access

import (
	"context"
	"errors"
	"time"
)

// Store keeps everything. Each method is one atomic act: it happens whole and is
// durable when the method returns, or it returns an error and nothing happened, but
// for [OutcomeUnknown]. Methods are safe for concurrent use by many goroutines and
// by many processes on one database.
//
// A store that cannot act now returns [Unavailable]. Stores decide nothing: they
// answer questions of fact and keep rows unique.
type Store interface {
	CodeStore
	LifeStore
	ListStore
	WorkspaceStore
	KeyStore
	InstallationStore
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
	// Close ends every connection. It is called once, after the last other method.
	Close() error
}

// CodeStore keeps codes. A code is found by its canonical form, which is unique over
// all workspaces.
type CodeStore interface {
	// InsertCodes stores new codes, all in one act, and reports for each what became
	// of it, in the same order. Codes are taken one after the other: if two have the
	// same canonical form or the same Retry.Key, the first is inserted.
	InsertCodes(ctx context.Context, codes []*NewCode) ([]InsertResult, error)
	// CodesTaken reports for each canonical form whether a code has it, in any
	// workspace.
	CodesTaken(ctx context.Context, canonicals []string) ([]bool, error)
	// Code returns the workspace's code with this canonical form, or ErrNotFound. Its
	// Reservations are those that are live at the instant.
	Code(ctx context.Context, workspace ID, canonical string, at time.Time) (Code, error)
	// FindCodes returns those codes of the workspace that have one of these canonical
	// forms, in no order.
	FindCodes(ctx context.Context, workspace ID, canonicals []string, at time.Time) ([]Code, error)
	// CodeByRetryKey returns the workspace's code that carries this Retry.Key, or
	// ErrNotFound.
	CodeByRetryKey(ctx context.Context, workspace ID, key [16]byte, at time.Time) (*RetriedCode, error)
}

// LifeStore keeps what becomes of codes: redemptions, reservations, users.
type LifeStore interface {
	// Act carries out acts, all in one act of its own, by means of a [Book]. A refused act
	// is a result, not an error, and changes nothing.
	Act(ctx context.Context, acts []*Act) ([]ActResult, error)
	// Peek says what Act would, and changes nothing. What it sees may be changed by others
	// meanwhile.
	Peek(ctx context.Context, acts []*Act) ([]ActResult, error)
	// Redemption returns the workspace's redemption with this id, and the canonical form of
	// its code, or ErrNotFound.
	Redemption(ctx context.Context, workspace, id ID) (canonical string, r Redemption, err error)
	// Reservation returns the workspace's reservation with this id, and the canonical form
	// of its code, or ErrNotFound.
	Reservation(ctx context.Context, workspace, id ID) (canonical string, r Reservation, err error)
	// TidyReservations marks some of the reservations that are stored as held and have
	// lapsed, and returns how many. It returns 0 when there are none left.
	TidyReservations(ctx context.Context, now time.Time) (int, error)
	// User returns a user, or ErrNotFound.
	User(ctx context.Context, workspace ID, id string) (User, error)
	// PutUser stores a user and returns it as it is then: one who was there keeps
	// CreatedAt, and UpdatedAt if the status is the same.
	PutUser(ctx context.Context, user User) (User, error)
	// EraseUser deletes a user and takes the id out of every redemption and reservation. It
	// reports whether anything held it.
	EraseUser(ctx context.Context, workspace ID, id string) (bool, error)
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
	Retry     Retry // zero: asked for without an Idempotency-Key
}

// InsertOutcome is what became of a code that was to be inserted.
type InsertOutcome int

// The outcomes.
const (
	Inserted     InsertOutcome = iota
	CodeTaken                  // a code with this canonical form exists, in whatever workspace
	RetryKeyUsed               // a code of this workspace carries this Retry.Key; takes precedence over CodeTaken
)

// InsertResult is what became of one code.
type InsertResult struct {
	Outcome  InsertOutcome
	Existing *RetriedCode // with RetryKeyUsed: the code that was there; else nil
}

// RetriedCode is a code with the mark that a retry finds it by.
type RetriedCode struct {
	Code
	Retry Retry
}

// WorkspaceStore keeps workspaces. A slug is unique.
type WorkspaceStore interface {
	// InsertWorkspace stores a new workspace and reports false if its slug is taken.
	InsertWorkspace(ctx context.Context, w Workspace) (bool, error)
	// Workspaces returns all workspaces, oldest first.
	Workspaces(ctx context.Context) ([]Workspace, error)
	// WorkspaceBySlug returns a workspace, or ErrNotFound.
	WorkspaceBySlug(ctx context.Context, slug string) (Workspace, error)
	// UpdateWorkspace changes the workspace with this slug and returns it as it is
	// then, or returns ErrNotFound. now is the time of a suspension.
	UpdateWorkspace(ctx context.Context, slug string, change WorkspaceChange, now time.Time) (Workspace, error)
}

// KeyStore keeps API keys. An id and a hash are unique.
type KeyStore interface {
	InsertKey(ctx context.Context, k Key) error
	// Keys returns the workspace's keys, oldest first.
	Keys(ctx context.Context, workspace ID) ([]Key, error)
	// Key returns a key by its id, or ErrNotFound.
	Key(ctx context.Context, id ID) (Key, error)
	// CallerByHash returns a key and its workspace, or ErrNotFound. It may be answered
	// from a cache that is at most a few seconds old, and others may hold the same
	// answer: it must not be changed.
	CallerByHash(ctx context.Context, hash KeyHash) (*Caller, error)
	// RevokeKey sets when the key was revoked if it has not been, or returns
	// ErrNotFound.
	RevokeKey(ctx context.Context, id ID, at time.Time) error
	// ReplaceKey inserts a key and sets when the old one expires and that this one
	// replaces it, or returns ErrNotFound.
	ReplaceKey(ctx context.Context, old ID, oldExpires time.Time, k Key) error
	// TouchKeys stores when keys were last used.
	TouchKeys(ctx context.Context, used map[ID]time.Time) error
}

// InstallationStore keeps what belongs to the installation as a whole.
type InstallationStore interface {
	// Secret returns the installation's secret: secret itself if none was stored
	// before, else the one that was.
	Secret(ctx context.Context, secret []byte) ([]byte, error)
	// Bootstrap stores the first workspace and its key and reports true, or reports
	// false and stores nothing if there is a workspace already.
	Bootstrap(ctx context.Context, w Workspace, k Key) (bool, error)
}

// ErrSchemaTooNew is what opening a store returns whose schema a newer program made.
var ErrSchemaTooNew = errors.New("the database's schema is too new")

// Migration is one step of a store's schema.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: pending
}

// Placement is where the rows of a store's table lie on a distributed engine.
type Placement struct {
	Table     string
	Placement string // such as "distributed by canonical"
	Changed   bool   // just now
}
