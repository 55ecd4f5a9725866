package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// insertCode inserts a code: its form, its fields, and the mark by which a retry finds it.
var insertCode = func() string {
	columns := []string{"canonical"}
	for _, f := range insertedFields {
		columns = append(columns, f.Column)
	}
	columns = append(columns, "retry_key", "retry_fingerprint")
	return "INSERT INTO codes (" + strings.Join(columns, ", ") + ") VALUES (" + marks(len(columns)) +
		") ON CONFLICT (canonical) DO NOTHING"
}()

// insertedFields are the fields that an insert sets. Counters begin at 0.
var insertedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool { return f.Counted })

// codeColumns are the columns that scanCode reads, in its order: the fields, and further ones after
// them. The first parameter is the instant for which reservations are counted.
var codeColumns = func() string {
	var columns []string
	for _, f := range codes.Fields() {
		if f.Column == "reservations" { // the column includes lapsed ones
			columns = append(columns, liveReservations)
		} else {
			columns = append(columns, f.Column)
		}
	}
	return strings.Join(columns, ", ") +
		", retry_key, retry_fingerprint, reservations, rowid, first_redemption IS NULL, canonical < '!'"
}()

// liveReservations counts the reservations of a row of codes that hold a use. It counts the lapsed
// ones that are not tidied yet, which are few even if very many are live. Nothing is counted if all
// have lapsed, as at an instant far in the future.
const liveReservations = `
CASE WHEN reservations = 0 OR NOT EXISTS (` + heldOf + ` AND r.expires_at > ?1) THEN 0
ELSE reservations - (SELECT count(*) FROM (` + heldOf + ` AND r.expires_at <= ?1)) END`

const heldOf = "SELECT 1 FROM reservations r WHERE r.canonical = codes.canonical AND r.state = 'held'"

// InsertCodes implements [codes.CodeStore].
func (s *Store) InsertCodes(ctx context.Context, list []*codes.NewCode) ([]codes.InsertResult, error) {
	results := make([]codes.InsertResult, len(list))
	err := s.write(ctx, func(conn *sqlite.Conn) (err error) {
		var events []*event.Event
		for i := range list {
			if results[i], err = insert(conn, list[i]); err != nil {
				return fmt.Errorf("insert code: %w", err)
			}
			if results[i].Outcome == codes.Inserted {
				events = append(events, list[i].Events...)
			}
		}
		return insertEvents(conn, events)
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
	for i := range insertedFields {
		if err := bindValue(stmt, i+2, insertedFields[i].Of(&code.Code)); err != nil {
			return err
		}
	}
	if !code.Retry.IsZero() {
		stmt.BindBytes(len(insertedFields)+2, code.Retry.Key[:])
		stmt.BindBytes(len(insertedFields)+3, code.Retry.Fingerprint[:])
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
func (s *Store) Code(
	ctx context.Context,
	workspace core.ID,
	canonical string,
	at time.Time,
) (code codes.Code, err error) {
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
func (s *Store) FindCodes(
	ctx context.Context,
	workspace core.ID,
	canonicals []string,
	at time.Time,
) (codes []codes.Code, err error) {
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
func (s *Store) CodeByRetryKey(
	ctx context.Context,
	workspace core.ID,
	key [16]byte,
	at time.Time,
) (code *codes.RetriedCode, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		found, err := codeByRetryKey(conn, workspace, key, at)
		code = found
		return err
	})
	return code, err
}

// codeByRetryKey finds the code with a key, or the mark of a deleted code.
func codeByRetryKey(conn *sqlite.Conn, workspace core.ID, key [16]byte, at time.Time) (*codes.RetriedCode, error) {
	found, err := findCode(
		conn,
		"SELECT "+codeColumns+" FROM codes WHERE retry_key = ?2 AND workspace_id = ?3",
		func(stmt *sqlite.Stmt) {
			stmt.BindInt64(1, at.UnixMicro())
			stmt.BindBytes(2, key[:])
			stmt.BindBytes(3, workspace[:])
		},
	)
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
	namesNone bool    // the row names no redemption: none was stored since rows name the first
	first     core.ID // the redemption that the row will name; zero: unchanged
}

// codeOf finds a code of a workspace. Nothing of another workspace's code is decoded or counted, so
// finding it takes as long as finding nothing.
func codeOf(conn *sqlite.Conn, at time.Time, workspace core.ID, canonical string) (*storedCode, error) {
	return findCode(
		conn,
		"SELECT "+codeColumns+" FROM codes WHERE canonical = ?2 AND workspace_id = ?3",
		func(stmt *sqlite.Stmt) {
			stmt.BindInt64(1, at.UnixMicro())
			stmt.BindText(2, canonical)
			stmt.BindBytes(3, workspace[:])
		},
	)
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
	code, fields := new(storedCode), codes.Fields()
	for i := range fields {
		if err := scanColumn(stmt, i, fields[i].Of(&code.Code)); err != nil {
			return nil, err
		}
	}
	rest := len(fields)
	stmt.ColumnBytes(rest, code.Retry.Key[:])
	stmt.ColumnBytes(rest+1, code.Retry.Fingerprint[:])
	code.held, code.rowid = stmt.ColumnInt64(rest+2), stmt.ColumnInt64(rest+3)
	code.namesNone, code.HasOldForm = stmt.ColumnBool(rest+4), stmt.ColumnBool(rest+5)
	return code, nil
}

// encodeMetadata writes metadata as a JSON object, or as an empty text if there is none.
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
