package sqlite

import (
	"context"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/access"
)

// Secret implements [access.InstallationStore].
func (s *Store) Secret(ctx context.Context, secret []byte) (stored []byte, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		err := sqlitex.Execute(conn, "INSERT INTO installation (id, secret) VALUES (1, ?) ON CONFLICT (id) DO NOTHING",
			&sqlitex.ExecOptions{Args: []any{secret}})
		if err != nil {
			return fmt.Errorf("store secret: %w", err)
		}
		return one(conn, "SELECT secret FROM installation", nil, func(stmt *sqlite.Stmt) {
			stored = make([]byte, stmt.ColumnLen(0))
			stmt.ColumnBytes(0, stored)
		})
	})
	return stored, err
}

// Bootstrap implements [access.InstallationStore].
func (s *Store) Bootstrap(ctx context.Context, w access.Workspace, k access.Key) (created bool, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		some := false
		err := sqlitex.Execute(conn, "SELECT 1 FROM workspaces LIMIT 1", &sqlitex.ExecOptions{
			ResultFunc: func(*sqlite.Stmt) error { some = true; return nil },
		})
		if err != nil || some {
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
