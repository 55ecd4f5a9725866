package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// EventType is the kind of an event. More will come; ignore those that you do not know.
type EventType string

// The types of events. Those marked hot come with every code or every use of one; they are recorded
// only where a webhook endpoint wants them, or in a workspace that asked for all (accesscodes workspace
// update SLUG --events all).
const (
	EventCodeCreated   EventType = "code.created" // hot
	EventCodeUpdated   EventType = "code.updated"
	EventCodeRevoked   EventType = "code.revoked"
	EventCodeRestored  EventType = "code.restored"
	EventCodeDeleted   EventType = "code.deleted"
	EventCodeExhausted EventType = "code.exhausted" // hot

	EventRedemptionCreated    EventType = "redemption.created" // hot
	EventRedemptionRolledBack EventType = "redemption.rolled_back"
	EventRedemptionRestored   EventType = "redemption.restored" // by the undoing of a change

	EventReservationCreated   EventType = "reservation.created"   // hot
	EventReservationConfirmed EventType = "reservation.confirmed" // hot
	EventReservationReleased  EventType = "reservation.released"  // hot
	EventReservationLapsed    EventType = "reservation.lapsed"    // hot

	EventUserRegistered EventType = "user.registered" // hot if by a redemption
	EventUserUpgraded   EventType = "user.upgraded"   // hot
	EventUserChanged    EventType = "user.changed"
	EventUserErased     EventType = "user.erased"

	EventBatchCreated   EventType = "batch.created"
	EventBatchCompleted EventType = "batch.completed"
	EventBatchFailed    EventType = "batch.failed"
	EventBatchCanceled  EventType = "batch.canceled"

	EventChangeCompleted EventType = "change.completed" // it has ended, in whatever way
	EventChangeUndone    EventType = "change.undone"

	EventImportCompleted EventType = "import.completed" // it has ended, in whatever way
	EventExportCompleted EventType = "export.completed" // it was sent as a whole

	EventExportInterrupted EventType = "export.interrupted" // it broke off; what came until then was sent

	EventKeyCreated EventType = "key.created"
	EventKeyRotated EventType = "key.rotated"
	EventKeyRevoked EventType = "key.revoked"
	EventKeyUsed    EventType = "key.used" // from another address than before

	EventWorkspaceCreated   EventType = "workspace.created"
	EventWorkspaceUpdated   EventType = "workspace.updated"
	EventWorkspaceSuspended EventType = "workspace.suspended"
	EventWorkspaceResumed   EventType = "workspace.resumed"

	EventMemberInvited   EventType = "member.invited"   // its subject is the invitation
	EventMemberUninvited EventType = "member.uninvited" // the invitation was withdrawn
	EventMemberJoined    EventType = "member.joined"
	EventMemberChanged   EventType = "member.changed"
	EventMemberRemoved   EventType = "member.removed"

	EventSessionStarted EventType = "session.started" // somebody signed in to the console
	EventSessionFailed  EventType = "session.failed"  // a wrong password for somebody who is a member

	EventEndpointCreated  EventType = "endpoint.created"
	EventEndpointUpdated  EventType = "endpoint.updated"
	EventEndpointDisabled EventType = "endpoint.disabled" // because of what it answered
	EventEndpointDeleted  EventType = "endpoint.deleted"
	EventEndpointTested   EventType = "endpoint.tested" // what a test delivery tells of
)

// Event is one thing that happened.
type Event struct {
	ID        string          `json:"id"` // a UUID
	Type      EventType       `json:"type"`
	Position  int64           `json:"position"` // its place in the workspace's log, from 1 on, without gaps
	At        time.Time       `json:"at"`
	Workspace string          `json:"workspace"` // a UUID
	Actor     EventActor      `json:"actor"`     // who did it
	Subject   EventSubject    `json:"subject"`   // what it is about
	RequestID string          `json:"requestId"` // of what did it; empty: no request did
	Data      json.RawMessage `json:"data"`      // an object, by type; under previous, the values from before
}

