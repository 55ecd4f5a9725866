package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// redemptionColumns are the columns that scanRedemption reads, in its order.
const redemptionColumns = `
canonical, id, workspace_id, code, type, user_id, grants, before, user_ordinal, metadata, reservation_id,
created_at, created_by, rolled_back_at, rolled_back_by, reason`

// storedRedemption is a row of the table redemptions.
type storedRedemption struct {
	codes.Redemption
	canonical string
}

// The rows of a user. Without a named index SQLite would read all rows of the workspace, which it
// assumes to be few.
const (
	redemptionsOfUser  = "INDEXED BY redemptions_user WHERE workspace_id = ?1 AND user_id = ?2"
	reservationsOfUser = "INDEXED BY reservations_user WHERE workspace_id = ?1 AND user_id = ?2"
)

// findRedemptions finds the redemptions that a condition selects.
func findRedemptions(conn *sqlite.Conn, which string, args ...any) (all []storedRedemption, err error) {
	err = sqlitex.Execute(conn, "SELECT "+redemptionColumns+" FROM redemptions "+which, &sqlitex.ExecOptions{
		Args: args,
		ResultFunc: func(stmt *sqlite.Stmt) error {
			r, err := scanRedemption(stmt)
			all = append(all, r)
			return err
		},
	})
	return all, err
}

func scanRedemption(stmt *sqlite.Stmt) (storedRedemption, error) {
	metadata, err := decodeMetadata(stmt.ColumnText(9))
	return storedRedemption{
		canonical: stmt.ColumnText(0),
		Redemption: codes.Redemption{
			ID:            columnID(stmt, 1),
			WorkspaceID:   columnID(stmt, 2),
			Code:          stmt.ColumnText(3),
			Type:          codes.Type(stmt.ColumnText(4)),
			UserID:        stmt.ColumnText(5),
			Grants:        codes.UserStatus(stmt.ColumnText(6)),
			Before:        codes.UserStatus(stmt.ColumnText(7)),
			Ordinal:       stmt.ColumnInt64(8),
			Metadata:      metadata,
			ReservationID: columnID(stmt, 10),
			CreatedAt:     *columnTime(stmt, 11),
			CreatedBy:     columnID(stmt, 12),
			RolledBackAt:  columnTime(stmt, 13),
			RolledBackBy:  columnID(stmt, 14),
			Reason:        stmt.ColumnText(15),
		},
	}, err
}

// storeRedemption stores a redemption of a code. If the code's row names none yet, it will name this
// one, which then needs no entry in the index of the others.
func storeRedemption(conn *sqlite.Conn, r *codes.TrackedRedemption, code *storedCode) error {
	if r.Change == codes.Changed {
		return run(
			conn,
			"UPDATE redemptions SET rolled_back_at = ?3, rolled_back_by = ?4, reason = nullif(?5, '') "+
				"WHERE workspace_id = ?1 AND id = ?2",
			r.WorkspaceID[:],
			r.ID[:],
			micros(r.RolledBackAt),
			idOrNil(r.RolledBackBy),
			r.Reason,
		)
	}
	stmt, err := conn.Prepare(`
		INSERT INTO redemptions (` + redemptionColumns + `, later)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)`)
	if err != nil {
		return err
	}
	metadata, err := encodeMetadata(r.Metadata)
	if err != nil {
		return err
	}
	stmt.BindText(1, r.Canonical)
	stmt.BindBytes(2, r.ID[:])
	stmt.BindBytes(3, r.WorkspaceID[:])
	stmt.BindText(4, r.Code)
	stmt.BindText(5, string(r.Type))
	bindText(stmt, 6, r.UserID)
	stmt.BindText(7, string(r.Grants))
	bindText(stmt, 8, string(r.Before))
	stmt.BindInt64(9, r.Ordinal)
	bindText(stmt, 10, metadata)
	bindID(stmt, 11, r.ReservationID)
	stmt.BindInt64(12, r.CreatedAt.UnixMicro())
	stmt.BindBytes(13, r.CreatedBy[:])
	bindTime(stmt, 14, r.RolledBackAt) // by a later command of the same group
	bindID(stmt, 15, r.RolledBackBy)
	bindText(stmt, 16, r.Reason)
	stmt.BindBool(17, !code.namesNone)
	if code.namesNone {
		code.namesNone, code.first = false, r.ID
	}
	_, err = stmt.Step()
	return err
}

// Redemption implements [codes.RedemptionStore].
func (s *Store) Redemption(
	ctx context.Context,
	workspace, id core.ID,
) (canonical string, r codes.Redemption, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := findRedemptions(conn, "WHERE workspace_id = ?1 AND id = ?2", workspace[:], id[:])
		if len(found) > 0 {
			canonical, r = found[0].canonical, found[0].Redemption
		}
		return orNotFound(len(found) > 0, err)
	})
	return canonical, r, err
}

