package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// redemptionColumns are the columns that scanRedemption reads, in its order, and redemptionTypes are
// their types.
const redemptionColumns = `
canonical, id, workspace_id, code, type, user_id, grants, before, user_ordinal, metadata, reservation_id,
created_at, created_by, rolled_back_at, rolled_back_by, reason`

var redemptionTypes = []string{
	"text", "uuid", "uuid", "text", "text", "text", "text", "text", "bigint", "jsonb", "uuid",
	"timestamptz", "uuid", "timestamptz", "uuid", "text",
}

// storedRedemption is a row of the table redemptions.
type storedRedemption struct {
	codes.Redemption
	canonical string
}

func scanRedemption(row pgx.CollectableRow) (r storedRedemption, err error) {
	var user, before, reason *string
	var metadata []byte
	var reservation, by *[16]byte
	err = row.Scan(
		&r.canonical,
		(*[16]byte)(&r.ID),
		(*[16]byte)(&r.WorkspaceID),
		&r.Code,
		(*string)(&r.Type),
		&user,
		(*string)(&r.Grants),
		&before,
		&r.Ordinal,
		&metadata,
		&reservation,
		&r.CreatedAt,
		(*[16]byte)(&r.CreatedBy),
		&r.RolledBackAt,
		&by,
		&reason,
	)
	if err != nil {
		return r, err
	}
	r.UserID, r.Before, r.Reason = orEmpty(user), codes.UserStatus(orEmpty(before)), orEmpty(reason)
	r.ReservationID, r.RolledBackBy = orZero(reservation), orZero(by)
	r.CreatedAt, r.RolledBackAt = r.CreatedAt.UTC(), utc(r.RolledBackAt)
	if metadata != nil {
		err = json.Unmarshal(metadata, &r.Metadata)
	}
	return r, err
}

func (s *Store) storeRedemptions(batch *pgx.Batch, all []*codes.TrackedRedemption) error {
	var rows [][]any
	for _, r := range all {
		if r.Change == codes.Changed {
			batch.Queue(
				"UPDATE redemptions SET rolled_back_at = $3, rolled_back_by = $4, reason = $5 WHERE canonical = $1 AND id = $2",
				r.Canonical,
				[16]byte(r.ID),
				r.RolledBackAt,
				idOrNull(r.RolledBackBy),
				orNull(r.Reason),
			)
			continue
		}
		metadata, err := encodeMetadata(r.Metadata)
		if err != nil {
			return err
		}
		rows = append(rows, []any{
			r.Canonical, [16]byte(r.ID), [16]byte(r.WorkspaceID), r.Code, string(r.Type), orNull(r.UserID),
			string(r.Grants), orNull(string(r.Before)),
			r.Ordinal, metadata, idOrNull(r.ReservationID), r.CreatedAt, [16]byte(r.CreatedBy), r.RolledBackAt,
			idOrNull(r.RolledBackBy), orNull(r.Reason),
		})
	}
	s.insert(batch, "redemptions", redemptionColumns, redemptionTypes, rows)
	return nil
}

// Redemption implements [codes.RedemptionStore].
func (s *Store) Redemption(
	ctx context.Context,
	workspace, id core.ID,
) (canonical string, r codes.Redemption, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(
			ctx,
			"SELECT "+redemptionColumns+" FROM redemptions WHERE workspace_id = $1 AND id = $2",
			[16]byte(workspace),
			[16]byte(id),
		)
		found, err := rowOf(rows, err, scanRedemption)
		canonical, r = found.canonical, found.Redemption
		return err
	})
	return canonical, r, err
}

// FindRedemptions implements [codes.RedemptionStore].
func (s *Store) FindRedemptions(
	ctx context.Context, workspace core.ID, refs []codes.Ref,
) (all []codes.Redemption, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		all = nil
		rows, err := q.Query(ctx, "SELECT "+redemptionColumns+s.engine().named("redemptions"), names(refs)...)
		found, err := rowsOf(rows, err, scanRedemption)
		for i := range found {
			if found[i].WorkspaceID == workspace {
				all = append(all, found[i].Redemption)
			}
		}
		return err
	})
	return all, err
}

