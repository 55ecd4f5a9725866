package plain

import (
	"context"
	"fmt"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/webhook"
)

// storedDelivery is a delivery with its attempts as they are stored.
type storedDelivery struct {
	webhook.Delivery
	attempts string
}

var deliveries = newTable("webhook_deliveries", []column[storedDelivery]{
	{"workspace_id", func(d *storedDelivery) any { return &d.WorkspaceID }},
	{"endpoint_id", func(d *storedDelivery) any { return &d.EndpointID }},
	{"position", func(d *storedDelivery) any { return &d.Position }},
	{"event_id", func(d *storedDelivery) any { return &d.EventID }},
	{"type", func(d *storedDelivery) any { return (*string)(&d.Type) }},
	{"subject_kind", func(d *storedDelivery) any { return (*string)(&d.Subject.Kind) }},
	{"subject_id", func(d *storedDelivery) any { return &d.Subject.ID }},
	{"status", func(d *storedDelivery) any { return (*string)(&d.Status) }},
	{"tries", func(d *storedDelivery) any { return &d.Tries }},
	{"next_at", func(d *storedDelivery) any { return &d.NextAt }},
	{"created_at", func(d *storedDelivery) any { return &d.CreatedAt }},
	{"attempts", func(d *storedDelivery) any { return &d.attempts }},
	{"answer", func(d *storedDelivery) any { return &d.Answer }},
})

// putDelivery stores a delivery in place of an earlier one of the same event.
func putDelivery(tx Tx, d *webhook.Delivery) error {
	text, err := webhook.EncodeAttempts(d.Attempts)
	if err != nil {
		return fmt.Errorf("encode the attempts of a delivery: %w", err)
	}
	_, err = deliveries.insert(tx, &storedDelivery{*d, text}, `
		ON CONFLICT (workspace_id, endpoint_id, position) DO UPDATE SET status = excluded.status, tries = excluded.tries,
			next_at = excluded.next_at, attempts = excluded.attempts, answer = excluded.answer`)
	return err
}

// addAttempts gives deliveries that were made of their events the attempts of before.
func addAttempts(tx Tx, e *webhook.Endpoint, list []webhook.Delivery) error {
	fresh := map[int64]*webhook.Delivery{}
	var positions []int64
	for i := range list {
		if list[i].Fresh {
			fresh[list[i].Position] = &list[i]
			positions = append(positions, list[i].Position)
		}
	}
	if len(positions) == 0 {
		return nil
	}
	where, args := among(e.WorkspaceID, positions)
	args = append(args, e.ID)
	before, err := readDeliveries(tx, fmt.Sprintf("%s AND endpoint_id = ?%d", where, len(args)), args...)
	for i := range before {
		d := fresh[before[i].Position]
		d.Attempts = webhook.Newest(append(before[i].Attempts, d.Attempts...))
	}
	return err
}

// nextDelivery returns when the next delivery of an endpoint is due; nil if none waits.
func nextDelivery(tx Tx, e *webhook.Endpoint) (next *time.Time, err error) {
	err = tx.Query("SELECT next_at FROM webhook_deliveries WHERE "+ofEndpointDue+" ORDER BY next_at LIMIT 1",
		[]any{e.WorkspaceID, e.ID}, func(row Row) error { return row.Scan(&next) })
	return next, err
}

const (
	ofEndpoint    = "workspace_id = ?1 AND endpoint_id = ?2"
	ofEndpointDue = ofEndpoint + " AND next_at IS NOT NULL"
)

// readDeliveries returns the deliveries that the rest of a query, behind FROM, leaves.
func readDeliveries(tx Tx, rest string, args ...any) ([]webhook.Delivery, error) {
	stored, err := deliveries.all(tx, rest, args...)
	if err != nil {
		return nil, err
	}
	list := make([]webhook.Delivery, len(stored))
	for i := range stored {
		list[i] = stored[i].Delivery
		if list[i].Attempts, err = webhook.DecodeAttempts(stored[i].attempts); err != nil {
			return nil, fmt.Errorf("decode the attempts of a delivery: %w", err)
		}
	}
	return list, nil
}

