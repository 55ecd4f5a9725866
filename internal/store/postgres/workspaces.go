package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/tenancy"
)

// workspaceColumns are what workspaceTargets take, in their order.
const workspaceColumns = "w.id, w.slug, w.name, w.prefix, w.groups, w.group_length, w.suspended_at, w.created_at"

// InsertWorkspace implements [tenancy.WorkspaceStore].
func (s *Store) InsertWorkspace(ctx context.Context, w tenancy.Workspace) (inserted bool, err error) {
	err = s.act(ctx, single, func(ctx context.Context, q querier) error {
		inserted, err = insertWorkspace(ctx, q, &w)
		return err
	})
	return inserted, err
}

func insertWorkspace(ctx context.Context, q querier, w *tenancy.Workspace) (bool, error) {
	tag, err := q.Exec(ctx, `
		INSERT INTO workspaces (id, slug, name, prefix, groups, group_length, suspended_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (slug) DO NOTHING`,
		[16]byte(w.ID), w.Slug, w.Name, w.Format.Prefix, w.Format.Groups, w.Format.GroupLength, w.SuspendedAt, w.CreatedAt)
	if err != nil {
		return false, fmt.Errorf("insert workspace: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// Workspaces implements [tenancy.WorkspaceStore].
func (s *Store) Workspaces(ctx context.Context) (all []tenancy.Workspace, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT "+workspaceColumns+" FROM workspaces w ORDER BY w.created_at, w.id")
		all, err = rowsOf(rows, err, scanWorkspace)
		return err
	})
	return all, err
}

// WorkspaceBySlug implements [tenancy.WorkspaceStore].
func (s *Store) WorkspaceBySlug(ctx context.Context, slug string) (w tenancy.Workspace, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT "+workspaceColumns+" FROM workspaces w WHERE w.slug = $1", slug)
		w, err = rowOf(rows, err, scanWorkspace)
		return err
	})
	return w, err
}

// UpdateWorkspace implements [tenancy.WorkspaceStore].
func (s *Store) UpdateWorkspace(ctx context.Context, slug string, change tenancy.WorkspaceChange, now time.Time) (w tenancy.Workspace, err error) {
	err = s.act(ctx, again, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, `
			UPDATE workspaces AS w SET
				name = coalesce($2, name), prefix = coalesce($3, prefix),
				groups = coalesce($4, groups), group_length = coalesce($5, group_length),
				suspended_at = CASE $6::boolean WHEN true THEN coalesce(suspended_at, $7::timestamptz) WHEN false THEN NULL ELSE suspended_at END
			WHERE slug = $1
			RETURNING `+workspaceColumns,
			slug, change.Name, change.Prefix, change.Groups, change.GroupLength, change.Suspended, now)
		w, err = rowOf(rows, err, scanWorkspace)
		return err
	})
	return w, err
}

func scanWorkspace(row pgx.CollectableRow) (w tenancy.Workspace, err error) {
	err = row.Scan(workspaceTargets(&w)...)
	tidyWorkspace(&w)
	return w, err
}

// workspaceTargets are where a row's workspaceColumns go.
func workspaceTargets(w *tenancy.Workspace) []any {
	return []any{
		(*[16]byte)(&w.ID), &w.Slug, &w.Name, &w.Format.Prefix, &w.Format.Groups, &w.Format.GroupLength,
		&w.SuspendedAt, &w.CreatedAt,
	}
}

func tidyWorkspace(w *tenancy.Workspace) {
	w.SuspendedAt, w.CreatedAt = utc(w.SuspendedAt), w.CreatedAt.UTC()
}
