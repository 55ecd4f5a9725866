package postgres

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/access"
)

// userColumns are what scanUser reads, in its order, and userTypes their types.
const userColumns = "workspace_id, user_id, status, created_at, updated_at"

var userTypes = []string{"uuid", "text", "text", "timestamptz", "timestamptz"}

func scanUser(row pgx.CollectableRow) (u access.User, err error) {
	err = row.Scan((*[16]byte)(&u.WorkspaceID), &u.ID, (*string)(&u.Status), &u.CreatedAt, &u.UpdatedAt)
	u.CreatedAt, u.UpdatedAt = u.CreatedAt.UTC(), u.UpdatedAt.UTC()
	return u, err
}

func (s *Store) storeUsers(batch *pgx.Batch, users []*access.UserEntry) {
	var rows [][]any
	for _, u := range users {
		switch u.Change {
		case access.Added:
			rows = append(rows, []any{[16]byte(u.WorkspaceID), u.ID, string(u.Status), u.CreatedAt, u.UpdatedAt})
		case access.Changed:
			batch.Queue("UPDATE users SET status = $3, created_at = $4, updated_at = $5 WHERE workspace_id = $1 AND user_id = $2",
				[16]byte(u.WorkspaceID), u.ID, string(u.Status), u.CreatedAt, u.UpdatedAt)
		case access.Removed:
			batch.Queue("DELETE FROM users WHERE workspace_id = $1 AND user_id = $2", [16]byte(u.WorkspaceID), u.ID)
		}
	}
	s.insert(batch, "users", userColumns, userTypes, rows)
}

// User implements [access.LifeStore].
func (s *Store) User(ctx context.Context, workspace access.ID, id string) (user access.User, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT "+userColumns+" FROM users WHERE workspace_id = $1 AND user_id = $2", [16]byte(workspace), id)
		user, err = rowOf(rows, err, scanUser)
		return err
	})
	return user, err
}

// PutUser implements [access.LifeStore].
func (s *Store) PutUser(ctx context.Context, user access.User) (stored access.User, err error) {
	err = s.act(ctx, single, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, `
			INSERT INTO users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (workspace_id, user_id) DO UPDATE SET
				status = excluded.status, updated_at = CASE users.status WHEN excluded.status THEN users.updated_at ELSE excluded.updated_at END
			RETURNING `+userColumns,
			[16]byte(user.WorkspaceID), user.ID, string(user.Status), user.CreatedAt, user.UpdatedAt)
		stored, err = rowOf(rows, err, scanUser)
		return err
	})
	return stored, err
}

// EraseUser implements [access.LifeStore]. The user comes first: who has locked it may be
// about to write redemptions.
func (s *Store) EraseUser(ctx context.Context, workspace access.ID, id string) (found bool, err error) {
	err = s.transact(ctx, single, func(ctx context.Context, tx pgx.Tx) error {
		found = false
		for _, statement := range []string{
			"DELETE FROM users WHERE workspace_id = $1 AND user_id = $2",
			"UPDATE redemptions SET user_id = NULL WHERE workspace_id = $1 AND user_id = $2",
			"UPDATE reservations SET user_id = NULL WHERE workspace_id = $1 AND user_id = $2",
		} {
			tag, err := tx.Exec(ctx, statement, [16]byte(workspace), id)
			if err != nil {
				return err
			}
			found = found || tag.RowsAffected() > 0
		}
		return nil
	})
	return found && err == nil, err
}

// Users implements [access.ListStore].
func (s *Store) Users(ctx context.Context, q *access.UserQuery) (all []access.User, err error) {
	query, args := usersQuery(q)
	err = s.read(ctx, func(ctx context.Context, db querier) error {
		rows, err := db.Query(ctx, query, args...)
		all, err = rowsOf(rows, err, scanUser)
		return err
	})
	return all, err
}

func usersQuery(q *access.UserQuery) (string, []any) {
	var w where
	w.add("workspace_id = $", [16]byte(q.WorkspaceID))
	if q.After != "" {
		w.add("user_id > $", q.After)
	}
	if q.Query != "" {
		low, high := access.PrefixRange(q.Query)
		w.add("user_id >= $", low)
		if high != "" {
			w.add("user_id < $", high)
		}
	}
	if q.Status != "" {
		w.add("status = $", string(q.Status))
	}
	return "SELECT " + userColumns + " FROM users WHERE " + w.text() + " ORDER BY user_id LIMIT " + strconv.Itoa(q.Limit), w.args
}
