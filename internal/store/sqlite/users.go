package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/plain"
)

// userColumns are what scanUser reads, in its order.
const userColumns = "workspace_id, user_id, status, created_at, updated_at, last_ordinal"

func scanUser(stmt *sqlite.Stmt) codes.User {
	return codes.User{
		WorkspaceID: columnID(stmt, 0),
		ID:          stmt.ColumnText(1),
		Status:      codes.UserStatus(stmt.ColumnText(2)),
		CreatedAt:   *columnTime(stmt, 3),
		UpdatedAt:   *columnTime(stmt, 4),
		LastOrdinal: stmt.ColumnInt64(5),
	}
}

func findUser(conn *sqlite.Conn, ref codes.UserRef) (user codes.User, err error) {
	err = first(conn, "SELECT "+userColumns+" FROM users WHERE workspace_id = ?1 AND user_id = ?2",
		func(stmt *sqlite.Stmt) {
			stmt.BindBytes(1, ref.WorkspaceID[:])
			stmt.BindText(2, ref.ID)
		}, func(stmt *sqlite.Stmt) error {
			user = scanUser(stmt)
			return nil
		})
	return user, err
}

func storeUser(conn *sqlite.Conn, user *codes.TrackedUser) error {
	switch user.Change {
	case codes.Removed:
		return run(conn, "DELETE FROM users WHERE workspace_id = ?1 AND user_id = ?2", user.WorkspaceID[:], user.ID)
	case codes.Changed:
		return run(conn, `
			UPDATE users SET status = ?3, created_at = ?4, updated_at = ?5, last_ordinal = ?6
			WHERE workspace_id = ?1 AND user_id = ?2`, user.WorkspaceID[:], user.ID, string(user.Status),
			user.CreatedAt.UnixMicro(), user.UpdatedAt.UnixMicro(), user.LastOrdinal)
	}
	stmt, err := conn.Prepare("INSERT INTO users (" + userColumns + ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
	if err != nil {
		return err
	}
	stmt.BindBytes(1, user.WorkspaceID[:])
	stmt.BindText(2, user.ID)
	stmt.BindText(3, string(user.Status))
	stmt.BindInt64(4, user.CreatedAt.UnixMicro())
	stmt.BindInt64(5, user.UpdatedAt.UnixMicro())
	stmt.BindInt64(6, user.LastOrdinal)
	_, err = stmt.Step()
	return err
}

// User implements [codes.RedemptionStore].
func (s *Store) User(ctx context.Context, workspace core.ID, id string) (user codes.User, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		user, err = findUser(conn, codes.UserRef{WorkspaceID: workspace, ID: id})
		return err
	})
	return user, err
}

// PutUser implements [codes.RedemptionStore].
func (s *Store) PutUser(ctx context.Context, user codes.User, source *event.Source) (stored codes.User, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		before, err := findUser(conn, codes.UserRef{WorkspaceID: user.WorkspaceID, ID: user.ID})
		if err := ignoreNotFound(err); err != nil {
			return err
		}
		err = one(conn, `
			INSERT INTO users (`+userColumns+`) VALUES (?1, ?2, ?3, ?4, ?5, 0)
			ON CONFLICT (workspace_id, user_id) DO UPDATE SET
				status = excluded.status, updated_at = CASE status WHEN excluded.status THEN updated_at ELSE excluded.updated_at END
			RETURNING `+userColumns,
			[]any{user.WorkspaceID[:], user.ID, string(user.Status), user.CreatedAt.UnixMicro(), user.UpdatedAt.UnixMicro()},
			func(stmt *sqlite.Stmt) { stored = scanUser(stmt) })
		if err != nil {
			return err
		}
		e, err := stored.Put(source, before.Status)
		if err != nil || e == nil {
			return err
		}
		return insertEvents(conn, []*event.Event{e})
	})
	return stored, err
}

// EraseUser implements [codes.RedemptionStore].
func (s *Store) EraseUser(
	ctx context.Context, workspace core.ID, id string, erased ...*event.Event,
) (found bool, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		for _, statement := range []string{
			"DELETE FROM users WHERE workspace_id = ?1 AND user_id = ?2",
			"UPDATE redemptions INDEXED BY redemptions_user SET user_id = NULL WHERE workspace_id = ?1 AND user_id = ?2",
			"UPDATE reservations INDEXED BY reservations_user SET user_id = NULL WHERE workspace_id = ?1 AND user_id = ?2",
		} {
			if err := run(conn, statement, workspace[:], id); err != nil {
				return err
			}
			found = found || conn.Changes() > 0
		}
		if err := plain.EraseFromCounts(plainTx{conn}, workspace, id); err != nil {
			return err
		}
		if err := plain.EraseFromEvents(plainTx{conn}, workspace, id); err != nil || !found {
			return err
		}
		return insertEvents(conn, erased)
	})
	return found && err == nil, err
}

// Users implements [codes.ListStore].
func (s *Store) Users(ctx context.Context, q *codes.UserQuery) (all []codes.User, err error) {
	query, args := usersQuery(q)
	budget := core.NewBudget(q.MaxBytes)
	err = s.list(ctx, func(conn *sqlite.Conn) error {
		return untilEnough(conn, query, args, func(stmt *sqlite.Stmt) (bool, error) {
			user := scanUser(stmt)
			all = append(all, user)
			return budget.Spend(user.Size()), nil
		})
	})
	return all, err
}

func usersQuery(q *codes.UserQuery) (string, []any) {
	var w where
	w.add("workspace_id = ?", q.WorkspaceID[:])
	if q.After != "" {
		w.add("user_id > ?", q.After)
	}
	if q.Query != "" {
		low, high := core.PrefixRange(q.Query)
		w.add("user_id >= ?", low)
		if high != "" {
			w.add("user_id < ?", high)
		}
	}
	if q.Status != "" {
		w.add("status = ?", string(q.Status))
	}
	return "SELECT " + userColumns + " FROM users WHERE " + w.text() + " ORDER BY user_id LIMIT ?", append(w.args, q.Limit)
}
