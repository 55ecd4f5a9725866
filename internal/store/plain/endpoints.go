package plain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/webhook"
)

var endpoints = newTable("webhook_endpoints", []column[webhook.Endpoint]{
	{"workspace_id", func(e *webhook.Endpoint) any { return &e.WorkspaceID }},
	{"id", func(e *webhook.Endpoint) any { return &e.ID }},
	{"url", func(e *webhook.Endpoint) any { return &e.URL }},
	{"description", func(e *webhook.Endpoint) any { return &e.Description }},
	{"types", func(e *webhook.Endpoint) any { return &e.Types }},
	{"secret", func(e *webhook.Endpoint) any { return &e.Secret }},
	{"old_secret", func(e *webhook.Endpoint) any { return &e.OldSecret }},
	{"old_until", func(e *webhook.Endpoint) any { return &e.OldUntil }},
	{"created_at", func(e *webhook.Endpoint) any { return &e.CreatedAt }},
	{"tested_at", func(e *webhook.Endpoint) any { return &e.TestedAt }},
	{"disabled_at", func(e *webhook.Endpoint) any { return &e.DisabledAt }},
	{"disabled_reason", func(e *webhook.Endpoint) any { return (*string)(&e.DisabledReason) }},
	{"deleted_at", func(e *webhook.Endpoint) any { return &e.DeletedAt }},
	{"position", func(e *webhook.Endpoint) any { return &e.Position }},
	{"failing_since", func(e *webhook.Endpoint) any { return &e.FailingSince }},
	{"failures", func(e *webhook.Endpoint) any { return &e.Failures }},
	{"paused_until", func(e *webhook.Endpoint) any { return &e.PausedUntil }},
	{"next_at", func(e *webhook.Endpoint) any { return &e.NextAt }},
	{"last_at", func(e *webhook.Endpoint) any { return &e.LastAt }},
	{"last_status", func(e *webhook.Endpoint) any { return &e.LastStatus }},
	{"last_error", func(e *webhook.Endpoint) any { return &e.LastError }},
})

const endpointIs = "workspace_id = ?1 AND id = ?2 AND deleted_at IS NULL"

// InsertEndpoint implements [webhook.Store]. The workspace's row is locked, so that two requests do not
// pass the limit together.
func (s Store) InsertEndpoint(ctx context.Context, e webhook.Endpoint, events ...*event.Event) (bool, error) {
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) {
		if err := lockWanted(tx, e.WorkspaceID); err != nil {
			return false, err
		}
		others, err := endpointsOf(tx, e.WorkspaceID)
		if err != nil || len(others) >= webhook.MaxEndpoints {
			return false, err
		}
		// The lease is nobody's.
		columns := endpoints.list("") + ", fence"
		params := ""
		for i := range endpoints.columns {
			params += fmt.Sprintf("?%d, ", i+1)
		}
		_, err = tx.Exec("INSERT INTO webhook_endpoints ("+columns+") VALUES ("+params+"0)", endpoints.fields(&e)...)
		if err != nil {
			return false, fmt.Errorf("insert an endpoint: %w", err)
		}
		return true, tx.AddEvents(events...)
	})
}

// lockWanted locks what is known of the events that a workspace's endpoints want.
func lockWanted(tx Tx, workspace core.ID) error {
	return change(tx, "UPDATE workspaces SET wanted = wanted WHERE id = ?1", workspace)
}

func endpointsOf(tx Tx, workspace core.ID) ([]webhook.Endpoint, error) {
	return endpoints.all(tx, "WHERE workspace_id = ?1 AND deleted_at IS NULL ORDER BY created_at, id", workspace)
}

// Endpoints implements [webhook.Store].
func (s Store) Endpoints(ctx context.Context, workspace core.ID) ([]webhook.Endpoint, error) {
	return read(ctx, s.db, func(tx Tx) ([]webhook.Endpoint, error) { return endpointsOf(tx, workspace) })
}

// Endpoint implements [webhook.Store].
func (s Store) Endpoint(ctx context.Context, workspace, id core.ID) (webhook.Endpoint, error) {
	return read(ctx, s.db, func(tx Tx) (webhook.Endpoint, error) {
		return endpoints.find(tx, endpointIs, workspace, id)
	})
}

