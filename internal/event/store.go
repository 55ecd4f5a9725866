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
	// Events returns the events that a query asks for, in the order of their positions; backwards, if the
	// query says so.
	Events(ctx context.Context, q *Query) (Page, error)
	// EventHeads returns the newest position of each workspace that has one.
	EventHeads(ctx context.Context, workspaces []core.ID) (map[core.ID]int64, error)
	// PositionBefore returns the position of the last event from before an instant, about: positions follow
	// the clocks of nodes only so far.
	PositionBefore(ctx context.Context, workspace core.ID, at time.Time) (int64, error)
	// EventSignal returns a channel that gets a value soon after this process has added events that
	// can be read, and how often to look for events of other processes. Only one goroutine may
	// receive from the channel.
	EventSignal() (added <-chan struct{}, interval time.Duration)
	// RecordEvents adds events that no change in the store comes with.
	RecordEvents(ctx context.Context, events ...*Event) error
	// SequenceEvents gives positions to some of the events without one, and returns to how many. It
	// returns 0 when none are left, and when another node does this work.
	SequenceEvents(ctx context.Context) (int, error)
	// PruneEvents deletes some of the events whose time is over. In each workspace it cuts off the oldest
	// events, up to the first that is kept; of the others it leaves the digests. It returns how many events
	// it has dealt with; 0 when nothing is left to do, and when another node does this work.
	PruneEvents(ctx context.Context, now time.Time, keep Retention) (int, error)
	// ScrubErased removes the ids from the events user.erased from before an instant, and returns
	// how many had one.
	ScrubErased(ctx context.Context, before time.Time) (int, error)
	CursorStore
	ChainStore
}

// ChainStore reads the hash chains over the logs.
type ChainStore interface {
	// Logs returns every log that has ever held an event.
	Logs(ctx context.Context) ([]Log, error)
	// LogOf returns the log of a workspace; one that never held an event has no head.
	LogOf(ctx context.Context, workspace core.ID) (Log, error)
	// Links returns the first links of a log behind a position, in their order.
	Links(ctx context.Context, workspace core.ID, after int64, limit int) ([]Link, error)
	// UnloggedHeads returns logs whose newest value was not logged on a day (UTC) yet, nor on the next, which has
	// begun for a node whose clock is ahead: some of those behind a workspace, in the order of their ids.
	UnloggedHeads(ctx context.Context, after core.ID, day time.Time) ([]Log, error)
	// HeadLogged notes that the newest value of a log was logged on a day.
	HeadLogged(ctx context.Context, workspace core.ID, day time.Time) error
}

// CursorStore keeps cursors.
type CursorStore interface {
	// Cursor returns a cursor, or [core.ErrNotFound].
	Cursor(ctx context.Context, workspace core.ID, name string) (Cursor, error)
	// Cursors returns all cursors of a workspace, in the order of their names, byte by byte.
	Cursors(ctx context.Context, workspace core.ID) ([]Cursor, error)
	// PutCursor moves or makes a cursor of this workspace and name, at this time: to the position that a
	// rule decides on. The rule may be called several times. If it returns an error nothing is changed,
	// and PutCursor returns that. No other call moves the cursor meanwhile.
	PutCursor(ctx context.Context, c Cursor, rule func(CursorFacts) (position int64, err error)) (Cursor, error)
	// DeleteCursor deletes a cursor, or returns [core.ErrNotFound].
	DeleteCursor(ctx context.Context, workspace core.ID, name string) error
}

// Query asks for a part of a workspace's log.
type Query struct {
	Workspace core.ID
	After     int64        // only events with higher positions
	Limit     int          // how many at most
	Types     []Type       // only of these types; nil: of all
	Subject   *SubjectName // nil: about any subject
	Actor     *ActorName   // nil: by any actor
	RequestID string       // empty: whatever caused them
	From, To  time.Time    // only of this time on, and before that one; zero: no limit

	// Backwards: the newest events come first.
	Backwards bool
	Before    int64 // backwards: only events with lower positions; 0: all
}

// SubjectName names a subject.
type SubjectName struct {
	Kind SubjectKind
	Key  string   // as [Subject.Key]; of a user, their id
	Or   []string // keys of further subjects of the kind: events about any of them are asked for
}

// ActorName names an actor, or all actors of a kind.
type ActorName struct {
	Kind core.ActorKind
	ID   core.ID // zero: all of the kind
}

// Page is a part of a workspace's log.
type Page struct {
	Events []Event
	Next   int64 // up to where the log was read: the After, or backwards the Before, of the next query
	Head   int64 // the newest position; 0: the log never held an event
	Oldest int64 // the lowest position that is kept; Head+1: none is
}

// Window is the largest number of positions that one query looks at, if no index finds what it asks
// for.
const Window = 10_000

// Range returns the positions that a query looks at: behind after, up to reach. oldest is the lowest
// position that is kept, head the newest.
func (q *Query) Range(oldest, head int64) (after, reach int64) {
	if q.Backwards {
		reach = head
		if q.Before != 0 {
			reach = min(head, q.Before-1)
		}
		if q.Subject != nil { // which has an index
			return max(oldest-1, q.After), reach
		}
		return max(oldest-1, q.After, reach-Window), reach
	}
	after = q.After
	if after == 0 {
		after = oldest - 1
	}
	if q.Subject != nil {
		return after, head
	}
	return after, min(head, after+Window)
}

// NewPage makes a page of the events that a query found behind after, up to reach. oldest must be read
// after the events: otherwise pruning at the same time could leave a gap that goes unnoticed.
func (q *Query) NewPage(events []Event, after, reach, head, oldest int64) Page {
	page := Page{Events: events, Next: max(reach, q.After), Head: head, Oldest: oldest}
	if q.Backwards {
		page.Next = after + 1
	}
	if len(events) == q.Limit && q.Limit > 0 {
		page.Next = events[len(events)-1].Position
	}
	return page
}
