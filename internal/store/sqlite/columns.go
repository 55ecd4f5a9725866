package sqlite

import (
	"errors"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/core"
)

// The helpers here are the one place that knows how columns store values: times as microseconds
// since 1970, ids as 16 bytes, absent or empty values as NULL.

// A parameter that is not bound is NULL: Prepare clears what an earlier use of the statement has
// bound.

func bindInt(stmt *sqlite.Stmt, param int, n *int64) {
	if n != nil {
		stmt.BindInt64(param, *n)
	}
}

func bindTime(stmt *sqlite.Stmt, param int, t *time.Time) {
	if t != nil {
		stmt.BindInt64(param, t.UnixMicro())
	}
}

func bindText(stmt *sqlite.Stmt, param int, text string) {
	if text != "" {
		stmt.BindText(param, text)
	}
}

func bindID(stmt *sqlite.Stmt, param int, id core.ID) {
	if !id.IsZero() {
		stmt.BindBytes(param, id[:])
	}
}

// bindValue binds the value that a field of a code points to.
func bindValue(stmt *sqlite.Stmt, param int, value any) error {
	switch v := value.(type) {
	case *string:
		stmt.BindText(param, *v)
	case *core.OptionalText:
		bindText(stmt, param, string(*v))
	case *int64:
		stmt.BindInt64(param, *v)
	case **int64:
		bindInt(stmt, param, *v)
	case *time.Time:
		stmt.BindInt64(param, v.UnixMicro())
	case **time.Time:
		bindTime(stmt, param, *v)
	case *core.ID:
		bindID(stmt, param, *v)
	case *core.Metadata:
		metadata, err := encodeMetadata(*v)
		bindText(stmt, param, metadata)
		return err
	default:
		return fmt.Errorf("a field of the type %T", value)
	}
	return nil
}

func columnTime(stmt *sqlite.Stmt, column int) *time.Time {
	if stmt.ColumnIsNull(column) {
		return nil
	}
	t := time.UnixMicro(stmt.ColumnInt64(column)).UTC()
	return &t
}

func columnID(stmt *sqlite.Stmt, column int) (id core.ID) {
	stmt.ColumnBytes(column, id[:])
	return id
}

// micros returns a time as an argument of sqlitex.Execute; nil for none.
func micros(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UnixMicro()
}

func ignoreNotFound(err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

func orNotFound(found bool, err error) error {
	if err == nil && !found {
		return core.ErrNotFound
	}
	return err
}

// idOrNil returns an id as an argument of sqlitex.Execute; nil for none.
func idOrNil(id core.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}
