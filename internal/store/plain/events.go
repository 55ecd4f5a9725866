package plain

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// eventColumns are what scanEvent reads, in its order.
const eventColumns = `workspace_id, position, id, type, at, actor_kind, actor_id, actor_name, subject_kind,
	coalesce(subject_id, ''), coalesce(subject_key, ''), coalesce(user_id, ''), coalesce(request_id, ''),
	data, salt, digest, chain`

func scanEvent(row Row) (event.Event, error) {
	var at time.Time
	e, err := scanEventAt(row, &at)
	e.At = at
	return e, err
}

// scanEventAt reads an event but for its time, which goes into at.
func scanEventAt(row Row, at any) (e event.Event, err error) {
	err = row.Scan(
		&e.Workspace, &e.Position, &e.ID, (*string)(&e.Type), at,
		(*string)(&e.Actor.Kind), &e.Actor.ID, &e.Actor.Name, (*string)(&e.Subject.Kind),
		&e.Subject.ID, &e.Subject.Key, &e.UserID, &e.RequestID, &e.Data, &e.Salt, e.Digest[:], e.Chain[:])
	return e, err
}

// Events implements [event.Store]. Positions have no gaps, so a part of the log is a range of
// positions.
func (s Store) Events(ctx context.Context, q *event.Query) (page event.Page, err error) {
	err = s.db.List(ctx, func(tx Tx) (err error) {
		page, err = readEvents(tx, q)
		return err
	})
	return orZero(page, err)
}

func readEvents(tx Tx, q *event.Query) (page event.Page, err error) {
	head, err := newestPosition(tx, q.Workspace)
	if err != nil {
		return page, err
	}
	oldest, err := oldestPosition(tx, q.Workspace, head)
	if err != nil {
		return page, err
	}
	after, reach := q.Range(oldest, head)
	found, err := findEvents(tx, q, after, reach)
	if err != nil {
		return page, err
	}
	oldest, err = oldestPosition(tx, q.Workspace, head) // the present value: events may have been pruned since
	return q.NewPage(found, after, reach, head, oldest), err
}

// newestPosition returns the newest position; 0 for a log that never held an event.
func newestPosition(tx Tx, workspace core.ID) (newest int64, err error) {
	err = one(tx, "SELECT newest FROM event_positions WHERE workspace_id = ?1", []any{workspace}, func(row Row) error {
		return row.Scan(&newest)
	})
	if errors.Is(err, core.ErrNotFound) {
		err = nil
	}
	return newest, err
}

// oldestPosition returns the lowest position that is kept; head+1 if none is.
func oldestPosition(tx Tx, workspace core.ID, head int64) (oldest int64, err error) {
	const sql = "SELECT position FROM events WHERE workspace_id = ?1 ORDER BY position LIMIT 1"
	err = one(tx, sql, []any{workspace}, func(row Row) error { return row.Scan(&oldest) })
	if errors.Is(err, core.ErrNotFound) {
		return head + 1, nil
	}
	return oldest, err
}

// findEvents reads the events behind after, up to reach.
func findEvents(tx Tx, q *event.Query, after, reach int64) (found []event.Event, err error) {
	sql, args := eventsQuery(q, after, reach)
	err = tx.Query(sql, args, func(row Row) error {
		e, err := scanEvent(row)
		found = append(found, e)
		return err
	})
	return found, err
}

func eventsQuery(q *event.Query, after, reach int64) (string, []any) {
	const which = " WHERE workspace_id = ?1 AND position > ?2 AND position <= ?3"
	sql := "SELECT " + eventColumns + " FROM events" + which
	args := []any{q.Workspace, after, reach}
	param := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("?%d", len(args))
	}
	if q.Subject != nil {
		column, index := "subject_key", "events_subject"
		if q.Subject.Kind == event.SubjectUser {
			column, index = "user_id", "events_user"
		}
		sql = "SELECT " + eventColumns + " FROM events /*sqlite INDEXED BY " + index + " sqlite*/" + which
		keys := []string{param(q.Subject.Key)}
		for _, key := range q.Subject.Or {
			keys = append(keys, param(key))
		}
		sql += " AND " + column + " IN (" + strings.Join(keys, ", ") + ")"
		sql += " AND subject_kind = " + param(string(q.Subject.Kind))
	}
	if q.Types != nil {
		params := make([]string, len(q.Types))
		for i, t := range q.Types {
			params[i] = param(string(t))
		}
		sql += " AND type IN (" + strings.Join(params, ", ") + ")"
	}
	if q.Actor != nil {
		sql += " AND actor_kind = " + param(string(q.Actor.Kind))
		if !q.Actor.ID.IsZero() {
			sql += " AND actor_id = " + param(q.Actor.ID)
		}
	}
	if q.RequestID != "" {
		sql += " AND request_id = " + param(q.RequestID)
	}
	if !q.From.IsZero() {
		sql += " AND at >= " + param(q.From)
	}
	if !q.To.IsZero() {
		sql += " AND at < " + param(q.To)
	}
	order := " ORDER BY position"
	if q.Backwards {
		order += " DESC"
	}
	return sql + order + " LIMIT " + param(q.Limit), args
}

