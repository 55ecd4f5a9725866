package event

import (
	"context"
	"time"

	"accesscodes/internal/core"
)

// Store keeps the log. Events come into it with the changes that they tell of, by the
// methods that make those: in the same transaction, or not at all.
//
// Positions count per workspace from 1 on, without gaps, in an order that agrees for each
// subject with the order in which its changes took effect, whatever the clocks of the nodes.
// Once an event can be read, every event with a lower position can be read, too.
type Store interface {
	// Events returns the events that a query asks for, in the order of their positions.
	Events(ctx context.Context, q *Query) (Page, error)
	// EventHeads returns the newest position of each workspace that has one.
	EventHeads(ctx context.Context, workspaces []core.ID) (map[core.ID]int64, error)
	// EventSignal returns a channel that gets a value soon after this process has added
	// events that can be read, and how often to look for those of other processes. The
	// channel is for one receiver.
	EventSignal() (added <-chan struct{}, interval time.Duration)
	// SequenceEvents gives positions to some of the events that have none, and returns how
	// many it gave. It returns 0 when there are none left, and when another node is the one
	// that does it.
	SequenceEvents(ctx context.Context) (int, error)
	// PruneEvents deletes some of the events from before an instant and returns how many. Of
	// each workspace it deletes the oldest, and none that comes after one that is kept. It
	// returns 0 when there are none left, and when another node is the one that does it.
	PruneEvents(ctx context.Context, before time.Time) (int, error)
	// ScrubErased takes the ids out of the events user.erased from before an instant and
	// returns how many had one.
	ScrubErased(ctx context.Context, before time.Time) (int, error)
}

// Query asks for a part of a workspace's log.
type Query struct {
	Workspace core.ID
	After     int64        // only events with higher positions
	Limit     int          // how many at most
	Types     []Type       // only of these types; nil: of all
	Subject   *SubjectName // nil: about whatever
	Actor     *ActorName   // nil: by whomever
}

// SubjectName names a subject.
type SubjectName struct {
	Kind SubjectKind
	Key  string // as [Subject.Key]; of a user, their id
}

// ActorName names an actor, or all of a kind.
type ActorName struct {
	Kind ActorKind
	ID   core.ID // zero: all of the kind
}

// Page is a part of a workspace's log.
type Page struct {
	Events []Event
	Next   int64 // how far the log was looked at: the After of the next query
	Head   int64 // the newest position; 0: the log never held an event
	Oldest int64 // the lowest position that is kept; Head+1: none is
}

// Window is how much of a log one query looks at, at most, where no index finds what it asks
// for: in positions.
const Window = 10_000

// Start is the position behind which a query begins when the lowest that is kept is oldest:
// one that asks for everything begins with that.
func (q *Query) Start(oldest int64) int64 {
	if q.After == 0 {
		return oldest - 1
	}
	return q.After
}

// Reach is the position up to which a query looks that begins behind start, when the log's
// newest one is head.
func (q *Query) Reach(start, head int64) int64 {
	if q.Subject != nil { // which has an index
		return head
	}
	return min(head, start+Window)
}

// NewPage makes a page of the events that a query found up to a position. oldest must have
// been read after them: whoever prunes meanwhile must not leave a gap that nobody sees.
func (q *Query) NewPage(events []Event, reach, head, oldest int64) Page {
	page := Page{Events: events, Next: max(reach, q.After), Head: head, Oldest: oldest}
	if len(events) == q.Limit && q.Limit > 0 {
		page.Next = events[len(events)-1].Position
	}
	return page
}
