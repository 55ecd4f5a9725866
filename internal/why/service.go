package why

import (
	"context"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// Log reads the log: [event.Service] does.
type Log interface {
	List(ctx context.Context, q event.Query, wait time.Duration) (event.Page, error)
	Newest(ctx context.Context, q event.Query) (event.Page, error)
	// KeptFor returns for how long all events of the kinds are kept; 0: forever.
	KeptFor(kinds ...string) time.Duration
}

// Deps is what the service needs from outside.
type Deps struct {
	Codes   *codes.Services
	Log     Log
	Batches *bulk.Batches
	Changes *bulk.Changes
	Imports *bulk.Imports
	Keys    Keys
	Now     func() time.Time
	// Names returns what the keys and members of a workspace are called today: it is asked once for a
	// page. nil: events say it.
	Names func(ctx context.Context, workspace core.ID) (Names, error)
}

// Names are what keys and members are called, by id.
type Names map[core.ID]Name

// Name is what a key or a member is called.
type Name struct {
	Kind core.ActorKind
	Name string
}

// Keys looks up API keys: [tenancy.Service] does.
type Keys interface {
	// Keys returns the keys of the workspace with a slug.
	Keys(ctx context.Context, slug string) ([]tenancy.Key, error)
	// FindKey returns a key of any workspace by its id or its secret.
	FindKey(ctx context.Context, reference string) (tenancy.Key, error)
}

// Service explains and finds. It is safe for concurrent use.
type Service struct {
	deps      Deps
	replacing *core.Lane
	undoing   *core.Lane
}

// NewService returns the service.
func NewService(deps Deps) *Service {
	return &Service{
		deps: deps, replacing: core.NewLane(1, maxReplacing, replaceWait), undoing: core.NewLane(undoesAtOnce, 0, 0),
	}
}
