package plain

import (
	"context"
	"time"

	"accesscodes/internal/event"
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
	{"events", func(w *tenancy.Workspace) any { return (*string)(&w.Events) }},
	{"wanted", func(w *tenancy.Workspace) any { return &w.Wanted }},
	{"colour", func(w *tenancy.Workspace) any { return (*string)(&w.Colour) }},
})

// InsertWorkspace implements [tenancy.WorkspaceStore].
func (s Store) InsertWorkspace(ctx context.Context, w tenancy.Workspace, events ...*event.Event) (bool, error) {
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) {
		if inserted, err := insertWorkspace(tx, &w); err != nil || !inserted {
			return false, err
		}
		return true, tx.AddEvents(events...)
	})
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
	ctx context.Context, slug string, change tenancy.WorkspaceChange, now time.Time, source *event.Source,
) (tenancy.Workspace, error) {
	return write(ctx, s.db, Idempotent, func(tx Tx) (tenancy.Workspace, error) {
		before, err := lockWorkspace(tx, slug)
		if err != nil {
			return tenancy.Workspace{}, err
		}
		w, err := updateWorkspace(tx, slug, change, now)
		if err != nil {
			return tenancy.Workspace{}, err
		}
		events, err := w.Changed(source, &before, now)
		if err != nil {
			return tenancy.Workspace{}, err
		}
		return w, tx.AddEvents(events...)
	})
}

// lockWorkspace returns a workspace and locks it by writing it unchanged.
func lockWorkspace(tx Tx, slug string) (w tenancy.Workspace, err error) {
	sql := "UPDATE workspaces SET slug = slug WHERE slug = ?1 RETURNING " + workspaces.list("")
	err = one(tx, sql, []any{slug}, func(row Row) error { return row.Scan(workspaces.fields(&w)...) })
	return w, err
}

var updateWorkspaceSQL = `
	UPDATE workspaces SET
		name = coalesce(?2, name), prefix = coalesce(?3, prefix),
		groups = coalesce(?4, groups), group_length = coalesce(?5, group_length),
		suspended_at = CASE WHEN ?6 THEN coalesce(suspended_at, ?7) WHEN NOT ?6 THEN NULL ELSE suspended_at END,
		events = coalesce(?8, events), colour = coalesce(?9, colour)
	WHERE slug = ?1
	RETURNING ` + workspaces.list("")

func updateWorkspace(
	tx Tx,
	slug string,
	change tenancy.WorkspaceChange,
	now time.Time,
) (w tenancy.Workspace, err error) {
	args := []any{
		slug, change.Name, change.Prefix, change.Groups, change.GroupLength, change.Suspended, now,
		(*string)(change.Events), (*string)(change.Colour),
	}
	err = one(tx, updateWorkspaceSQL, args, func(row Row) error { return row.Scan(workspaces.fields(&w)...) })
	return w, err
}
