package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/plain"
)

// userColumns are the columns that scanUser reads, in its order, and userTypes are their types.
const userColumns = "workspace_id, user_id, status, created_at, updated_at, last_ordinal"

var userTypes = []string{"uuid", "text", "text", "timestamptz", "timestamptz", "bigint"}

func scanUser(row pgx.CollectableRow) (u codes.User, err error) {
	err = row.Scan((*[16]byte)(&u.WorkspaceID), &u.ID, (*string)(&u.Status), &u.CreatedAt, &u.UpdatedAt, &u.LastOrdinal)
	u.CreatedAt, u.UpdatedAt = u.CreatedAt.UTC(), u.UpdatedAt.UTC()
	return u, err
}

func (s *Store) storeUsers(batch *pgx.Batch, users []*codes.TrackedUser) {
	var rows [][]any
	for _, u := range users {
		switch u.Change {
		case codes.Added:
			rows = append(rows, []any{[16]byte(u.WorkspaceID), u.ID, string(u.Status), u.CreatedAt, u.UpdatedAt, u.LastOrdinal})
		case codes.Changed:
			batch.Queue(`UPDATE users SET status = $3, created_at = $4, updated_at = $5, last_ordinal = $6
				WHERE workspace_id = $1 AND user_id = $2`,
				[16]byte(u.WorkspaceID), u.ID, string(u.Status), u.CreatedAt, u.UpdatedAt, u.LastOrdinal)
		case codes.Removed:
			batch.Queue("DELETE FROM users WHERE workspace_id = $1 AND user_id = $2", [16]byte(u.WorkspaceID), u.ID)
		}
	}
	s.insert(batch, "users", userColumns, userTypes, rows)
}

// User implements [codes.RedemptionStore].
func (s *Store) User(ctx context.Context, workspace core.ID, id string) (user codes.User, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT "+userColumns+" FROM users WHERE workspace_id = $1 AND user_id = $2",
			[16]byte(workspace), id)
		user, err = rowOf(rows, err, scanUser)
		return err
	})
	return user, err
}

// PutUser implements [codes.RedemptionStore].
func (s *Store) PutUser(ctx context.Context, user codes.User, source *event.Source) (stored codes.User, err error) {
	err = s.transact(ctx, once, func(ctx context.Context, tx pgx.Tx) error {
		var before codes.UserStatus
		stored, before, err = putUser(ctx, tx, user)
		if err != nil {
			return err
		}
		e, err := stored.Put(source, before)
		if err != nil || e == nil {
			return err
		}
		return plainTx{ctx, tx, s}.AddEvents(e)
	})
	return stored, err
}

// putUser stores a user and returns the new state and the earlier one. A user who does not exist
// cannot be locked: the first insert succeeds, and the other transaction finds the row.
func putUser(
	ctx context.Context, tx pgx.Tx, user codes.User,
) (stored codes.User, before codes.UserStatus, err error) {
	args := []any{[16]byte(user.WorkspaceID), user.ID, string(user.Status), user.CreatedAt, user.UpdatedAt}
	rows, err := tx.Query(ctx, "INSERT INTO users ("+userColumns+`) VALUES ($1, $2, $3, $4, $5, 0)
		ON CONFLICT (workspace_id, user_id) DO NOTHING RETURNING `+userColumns, args...)
	stored, err = rowOf(rows, err, scanUser)
	if !errors.Is(err, core.ErrNotFound) {
		return stored, codes.Unregistered, err
	}
	// Written unchanged, to lock it on every engine.
	rows, err = tx.Query(ctx, `UPDATE users SET status = status WHERE workspace_id = $1 AND user_id = $2
		RETURNING `+userColumns, args[:2]...)
	was, err := rowOf(rows, err, scanUser)
	if errors.Is(err, core.ErrNotFound) {
		return stored, before, errAgain // erased, or rolled back, in between
	}
	if err != nil || was.Status == user.Status {
		return was, was.Status, err
	}
	rows, err = tx.Query(ctx, `UPDATE users SET status = $3, updated_at = $4 WHERE workspace_id = $1 AND user_id = $2
		RETURNING `+userColumns, args[0], args[1], args[2], args[4])
	stored, err = rowOf(rows, err, scanUser)
	return stored, was.Status, err
}

