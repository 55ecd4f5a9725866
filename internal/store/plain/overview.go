package plain

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/overview"
)

// CodesToCount implements [overview.Store]. Everything but the reservations of codes that have some is
// read from the index of lists and the rows.
func (s Store) CodesToCount(
	ctx context.Context, workspace core.ID, t codes.Type, after codes.CodeKey, limit int, at time.Time,
) (found []overview.Code, err error) {
	const sql = `
SELECT canonical, created_at, starts_at, expires_at, revoked_at, max_redemptions, redemptions, batch_id,
	CASE WHEN reservations = 0 THEN 0 ELSE reservations - (SELECT count(*) FROM reservations r
		WHERE r.canonical = codes.canonical AND r.state = 'held' AND r.expires_at <= ?6) END
FROM codes /*sqlite INDEXED BY codes_listed sqlite*/
WHERE workspace_id = ?1 AND type = ?2 AND (created_at, canonical) < (?3, ?4)
ORDER BY created_at DESC, canonical DESC LIMIT ?5`
	err = s.db.List(ctx, func(tx Tx) error {
		found = make([]overview.Code, 0, limit)
		args := []any{workspace, string(t), after.CreatedAt, after.Canonical, limit, at}
		return tx.Query(sql, args, func(row Row) error {
			found = append(found, overview.Code{})
			c := &found[len(found)-1]
			return row.Scan(&c.Canonical, &c.CreatedAt, &c.StartsAt, &c.ExpiresAt, &c.RevokedAt, &c.MaxRedemptions,
				&c.Redemptions, &c.BatchID, &c.Reservations)
		})
	})
	return orZero(found, err)
}

// RedemptionsToCount implements [overview.Store].
func (s Store) RedemptionsToCount(
	ctx context.Context, workspace, from, before core.ID, limit int,
) (found []codes.Redemption, err error) {
	const sql = "SELECT id, type, created_at FROM redemptions WHERE workspace_id = ?1 AND id >= ?2 AND id < ?3 " +
		"ORDER BY id LIMIT ?4"
	err = s.db.List(ctx, func(tx Tx) error {
		found = nil
		return tx.Query(sql, []any{workspace, from, before, limit}, func(row Row) error {
			var r codes.Redemption
			err := row.Scan(&r.ID, (*string)(&r.Type), &r.CreatedAt)
			found = append(found, r)
			return err
		})
	})
	return orZero(found, err)
}

// UsersToCount implements [overview.Store].
func (s Store) UsersToCount(
	ctx context.Context, workspace core.ID, after string, limit int,
) (found []codes.User, err error) {
	const sql = "SELECT user_id, status FROM users WHERE workspace_id = ?1 AND user_id > ?2 ORDER BY user_id LIMIT ?3"
	err = s.db.List(ctx, func(tx Tx) error {
		found = nil
		return tx.Query(sql, []any{workspace, after, limit}, func(row Row) error {
			var u codes.User
			err := row.Scan(&u.ID, (*string)(&u.Status))
			found = append(found, u)
			return err
		})
	})
	return orZero(found, err)
}

var overviewCounts = newTable("overview_counts", []column[overview.Kept]{
	{"workspace_id", func(k *overview.Kept) any { return &k.WorkspaceID }},
	{"version", func(k *overview.Kept) any { return &k.Version }},
	{"seen_at", func(k *overview.Kept) any { return &k.SeenAt }},
	{"lease_until", func(k *overview.Kept) any { return &k.LeaseUntil }},
	{"after_user", func(k *overview.Kept) any { return &k.AfterUser }},
	{"state", func(k *overview.Kept) any { return &k.State }},
})

// KeptCount implements [overview.Store].
func (s Store) KeptCount(ctx context.Context, workspace core.ID) (overview.Kept, error) {
	return read(ctx, s.db, func(tx Tx) (overview.Kept, error) {
		return overviewCounts.find(tx, "workspace_id = ?1", workspace)
	})
}

// PutCount implements [overview.Store].
func (s Store) PutCount(ctx context.Context, k overview.Kept) (bool, error) {
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) {
		if k.Version == 0 {
			first := k
			first.Version = 1
			return overviewCounts.insert(tx, &first, "ON CONFLICT (workspace_id) DO NOTHING")
		}
		changed, err := tx.Exec("UPDATE overview_counts SET version = version + 1, seen_at = ?3, lease_until = ?4, "+
			"after_user = ?5, state = ?6 WHERE workspace_id = ?1 AND version = ?2",
			k.WorkspaceID, k.Version, k.SeenAt, k.LeaseUntil, k.AfterUser, k.State)
		return changed == 1, err
	})
}

// EraseFromCounts removes a user's id from how far the workspace's users are counted. What a node has
// read before that is not kept.
func EraseFromCounts(tx Tx, workspace core.ID, user string) error {
	_, err := tx.Exec("UPDATE overview_counts SET version = version + 1, "+
		"after_user = CASE WHEN after_user = ?2 THEN '' ELSE after_user END WHERE workspace_id = ?1", workspace, user)
	return err
}

// CountsSeenSince implements [overview.Store].
func (s Store) CountsSeenSince(ctx context.Context, since time.Time) ([]core.ID, error) {
	return read(ctx, s.db, func(tx Tx) (all []core.ID, err error) {
		const sql = "SELECT workspace_id FROM overview_counts WHERE seen_at >= ?1 ORDER BY lease_until, workspace_id"
		err = tx.Query(sql, []any{since}, func(row Row) error {
			var id core.ID
			err := row.Scan(&id)
			all = append(all, id)
			return err
		})
		return all, err
	})
}
