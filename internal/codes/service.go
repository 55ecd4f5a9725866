package codes

import (
	"context"
	"io"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/words"
)

// Store keeps codes, redemptions, reservations and users. Each method is one atomic operation: when
// it returns, all of it is done and durable; or it returns an error and nothing is done, except with
// [core.OutcomeUnknown]. Methods are safe for concurrent use by many goroutines and by many
// processes on one database.
//
// A store that cannot work now returns [core.Unavailable]. Stores decide nothing: they answer
// questions of fact and keep rows unique.
type Store interface {
	CodeStore
	RedemptionStore
	ListStore
}

// Deps is what the services need from outside.
type Deps struct {
	Store   Store
	Now     func() time.Time
	Entropy io.Reader               // a cryptographic source
	NewID   func() (core.ID, error) // UUIDv7
	// OldForms is what [CodeStore.OldForms] said. Without it, set OldFormsUnknown, and call
	// [Service.ReadOldForms] until it succeeds.
	OldForms        map[string]core.ID
	OldFormsUnknown bool
	// Words finds what generated codes may not hold. Nil: they may hold everything.
	Words *words.Filter
}

// Services are all operations on codes, grouped by subject. They are safe for concurrent use.
type Services struct {
	*Service
	*Redemptions
	*Users
}

// Service makes codes, looks them up and changes them.
type Service struct {
	base
	alphabet string        // its size is a power of two
	words    *words.Filter // of what generated codes do not hold
}

// Redemptions uses codes up and gives uses back.
type Redemptions struct {
	base
	suggestions *core.Lane // of searches for typos
}

// Users manages who is registered in a workspace.
type Users struct{ base }

// base is what the services have in common.
type base struct {
	store    Store
	clock    func() time.Time
	entropy  io.Reader
	newID    func() (core.ID, error)
	lists    *core.Lane // of lists and searches
	recorder *event.Recorder
	oldForms *oldForms
}

// NewServices returns the services over a migrated store.
func NewServices(deps Deps) *Services {
	b := base{
		store: deps.Store, clock: deps.Now, entropy: deps.Entropy, newID: deps.NewID,
		oldForms: newOldForms(deps),
		recorder: event.NewRecorder(deps.Entropy), lists: core.NewLane(ListsAtOnce, listsWaiting, listWait),
	}
	filter := deps.Words
	if filter == nil {
		filter = words.None()
	}
	return &Services{
		Service:     &Service{base: b, alphabet: core.Alphabet, words: filter},
		Redemptions: &Redemptions{base: b, suggestions: core.NewLane(suggestionsAtOnce, 0, 0)},
		Users:       &Users{b},
	}
}

// now is the current time as stores keep it.
func (b *base) now() time.Time { return b.clock().UTC().Truncate(time.Microsecond) }

// execute carries out one command at the present.
func (b *base) execute(ctx context.Context, command *Command) (Result, error) {
	command.At = b.now()
	results, err := b.store.Execute(ctx, []*Command{command})
	if err != nil {
		return Result{}, err
	}
	return results[0], results[0].Err
}
