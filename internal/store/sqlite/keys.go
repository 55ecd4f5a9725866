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

// keyColumns are what scanKey reads, in its order.
const keyColumns = `
k.id, k.workspace_id, k.name, k.role, k.hash, k.display, k.created_at, k.expires_at, k.revoked_at, k.last_used_at,
k.replaced_by`

const keyColumnCount = 11

// InsertKey implements [tenancy.KeyStore].
func (s *Store) InsertKey(ctx context.Context, k tenancy.Key) error {
	return s.write(ctx, func(conn *sqlite.Conn) error { return insertKey(conn, &k) })
}

func insertKey(conn *sqlite.Conn, k *tenancy.Key) error {
	err := sqlitex.Execute(conn, `
		INSERT INTO api_keys (id, workspace_id, name, role, hash, display, created_at, expires_at, revoked_at, last_used_at, replaced_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		&sqlitex.ExecOptions{Args: []any{
			k.ID[:], k.WorkspaceID[:], k.Name, string(k.Role), k.Hash[:], k.Display,
			k.CreatedAt.UnixMicro(), micros(k.ExpiresAt), micros(k.RevokedAt), micros(k.LastUsedAt), idOrNil(k.ReplacedBy),
		}})
	if err != nil {
		return fmt.Errorf("insert key: %w", err)
	}
	return nil
}

// Keys implements [tenancy.KeyStore].
func (s *Store) Keys(ctx context.Context, workspace core.ID) (all []tenancy.Key, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, "SELECT "+keyColumns+" FROM api_keys k WHERE k.workspace_id = ? ORDER BY k.created_at, k.id", &sqlitex.ExecOptions{
			Args: []any{workspace[:]},
			ResultFunc: func(stmt *sqlite.Stmt) error {
				all = append(all, scanKey(stmt))
				return nil
			},
		})
	})
	return all, err
}

// Key implements [tenancy.KeyStore].
func (s *Store) Key(ctx context.Context, id core.ID) (k tenancy.Key, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT "+keyColumns+" FROM api_keys k WHERE k.id = ?", []any{id[:]}, func(stmt *sqlite.Stmt) {
			k = scanKey(stmt)
		})
	})
	return k, err
}

// CallerByHash implements [tenancy.KeyStore].
func (s *Store) CallerByHash(ctx context.Context, hash tenancy.KeyHash) (caller *tenancy.Caller, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT "+keyColumns+", "+workspaceColumns+" FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id WHERE k.hash = ?",
			[]any{hash[:]}, func(stmt *sqlite.Stmt) {
				caller = &tenancy.Caller{Key: scanKey(stmt), Workspace: scanWorkspace(stmt, keyColumnCount)}
			})
	})
	return caller, err
}

// RevokeKey implements [tenancy.KeyStore].
func (s *Store) RevokeKey(ctx context.Context, id core.ID, at time.Time) error {
	return s.write(ctx, func(conn *sqlite.Conn) error {
		return change(conn, "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1", id[:], at.UnixMicro())
	})
}

// ReplaceKey implements [tenancy.KeyStore].
func (s *Store) ReplaceKey(ctx context.Context, old core.ID, oldExpires time.Time, k tenancy.Key) error {
	return s.write(ctx, func(conn *sqlite.Conn) error {
		if err := change(conn, "UPDATE api_keys SET expires_at = ?2, replaced_by = ?3 WHERE id = ?1", old[:], oldExpires.UnixMicro(), k.ID[:]); err != nil {
			return err
		}
		return insertKey(conn, &k)
	})
}

// TouchKeys implements [tenancy.KeyStore].
func (s *Store) TouchKeys(ctx context.Context, used map[core.ID]time.Time) error {
	return s.write(ctx, func(conn *sqlite.Conn) error {
		for id, at := range used {
			err := sqlitex.Execute(conn, "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1",
				&sqlitex.ExecOptions{Args: []any{id[:], at.UnixMicro()}})
			if err != nil {
				return fmt.Errorf("touch key: %w", err)
			}
		}
		return nil
	})
}

// change runs a statement that changes one row; none is core.ErrNotFound.
func change(conn *sqlite.Conn, statement string, args ...any) error {
	if err := sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{Args: args}); err != nil {
		return err
	}
	return orNotFound(conn.Changes() > 0, nil)
}

func scanKey(stmt *sqlite.Stmt) tenancy.Key {
	k := tenancy.Key{
		ID:          columnID(stmt, 0),
		WorkspaceID: columnID(stmt, 1),
		Name:        stmt.ColumnText(2),
		Role:        tenancy.Role(stmt.ColumnText(3)),
		Display:     stmt.ColumnText(5),
		CreatedAt:   *columnTime(stmt, 6),
		ExpiresAt:   columnTime(stmt, 7),
		RevokedAt:   columnTime(stmt, 8),
		LastUsedAt:  columnTime(stmt, 9),
		ReplacedBy:  columnID(stmt, 10),
	}
	stmt.ColumnBytes(4, k.Hash[:])
	return k
}