// DueDeliveries implements [webhook.Store].
func (s Store) DueDeliveries(
	ctx context.Context, e *webhook.Endpoint, now time.Time, limit int,
) ([]webhook.Delivery, error) {
	return read(ctx, s.db, func(tx Tx) ([]webhook.Delivery, error) {
		return readDeliveries(tx, "WHERE "+ofEndpointDue+" AND next_at <= ?3 ORDER BY next_at, position LIMIT ?4",
			e.WorkspaceID, e.ID, now, limit)
	})
}

// Deliveries implements [webhook.Store].
func (s Store) Deliveries(ctx context.Context, q *webhook.DeliveryQuery) (list []webhook.Delivery, err error) {
	rest, args := "WHERE "+ofEndpoint, []any{q.WorkspaceID, q.EndpointID}
	add := func(condition string, arg any) {
		args = append(args, arg)
		rest += fmt.Sprintf(condition, len(args))
	}
	if q.Status != "" {
		if q.Status != webhook.Succeeded { // which the index is for
			rest = "/*sqlite INDEXED BY webhook_deliveries_unsent sqlite*/ " + rest + " AND status <> 'succeeded'"
		}
		add(" AND status = ?%d", string(q.Status))
	}
	if q.Before != 0 {
		add(" AND position < ?%d", q.Before)
	}
	add(" ORDER BY position DESC LIMIT ?%d", q.Limit)
	err = s.db.List(ctx, func(tx Tx) error {
		list, err = readDeliveries(tx, rest, args...)
		return err
	})
	return orZero(list, err)
}

// Delivery implements [webhook.Store].
func (s Store) Delivery(
	ctx context.Context, workspace, endpoint core.ID, position int64,
) (webhook.Delivery, error) {
	return read(ctx, s.db, func(tx Tx) (webhook.Delivery, error) {
		if _, err := endpoints.find(tx, endpointIs, workspace, endpoint); err != nil {
			return webhook.Delivery{}, err
		}
		list, err := readDeliveries(tx, "WHERE "+ofEndpoint+" AND position = ?3", workspace, endpoint, position)
		if err != nil || len(list) == 0 {
			return webhook.Delivery{}, orNotFound(err)
		}
		return list[0], nil
	})
}

// orNotFound returns an error, or [core.ErrNotFound] if there is none.
func orNotFound(err error) error {
	if err == nil {
		return core.ErrNotFound
	}
	return err
}

// retriedAtOnce is the largest number of deliveries that one transaction makes due.
const retriedAtOnce = 2000

// RetryDeliveries implements [webhook.Store].
func (s Store) RetryDeliveries(
	ctx context.Context, workspace, endpoint core.ID, position int64, now time.Time,
) (retried int, err error) {
	for {
		step, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) {
			return retryStep(tx, workspace, endpoint, position, now)
		})
		retried += int(step)
		if err != nil || position != 0 || step < retriedAtOnce {
			return retried, err
		}
	}
}

func retryStep(tx Tx, workspace, endpoint core.ID, position int64, now time.Time) (int64, error) {
	if _, err := lockEndpoint(tx, "", workspace, endpoint); err != nil { // first, as a node that stores results does
		return 0, err
	}
	which, args := " AND position = ?4", []any{workspace, endpoint, now, position}
	if position == 0 {
		which = ` AND position IN (SELECT position FROM webhook_deliveries WHERE ` + ofEndpoint + `
			AND status <> 'succeeded' AND (next_at IS NULL OR next_at > ?3) LIMIT ?4)`
		args[3] = retriedAtOnce
	}
	retried, err := tx.Exec("UPDATE webhook_deliveries SET status = 'pending', tries = 0, next_at = ?3 WHERE "+
		ofEndpoint+which, args...)
	if err != nil || retried == 0 {
		return 0, err
	}
	// A node that sends for the endpoint sees it when it renews its lease: what is under way goes on.
	_, err = tx.Exec("UPDATE webhook_endpoints SET next_at = ?3, paused_until = NULL WHERE "+endpointIs,
		workspace, endpoint, now)
	return retried, err
}

