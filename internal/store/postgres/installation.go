package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/tenancy"
)

// Secret implements [tenancy.InstallationStore].
func (s *Store) Secret(ctx context.Context, secret []byte) (stored []byte, err error) {
	err = s.act(ctx, again, func(ctx context.Context, q querier) error {
		_, err := q.Exec(ctx, "INSERT INTO installation (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", secret)
		if err != nil {
			return fmt.Errorf("store secret: %w", err)
		}
		return q.QueryRow(ctx, "SELECT secret FROM installation").Scan(&stored)
	})
	return stored, err
}

// Bootstrap implements [tenancy.InstallationStore]. Of two that run at once, the slug,
// which both use, lets one through.
func (s *Store) Bootstrap(ctx context.Context, w tenancy.Workspace, k tenancy.Key) (created bool, err error) {
	err = s.transact(ctx, single, func(ctx context.Context, tx pgx.Tx) error {
		created = false // whatever an earlier try did, it was rolled back
		var some bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM workspaces)").Scan(&some); err != nil || some {
			return err
		}
		if created, err = insertWorkspace(ctx, tx, &w); err != nil || !created {
			return err
		}
		return insertKey(ctx, tx, &k)
	})
	return created && err == nil, err
}