// FindRedemptions implements [codes.RedemptionStore].
func (s *Store) FindRedemptions(
	ctx context.Context, workspace core.ID, refs []codes.Ref,
) (all []codes.Redemption, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		for _, ref := range refs {
			if err := ctx.Err(); err != nil {
				return err
			}
			found, err := findRedemptions(conn, "WHERE workspace_id = ?1 AND id = ?2", workspace[:], ref.ID[:])
			if err != nil {
				return err
			}
			for i := range found {
				all = append(all, found[i].Redemption)
			}
		}
		return nil
	})
	return all, err
}

// Redemptions implements [codes.ListStore].
func (s *Store) Redemptions(ctx context.Context, q *codes.RedemptionQuery) (all []codes.Redemption, err error) {
	query, args := redemptionsQuery(q)
	budget := core.NewBudget(q.MaxBytes)
	err = s.list(ctx, func(conn *sqlite.Conn) error {
		return untilEnough(
			conn,
			"SELECT "+redemptionColumns+" FROM redemptions "+query,
			args,
			func(stmt *sqlite.Stmt) (bool, error) {
				r, err := scanRedemption(stmt)
				all = append(all, r.Redemption)
				return budget.Spend(r.Size()), err
			},
		)
	})
	return all, err
}

// NewestStanding implements [codes.ListStore]. Beside max(id), SQLite gives the other columns of that row.
func (s *Store) NewestStanding(
	ctx context.Context, workspace core.ID, users []string,
) (all []codes.Redemption, err error) {
	err = s.list(ctx, func(conn *sqlite.Conn) error {
		query := "SELECT " + redemptionColumns + ", max(id) FROM redemptions INDEXED BY redemptions_user " +
			"WHERE workspace_id = ?1 AND user_id IN (SELECT value FROM json_each(?2)) AND rolled_back_at IS NULL " +
			"GROUP BY user_id"
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
			Args: []any{workspace[:], jsonList(users)},
			ResultFunc: func(stmt *sqlite.Stmt) error {
				r, err := scanRedemption(stmt)
				all = append(all, r.Redemption)
				return err
			},
		})
	})
	return all, err
}

// redemptionsQuery returns what follows the table's name in a query that lists redemptions.
func redemptionsQuery(q *codes.RedemptionQuery) (string, []any) {
	var w where
	w.add("workspace_id = ?", q.WorkspaceID[:])
	low, high := q.IDs()
	if !high.IsZero() {
		w.add("id < ?", high[:])
	}
	if !low.IsZero() {
		w.add("id >= ?", low[:])
	}
	if q.CreatedAfter != nil {
		w.add("created_at > ?", q.CreatedAfter.UnixMicro())
	}
	if q.CreatedBefore != nil {
		w.add("created_at < ?", q.CreatedBefore.UnixMicro())
	}
	const order = " ORDER BY id DESC LIMIT ?"
	if q.Canonical != "" && q.UserID == "" {
		later := w.and("later = 1 AND canonical = ?", q.Canonical)
		first := w.and("id = (SELECT first_redemption FROM codes WHERE canonical = ?)", q.Canonical)
		return "INDEXED BY redemptions_later WHERE " + later.text() +
				" UNION ALL SELECT " + redemptionColumns + " FROM redemptions WHERE " + first.text() + order,
			slices.Concat(later.args, first.args, []any{q.Limit})
	}
	index := ""
	if q.UserID != "" {
		index = "INDEXED BY redemptions_user " // for any code: a user has few, a code may have many
		w.add("user_id = ?", q.UserID)
	}
	if q.Canonical != "" {
		w.add("canonical = ?", q.Canonical)
	}
	return index + "WHERE " + w.text() + order, append(w.args, q.Limit)
}

// where collects conditions that must all hold.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	w.conditions, w.args = append(w.conditions, condition), append(w.args, args...)
}

// and returns the conditions plus one more.
func (w *where) and(condition string, args ...any) *where {
	return &where{append(slices.Clip(w.conditions), condition), append(slices.Clip(w.args), args...)}
}

func (w *where) text() string { return strings.Join(w.conditions, " AND ") }

// reservationColumns are the columns that scanReservation reads, in its order.
const reservationColumns = `
canonical, id, workspace_id, code, user_id, state, expires_at, created_at, created_by, redemption_id`

// storedReservation is a row of the table reservations.
type storedReservation struct {
	codes.Reservation
	canonical string
}

