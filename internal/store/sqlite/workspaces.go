package sqlite

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// workspaceColumns are what scanWorkspace reads, in its order.
const workspaceColumns = "w.id, w.slug, w.name, w.prefix, w.groups, w.group_length, w.suspended_at, w.created_at"

// InsertWorkspace implements [tenancy.WorkspaceStore].
func (s *Store) InsertWorkspace(ctx context.Context, w tenancy.Workspace) (inserted bool, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		inserted, err = insertWorkspace(conn, &w)
		return err
	})
	return inserted, err
}

func insertWorkspace(conn *sqlite.Conn, w *tenancy.Workspace) (bool, error) {
	err := sqlitex.Execute(conn, `
		INSERT INTO workspaces (id, slug, name, prefix, groups, group_length, suspended_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (slug) DO NOTHING`,
		&sqlitex.ExecOptions{Args: []any{
			w.ID[:], w.Slug, w.Name, w.Format.Prefix, w.Format.Groups, w.Format.GroupLength,
			micros(w.SuspendedAt), w.CreatedAt.UnixMicro(),
		}})
	if err != nil {
		return false, fmt.Errorf("insert workspace: %w", err)
	}
	return conn.Changes() == 1, nil
}

// Workspaces implements [tenancy.WorkspaceStore].
func (s *Store) Workspaces(ctx context.Context) (all []tenancy.Workspace, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "SELECT "+workspaceColumns+" FROM workspaces w ORDER BY w.created_at, w.id", &sqlitex.ExecOptions{
			ResultFunc: func(stmt *sqlite.Stmt) error {
				all = append(all, scanWorkspace(stmt, 0))
				return nil
			},
		})
	})
	return all, err
}

// WorkspaceBySlug implements [tenancy.WorkspaceStore].
func (s *Store) WorkspaceBySlug(ctx context.Context, slug string) (w tenancy.Workspace, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT "+workspaceColumns+" FROM workspaces w WHERE w.slug = ?", []any{slug}, func(stmt *sqlite.Stmt) {
			w = scanWorkspace(stmt, 0)
		})
	})
	return w, err
}

// UpdateWorkspace implements [tenancy.WorkspaceStore].
func (s *Store) UpdateWorkspace(ctx context.Context, slug string, change tenancy.WorkspaceChange, now time.Time) (w tenancy.Workspace, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		return one(conn, `
			UPDATE workspaces AS w SET
				name = coalesce(?2, name), prefix = coalesce(?3, prefix),
				groups = coalesce(?4, groups), group_length = coalesce(?5, group_length),
				suspended_at = CASE ?6 WHEN 1 THEN coalesce(suspended_at, ?7) WHEN 0 THEN NULL ELSE suspended_at END
			WHERE slug = ?1
			RETURNING id, slug, name, prefix, groups, group_length, suspended_at, created_at`,
			[]any{
				slug, optional(change.Name), optional(change.Prefix), optional(change.Groups),
				optional(change.GroupLength), optional(change.Suspended), now.UnixMicro(),
			},
			func(stmt *sqlite.Stmt) { w = scanWorkspace(stmt, 0) })
	})
	return w, err
}

// scanWorkspace reads workspaceColumns from the given column on.
func scanWorkspace(stmt *sqlite.Stmt, from int) tenancy.Workspace {
	return tenancy.Workspace{
		ID:   columnID(stmt, from),
		Slug: stmt.ColumnText(from + 1),
		Name: stmt.ColumnText(from + 2),
		Format: core.Format{
			Prefix:      stmt.ColumnText(from + 3),
			Groups:      stmt.ColumnInt(from + 4),
			GroupLength: stmt.ColumnInt(from + 5),
		},
		SuspendedAt: columnTime(stmt, from+6),
		CreatedAt:   *columnTime(stmt, from+7),
	}
}

// one runs a statement that gives one row at most; none is core.ErrNotFound.
func one(conn *sqlite.Conn, query string, args []any, scan func(*sqlite.Stmt)) error {
	found := false
	err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
		Args:       args,
		ResultFunc: func(stmt *sqlite.Stmt) error { found = true; scan(stmt); return nil },
	})
	return orNotFound(found, err)
}

// optional is a value as an argument of sqlitex.Execute; nil for none.
func optional[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}
