package plain

import (
	"context"
	"time"

	"accesscodes/internal/tenancy"
)

var workspaces = newTable("workspaces", []column[tenancy.Workspace]{
	{"id", func(w *tenancy.Workspace) any { return &w.ID }},
	{"slug", func(w *tenancy.Workspace) any { return &w.Slug }},
	{"name", func(w *tenancy.Workspace) any { return &w.Name }},
	{"prefix", func(w *tenancy.Workspace) any { return &w.Format.Prefix }},
	{"groups", func(w *tenancy.Workspace) any { return &w.Format.Groups }},
	{"group_length", func(w *tenancy.Workspace) any { return &w.Format.GroupLength }},
	{"suspended_at", func(w *tenancy.Workspace) any { return &w.SuspendedAt }},
	{"created_at", func(w *tenancy.Workspace) any { return &w.CreatedAt }},
})

// InsertWorkspace implements [tenancy.WorkspaceStore].
func (s Store) InsertWorkspace(ctx context.Context, w tenancy.Workspace) (bool, error) {
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) { return insertWorkspace(tx, &w) })
}

// insertWorkspace reports false if the slug is taken.
func insertWorkspace(tx Tx, w *tenancy.Workspace) (bool, error) {
	return workspaces.insert(tx, w, "ON CONFLICT (slug) DO NOTHING")
}

// Workspaces implements [tenancy.WorkspaceStore].
func (s Store) Workspaces(ctx context.Context) ([]tenancy.Workspace, error) {
	return read(ctx, s.db, func(tx Tx) ([]tenancy.Workspace, error) {
		return workspaces.all(tx, "ORDER BY created_at, id")
	})
}

// WorkspaceBySlug implements [tenancy.WorkspaceStore].
func (s Store) WorkspaceBySlug(ctx context.Context, slug string) (tenancy.Workspace, error) {
	return read(ctx, s.db, func(tx Tx) (tenancy.Workspace, error) { return workspaces.find(tx, "slug = ?1", slug) })
}

// UpdateWorkspace implements [tenancy.WorkspaceStore].
func (s Store) UpdateWorkspace(
	ctx context.Context, slug string, change tenancy.WorkspaceChange, now time.Time,
) (tenancy.Workspace, error) {
	return write(ctx, s.db, Idempotent, func(tx Tx) (tenancy.Workspace, error) {
		return updateWorkspace(tx, slug, change, now)
	})
}

var updateWorkspaceSQL = `
	UPDATE workspaces SET
		name = coalesce(?2, name), prefix = coalesce(?3, prefix),
		groups = coalesce(?4, groups), group_length = coalesce(?5, group_length),
		suspended_at = CASE WHEN ?6 THEN coalesce(suspended_at, ?7) WHEN NOT ?6 THEN NULL ELSE suspended_at END
	WHERE slug = ?1
	RETURNING ` + workspaces.list("")

func updateWorkspace(tx Tx, slug string, change tenancy.WorkspaceChange, now time.Time) (w tenancy.Workspace, err error) {
	args := []any{slug, change.Name, change.Prefix, change.Groups, change.GroupLength, change.Suspended, now}
	err = one(tx, updateWorkspaceSQL, args, func(row Row) error { return row.Scan(workspaces.fields(&w)...) })
	return w, err
}