// CountUnsent implements [webhook.Store].
func (s Store) CountUnsent(
	ctx context.Context, workspace, endpoint core.ID, limit int,
) (pending, failed int, err error) {
	err = s.db.Read(ctx, func(tx Tx) error {
		for status, count := range map[webhook.DeliveryStatus]*int{webhook.Pending: &pending, webhook.Failed: &failed} {
			err := one(tx, `SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries WHERE `+ofEndpoint+`
				AND status <> 'succeeded' AND status = ?3 LIMIT ?4) AS counted`,
				[]any{workspace, endpoint, string(status), limit}, func(row Row) error { return row.Scan(count) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return pending, failed, err
}

// clearAnswers removes what receivers have answered to events about a person, who may be named in it.
// It comes before the person is removed from the events.
func clearAnswers(tx Tx, workspace core.ID, user string) error {
	_, err := tx.Exec(`UPDATE webhook_deliveries SET answer = '' WHERE workspace_id = ?1
		AND endpoint_id IN (SELECT id FROM webhook_endpoints WHERE workspace_id = ?1)
		AND position IN (SELECT position FROM events WHERE workspace_id = ?1 AND user_id = ?2)`, workspace, user)
	if err != nil {
		return fmt.Errorf("remove answers about a person: %w", err)
	}
	return nil
}

// PruneDeliveries implements [webhook.Store]. It makes one step for each endpoint that has old ones.
func (s Store) PruneDeliveries(ctx context.Context, before time.Time) (pruned int, err error) {
	all, err := read(ctx, s.db, func(tx Tx) ([]webhook.Endpoint, error) { return endpoints.all(tx, "") })
	if err != nil {
		return 0, err
	}
	for i := range all {
		until, err := read(ctx, s.db, func(tx Tx) (int64, error) { return lastOld(tx, &all[i], before) })
		if err != nil {
			return pruned, err
		}
		if until == 0 && all[i].DeletedAt == nil {
			continue
		}
		step, err := write(ctx, s.db, Idempotent, func(tx Tx) (int64, error) { return prune(tx, &all[i], until) })
		if err != nil {
			return pruned, err
		}
		pruned += int(step)
	}
	return pruned, nil
}

// lastOld returns the position of the last of an endpoint's oldest deliveries that may be deleted; 0: none.
func lastOld(tx Tx, e *webhook.Endpoint, before time.Time) (last int64, err error) {
	const sql = "SELECT position, created_at FROM webhook_deliveries WHERE " + ofEndpoint +
		" ORDER BY position LIMIT ?3"
	kept := false
	err = tx.Query(sql, []any{e.WorkspaceID, e.ID, prunedAtOnce}, func(row Row) error {
		var position int64
		var at time.Time
		err := row.Scan(&position, &at)
		if kept = kept || !at.Before(before) && e.DeletedAt == nil; !kept {
			last = position
		}
		return err
	})
	return last, err
}

// prune deletes deliveries up to a position, and an endpoint that is deleted once it has none.
func prune(tx Tx, e *webhook.Endpoint, until int64) (int64, error) {
	if until == 0 {
		return tx.Exec("DELETE FROM webhook_endpoints WHERE workspace_id = ?1 AND id = ?2 AND deleted_at IS NOT NULL",
			e.WorkspaceID, e.ID)
	}
	return tx.Exec("DELETE FROM webhook_deliveries WHERE "+ofEndpoint+" AND position <= ?3",
		e.WorkspaceID, e.ID, until)
}