// headsAtOnce is the largest number of workspaces that one statement asks for.
const headsAtOnce = 256

// EventHeads implements [event.Store].
func (s Store) EventHeads(ctx context.Context, workspaces []core.ID) (map[core.ID]int64, error) {
	return read(ctx, s.db, func(tx Tx) (map[core.ID]int64, error) {
		heads := make(map[core.ID]int64, len(workspaces))
		for some := range slices.Chunk(workspaces, headsAtOnce) {
			sql, args := headsQuery(some)
			err := tx.Query(sql, args, func(row Row) error {
				var workspace core.ID
				var head int64
				err := row.Scan(&workspace, &head)
				heads[workspace] = head
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		return heads, nil
	})
}

// headsQuery repeats the last workspace, so that there are few different statements: each is
// prepared once.
func headsQuery(workspaces []core.ID) (string, []any) {
	var args []any
	var params []string
	for i := range 1 << bits.Len(uint(len(workspaces)-1)) {
		args = append(args, workspaces[min(i, len(workspaces)-1)])
		params = append(params, fmt.Sprintf("?%d", i+1))
	}
	return "SELECT workspace_id, newest FROM event_positions WHERE workspace_id IN (" + strings.Join(
		params,
		", ",
	) + ")", args
}

// PositionBefore implements [event.Store]. Positions are about in the order of time, so it halves.
func (s Store) PositionBefore(ctx context.Context, workspace core.ID, at time.Time) (int64, error) {
	return read(ctx, s.db, func(tx Tx) (int64, error) {
		head, err := newestPosition(tx, workspace)
		if err != nil {
			return 0, err
		}
		low, err := oldestPosition(tx, workspace, head)
		for high := head + 1; err == nil && low < high; {
			middle := low + (high-low)/2
			var found time.Time
			found, err = timeBehind(tx, workspace, middle)
			switch {
			case err == nil && found.Before(at):
				low = middle + 1
			case err == nil || errors.Is(err, core.ErrNotFound): // what was behind it is not kept
				high, err = middle, nil
			}
		}
		return low - 1, err
	})
}

// timeBehind returns the time of the first event with a position or a higher one.
func timeBehind(tx Tx, workspace core.ID, position int64) (at time.Time, err error) {
	const sql = "SELECT at FROM events WHERE workspace_id = ?1 AND position >= ?2 ORDER BY position LIMIT 1"
	err = one(tx, sql, []any{workspace, position}, func(row Row) error { return row.Scan(&at) })
	return at, err
}

// RecordEvents implements [event.Store].
func (s Store) RecordEvents(ctx context.Context, events ...*event.Event) error {
	return s.db.Write(ctx, Once, func(tx Tx) error { return tx.AddEvents(events...) })
}

// EraseFromEvents removes a user's id from the events of a workspace. With each id it removes the
// salt, without which nobody can find out whose event it was. Earlier events about erasures keep the
// id until their time is over. Events without a position come first: an event that gets one
// meanwhile is then found in the log.
func EraseFromEvents(tx Tx, workspace core.ID, user string) error {
	if err := clearAnswers(tx, workspace, user); err != nil {
		return err
	}
	for _, table := range []string{"event_queue", "events /*sqlite INDEXED BY events_user sqlite*/"} {
		_, err := tx.Exec("UPDATE "+table+` SET user_id = NULL, salt = NULL
			WHERE workspace_id = ?1 AND user_id = ?2 AND type <> ?3`, workspace, user, string(event.UserErased))
		if err != nil {
			return fmt.Errorf("take an id out of %s: %w", table, err)
		}
	}
	return nil
}

// ScrubErased implements [event.Store].
func (s Store) ScrubErased(ctx context.Context, before time.Time) (int, error) {
	some, err := read(ctx, s.db, func(tx Tx) (some bool, err error) {
		sql := "SELECT 1 FROM events" + erasedBefore + " LIMIT 1"
		err = tx.Query(sql, []any{before}, func(Row) error { some = true; return nil })
		return some, err
	})
	if err != nil || !some {
		return 0, err
	}
	scrubbed, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) {
		return tx.Exec("UPDATE events SET user_id = NULL, salt = NULL"+erasedBefore, before)
	})
	return int(scrubbed), err
}

// erasedBefore is the condition of the index events_erased.
const erasedBefore = " WHERE type = 'user.erased' AND user_id IS NOT NULL AND at < ?1"