// findReservations finds the reservations that a condition selects.
func findReservations(conn *sqlite.Conn, which string, args ...any) (all []storedReservation, err error) {
	err = sqlitex.Execute(conn, "SELECT "+reservationColumns+" FROM reservations "+which, &sqlitex.ExecOptions{
		Args:       args,
		ResultFunc: func(stmt *sqlite.Stmt) error { all = append(all, scanReservation(stmt)); return nil },
	})
	return all, err
}

func scanReservation(stmt *sqlite.Stmt) storedReservation {
	return storedReservation{
		canonical: stmt.ColumnText(0),
		Reservation: codes.Reservation{
			ID:           columnID(stmt, 1),
			WorkspaceID:  columnID(stmt, 2),
			Code:         stmt.ColumnText(3),
			UserID:       stmt.ColumnText(4),
			State:        codes.ReservationState(stmt.ColumnText(5)),
			ExpiresAt:    *columnTime(stmt, 6),
			CreatedAt:    *columnTime(stmt, 7),
			CreatedBy:    columnID(stmt, 8),
			RedemptionID: columnID(stmt, 9),
		},
	}
}

func storeReservation(conn *sqlite.Conn, r *codes.TrackedReservation) error {
	if r.Change == codes.Changed {
		return run(conn, "UPDATE reservations SET state = ?3, redemption_id = ?4 WHERE workspace_id = ?1 AND id = ?2",
			r.WorkspaceID[:], r.ID[:], string(r.State), idOrNil(r.RedemptionID))
	}
	return run(conn, "INSERT INTO reservations ("+reservationColumns+") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
		r.Canonical, r.ID[:], r.WorkspaceID[:], r.Code, r.UserID, string(r.State),
		r.ExpiresAt.UnixMicro(), r.CreatedAt.UnixMicro(), r.CreatedBy[:], idOrNil(r.RedemptionID))
}

// Reservation implements [codes.RedemptionStore].
func (s *Store) Reservation(
	ctx context.Context,
	workspace, id core.ID,
) (canonical string, r codes.Reservation, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := findReservations(conn, "WHERE workspace_id = ?1 AND id = ?2", workspace[:], id[:])
		if len(found) > 0 {
			canonical, r = found[0].canonical, found[0].Reservation
		}
		return orNotFound(len(found) > 0, err)
	})
	return canonical, r, err
}

// tidiedAtOnce is the largest number of reservations that one call tidies, so that other writes do
// not wait long.
const tidiedAtOnce = 500

// TidyReservations implements [codes.RedemptionStore]. It takes the write lock only if there is
// something to do.
func (s *Store) TidyReservations(ctx context.Context, now time.Time, recorder *event.Recorder) (tidied int, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		return one(
			conn,
			"SELECT 1 FROM reservations WHERE state = 'held' AND expires_at <= ?1 LIMIT 1",
			[]any{now.UnixMicro()},
			func(*sqlite.Stmt) {},
		)
	})
	if errors.Is(err, core.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		lapsed, err := findReservations(
			conn,
			"WHERE state = 'held' AND expires_at <= ?1 LIMIT ?2",
			now.UnixMicro(),
			tidiedAtOnce,
		)
		for _, r := range lapsed {
			err = errors.Join(
				err,
				run(
					conn,
					"UPDATE reservations SET state = 'lapsed' WHERE workspace_id = ?1 AND id = ?2",
					r.WorkspaceID[:],
					r.ID[:],
				),
				run(conn, "UPDATE codes SET reservations = reservations - 1 WHERE canonical = ?1", r.canonical),
			)
		}
		tidied = len(lapsed)
		if err != nil || recorder == nil {
			return err
		}
		return recordLapsed(ctx, conn, recorder, lapsed, now)
	})
	return tidied, err
}

// recordLapsed stores the events about lapsed reservations of workspaces that listen.
func recordLapsed(
	ctx context.Context, conn *sqlite.Conn, recorder *event.Recorder, lapsed []storedReservation, now time.Time,
) error {
	listens := map[core.ID]bool{}
	const who = "SELECT id FROM workspaces WHERE events = 'all' OR wanted LIKE '%reservation.lapsed%'"
	err := sqlitex.Execute(conn, who, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error { listens[columnID(stmt, 0)] = true; return nil },
	})
	var events []*event.Event
	for _, r := range lapsed {
		if err != nil {
			return err
		}
		if listens[r.WorkspaceID] {
			var e *event.Event
			e, err = codes.Lapsed(ctx, recorder, r.canonical, r.Reservation, now)
			events = append(events, e)
		}
	}
	if err != nil {
		return err
	}
	return insertEvents(conn, events)
}
