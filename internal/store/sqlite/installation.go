package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// Secret implements [tenancy.InstallationStore]. It writes only the first time, so that
// commands that only read do not wait for somebody else's lock.
func (s *Store) Secret(ctx context.Context, secret []byte) (stored []byte, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		stored, err = readSecret(conn)
		return err
	})
	if !errors.Is(err, core.ErrNotFound) {
		return stored, err
	}
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		err := sqlitex.Execute(conn, "INSERT INTO installation (id, secret) VALUES (1, ?) ON CONFLICT (id) DO NOTHING",
			&sqlitex.ExecOptions{Args: []any{secret}})
		if err != nil {
			return fmt.Errorf("store secret: %w", err)
		}
		stored, err = readSecret(conn)
		return err
	})
	return stored, err
}

func readSecret(conn *sqlite.Conn) (secret []byte, err error) {
	err = one(conn, "SELECT secret FROM installation", nil, func(stmt *sqlite.Stmt) {
		secret = make([]byte, stmt.ColumnLen(0))
		stmt.ColumnBytes(0, secret)
	})
	return secret, err
}

// Bootstrap implements [tenancy.InstallationStore]. It takes the write lock only if there
// is something to do.
func (s *Store) Bootstrap(ctx context.Context, w tenancy.Workspace, k tenancy.Key) (created bool, err error) {
	some := false
	look := func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "SELECT 1 FROM workspaces LIMIT 1", &sqlitex.ExecOptions{
			ResultFunc: func(*sqlite.Stmt) error { some = true; return nil },
		})
	}
	if err := s.read(ctx, look); err != nil || some {
		return false, err
	}
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		if err := look(conn); err != nil || some {
			return err
		}
		if _, err := insertWorkspace(conn, &w); err != nil {
			return err
		}
		created = true
		return insertKey(conn, &k)
	})
	return created && err == nil, err
}
