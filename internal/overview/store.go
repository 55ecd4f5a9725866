package overview

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Store keeps what was counted, and reads what is to be counted: pages from an index, each of which
// costs the same however much there is.
type Store interface {
	// CodesToCount returns the workspace's codes of a type that come after a key in the order of lists.
	// Only what decides their status, their batch, and their place are set, without the value.
	CodesToCount(
		ctx context.Context, workspace core.ID, t codes.Type, after codes.CodeKey, limit int, at time.Time,
	) ([]Code, error)
	// RedemptionsToCount returns the workspace's redemptions from one id on and before another, those
	// with the lowest ids first. Only ID, Type and CreatedAt are set.
	RedemptionsToCount(ctx context.Context, workspace, from, before core.ID, limit int) ([]codes.Redemption, error)
	// UsersToCount returns the workspace's users after an id, in its order. Only ID and Status are set.
	UsersToCount(ctx context.Context, workspace core.ID, after string, limit int) ([]codes.User, error)

	// KeptCount returns what is kept of a workspace's count, or [core.ErrNotFound].
	KeptCount(ctx context.Context, workspace core.ID) (Kept, error)
	// PutCount keeps a count, unless another version is kept than the one it was made from. It reports
	// whether it did.
	PutCount(ctx context.Context, k Kept) (bool, error)
	// CountsSeenSince returns the workspaces whose counts were looked at since an instant, those whose
	// lease ended first at the start.
	CountsSeenSince(ctx context.Context, since time.Time) ([]core.ID, error)
}

// Code is a code to count, with its canonical form.
type Code struct {
	codes.Code
	Canonical string
}

// Kept is a count as it is kept.
type Kept struct {
	WorkspaceID core.ID
	Version     int64 // grows with each change; 0: nothing is kept yet
	SeenAt      time.Time
	LeaseUntil  time.Time // until then a node is counting
	State       []byte
	// AfterUser is the last user that a pass under way has counted; empty: none. It stands apart so that
	// erasing the user can remove it.
	AfterUser string
}
