package plain

import (
	"context"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

var cursors = newTable("cursors", []column[event.Cursor]{
	{"workspace_id", func(c *event.Cursor) any { return &c.Workspace }},
	{"name", func(c *event.Cursor) any { return &c.Name }},
	{"position", func(c *event.Cursor) any { return &c.Position }},
	{"updated_at", func(c *event.Cursor) any { return &c.UpdatedAt }},
})

// Cursor implements [event.CursorStore].
func (s Store) Cursor(ctx context.Context, workspace core.ID, name string) (event.Cursor, error) {
	return read(ctx, s.db, func(tx Tx) (c event.Cursor, err error) {
		if c, err = cursors.find(tx, "workspace_id = ?1 AND name = ?2", workspace, name); err != nil {
			return c, err
		}
		c.Head, err = newestPosition(tx, workspace)
		return c, err
	})
}

// Cursors implements [event.CursorStore].
func (s Store) Cursors(ctx context.Context, workspace core.ID) ([]event.Cursor, error) {
	return read(ctx, s.db, func(tx Tx) ([]event.Cursor, error) {
		all, err := cursors.all(tx, "WHERE workspace_id = ?1 ORDER BY name", workspace)
		if err != nil {
			return nil, err
		}
		head, err := newestPosition(tx, workspace)
		for i := range all {
			all[i].Head = head
		}
		return all, err
	})
}

// PutCursor implements [event.CursorStore].
func (s Store) PutCursor(
	ctx context.Context, c event.Cursor, rule func(event.CursorFacts) (int64, error),
) (event.Cursor, error) {
	return write(ctx, s.db, Once, func(tx Tx) (event.Cursor, error) {
		for {
			put, isDone, err := putCursor(tx, c, rule)
			if isDone || err != nil {
				return put, err
			}
		}
	})
}

// putCursor reports false if another transaction has made the cursor just now: then it can be locked.
func putCursor(tx Tx, c event.Cursor, rule func(event.CursorFacts) (int64, error)) (event.Cursor, bool, error) {
	facts, err := cursorFacts(tx, &c)
	if err != nil {
		return c, false, err
	}
	c.Head = facts.Head
	if c.Position, err = rule(facts); err != nil {
		return c, false, err
	}
	if facts.Position == nil {
		inserted, err := cursors.insert(tx, &c, "ON CONFLICT (workspace_id, name) DO NOTHING")
		return c, inserted, err
	}
	return c, true, change(tx, "UPDATE cursors SET position = ?3, updated_at = ?4 WHERE workspace_id = ?1 AND name = ?2",
		c.Workspace, c.Name, c.Position, c.UpdatedAt)
}

// cursorFacts locks a cursor, by writing it unchanged, and returns what its place depends on.
func cursorFacts(tx Tx, c *event.Cursor) (facts event.CursorFacts, err error) {
	const lock = "UPDATE cursors SET name = name WHERE workspace_id = ?1 AND name = ?2 RETURNING position"
	err = tx.Query(lock, []any{c.Workspace, c.Name}, func(row Row) error { return row.Scan(&facts.Position) })
	if err != nil {
		return facts, err
	}
	if facts.Position == nil {
		const count = "SELECT count(*) FROM cursors WHERE workspace_id = ?1"
		err = one(tx, count, []any{c.Workspace}, func(row Row) error { return row.Scan(&facts.Others) })
		if err != nil {
			return facts, err
		}
	}
	facts.Head, err = newestPosition(tx, c.Workspace)
	return facts, err
}

// DeleteCursor implements [event.CursorStore].
func (s Store) DeleteCursor(ctx context.Context, workspace core.ID, name string) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		return change(tx, "DELETE FROM cursors WHERE workspace_id = ?1 AND name = ?2", workspace, name)
	})
}