// Redemptions implements [codes.ListStore].
func (s *Store) Redemptions(ctx context.Context, q *codes.RedemptionQuery) (all []codes.Redemption, err error) {
	query, args := redemptionsQuery(q)
	err = s.list(ctx, func(ctx context.Context, db querier) error {
		all = nil
		budget := core.NewBudget(q.MaxBytes)
		rows, err := db.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		return untilEnough(rows, scanRedemption, func(r storedRedemption) bool {
			all = append(all, r.Redemption)
			return budget.Spend(r.Size())
		})
	})
	return all, err
}

// NewestStanding implements [codes.ListStore].
func (s *Store) NewestStanding(
	ctx context.Context, workspace core.ID, users []string,
) (all []codes.Redemption, err error) {
	err = s.list(ctx, func(ctx context.Context, db querier) error {
		all = nil
		rows, err := db.Query(ctx, "SELECT DISTINCT ON (user_id) "+redemptionColumns+" FROM redemptions "+
			"WHERE workspace_id = $1 AND user_id = ANY ($2) AND rolled_back_at IS NULL ORDER BY user_id, id DESC",
			[16]byte(workspace), users)
		found, err := rowsOf(rows, err, scanRedemption)
		for i := range found {
			all = append(all, found[i].Redemption)
		}
		return err
	})
	return all, err
}

func redemptionsQuery(q *codes.RedemptionQuery) (string, []any) {
	var w where
	w.add("workspace_id = $", [16]byte(q.WorkspaceID))
	if q.Canonical != "" {
		w.add("canonical = $", q.Canonical)
		// Checked once, and first: another workspace's code may have very many redemptions.
		w.add(
			"EXISTS (SELECT FROM codes c WHERE c.canonical = $ AND "+ofWorkspaces+"(ARRAY[$::uuid])) IS TRUE)",
			q.Canonical,
			[16]byte(q.WorkspaceID),
		)
	}
	if q.UserID != "" {
		w.add("user_id = $", q.UserID)
	}
	low, high := q.IDs()
	if !high.IsZero() {
		w.add("id < $", [16]byte(high))
	}
	if !low.IsZero() {
		w.add("id >= $", [16]byte(low))
	}
	if q.CreatedAfter != nil {
		w.add("created_at > $", *q.CreatedAfter)
	}
	if q.CreatedBefore != nil {
		w.add("created_at < $", *q.CreatedBefore)
	}
	return "SELECT " + redemptionColumns + " FROM redemptions WHERE " + w.text() + " ORDER BY id DESC LIMIT " +
		strconv.Itoa(q.Limit), w.args
}

// where collects conditions that must all hold. Each $ in a condition stands for the next argument.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	parts := strings.Split(condition, "$")
	for i, arg := range args {
		w.args = append(w.args, arg)
		parts[i] += "$" + strconv.Itoa(len(w.args))
	}
	w.conditions = append(w.conditions, strings.Join(parts, ""))
}

func (w *where) text() string { return strings.Join(w.conditions, " AND ") }

// reservationColumns are the columns that scanReservation reads, in its order, and reservationTypes
// are their types.
const reservationColumns = "canonical, id, workspace_id, code, user_id, state, expires_at, created_at, created_by, " +
	"redemption_id"

var reservationTypes = []string{
	"text",
	"uuid",
	"uuid",
	"text",
	"text",
	"text",
	"timestamptz",
	"timestamptz",
	"uuid",
	"uuid",
}

// storedReservation is a row of the table reservations.
type storedReservation struct {
	codes.Reservation
	canonical string
}

func scanReservation(row pgx.CollectableRow) (r storedReservation, err error) {
	var user *string
	var redemption *[16]byte
	err = row.Scan(&r.canonical, (*[16]byte)(&r.ID), (*[16]byte)(&r.WorkspaceID), &r.Code, &user, (*string)(&r.State),
		&r.ExpiresAt, &r.CreatedAt, (*[16]byte)(&r.CreatedBy), &redemption)
	r.UserID, r.RedemptionID = orEmpty(user), orZero(redemption)
	r.ExpiresAt, r.CreatedAt = r.ExpiresAt.UTC(), r.CreatedAt.UTC()
	return r, err
}

