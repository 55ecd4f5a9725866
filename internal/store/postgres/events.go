package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/event"
)

// lookInterval is how often to look for events to which other nodes have given positions.
const lookInterval = 100 * time.Millisecond

// queueColumns are the columns of an event without a position, except for the stamp, and queueTypes
// are their types.
const queueColumns = `
workspace_id, id, ordinal, type, at, actor_kind, actor_id, actor_name,
subject_kind, subject_id, subject_key, user_id, request_id, data, salt, digest`

var queueTypes = []string{
	"uuid", "uuid", "integer", "text", "timestamptz", "text", "uuid", "text",
	"text", "text", "text", "text", "text", "text", "bytea", "bytea",
}

// queueEvents adds to a batch the statement that stores events without their positions. It must come
// after the transaction has locked or inserted every row that the events are about.
//
// The stamp, by the database's clock, then gives the order in which the rows of one subject changed:
// a transaction that changes a row later waits for this one to end, and takes its stamp after that.
// The nodes' clocks do not matter.
func (s *Store) queueEvents(batch *pgx.Batch, events []*event.Event) {
	if len(events) == 0 {
		return
	}
	rows := make([][]any, len(events))
	for i, e := range events {
		rows[i] = []any{
			[16]byte(e.Workspace), [16]byte(e.ID), int32(i), string(e.Type), e.At, string(e.Actor.Kind),
			idOrNull(e.Actor.ID), e.Actor.Name,
			string(e.Subject.Kind), orNull(e.Subject.ID), orNull(e.Subject.Key),
			orNull(e.UserID), orNull(e.RequestID), e.Data, e.Salt, e.Digest[:],
		}
	}
	e := s.engine()
	batch.Queue(
		"INSERT INTO event_queue ("+queueColumns+", stamp) "+e.stampedRows(queueTypes, len(rows)), e.arguments(rows)...)
}

// EventSignal implements [event.Store].
func (s *Store) EventSignal() (<-chan struct{}, time.Duration) {
	return s.sequencer.added, lookInterval
}
