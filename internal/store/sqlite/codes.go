package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

const insertCode = `
INSERT INTO codes (canonical, workspace_id, value, type, max_redemptions, starts_at, expires_at,
                   note, recipient, metadata, batch_id, created_at, created_by, retry_key, retry_fingerprint)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
ON CONFLICT (canonical) DO NOTHING`

// codeColumns are what scanCode reads, in its order. The first parameter is the instant that
// reservations are counted for.
const codeColumns = `
value, workspace_id, type, max_redemptions, redemptions, starts_at, expires_at, revoked_at,
note, recipient, metadata, batch_id, created_at, created_by, retry_key, retry_fingerprint, reservations,
` + liveReservations + `, rowid, first_redemption IS NULL, canonical < '!'`

// liveReservations is how many reservations of a row of codes hold a use. Those that have lapsed
// and are not tidied yet are counted, which are few however many are live. None is counted if
// all have lapsed, as at an instant that is far away.
const liveReservations = `
CASE WHEN reservations = 0 OR NOT EXISTS (` + heldOf + ` AND r.expires_at > ?1) THEN 0
ELSE reservations - (SELECT count(*) FROM (` + heldOf + ` AND r.expires_at <= ?1)) END`

const heldOf = "SELECT 1 FROM reservations r WHERE r.canonical = codes.canonical AND r.state = 'held'"

// InsertCodes implements [codes.CodeStore].
func (s *Store) InsertCodes(ctx context.Context, list []*codes.NewCode) ([]codes.InsertResult, error) {
	results := make([]codes.InsertResult, len(list))
	err := s.write(ctx, func(conn *sqlite.Conn) (err error) {
		for i := range list {
			if results[i], err = insert(conn, list[i]); err != nil {
				return fmt.Errorf("insert code: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

func insert(conn *sqlite.Conn, code *codes.NewCode) (codes.InsertResult, error) {
	if !code.Retry.IsZero() {
		existing, err := codeByRetryKey(conn, code.WorkspaceID, code.Retry.Key, code.CreatedAt)
		if !errors.Is(err, core.ErrNotFound) {
			return codes.InsertResult{Outcome: codes.RetryKeyUsed, Existing: existing}, err
		}
	}
	stmt, err := conn.Prepare(insertCode)
	if err != nil {
		return codes.InsertResult{}, err
	}
	if err := bindCode(stmt, code); err != nil {
		return codes.InsertResult{}, err
	}
	if _, err := stmt.Step(); err != nil {
		return codes.InsertResult{}, err
	}
	if conn.Changes() == 0 {
		return codes.InsertResult{Outcome: codes.CodeTaken}, nil
	}
	return codes.InsertResult{Outcome: codes.Inserted}, nil
}

func bindCode(stmt *sqlite.Stmt, code *codes.NewCode) error {
	stmt.BindText(1, code.Canonical)
	stmt.BindBytes(2, code.WorkspaceID[:])
	stmt.BindText(3, code.Value)
	stmt.BindText(4, string(code.Type))
	bindInt(stmt, 5, code.MaxRedemptions)
	bindTime(stmt, 6, code.StartsAt)
	bindTime(stmt, 7, code.ExpiresAt)
	bindText(stmt, 8, code.Note)
	bindText(stmt, 9, code.Recipient)
	metadata, err := encodeMetadata(code.Metadata)
	if err != nil {
		return err
	}
	bindText(stmt, 10, metadata)
	bindID(stmt, 11, code.BatchID)
	stmt.BindInt64(12, code.CreatedAt.UnixMicro())
	stmt.BindBytes(13, code.CreatedBy[:])
	if !code.Retry.IsZero() {
		stmt.BindBytes(14, code.Retry.Key[:])
		stmt.BindBytes(15, code.Retry.Fingerprint[:])
	}
	return nil
}

// CodesTaken implements [codes.CodeStore].
func (s *Store) CodesTaken(ctx context.Context, canonicals []string) ([]bool, error) {
	taken := make([]bool, len(canonicals))
	err := s.read(ctx, func(conn *sqlite.Conn) error {
		for i, canonical := range canonicals {
			err := sqlitex.Execute(conn, "SELECT 1 FROM codes WHERE canonical = ?", &sqlitex.ExecOptions{
				Args:       []any{canonical},
				ResultFunc: func(*sqlite.Stmt) error { taken[i] = true; return nil },
			})
			if err != nil {
				return fmt.Errorf("look up codes: %w", err)
			}
		}
		return nil
	})
	return taken, err
}

// Code implements [codes.CodeStore].
func (s *Store) Code(ctx context.Context, workspace core.ID, canonical string, at time.Time) (code codes.Code, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := codeOf(conn, at, workspace, canonical)
		if err == nil {
			code = found.Code
		}
		return err
	})
	return code, err
}

// FindCodes implements [codes.CodeStore].
func (s *Store) FindCodes(ctx context.Context, workspace core.ID, canonicals []string, at time.Time) (codes []codes.Code, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		for _, canonical := range canonicals {
			if err := ctx.Err(); err != nil {
				return err
			}
			found, err := codeOf(conn, at, workspace, canonical)
			switch {
			case err == nil:
				codes = append(codes, found.Code)
			case !errors.Is(err, core.ErrNotFound):
				return err
			}
		}
		return nil
	})
	return codes, err
}

// CodeByRetryKey implements [codes.CodeStore].
func (s *Store) CodeByRetryKey(ctx context.Context, workspace core.ID, key [16]byte, at time.Time) (code *codes.RetriedCode, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := codeByRetryKey(conn, workspace, key, at)
		code = found
		return err
	})
	return code, err
}