// EraseUser implements [codes.RedemptionStore].
func (s *Store) EraseUser(
	ctx context.Context, workspace core.ID, id string, erased ...*event.Event,
) (found bool, err error) {
	err = s.transact(ctx, once, func(ctx context.Context, tx pgx.Tx) error {
		found, err = s.eraseUser(ctx, tx, [16]byte(workspace), id)
		if err != nil {
			return err
		}
		plainly := plainTx{ctx, tx, s}
		if err := plain.EraseFromCounts(plainly, workspace, id); err != nil {
			return err
		}
		if err := plain.EraseFromEvents(plainly, workspace, id); err != nil || !found {
			return err
		}
		return plainly.AddEvents(erased...)
	})
	return found && err == nil, err
}

// eraseUser locks codes first, as commands do: those of which the user holds a use, because a
// transaction that is about to confirm has read the id. Then it locks the user, because a
// transaction with that lock may be about to write redemptions. A user who is not registered cannot
// be locked. If the user is registered at the end, or holds something new, that was added meanwhile,
// and everything starts again.
func (s *Store) eraseUser(ctx context.Context, tx pgx.Tx, user ...any) (found bool, err error) {
	const theirs = " WHERE workspace_id = $1 AND user_id = $2"
	rows, err := tx.Query(ctx, "SELECT DISTINCT canonical FROM reservations"+theirs+" AND state = 'held'", user...)
	locked, err := rowsOf(rows, err, pgx.RowTo[string])
	if err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, s.engine().lockCodes("c.canonical", ""), locked); err != nil {
		return false, err
	}
	for _, statement := range []string{"DELETE FROM users", "UPDATE redemptions SET user_id = NULL"} {
		tag, err := tx.Exec(ctx, statement+theirs, user...)
		if err != nil {
			return false, err
		}
		found = found || tag.RowsAffected() > 0
	}
	rows, err = tx.Query(ctx, "UPDATE reservations SET user_id = NULL"+theirs+" RETURNING state = 'held' AND "+
		"canonical <> ALL ($3)", append(user, locked)...)
	isNew, err := rowsOf(rows, err, pgx.RowTo[bool])
	if err != nil {
		return false, err
	}
	registered, err := s.isRegistered(ctx, tx, user...)
	if err != nil {
		return false, err
	}
	if registered || slices.Contains(isNew, true) {
		return false, errAgain
	}
	return found || len(isNew) > 0, nil
}

// isRegistered reports whether there is a user, also one whom a transaction has added of which another node
// has committed its part already, and this user's node not yet: adding them waits for that.
func (s *Store) isRegistered(ctx context.Context, tx pgx.Tx, user ...any) (is bool, err error) {
	if !s.engine().distributed {
		const found = "SELECT EXISTS (SELECT 1 FROM users WHERE workspace_id = $1 AND user_id = $2)"
		err = tx.QueryRow(ctx, found, user...).Scan(&is)
		return is, err
	}
	added, err := tx.Exec(ctx, "INSERT INTO users (workspace_id, user_id, status, created_at, updated_at) "+
		"VALUES ($1, $2, '', 'epoch', 'epoch') ON CONFLICT DO NOTHING", user...)
	if err != nil || added.RowsAffected() == 0 {
		return err == nil, err
	}
	_, err = tx.Exec(ctx, "DELETE FROM users WHERE workspace_id = $1 AND user_id = $2", user...)
	return false, err
}

// Users implements [codes.ListStore].
func (s *Store) Users(ctx context.Context, q *codes.UserQuery) (all []codes.User, err error) {
	query, args := usersQuery(q)
	err = s.list(ctx, func(ctx context.Context, db querier) error {
		all = nil
		budget := core.NewBudget(q.MaxBytes)
		rows, err := db.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		return untilEnough(rows, scanUser, func(u codes.User) bool {
			all = append(all, u)
			return budget.Spend(u.Size())
		})
	})
	return all, err
}

func usersQuery(q *codes.UserQuery) (string, []any) {
	var w where
	w.add("workspace_id = $", [16]byte(q.WorkspaceID))
	if q.After != "" {
		w.add("user_id > $", q.After)
	}
	if q.Query != "" {
		low, high := core.PrefixRange(q.Query)
		w.add("user_id >= $", low)
		if high != "" {
			w.add("user_id < $", high)
		}
	}
	if q.Status != "" {
		w.add("status = $", string(q.Status))
	}
	return "SELECT " + userColumns + " FROM users WHERE " + w.text() + " ORDER BY user_id LIMIT " +
		strconv.Itoa(q.Limit), w.args
}