func (s *Store) storeReservations(batch *pgx.Batch, all []*codes.TrackedReservation) {
	var rows [][]any
	for _, r := range all {
		if r.Change == codes.Changed {
			batch.Queue("UPDATE reservations SET state = $3, redemption_id = $4 WHERE canonical = $1 AND id = $2",
				r.Canonical, [16]byte(r.ID), string(r.State), idOrNull(r.RedemptionID))
			continue
		}
		rows = append(rows, []any{
			r.Canonical, [16]byte(r.ID), [16]byte(r.WorkspaceID), r.Code, orNull(r.UserID), string(r.State),
			r.ExpiresAt, r.CreatedAt, [16]byte(r.CreatedBy), idOrNull(r.RedemptionID),
		})
	}
	s.insert(batch, "reservations", reservationColumns, reservationTypes, rows)
}

// Reservation implements [codes.RedemptionStore].
func (s *Store) Reservation(
	ctx context.Context,
	workspace, id core.ID,
) (canonical string, r codes.Reservation, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(
			ctx,
			"SELECT "+reservationColumns+" FROM reservations WHERE workspace_id = $1 AND id = $2",
			[16]byte(workspace),
			[16]byte(id),
		)
		found, err := rowOf(rows, err, scanReservation)
		canonical, r = found.canonical, found.Reservation
		return err
	})
	return canonical, r, err
}

// tidiedAtOnce is the largest number of reservations that one call tidies, so that others do not
// wait long for the same codes.
const tidiedAtOnce = 500

// TidyReservations implements [codes.RedemptionStore]. Like Execute it locks codes first.
func (s *Store) TidyReservations(ctx context.Context, now time.Time, recorder *event.Recorder) (tidied int, err error) {
	err = s.transact(ctx, idempotent, func(ctx context.Context, tx pgx.Tx) error {
		tidied = 0
		rows, err := tx.Query(
			ctx,
			"SELECT "+reservationColumns+" FROM reservations WHERE state = 'held' AND expires_at > '-infinity' "+
				"AND expires_at <= $1 LIMIT "+strconv.Itoa(
				tidiedAtOnce,
			),
			now,
		)
		lapsed, err := rowsOf(rows, err, scanReservation)
		if err != nil || len(lapsed) == 0 {
			return err
		}
		var refs []codes.Ref
		for _, r := range lapsed {
			refs = append(refs, codes.Ref{Canonical: r.canonical, ID: r.ID})
		}
		if _, err := tx.Exec(ctx, s.engine().lockCodes("c.canonical", ""), names(refs)[0]); err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
			UPDATE reservations SET state = 'lapsed' WHERE canonical = ANY ($1) AND id = ANY ($2) AND state = 'held'
			RETURNING `+reservationColumns, names(refs)...)
		ended, err := rowsOf(rows, err, scanReservation)
		if err != nil {
			return err
		}
		tidied = len(lapsed)
		if err := lowerHeld(ctx, tx, ended); err != nil || recorder == nil {
			return err
		}
		return s.recordLapsed(ctx, tx, recorder, ended, now)
	})
	if err != nil {
		return 0, fmt.Errorf("tidy reservations: %w", err)
	}
	return tidied, nil
}

// recordLapsed stores the events about lapsed reservations of workspaces that listen.
func (s *Store) recordLapsed(
	ctx context.Context, tx pgx.Tx, recorder *event.Recorder, ended []storedReservation, now time.Time,
) error {
	rows, err := tx.Query(ctx, "SELECT id FROM workspaces WHERE events = 'all' OR wanted LIKE '%reservation.lapsed%'")
	listening, err := rowsOf(rows, err, pgx.RowTo[[16]byte])
	if err != nil {
		return err
	}
	var events []*event.Event
	for _, r := range ended {
		if !slices.Contains(listening, [16]byte(r.WorkspaceID)) {
			continue
		}
		e, err := codes.Lapsed(ctx, recorder, r.canonical, r.Reservation, now)
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	return plainTx{ctx, tx, s}.AddEvents(events...)
}

// lowerHeld lowers the counters of codes, by one for each of their reservations that has ended.
func lowerHeld(ctx context.Context, tx pgx.Tx, ended []storedReservation) error {
	times := map[string]int64{}
	for _, r := range ended {
		times[r.canonical]++
	}
	var codes []string
	var by []int64
	for canonical, n := range times {
		codes, by = append(codes, canonical), append(by, n)
	}
	_, err := tx.Exec(ctx, lowerReservations, codes, by)
	return err
}
