package event

import (
	"context"
	"time"

	"accesscodes/internal/core"
)

// Store keeps the log. Events are added by the methods that make the changes: in the same
// transaction, or not at all.
//
// Positions count per workspace from 1 on, without gaps. For each subject their order is the order
// in which its changes took effect, whatever the clocks of the nodes say. When an event can be read,
// every event with a lower position can be read, too.
type Store interface {
	// Events returns the events that a query asks for, in the order of their positions.
	Events(ctx context.Context, q *Query) (Page, error)
	// EventHeads returns the newest position of each workspace that has one.
	EventHeads(ctx context.Context, workspaces []core.ID) (map[core.ID]int64, error)
	// EventSignal returns a channel that gets a value soon after this process has added events that
	// can be read, and how often to look for events of other processes. Only one goroutine may
	// receive from the channel.
	EventSignal() (added <-chan struct{}, interval time.Duration)
	// RecordEvents adds events that no change in the store comes with.
	RecordEvents(ctx context.Context, events ...*Event) error
	// SequenceEvents gives positions to some of the events without one, and returns to how many. It
	// returns 0 when none are left, and when another node does this work.
	SequenceEvents(ctx context.Context) (int, error)
	// PruneEvents deletes some of the events from before an instant and returns how many. In each
	// workspace it deletes the oldest events, up to the first that is kept. It returns 0 when none
	// are left, and when another node does this work.
	PruneEvents(ctx context.Context, before time.Time) (int, error)
	// ScrubErased removes the ids from the events user.erased from before an instant, and returns
	// how many had one.
	ScrubErased(ctx context.Context, before time.Time) (int, error)
}

// Query asks for a part of a workspace's log.
type Query struct {
	Workspace core.ID
	After     int64        // only events with higher positions
	Limit     int          // how many at most
	Types     []Type       // only of these types; nil: of all
	Subject   *SubjectName // nil: about any subject
	Actor     *ActorName   // nil: by any actor
}

// SubjectName names a subject.
type SubjectName struct {
	Kind SubjectKind
	Key  string // as [Subject.Key]; of a user, their id
}

// ActorName names an actor, or all actors of a kind.
type ActorName struct {
	Kind core.ActorKind
	ID   core.ID // zero: all of the kind
}

// Page is a part of a workspace's log.
type Page struct {
	Events []Event
	Next   int64 // up to where the log was read: the After of the next query
	Head   int64 // the newest position; 0: the log never held an event
	Oldest int64 // the lowest position that is kept; Head+1: none is
}

// Window is the largest number of positions that one query looks at, if no index finds what it asks
// for.
const Window = 10_000

// Start returns the position after which a query begins, if oldest is the lowest position that is
// kept. A query for everything begins with oldest.
func (q *Query) Start(oldest int64) int64 {
	if q.After == 0 {
		return oldest - 1
	}
	return q.After
}

// Reach returns the position up to which a query looks if it begins after start and head is the
// log's newest position.
func (q *Query) Reach(start, head int64) int64 {
	if q.Subject != nil { // which has an index
		return head
	}
	return min(head, start+Window)
}

// NewPage makes a page of the events that a query found up to a position. oldest must be read after
// the events: otherwise pruning at the same time could leave a gap that goes unnoticed.
func (q *Query) NewPage(events []Event, reach, head, oldest int64) Page {
	page := Page{Events: events, Next: max(reach, q.After), Head: head, Oldest: oldest}
	if len(events) == q.Limit && q.Limit > 0 {
		page.Next = events[len(events)-1].Position
	}
	return page
}
