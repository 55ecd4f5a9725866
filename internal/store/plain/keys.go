package plain

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

var keys = newTable("api_keys", []column[tenancy.Key]{
	{"id", func(k *tenancy.Key) any { return &k.ID }},
	{"workspace_id", func(k *tenancy.Key) any { return &k.WorkspaceID }},
	{"name", func(k *tenancy.Key) any { return &k.Name }},
	{"role", func(k *tenancy.Key) any { return (*string)(&k.Role) }},
	{"hash", func(k *tenancy.Key) any { return k.Hash[:] }},
	{"display", func(k *tenancy.Key) any { return &k.Display }},
	{"created_at", func(k *tenancy.Key) any { return &k.CreatedAt }},
	{"expires_at", func(k *tenancy.Key) any { return &k.ExpiresAt }},
	{"revoked_at", func(k *tenancy.Key) any { return &k.RevokedAt }},
	{"last_used_at", func(k *tenancy.Key) any { return &k.LastUsedAt }},
	{"replaced_by", func(k *tenancy.Key) any { return &k.ReplacedBy }},
})

// InsertKey implements [tenancy.KeyStore].
func (s Store) InsertKey(ctx context.Context, k tenancy.Key, events ...*event.Event) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		if err := insertKey(tx, &k); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	})
}

func insertKey(tx Tx, k *tenancy.Key) error {
	_, err := keys.insert(tx, k, "")
	return err
}

// Keys implements [tenancy.KeyStore].
func (s Store) Keys(ctx context.Context, workspace core.ID) ([]tenancy.Key, error) {
	return read(ctx, s.db, func(tx Tx) ([]tenancy.Key, error) {
		return keys.all(tx, "WHERE workspace_id = ?1 ORDER BY created_at, id", workspace)
	})
}

// Key implements [tenancy.KeyStore].
func (s Store) Key(ctx context.Context, id core.ID) (tenancy.Key, error) {
	return read(ctx, s.db, func(tx Tx) (tenancy.Key, error) { return keys.find(tx, "id = ?1", id) })
}

var callerByHashSQL = "SELECT " + keys.list("k.") + ", " + workspaces.list("w.") +
	" FROM api_keys k JOIN workspaces w ON w.id = k.workspace_id WHERE k.hash = ?1"

// CallerByHash implements [tenancy.KeyStore].
func (s Store) CallerByHash(ctx context.Context, hash tenancy.KeyHash) (*tenancy.Caller, error) {
	return read(ctx, s.db, func(tx Tx) (*tenancy.Caller, error) {
		caller := new(tenancy.Caller)
		return caller, one(tx, callerByHashSQL, []any{hash[:]}, func(row Row) error {
			return row.Scan(append(keys.fields(&caller.Key), workspaces.fields(&caller.Workspace)...)...)
		})
	})
}

// RevokeKey implements [tenancy.KeyStore].
func (s Store) RevokeKey(ctx context.Context, id core.ID, at time.Time, events ...*event.Event) error {
	return s.db.Write(ctx, Idempotent, func(tx Tx) error {
		revoked, err := tx.Exec("UPDATE api_keys SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL", id, at)
		if err != nil {
			return err
		}
		if revoked == 0 { // it was revoked before, or does not exist
			_, err := keys.find(tx, "id = ?1", id)
			return err
		}
		return tx.AddEvents(events...)
	})
}

// ReplaceKey implements [tenancy.KeyStore].
func (s Store) ReplaceKey(
	ctx context.Context, old core.ID, oldExpires time.Time, k tenancy.Key, events ...*event.Event,
) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		const sql = "UPDATE api_keys SET expires_at = ?2, replaced_by = ?3 WHERE id = ?1"
		if err := change(tx, sql, old, oldExpires, k.ID); err != nil {
			return err
		}
		if err := insertKey(tx, &k); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	})
}

// TouchKeys implements [tenancy.KeyStore]. Keys are updated in the order of their ids, so that two
// nodes never wait for each other.
func (s Store) TouchKeys(ctx context.Context, used map[core.ID]time.Time) error {
	ids := slices.SortedFunc(maps.Keys(used), func(a, b core.ID) int { return bytes.Compare(a[:], b[:]) })
	return s.db.Write(ctx, Idempotent, func(tx Tx) error {
		for _, id := range ids {
			_, err := tx.Exec(`
				UPDATE api_keys SET last_used_at = ?2
				WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)`, id, used[id])
			if err != nil {
				return fmt.Errorf("touch key: %w", err)
			}
		}
		return nil
	})
}
