package sqlite

import (
	"context"
	"fmt"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/plain"
)

var _ plain.DB = (*Store)(nil)

// Read implements [plain.DB].
func (s *Store) Read(ctx context.Context, read func(plain.Tx) error) error {
	return s.readIn(ctx, keyLane, func(conn *sqlite.Conn) error { return read(plainTx{conn}) })
}

// List implements [plain.DB].
func (s *Store) List(ctx context.Context, read func(plain.Tx) error) error {
	return s.list(ctx, func(conn *sqlite.Conn) error { return read(plainTx{conn}) })
}

// Write implements [plain.DB]. Whether it was done is always known here.
func (s *Store) Write(ctx context.Context, _ plain.Repeat, write func(plain.Tx) error) error {
	return s.write(ctx, func(conn *sqlite.Conn) error { return write(plainTx{conn}) })
}

// plainTx is a connection as a [plain.Tx].
type plainTx struct{ conn *sqlite.Conn }

// Query implements [plain.Tx].
func (tx plainTx) Query(sql string, args []any, scan func(plain.Row) error) (err error) {
	stmt, err := tx.conn.Prepare(withHints(sql))
	if err != nil {
		return err
	}
	defer func() {
		if resetErr := stmt.Reset(); err == nil {
			err = resetErr
		}
	}()
	if err := bindAll(stmt, args); err != nil {
		return err
	}
	for row := (plainRow{stmt}); ; {
		if found, err := stmt.Step(); err != nil || !found {
			return err
		}
		if err := scan(row); err != nil {
			return err
		}
	}
}

// Exec implements [plain.Tx].
func (tx plainTx) Exec(sql string, args ...any) (int64, error) {
	err := tx.Query(sql, args, func(plain.Row) error { return nil })
	return int64(tx.conn.Changes()), err
}

// withHints makes hints that are for SQLite only part of the statement, by removing the comment
// marks.
func withHints(sql string) string {
	if !strings.Contains(sql, "/*sqlite ") {
		return sql
	}
	return strings.NewReplacer("/*sqlite ", "", " sqlite*/", "").Replace(sql)
}

// AddEvents implements [plain.Tx].
func (tx plainTx) AddEvents(events ...*event.Event) error { return insertEvents(tx.conn, events) }

// Now implements [plain.Tx]. All processes that use a file run on one machine.
func (tx plainTx) Now() (time.Time, error) { return time.Now().UTC().Truncate(time.Microsecond), nil }

func bindAll(stmt *sqlite.Stmt, args []any) error {
	values, err := plain.Values(args)
	if err != nil {
		return err
	}
	if count := stmt.BindParamCount(); len(values) != count {
		return fmt.Errorf("%d arguments for %d parameters", len(values), count)
	}
	for i, value := range values {
		switch v := value.(type) {
		case string:
			stmt.BindText(i+1, v)
		case int64:
			stmt.BindInt64(i+1, v)
		case bool:
			stmt.BindBool(i+1, v)
		case []byte:
			stmt.BindBytes(i+1, v)
		case core.ID:
			stmt.BindBytes(i+1, v[:])
		case time.Time:
			stmt.BindInt64(i+1, v.UnixMicro())
		default: // nil: what is not bound is NULL
		}
	}
	return nil
}
