package tenancy

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// WorkspaceStore keeps workspaces. A slug is unique.
type WorkspaceStore interface {
	// InsertWorkspace stores a new workspace together with the events. It reports false if its slug
	// is taken.
	InsertWorkspace(ctx context.Context, w Workspace, events ...*event.Event) (bool, error)
	// Workspaces returns all workspaces, oldest first.
	Workspaces(ctx context.Context) ([]Workspace, error)
	// WorkspaceBySlug returns a workspace, or [core.ErrNotFound].
	WorkspaceBySlug(ctx context.Context, slug string) (Workspace, error)
	// UpdateWorkspace changes the workspace with this slug and returns the new state, or
	// [core.ErrNotFound]. now is the time of a suspension. The events that [Workspace.Changed] makes
	// are stored, too.
	UpdateWorkspace(
		ctx context.Context, slug string, change WorkspaceChange, now time.Time, source *event.Source,
	) (Workspace, error)
}

// KeyStore keeps API keys. An id and a hash are unique.
type KeyStore interface {
	// InsertKey stores a new key together with the events.
	InsertKey(ctx context.Context, k Key, events ...*event.Event) error
	// Keys returns the workspace's keys, oldest first.
	Keys(ctx context.Context, workspace core.ID) ([]Key, error)
	// Key returns a key by its id, or [core.ErrNotFound].
	Key(ctx context.Context, id core.ID) (Key, error)
	// CallerByHash returns a key and its workspace, or [core.ErrNotFound]. The answer may come from
	// a cache that is at most a few seconds old. It is shared, so it must not be changed.
	CallerByHash(ctx context.Context, hash KeyHash) (*Caller, error)
	// RevokeKey revokes a key and stores the events, if the key is not revoked yet; or it returns
	// [core.ErrNotFound].
	RevokeKey(ctx context.Context, id core.ID, at time.Time, events ...*event.Event) error
	// ReplaceKey inserts a key, sets the old key's expiry and successor, and stores the events; or
	// it returns [core.ErrNotFound].
	ReplaceKey(ctx context.Context, old core.ID, oldExpires time.Time, k Key, events ...*event.Event) error
	// TouchKeys stores when keys were last used.
	TouchKeys(ctx context.Context, used map[core.ID]time.Time) error
	// NoteAddresses remembers that a key was used from addresses. It stores the events that record makes for
	// those from which the key was not used since an instant, unless it was never used before. It keeps the
	// MaxAddresses last ones of each key.
	NoteAddresses(
		ctx context.Context, key core.ID, addresses []string, now, since time.Time,
		record func(address string) (*event.Event, error),
	) error
}

// InstallationStore keeps the data of the installation as a whole.
type InstallationStore interface {
	// Secret returns the installation's secret. It stores secret and returns it if there was none
	// yet.
	Secret(ctx context.Context, secret []byte) ([]byte, error)
	// Bootstrap stores the first workspace, its key and the events, and reports true. If there is a
	// workspace already, it stores nothing and reports false.
	Bootstrap(ctx context.Context, w Workspace, k Key, events ...*event.Event) (bool, error)
	// PublicURL returns the address under which callers reach the installation, without a slash at
	// its end, or "" if none was stored.
	PublicURL(ctx context.Context) (string, error)
	// SetPublicURL stores that address for every node. Secret must be called before it.
	SetPublicURL(ctx context.Context, url string) error
}
