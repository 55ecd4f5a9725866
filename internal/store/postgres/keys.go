package postgres

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// keyColumns are what keyTargets take, in their order.
const keyColumns = `
k.id, k.workspace_id, k.name, k.role, k.hash, k.display, k.created_at, k.expires_at, k.revoked_at, k.last_used_at,
k.replaced_by`

// InsertKey implements [tenancy.KeyStore].
func (s *Store) InsertKey(ctx context.Context, k tenancy.Key) error {
	return s.act(ctx, single, func(ctx context.Context, q querier) error { return insertKey(ctx, q, &k) })
}

func insertKey(ctx context.Context, q querier, k *tenancy.Key) error {
	_, err := q.Exec(ctx, `
		INSERT INTO api_keys (id, workspace_id, name, role, hash, display, created_at, expires_at, revoked_at, last_used_at, replaced_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		[16]byte(k.ID), [16]byte(k.WorkspaceID), k.Name, string(k.Role), k.Hash[:], k.Display,
		k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt, idOrNull(k.ReplacedBy))
	if err != nil {
		return fmt.Errorf("insert key: %w", err)
	}
	return nil
}

// Keys implements [tenancy.KeyStore].
func (s *Store) Keys(ctx context.Context, workspace core.ID) (all []tenancy.Key, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT "+keyColumns+" FROM api_keys k WHERE k.workspace_id = $1 ORDER BY k.created_at, k.id", [16]byte(workspace))
		all, err = rowsOf(rows, err, scanKey)
		return err
	})
	return all, err
}

// Key implements [tenancy.KeyStore].
func (s *Store) Key(ctx context.Context, id core.ID) (k tenancy.Key, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT "+keyColumns+" FROM api_keys k WHERE k.id = $1", [16]byte(id))
		k, err = rowOf(rows, err, scanKey)
		return err
	})
	return k, err
}

// CallerByHash implements [tenancy.KeyStore].
func (s *Store) CallerByHash(ctx context.Context, hash tenancy.KeyHash) (caller *tenancy.Caller, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT "+keyColumns+", "+workspaceColumns+
			" FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id WHERE k.hash = $1", hash[:])
		caller, err = rowOf(rows, err, scanCaller)
		return err
	})
	return caller, err
}

// RevokeKey implements [tenancy.KeyStore].
func (s *Store) RevokeKey(ctx context.Context, id core.ID, at time.Time) error {
	return s.act(ctx, again, func(ctx context.Context, q querier) error {
		return change(ctx, q, "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", [16]byte(id), at)
	})
}

// ReplaceKey implements [tenancy.KeyStore].
func (s *Store) ReplaceKey(ctx context.Context, old core.ID, oldExpires time.Time, k tenancy.Key) error {
	return s.transact(ctx, single, func(ctx context.Context, tx pgx.Tx) error {
		if err := change(ctx, tx, "UPDATE api_keys SET expires_at = $2, replaced_by = $3 WHERE id = $1", [16]byte(old), oldExpires, [16]byte(k.ID)); err != nil {
			return err
		}
		return insertKey(ctx, tx, &k)
	})
}

// TouchKeys implements [tenancy.KeyStore]. Keys are touched in the order of their ids, so
// that two nodes never wait for each other.
func (s *Store) TouchKeys(ctx context.Context, used map[core.ID]time.Time) error {
	ids := make([][16]byte, 0, len(used))
	for id := range used {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return s.transact(ctx, again, func(ctx context.Context, tx pgx.Tx) error {
		for _, id := range ids {
			_, err := tx.Exec(ctx, "UPDATE api_keys SET last_used_at = greatest(last_used_at, $2) WHERE id = $1", id, used[id])
			if err != nil {
				return fmt.Errorf("touch key: %w", err)
			}
		}
		return nil
	})
}

// change runs a statement that changes one row; none is core.ErrNotFound.
func change(ctx context.Context, q querier, statement string, args ...any) error {
	tag, err := q.Exec(ctx, statement, args...)
	if err == nil && tag.RowsAffected() == 0 {
		err = core.ErrNotFound
	}
	return err
}

func scanKey(row pgx.CollectableRow) (k tenancy.Key, err error) {
	var raw rawKey
	err = row.Scan(keyTargets(&k, &raw)...)
	tidyKey(&k, &raw)
	return k, err
}

func scanCaller(row pgx.CollectableRow) (*tenancy.Caller, error) {
	caller := new(tenancy.Caller)
	var raw rawKey
	err := row.Scan(append(keyTargets(&caller.Key, &raw), workspaceTargets(&caller.Workspace)...)...)
	tidyKey(&caller.Key, &raw)
	tidyWorkspace(&caller.Workspace)
	return caller, err
}

// rawKey is what a key's row holds in another form than the key.
type rawKey struct {
	hash       []byte
	replacedBy *[16]byte
}

// keyTargets are where a row's keyColumns go.
func keyTargets(k *tenancy.Key, raw *rawKey) []any {
	return []any{
		(*[16]byte)(&k.ID), (*[16]byte)(&k.WorkspaceID), &k.Name, (*string)(&k.Role), &raw.hash, &k.Display,
		&k.CreatedAt, &k.ExpiresAt, &k.RevokedAt, &k.LastUsedAt, &raw.replacedBy,
	}
}

func tidyKey(k *tenancy.Key, raw *rawKey) {
	copy(k.Hash[:], raw.hash)
	k.ReplacedBy = orZero(raw.replacedBy)
	k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt = k.CreatedAt.UTC(), utc(k.ExpiresAt), utc(k.RevokedAt), utc(k.LastUsedAt)
}
