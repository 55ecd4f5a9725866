package tenancy

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// WorkspaceStore keeps workspaces. A slug is unique.
type WorkspaceStore interface {
	// InsertWorkspace stores a new workspace, and with it the events, and reports false if
	// its slug is taken.
	InsertWorkspace(ctx context.Context, w Workspace, events ...*event.Event) (bool, error)
	// Workspaces returns all workspaces, oldest first.
	Workspaces(ctx context.Context) ([]Workspace, error)
	// WorkspaceBySlug returns a workspace, or ErrNotFound.
	WorkspaceBySlug(ctx context.Context, slug string) (Workspace, error)
	// UpdateWorkspace changes the workspace with this slug and returns it as it is
	// then, or returns ErrNotFound. now is the time of a suspension. The events that
	// [Workspace.Changed] makes are stored, too.
	UpdateWorkspace(
		ctx context.Context, slug string, change WorkspaceChange, now time.Time, source *event.Source,
	) (Workspace, error)
}

// KeyStore keeps API keys. An id and a hash are unique.
type KeyStore interface {
	// InsertKey stores a new key, and with it the events.
	InsertKey(ctx context.Context, k Key, events ...*event.Event) error
	// Keys returns the workspace's keys, oldest first.
	Keys(ctx context.Context, workspace core.ID) ([]Key, error)
	// Key returns a key by its id, or ErrNotFound.
	Key(ctx context.Context, id core.ID) (Key, error)
	// CallerByHash returns a key and its workspace, or ErrNotFound. It may be answered
	// from a cache that is at most a few seconds old, and others may hold the same
	// answer: it must not be changed.
	CallerByHash(ctx context.Context, hash KeyHash) (*Caller, error)
	// RevokeKey sets when the key was revoked if it has not been, and then stores the events,
	// or returns ErrNotFound.
	RevokeKey(ctx context.Context, id core.ID, at time.Time, events ...*event.Event) error
	// ReplaceKey inserts a key and sets when the old one expires and that this one
	// replaces it, and stores the events, or returns ErrNotFound.
	ReplaceKey(ctx context.Context, old core.ID, oldExpires time.Time, k Key, events ...*event.Event) error
	// TouchKeys stores when keys were last used.
	TouchKeys(ctx context.Context, used map[core.ID]time.Time) error
}

// InstallationStore keeps what belongs to the installation as a whole.
type InstallationStore interface {
	// Secret returns the installation's secret: secret itself if none was stored
	// before, else the one that was.
	Secret(ctx context.Context, secret []byte) ([]byte, error)
	// Bootstrap stores the first workspace and its key and reports true, or reports
	// false and stores nothing if there is a workspace already. The events are stored with
	// them.
	Bootstrap(ctx context.Context, w Workspace, k Key, events ...*event.Event) (bool, error)
	// PublicURL returns the address under which callers reach the installation, without a
	// slash at its end, or "" if none was stored.
	PublicURL(ctx context.Context) (string, error)
	// SetPublicURL stores that address, for every node. It comes after Secret.
	SetPublicURL(ctx context.Context, url string) error
}
