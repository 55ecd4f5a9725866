package webhook

import (
	"context"
	"errors"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Store keeps endpoints and deliveries. Each method is one atomic operation. Leases end by the
// database's clock.
type Store interface {
	// InsertEndpoint stores an endpoint, and reports false if the workspace has MaxEndpoints already.
	InsertEndpoint(ctx context.Context, e Endpoint, events ...*event.Event) (bool, error)
	// Endpoints returns the endpoints of a workspace, the oldest first; none that is deleted.
	Endpoints(ctx context.Context, workspace core.ID) ([]Endpoint, error)
	// Endpoint returns an endpoint, or [core.ErrNotFound].
	Endpoint(ctx context.Context, workspace, id core.ID) (Endpoint, error)
	// ChangeEndpoint changes an endpoint, whichever node sends for it. If what is sent, where to or
	// from which position on has changed, the node loses its lease. The hot types of events that the
	// endpoints of the workspace want are recorded from then on.
	//
	// Errors: [core.ErrNotFound]; what change returns.
	ChangeEndpoint(ctx context.Context, workspace, id core.ID, change Change) (Endpoint, error)

	// ClaimEndpoints takes the leases of enabled endpoints that have something to send and that no
	// other node sends for; none of a workspace that is suspended.
	ClaimEndpoints(ctx context.Context, node core.ID, life time.Duration, limit int) ([]Claim, error)
	// KeepEndpoint is ChangeEndpoint by the node that has the lease, which it renews, or gives back.
	//
	// Errors: [ErrLeaseLost]; what change returns.
	KeepEndpoint(ctx context.Context, lease Lease, release bool, change Change) (Endpoint, error)

	// DueDeliveries returns deliveries that are due, those that have waited longest first.
	DueDeliveries(ctx context.Context, endpoint *Endpoint, now time.Time, limit int) ([]Delivery, error)
	// Deliveries returns a part of an endpoint's deliveries, the newest events first.
	Deliveries(ctx context.Context, q *DeliveryQuery) ([]Delivery, error)
	// Delivery returns a delivery, or [core.ErrNotFound].
	Delivery(ctx context.Context, workspace, endpoint core.ID, position int64) (Delivery, error)
	// RetryDeliveries makes some deliveries due that are not: that of a position, or those that have
	// failed or wait (position 0). It returns how many.
	//
	// Errors: [core.ErrNotFound]: there is no such endpoint.
	RetryDeliveries(ctx context.Context, workspace, endpoint core.ID, position int64, now time.Time) (int, error)
	// CountUnsent returns how many deliveries of an endpoint wait and how many have failed, at most
	// limit of each.
	CountUnsent(ctx context.Context, workspace, endpoint core.ID, limit int) (pending, failed int, err error)
	// PruneDeliveries deletes some deliveries from before an instant, and of endpoints that are deleted.
	// It returns how many, and 0 when none are left.
	PruneDeliveries(ctx context.Context, before time.Time) (int, error)
}

// Log is the part of [event.Store] that is needed here.
type Log interface {
	Events(ctx context.Context, q *event.Query) (event.Page, error)
	EventHeads(ctx context.Context, workspaces []core.ID) (map[core.ID]int64, error)
	PositionBefore(ctx context.Context, workspace core.ID, at time.Time) (int64, error)
	RecordEvents(ctx context.Context, events ...*event.Event) error
	SequenceEvents(ctx context.Context) (int, error)
}

// Change changes an endpoint within a transaction that has locked it, and returns what to store with
// it. It may be called several times, each time with the endpoint as it is stored.
type Change func(e *Endpoint) (Changed, error)

// Changed is stored with a change.
type Changed struct {
	Deliveries []Delivery // which replace earlier ones of the same event
	Events     []*event.Event
	EndLease   bool // a node that sends for the endpoint loses its lease in any case
}

// Lease lets one node send for an endpoint.
type Lease struct {
	WorkspaceID, EndpointID core.ID
	Holder                  core.ID
	Fence                   int64
	Life                    time.Duration
}

// ErrLeaseLost ends the work of a node for an endpoint: another node has taken it, somebody has changed
// the endpoint, or its workspace is suspended. Nothing was stored.
var ErrLeaseLost = errors.New("the lease of the endpoint is lost")

// Claim is an endpoint that a node may send for.
type Claim struct {
	Endpoint Endpoint
	Lease    Lease
}

// DeliveryQuery asks for a part of an endpoint's deliveries.
type DeliveryQuery struct {
	WorkspaceID, EndpointID core.ID
	Status                  DeliveryStatus // empty: any
	Before                  int64          // only of events with lower positions; 0: of all
	Limit                   int
}