// ChangeEndpoint implements [webhook.Store].
func (s Store) ChangeEndpoint(
	ctx context.Context, workspace, id core.ID, change webhook.Change,
) (webhook.Endpoint, error) {
	return write(ctx, s.db, Once, func(tx Tx) (webhook.Endpoint, error) {
		if err := lockWanted(tx, workspace); err != nil {
			return webhook.Endpoint{}, err
		}
		e, err := lockEndpoint(tx, "", workspace, id)
		if err != nil {
			return e, err
		}
		return changeEndpoint(tx, e, change)
	})
}

// endLease takes the lease of an endpoint away.
func endLease(tx Tx, workspace, id core.ID) error {
	_, err := tx.Exec(`
		UPDATE webhook_endpoints SET fence = fence + 1, holder = NULL, lease_until = NULL
		WHERE workspace_id = ?1 AND id = ?2`, workspace, id)
	return err
}

// KeepEndpoint implements [webhook.Store].
func (s Store) KeepEndpoint(
	ctx context.Context, lease webhook.Lease, release bool, change webhook.Change,
) (webhook.Endpoint, error) {
	return write(ctx, s.db, Once, func(tx Tx) (webhook.Endpoint, error) {
		e, err := lockEndpoint(tx, " AND holder = ?3 AND fence = ?4",
			lease.WorkspaceID, lease.EndpointID, lease.Holder, lease.Fence)
		if err == nil {
			err = one(tx, "SELECT id FROM workspaces WHERE id = ?1 AND suspended_at IS NULL", []any{e.WorkspaceID},
				func(row Row) error { return row.Scan(new(core.ID)) })
		}
		if errors.Is(err, core.ErrNotFound) {
			return e, webhook.ErrLeaseLost
		}
		if err != nil {
			return e, err
		}
		now, err := tx.Now()
		if err != nil {
			return e, err
		}
		until := now.Add(lease.Life)
		if release {
			until = now
		}
		_, err = tx.Exec("UPDATE webhook_endpoints SET lease_until = ?3 WHERE "+endpointIs, e.WorkspaceID, e.ID, until)
		if err != nil {
			return e, err
		}
		return changeEndpoint(tx, e, change)
	})
}

// lockEndpoint returns an endpoint and locks it by writing it unchanged.
func lockEndpoint(tx Tx, and string, args ...any) (e webhook.Endpoint, err error) {
	sql := "UPDATE webhook_endpoints SET fence = fence WHERE " + endpointIs + and + " RETURNING " + endpoints.list("")
	err = one(tx, sql, args, func(row Row) error { return row.Scan(endpoints.fields(&e)...) })
	return e, err
}

// changeEndpoint changes an endpoint that is locked.
func changeEndpoint(tx Tx, before webhook.Endpoint, change webhook.Change) (webhook.Endpoint, error) {
	e := before
	changed, err := change(&e)
	if err != nil {
		return e, err
	}
	if err := addAttempts(tx, &e, changed.Deliveries); err != nil {
		return e, err
	}
	for i := range changed.Deliveries {
		if err := putDelivery(tx, &changed.Deliveries[i]); err != nil {
			return e, err
		}
	}
	if e.NextAt, err = nextDelivery(tx, &e); err != nil {
		return e, err
	}
	_, err = tx.Exec(`
		UPDATE webhook_endpoints SET url = ?3, description = ?4, types = ?5, secret = ?6, old_secret = ?7, old_until = ?8,
			tested_at = ?9, disabled_at = ?10, disabled_reason = ?11, deleted_at = ?12, position = ?13,
			failing_since = ?14, failures = ?15, next_at = ?16, last_at = ?17, last_status = ?18, last_error = ?19,
			paused_until = ?20
		WHERE `+endpointIs, e.WorkspaceID, e.ID, e.URL, e.Description, e.Types, e.Secret, e.OldSecret, e.OldUntil,
		e.TestedAt, e.DisabledAt, string(e.DisabledReason), e.DeletedAt, e.Position,
		e.FailingSince, e.Failures, e.NextAt, e.LastAt, e.LastStatus, e.LastError, e.PausedUntil)
	if err != nil {
		return e, fmt.Errorf("store an endpoint: %w", err)
	}
	if changed.EndLease || isSentDifferently(&before, &e) {
		if err := endLease(tx, e.WorkspaceID, e.ID); err != nil {
			return e, err
		}
	}
	if before.Hot() != e.Hot() {
		if err := storeWanted(tx, e.WorkspaceID); err != nil {
			return e, err
		}
	}
	return e, tx.AddEvents(changed.Events...)
}

