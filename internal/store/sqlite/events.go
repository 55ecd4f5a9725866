package sqlite

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/event"
)

// lookInterval is how often to look for events of other processes.
const lookInterval = time.Second

// EventSignal implements [event.Store]. Every commit is a signal. Most commits have no events;
// looking for them in vain costs one short query while a request waits, and nothing otherwise.
func (s *Store) EventSignal() (<-chan struct{}, time.Duration) { return s.committed, lookInterval }

// SequenceEvents implements [event.Store]. Here events get their position when they are written,
// except those that were copied from an engine where they get it later.
func (s *Store) SequenceEvents(ctx context.Context) (sequenced int, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(
			conn,
			"SELECT count(*) FROM event_queue",
			nil,
			func(stmt *sqlite.Stmt) { sequenced = stmt.ColumnInt(0) },
		)
	})
	if err != nil || sequenced == 0 {
		return 0, err
	}
	return sequenced, s.write(ctx, sequenceCopied)
}

// signalCommit tells the receiver of EventSignal that there may be events.
func (s *Store) signalCommit() {
	select {
	case s.committed <- struct{}{}:
	default: // the last signal has not been received yet
	}
}

// insertEvents stores events in the transaction of the change, with their positions. The write lock
// excludes other writers, so positions become visible in their order.
func insertEvents(conn *sqlite.Conn, events []*event.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := sequenceCopied(conn); err != nil {
		return err
	}
	for len(events) > 0 {
		same := 1
		for same < len(events) && events[same].Workspace == events[0].Workspace {
			same++
		}
		if err := takePositions(conn, events[:same]); err != nil {
			return fmt.Errorf("take positions for events: %w", err)
		}
		for _, e := range events[:same] {
			if err := insertEvent(conn, e); err != nil {
				return fmt.Errorf("store event: %w", err)
			}
		}
		events = events[same:]
	}
	return nil
}

// takePositions gives events of one workspace the next positions in its log, and the values of the chain.
func takePositions(conn *sqlite.Conn, events []*event.Event) error {
	workspace := events[0].Workspace
	stmt, err := conn.Prepare(`
		INSERT INTO event_positions (workspace_id, newest) VALUES (?1, ?2)
		ON CONFLICT (workspace_id) DO UPDATE SET newest = newest + excluded.newest RETURNING newest, chain`)
	if err != nil {
		return err
	}
	stmt.BindBytes(1, workspace[:])
	stmt.BindInt64(2, int64(len(events)))
	if _, err := stmt.Step(); err != nil {
		return err
	}
	newest, chain := stmt.ColumnInt64(0), event.Chain{}
	stmt.ColumnBytes(1, chain[:])
	if err := stmt.Reset(); err != nil {
		return err
	}
	chain = event.Continue(chain, newest, events)
	return run(conn, "UPDATE event_positions SET chain = ?2 WHERE workspace_id = ?1", workspace[:], chain[:])
}

func insertEvent(conn *sqlite.Conn, e *event.Event) error {
	stmt, err := conn.Prepare(`
		INSERT INTO events (workspace_id, position, id, type, at, actor_kind, actor_id, actor_name,
		                    subject_kind, subject_id, subject_key, user_id, request_id, data, salt, digest, chain)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`)
	if err != nil {
		return err
	}
	stmt.BindBytes(1, e.Workspace[:])
	stmt.BindInt64(2, e.Position)
	stmt.BindBytes(3, e.ID[:])
	stmt.BindText(4, string(e.Type))
	stmt.BindInt64(5, e.At.UnixMicro())
	stmt.BindText(6, string(e.Actor.Kind))
	bindID(stmt, 7, e.Actor.ID)
	stmt.BindText(8, e.Actor.Name)
	stmt.BindText(9, string(e.Subject.Kind))
	bindText(stmt, 10, e.Subject.ID)
	bindText(stmt, 11, e.Subject.Key)
	bindText(stmt, 12, e.UserID)
	bindText(stmt, 13, e.RequestID)
	stmt.BindText(14, e.Data)
	stmt.BindBytes(15, e.Salt)
	stmt.BindBytes(16, e.Digest[:])
	stmt.BindBytes(17, e.Chain[:])
	_, err = stmt.Step()
	return err
}

// sequenceCopied gives positions to events that were copied from another engine without one, before
// any later event gets one.
func sequenceCopied(conn *sqlite.Conn) error {
	for {
		e, found := new(event.Event), false
		err := first(conn, "SELECT workspace_id, id, digest FROM event_queue ORDER BY stamp, ordinal, id LIMIT 1",
			func(*sqlite.Stmt) {}, func(stmt *sqlite.Stmt) error {
				e.Workspace, e.ID, found = columnID(stmt, 0), columnID(stmt, 1), true
				stmt.ColumnBytes(2, e.Digest[:])
				return nil
			})
		if !found {
			return ignoreNotFound(err)
		}
		if err := takePositions(conn, []*event.Event{e}); err != nil {
			return err
		}
		if err := run(conn, `
			INSERT INTO events (`+queuedColumns+`, position, chain)
			SELECT `+queuedColumns+`, ?3, ?4 FROM event_queue WHERE workspace_id = ?1 AND id = ?2`,
			e.Workspace[:], e.ID[:], e.Position, e.Chain[:]); err != nil {
			return fmt.Errorf("move an event: %w", err)
		}
		const taken = "DELETE FROM event_queue WHERE workspace_id = ?1 AND id = ?2"
		if err := run(conn, taken, e.Workspace[:], e.ID[:]); err != nil {
			return fmt.Errorf("take an event from the queue: %w", err)
		}
	}
}

// queuedColumns are the columns that both event tables have.
const queuedColumns = `workspace_id, id, type, at, actor_kind, actor_id, actor_name,
	subject_kind, subject_id, subject_key, user_id, request_id, data, salt, digest`
