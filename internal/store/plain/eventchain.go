package plain

import (
	"context"
	"errors"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

const logColumns = "workspace_id, newest, chain, anchor_position, anchor_chain"

func scanLog(row Row) (l event.Log, err error) {
	err = row.Scan(&l.Workspace, &l.Head.Position, l.Head.Chain[:], &l.Anchor.Position, l.Anchor.Chain[:])
	return l, err
}

// Logs implements [event.ChainStore].
func (s Store) Logs(ctx context.Context) ([]event.Log, error) {
	return read(ctx, s.db, func(tx Tx) (logs []event.Log, err error) {
		err = tx.Query("SELECT "+logColumns+" FROM event_positions ORDER BY workspace_id", nil, appendLog(&logs))
		if err != nil {
			return nil, err
		}
		listed := map[core.ID]bool{}
		for _, l := range logs {
			listed[l.Workspace] = true
		}
		missing := func(id core.ID) error {
			if listed[id] {
				return nil
			}
			listed[id] = true
			l, err := logOf(tx, id) // it may have begun since
			logs = append(logs, l)
			return err
		}
		if err := eachWorkspace(tx, "events", missing); err != nil {
			return nil, err
		}
		return logs, eachWorkspace(tx, "event_digests", missing)
	})
}

// eachWorkspace tells each workspace that has rows in a table. It goes from one to the next by the primary
// key, and so does not read the rows.
func eachWorkspace(tx Tx, table string, tell func(core.ID) error) error {
	id, behind := event.Installation, ">=" // no id is smaller
	for {
		sql := "SELECT workspace_id FROM " + table + " WHERE workspace_id " + behind + " ?1 ORDER BY workspace_id LIMIT 1"
		err := one(tx, sql, []any{id}, func(row Row) error { return row.Scan(&id) })
		if errors.Is(err, core.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := tell(id); err != nil {
			return err
		}
		behind = ">"
	}
}

func appendLog(to *[]event.Log) func(Row) error {
	return func(row Row) error {
		l, err := scanLog(row)
		*to = append(*to, l)
		return err
	}
}

// LogOf implements [event.ChainStore].
func (s Store) LogOf(ctx context.Context, workspace core.ID) (event.Log, error) {
	return read(ctx, s.db, func(tx Tx) (event.Log, error) { return logOf(tx, workspace) })
}

func logOf(tx Tx, workspace core.ID) (l event.Log, err error) {
	const sql = "SELECT " + logColumns + " FROM event_positions WHERE workspace_id = ?1"
	err = one(tx, sql, []any{workspace}, func(row Row) (err error) {
		l, err = scanLog(row)
		return err
	})
	if errors.Is(err, core.ErrNotFound) {
		return event.Log{Workspace: workspace}, nil
	}
	return l, err
}

// Links implements [event.ChainStore].
func (s Store) Links(ctx context.Context, workspace core.ID, after int64, limit int) (all []event.Link, err error) {
	err = s.db.List(ctx, func(tx Tx) (err error) {
		all, err = linksOf(tx, workspace, after, limit)
		return err
	})
	return orZero(all, err)
}

// linksSQL reads events and what is left of others in one statement, so that one that is pruned meanwhile is
// seen once.
const linksSQL = "SELECT " + eventColumns + ` FROM events WHERE workspace_id = ?1 AND position > ?2
	UNION ALL
	SELECT workspace_id, position, NULL, '', NULL, '', NULL, '', '', '', '', '', '', '', NULL, digest, chain
	FROM event_digests WHERE workspace_id = ?1 AND position > ?2
	ORDER BY 2 LIMIT ?3`

// linksOf returns the first links of a log behind a position.
func linksOf(tx Tx, workspace core.ID, after int64, limit int) (all []event.Link, err error) {
	err = tx.Query(linksSQL, []any{workspace, after, limit}, func(row Row) error {
		var at *time.Time
		e, err := scanEventAt(row, &at)
		link := event.Link{Position: e.Position, Digest: e.Digest, Chain: e.Chain}
		if at != nil {
			e.At, link.Event = *at, &e
		}
		all = append(all, link)
		return err
	})
	return all, err
}

// headsAtATime is how many logs one call of UnloggedHeads returns.
const headsAtATime = 100

// UnloggedHeads implements [event.ChainStore].
func (s Store) UnloggedHeads(ctx context.Context, after core.ID, day time.Time) ([]event.Log, error) {
	return read(ctx, s.db, func(tx Tx) (logs []event.Log, err error) {
		// Not any day from then on: one that somebody has set in the far future would end the lines.
		err = tx.Query("SELECT "+logColumns+` FROM event_positions WHERE (workspace_id > ?1 OR ?1 IS NULL)
			AND logged_on IS DISTINCT FROM ?2 AND logged_on IS DISTINCT FROM ?3 ORDER BY workspace_id LIMIT ?4`,
			[]any{after, dayOf(day), dayOf(day.AddDate(0, 0, 1)), headsAtATime}, appendLog(&logs))
		return logs, err
	})
}

func dayOf(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// HeadLogged implements [event.ChainStore].
func (s Store) HeadLogged(ctx context.Context, workspace core.ID, day time.Time) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		_, err := tx.Exec("UPDATE event_positions SET logged_on = ?2 WHERE workspace_id = ?1", workspace, dayOf(day))
		return err
	})
}
