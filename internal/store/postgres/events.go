package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/event"
)

// lookInterval is how often to look for events that other nodes have given positions to.
const lookInterval = 100 * time.Millisecond

// queueColumns are what an event has before it has a position, but for the stamp, and
// queueTypes their types.
const queueColumns = `
workspace_id, id, ordinal, type, at, actor_kind, actor_id, actor_name,
subject_kind, subject_id, subject_key, user_id, request_id, data, salt, digest`

var queueTypes = []string{
	"uuid", "uuid", "integer", "text", "timestamptz", "text", "uuid", "text",
	"text", "text", "text", "text", "text", "text", "bytea", "bytea",
}

// queueEvents adds the statement to a batch that stores events without their positions. It
// must come when the transaction has locked, or inserted, every row that the events tell of.
//
// The stamp, by the database's clock, then tells in which order the rows of one subject
// changed: whoever changes one later waits for this transaction to end, and takes their stamp
// after that. Clocks of nodes do not matter.
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
	batch.Queue(
		"INSERT INTO event_queue ("+queueColumns+", stamp) "+s.engine.stampedRows(queueTypes, len(rows)),
		s.engine.arguments(rows)...)
}

// EventSignal implements [event.Store].
func (s *Store) EventSignal() (<-chan struct{}, time.Duration) {
	return s.sequencer.added, lookInterval
}
