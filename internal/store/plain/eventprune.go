package plain

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// prunedAtOnce is the largest number of events that one transaction looks at to delete them, so that other
// writes do not wait long.
const prunedAtOnce = 500

// PruneEvents implements [event.Store]. It makes one step in each log that has something to prune.
func (s Store) PruneEvents(ctx context.Context, now time.Time, keep event.Retention) (int, error) {
	pruned, err := s.pruneLogs(ctx, func(tx Tx) ([]core.ID, error) { return cuttable(tx, now, keep) },
		func(tx Tx, workspace core.ID) (int64, error) { return cut(tx, workspace, now, keep) })
	for _, early := range keep.Early() {
		if err != nil {
			break
		}
		sweep := sweep{early, keep, now}
		var step int
		step, err = s.pruneLogs(ctx, sweep.logs, sweep.step)
		pruned += step
	}
	return pruned, err
}

// pruneLogs makes a step in each log that needs one.
func (s Store) pruneLogs(
	ctx context.Context, which func(Tx) ([]core.ID, error), step func(Tx, core.ID) (int64, error),
) (done int, err error) {
	logs, err := read(ctx, s.db, which)
	for _, workspace := range logs {
		one, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) { return step(tx, workspace) })
		if err != nil {
			return done, err
		}
		done += int(one)
	}
	return done, err
}

// cuttable returns the logs whose oldest event is to be deleted.
func cuttable(tx Tx, now time.Time, keep event.Retention) (logs []core.ID, err error) {
	const sql = `SELECT p.workspace_id, e.type, e.at FROM event_positions p
		JOIN events e ON e.workspace_id = p.workspace_id AND e.position =
			(SELECT o.position FROM events o WHERE o.workspace_id = p.workspace_id ORDER BY o.position LIMIT 1)
		WHERE e.at < ?1`
	err = tx.Query(sql, []any{now.Add(-keep.Shortest())}, func(row Row) error {
		var workspace core.ID
		var kind string
		var at time.Time
		err := row.Scan(&workspace, &kind, &at)
		if keep.Expired(event.Type(kind), at, now) {
			logs = append(logs, workspace)
		}
		return err
	})
	return logs, err
}

// cut deletes a log's oldest events, and what is left of events between them, up to the first event that is
// kept. The last of them becomes the anchor of the chain.
func cut(tx Tx, workspace core.ID, now time.Time, keep event.Retention) (int64, error) {
	links, err := linksOf(tx, workspace, 0, prunedAtOnce)
	if err != nil {
		return 0, err
	}
	count := 0
	for count < len(links) && isOver(&links[count], now, keep) {
		count++
	}
	if count == 0 {
		return 0, nil
	}
	last := links[count-1]
	for _, table := range []string{"events", "event_digests"} {
		if _, err := tx.Exec("DELETE FROM "+table+" WHERE workspace_id = ?1 AND position <= ?2",
			workspace, last.Position); err != nil {
			return 0, fmt.Errorf("cut off %s: %w", table, err)
		}
	}
	if last.Chain == (event.Chain{}) { // the chain begins behind it
		return int64(count), nil
	}
	const sql = "UPDATE event_positions SET anchor_position = ?2, anchor_chain = ?3 WHERE workspace_id = ?1"
	_, err = tx.Exec(sql, workspace, last.Position, last.Chain[:])
	return int64(count), err
}

func isOver(l *event.Link, now time.Time, keep event.Retention) bool {
	return l.Event == nil || keep.Expired(l.Event.Type, l.Event.At, now)
}

// sweep looks through logs for events that are kept for a time that is not the longest, so that older ones
// stay.
type sweep struct {
	early time.Duration
	keep  event.Retention
	now   time.Time
}

func (s sweep) over() time.Time { return s.now.Add(-s.early) }

func (s sweep) seconds() int64 { return int64(s.early / time.Second) }

// logs returns the logs whose next event to look at is old enough.
func (s sweep) logs(tx Tx) (logs []core.ID, err error) {
	const sql = `SELECT p.workspace_id FROM event_positions p
		LEFT JOIN event_sweeps w ON w.workspace_id = p.workspace_id AND w.keep = ?1 AND w.policy = ?2
		WHERE (SELECT e.at FROM events e WHERE e.workspace_id = p.workspace_id AND e.position > coalesce(w.position, 0)
			ORDER BY e.position LIMIT 1) < ?3`
	err = tx.Query(sql, []any{s.seconds(), s.keep.String(), s.over()}, func(row Row) error {
		var workspace core.ID
		err := row.Scan(&workspace)
		logs = append(logs, workspace)
		return err
	})
	return logs, err
}

// step looks at a log's next events, up to the first that is not old enough, and leaves the digests of those
// whose time is over. It returns how many events it has looked at.
func (s sweep) step(tx Tx, workspace core.ID) (int64, error) {
	var swept int64
	const from = "SELECT position FROM event_sweeps WHERE workspace_id = ?1 AND keep = ?2 AND policy = ?3"
	err := one(tx, from, []any{workspace, s.seconds(), s.keep.String()}, func(row Row) error { return row.Scan(&swept) })
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return 0, err
	}
	var over []int64
	seen, young := int64(0), false
	const sql = `SELECT position, type, at
		FROM events WHERE workspace_id = ?1 AND position > ?2 ORDER BY position LIMIT ?3`
	err = tx.Query(sql, []any{workspace, swept, prunedAtOnce}, func(row Row) error {
		var position int64
		var kind string
		var at time.Time
		err := row.Scan(&position, &kind, &at)
		if young = young || !at.Before(s.over()); young {
			return err
		}
		seen, swept = seen+1, position
		if t := event.Type(kind); s.keep.Keep(t) == s.early {
			over = append(over, position)
		}
		return err
	})
	if err != nil || seen == 0 {
		return 0, err
	}
	if err := leaveDigests(tx, workspace, over); err != nil {
		return 0, err
	}
	_, err = tx.Exec(`INSERT INTO event_sweeps (workspace_id, keep, policy, position) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (workspace_id, keep) DO UPDATE SET policy = excluded.policy, position = excluded.position`,
		workspace, s.seconds(), s.keep.String(), swept)
	return seen, err
}

// leaveDigests deletes events but for their digests and values of the chain.
func leaveDigests(tx Tx, workspace core.ID, positions []int64) error {
	if len(positions) == 0 {
		return nil
	}
	which, args := among(workspace, positions)
	if _, err := tx.Exec("INSERT INTO event_digests (workspace_id, position, digest, chain) "+
		"SELECT workspace_id, position, digest, chain FROM events"+which, args...); err != nil {
		return fmt.Errorf("keep digests of events: %w", err)
	}
	if _, err := tx.Exec("DELETE FROM events"+which, args...); err != nil {
		return fmt.Errorf("delete events: %w", err)
	}
	return nil
}

// among is the condition for these positions. It repeats the last one, so that there are few different
// statements.
func among(workspace core.ID, positions []int64) (string, []any) {
	args := []any{workspace}
	var params []string
	for i := range 1 << bits.Len(uint(len(positions)-1)) {
		args = append(args, positions[min(i, len(positions)-1)])
		params = append(params, fmt.Sprintf("?%d", i+2))
	}
	return " WHERE workspace_id = ?1 AND position IN (" + strings.Join(params, ", ") + ")", args
}
