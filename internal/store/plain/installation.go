package plain

import (
	"context"
	"errors"
	"fmt"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// Secret implements [tenancy.InstallationStore]. It writes only the first time. So a node can start
// while the database is read-only, and commands that only read wait for no lock.
func (s Store) Secret(ctx context.Context, secret []byte) ([]byte, error) {
	stored, err := read(ctx, s.db, readSecret)
	if !errors.Is(err, core.ErrNotFound) {
		return stored, err
	}
	return write(ctx, s.db, Idempotent, func(tx Tx) ([]byte, error) {
		const sql = "INSERT INTO installation (id, secret) VALUES (1, ?1) ON CONFLICT (id) DO NOTHING"
		if _, err := tx.Exec(sql, secret); err != nil {
			return nil, fmt.Errorf("store secret: %w", err)
		}
		return readSecret(tx)
	})
}

func readSecret(tx Tx) (secret []byte, err error) {
	err = one(tx, "SELECT secret FROM installation", nil, func(row Row) error { return row.Scan(&secret) })
	return secret, err
}

// Bootstrap implements [tenancy.InstallationStore]. It writes only if there is something to do. If
// two nodes run it at once, both use the same slug, so only one succeeds.
func (s Store) Bootstrap(
	ctx context.Context, w tenancy.Workspace, k tenancy.Key, events ...*event.Event,
) (bool, error) {
	if some, err := read(ctx, s.db, hasWorkspaces); err != nil || some {
		return false, err
	}
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) {
		if some, err := hasWorkspaces(tx); err != nil || some {
			return false, err
		}
		if inserted, err := insertWorkspace(tx, &w); err != nil || !inserted {
			return false, err
		}
		if err := insertKey(tx, &k); err != nil {
			return false, err
		}
		return true, tx.AddEvents(events...)
	})
}

func hasWorkspaces(tx Tx) (some bool, err error) {
	err = tx.Query("SELECT 1 FROM workspaces LIMIT 1", nil, func(Row) error { some = true; return nil })
	return some, err
}

// PublicURL implements [tenancy.InstallationStore].
func (s Store) PublicURL(ctx context.Context) (string, error) {
	return read(ctx, s.db, func(tx Tx) (url string, err error) {
		err = one(tx, "SELECT public_url FROM installation", nil, func(row Row) error { return row.Scan(&url) })
		return url, err
	})
}

// SetPublicURL implements [tenancy.InstallationStore].
func (s Store) SetPublicURL(ctx context.Context, url string) error {
	return s.db.Write(ctx, Idempotent, func(tx Tx) error {
		_, err := tx.Exec("UPDATE installation SET public_url = ?1", url)
		return err
	})
}