// isSentDifferently reports whether a node that sends for an endpoint must begin anew. It moves the
// position on by itself, but not back.
func isSentDifferently(before, after *webhook.Endpoint) bool {
	return before.URL != after.URL || before.Types != after.Types || before.Secret != after.Secret ||
		before.Status() != after.Status() || before.DeletedAt != after.DeletedAt || after.Position < before.Position
}

// storeWanted stores the hot types of events that the endpoints of a workspace want.
func storeWanted(tx Tx, workspace core.ID) error {
	if err := lockWanted(tx, workspace); err != nil {
		return err
	}
	all, err := endpointsOf(tx, workspace)
	if err != nil {
		return err
	}
	var wanted core.EventSet
	for i := range all {
		wanted |= all[i].Hot()
	}
	return change(tx, "UPDATE workspaces SET wanted = ?2 WHERE id = ?1", workspace, event.WriteHotSet(wanted))
}

// claimable is an endpoint that may be claimed.
type claimable struct {
	workspace, id core.ID
	fence         int64
}

// ClaimEndpoints implements [webhook.Store]. A node looks often, so it writes only if there is something
// to take.
func (s Store) ClaimEndpoints(
	ctx context.Context, node core.ID, life time.Duration, limit int,
) (claims []webhook.Claim, err error) {
	candidates, err := read(ctx, s.db, func(tx Tx) ([]claimable, error) { return findClaimable(tx, limit) })
	if err != nil {
		return nil, err
	}
	for _, c := range candidates {
		claim, err := write(ctx, s.db, Once, func(tx Tx) (webhook.Claim, error) { return c.claim(tx, node, life) })
		if errors.Is(err, core.ErrNotFound) { // another node was faster
			continue
		}
		if err != nil {
			return claims, err
		}
		claims = append(claims, claim)
	}
	return claims, nil
}

func findClaimable(tx Tx, limit int) (candidates []claimable, err error) {
	now, err := tx.Now()
	if err != nil {
		return nil, err
	}
	const sql = `
		SELECT e.workspace_id, e.id, e.fence FROM webhook_endpoints e
		JOIN workspaces w ON w.id = e.workspace_id
		LEFT JOIN event_positions p ON p.workspace_id = e.workspace_id
		WHERE e.disabled_at IS NULL AND e.deleted_at IS NULL AND e.tested_at IS NOT NULL AND w.suspended_at IS NULL
			AND (p.newest > e.position OR e.next_at <= ?1) AND (e.lease_until IS NULL OR e.lease_until <= ?1)
			AND (e.paused_until IS NULL OR e.paused_until <= ?1)
		LIMIT ?2`
	err = tx.Query(sql, []any{now, limit}, func(row Row) error {
		var c claimable
		err := row.Scan(&c.workspace, &c.id, &c.fence)
		candidates = append(candidates, c)
		return err
	})
	return candidates, err
}

// claim takes the lease of an endpoint, unless it has changed hands meanwhile.
func (c *claimable) claim(tx Tx, node core.ID, life time.Duration) (webhook.Claim, error) {
	now, err := tx.Now()
	if err != nil {
		return webhook.Claim{}, err
	}
	claim := webhook.Claim{Lease: webhook.Lease{
		WorkspaceID: c.workspace, EndpointID: c.id, Holder: node, Fence: c.fence + 1, Life: life,
	}}
	sql := "UPDATE webhook_endpoints SET holder = ?3, fence = ?4, lease_until = ?5 WHERE " + endpointIs +
		" AND fence = ?6 RETURNING " + endpoints.list("")
	args := []any{c.workspace, c.id, node, claim.Lease.Fence, now.Add(life), c.fence}
	err = one(tx, sql, args, func(row Row) error { return row.Scan(endpoints.fields(&claim.Endpoint)...) })
	return claim, err
}