// EventActor is who did something.
type EventActor struct {
	Kind string `json:"kind"` // key, member, cli, system
	ID   string `json:"id"`   // of the key or the member; empty: it is another kind
	Name string `json:"name"`
}

// EventSubject is what an event is about.
type EventSubject struct {
	Kind string `json:"kind"` // what stands before the colon in [EventFilter].Subject
	ID   string `json:"id"`   // a code's value, a user's id or a UUID; empty: the person was erased
}

// EventFilter says which events to read. Zero fields leave none out.
type EventFilter struct {
	Types   []EventType // exact, or all that begin alike: "code.*"
	Subject string      // code:VALUE, user:ID, key:ID, workspace:ID, batch:ID, change:ID, import:ID, member:ID or
	// endpoint:ID
	Actor string // key:ID, member:ID, or any key, member, cli or system
}

func (f EventFilter) values() values {
	types := make([]string, len(f.Types))
	for i, name := range f.Types {
		types[i] = string(name)
	}
	return values{"types": strings.Join(types, ","), "subject": f.Subject, "actor": f.Actor}
}

// EventQuery says which part of the log to read.
type EventQuery struct {
	// After is the position behind which to begin: Next of the part before. 0 begins with the oldest
	// event that is kept.
	After  int64
	Cursor string // instead of After: the name of a cursor to begin behind; reading does not move it
	Filter EventFilter
	Limit  int           // how many events at most, 1 to 1000; 0: 50
	Wait   time.Duration // how long to wait if there are none, in whole seconds up to 30
}

// EventPage is a part of the log.
type EventPage struct {
	Data []Event `json:"data"`
	Next int64   `json:"next"` // how far was looked, also if there is no event: After of the next query
}

// ListEvents reads a part of the log, oldest first. If events behind After were deleted already, the
// error has [ReasonPositionExpired].
func (c *Client) ListEvents(ctx context.Context, q EventQuery) (*EventPage, error) {
	query := q.Filter.values()
	query["after"], query["cursor"] = number(q.After), q.Cursor
	query["limit"], query["wait"] = number(int64(q.Limit)), number(wholeSeconds(q.Wait))
	return fetch[EventPage](ctx, c, call{
		operation: "listEvents", method: http.MethodGet, path: []string{"events"}, query: query.given(), patience: q.Wait,
	})
}

// number is a number as parameters have it; 0 is none.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// wholeSeconds rounds away from 0, which would mean something else.
func wholeSeconds(length time.Duration) int64 {
	seconds := int64(length / time.Second)
	switch part := length % time.Second; {
	case part > 0:
		return seconds + 1
	case part < 0:
		return seconds - 1
	default:
		return seconds
	}
}

// How [Client.Events] reads.
const (
	followedPage = 200
	followedWait = 30 * time.Second // the longest that the server holds an answer back
)

// Events follows the log from behind a position, and waits for more at its end: nothing is missed and
// nothing comes twice. To go on later, keep the Position of the last event that you have dealt with.
//
// An error that is [Temporary] is yielded when its retries are used up; if the loop goes on, so does the
// reading, from where it was. After every other error, and with the end of the context, it ends.
func (c *Client) Events(ctx context.Context, after int64, filter EventFilter) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		query := EventQuery{After: after, Filter: filter, Limit: followedPage, Wait: followedWait}
		for {
			page, err := c.ListEvents(ctx, query)
			if err != nil {
				if !yield(nil, err) || !Temporary(err) || errors.Is(err, ctx.Err()) {
					return
				}
				if ended := c.wait(ctx, c.jitter(maxBackoff)); ended != nil {
					yield(nil, ended)
					return
				}
				continue
			}
			for i := range page.Data {
				if !yield(&page.Data[i], nil) {
					return
				}
			}
			query.After = page.Next
		}
	}
}