// codeByRetryKey finds the code that carries a key, or what is left of one that was deleted.
func codeByRetryKey(conn *sqlite.Conn, workspace core.ID, key [16]byte, at time.Time) (*codes.RetriedCode, error) {
	found, err := findCode(conn, "SELECT "+codeColumns+" FROM codes WHERE retry_key = ?2 AND workspace_id = ?3", func(stmt *sqlite.Stmt) {
		stmt.BindInt64(1, at.UnixMicro())
		stmt.BindBytes(2, key[:])
		stmt.BindBytes(3, workspace[:])
	})
	if errors.Is(err, core.ErrNotFound) {
		return deletedRetry(conn, workspace, key)
	}
	if err != nil {
		return nil, err
	}
	return &found.RetriedCode, nil
}

// deletedRetry finds the mark of a code that was deleted.
func deletedRetry(conn *sqlite.Conn, workspace core.ID, key [16]byte) (*codes.RetriedCode, error) {
	code := &codes.RetriedCode{Deleted: true, Retry: codes.Retry{Key: key}}
	const query = "SELECT fingerprint FROM deleted_retries WHERE retry_key = ?1 AND workspace_id = ?2"
	err := first(conn, query, func(stmt *sqlite.Stmt) {
		stmt.BindBytes(1, key[:])
		stmt.BindBytes(2, workspace[:])
	}, func(stmt *sqlite.Stmt) error {
		stmt.ColumnBytes(0, code.Retry.Fingerprint[:])
		return nil
	})
	if err != nil {
		return nil, err
	}
	return code, nil
}

// storedCode is a row of the table codes.
type storedCode struct {
	codes.RetriedCode
	held      int64 // reservations that are stored as held
	rowid     int64
	namesNone bool    // of its redemptions: none was stored since rows name the first
	first     core.ID // the redemption that the row will name; zero: no other than it does
}

// codeOf finds a code of a workspace. Nothing of another workspace's code is decoded or counted:
// it is found no slower than one that is not there.
func codeOf(conn *sqlite.Conn, at time.Time, workspace core.ID, canonical string) (*storedCode, error) {
	return findCode(conn, "SELECT "+codeColumns+" FROM codes WHERE canonical = ?2 AND workspace_id = ?3", func(stmt *sqlite.Stmt) {
		stmt.BindInt64(1, at.UnixMicro())
		stmt.BindText(2, canonical)
		stmt.BindBytes(3, workspace[:])
	})
}

func findCode(conn *sqlite.Conn, query string, bind func(*sqlite.Stmt)) (code *storedCode, err error) {
	err = first(conn, query, bind, func(stmt *sqlite.Stmt) (err error) {
		code, err = scanCode(stmt)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find code: %w", err)
	}
	return code, nil
}

func scanCode(stmt *sqlite.Stmt) (*storedCode, error) {
	metadata, err := decodeMetadata(stmt.ColumnText(10))
	code := &storedCode{held: stmt.ColumnInt64(16), rowid: stmt.ColumnInt64(18), namesNone: stmt.ColumnBool(19)}
	code.Code = codes.Code{
		Value:          stmt.ColumnText(0),
		WorkspaceID:    columnID(stmt, 1),
		Type:           codes.Type(stmt.ColumnText(2)),
		MaxRedemptions: columnInt(stmt, 3),
		Redemptions:    stmt.ColumnInt64(4),
		Reservations:   stmt.ColumnInt64(17),
		StartsAt:       columnTime(stmt, 5),
		ExpiresAt:      columnTime(stmt, 6),
		RevokedAt:      columnTime(stmt, 7),
		Note:           stmt.ColumnText(8),
		Recipient:      stmt.ColumnText(9),
		Metadata:       metadata,
		BatchID:        columnID(stmt, 11),
		CreatedAt:      *columnTime(stmt, 12),
		CreatedBy:      columnID(stmt, 13),
		HasOldForm:     stmt.ColumnBool(20),
	}
	stmt.ColumnBytes(14, code.Retry.Key[:])
	stmt.ColumnBytes(15, code.Retry.Fingerprint[:])
	return code, err
}

// encodeMetadata writes metadata as a JSON object, or as nothing if there is none.
func encodeMetadata(metadata map[string]string) (string, error) {
	if len(metadata) == 0 {
		return "", nil
	}
	text, err := json.Marshal(metadata)
	return string(text), err
}

func decodeMetadata(text string) (metadata map[string]string, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &metadata)
	}
	return metadata, err
}
