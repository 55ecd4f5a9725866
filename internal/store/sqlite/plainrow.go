package sqlite

import (
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/core"
)

// plainRow is a statement's row as a [plain.Row].
type plainRow struct{ stmt *sqlite.Stmt }

// Scan implements [plain.Row].
func (row plainRow) Scan(dest ...any) error {
	if count := row.stmt.ColumnCount(); len(dest) != count {
		return fmt.Errorf("%d destinations for %d columns", len(dest), count)
	}
	for i, to := range dest {
		if err := scanColumn(row.stmt, i, to); err != nil {
			return fmt.Errorf("column %s: %w", row.stmt.ColumnName(i), err)
		}
	}
	return nil
}

func scanColumn(stmt *sqlite.Stmt, column int, dest any) error {
	switch to := dest.(type) {
	case *string:
		return scanInto(stmt, column, to, readText)
	case *int:
		return scanInto(stmt, column, to, readInt[int])
	case *int64:
		return scanInto(stmt, column, to, readInt[int64])
	case *bool:
		return scanInto(stmt, column, to, readBool)
	case *time.Time:
		return scanInto(stmt, column, to, readTime)
	case **string:
		return scanOptional(stmt, column, to, readText)
	case **int:
		return scanOptional(stmt, column, to, readInt[int])
	case **int64:
		return scanOptional(stmt, column, to, readInt[int64])
	case **bool:
		return scanOptional(stmt, column, to, readBool)
	case **time.Time:
		return scanOptional(stmt, column, to, readTime)
	case *[]byte:
		return scanBytes(stmt, column, to)
	case []byte:
		return fill(stmt, column, to)
	case *core.OptionalText:
		*to = core.OptionalText(stmt.ColumnText(column))
		return nil
	case *core.Metadata:
		metadata, err := decodeMetadata(stmt.ColumnText(column))
		*to = metadata
		return err
	case *core.ID:
		if stmt.ColumnIsNull(column) {
			*to = core.ID{}
			return nil
		}
		return fill(stmt, column, to[:])
	default:
		return fmt.Errorf("a destination of the type %T", dest)
	}
}

// reader reads a column that is not NULL.
type reader[T any] func(stmt *sqlite.Stmt, column int) (T, error)

func scanInto[T any](stmt *sqlite.Stmt, column int, to *T, read reader[T]) (err error) {
	*to, err = read(stmt, column)
	return err
}

func scanOptional[T any](stmt *sqlite.Stmt, column int, to **T, read reader[T]) error {
	if stmt.ColumnIsNull(column) {
		*to = nil
		return nil
	}
	value, err := read(stmt, column)
	*to = &value
	return err
}

func readText(stmt *sqlite.Stmt, column int) (string, error) {
	return stmt.ColumnText(column), checkType(stmt, column, sqlite.TypeText)
}

func readInt[T int | int64](stmt *sqlite.Stmt, column int) (T, error) {
	return T(stmt.ColumnInt64(column)), checkType(stmt, column, sqlite.TypeInteger)
}

func readBool(stmt *sqlite.Stmt, column int) (bool, error) {
	n, err := readInt[int64](stmt, column)
	if err == nil && n != 0 && n != 1 {
		err = fmt.Errorf("%d is not a boolean", n)
	}
	return n == 1, err
}

func readTime(stmt *sqlite.Stmt, column int) (time.Time, error) {
	micros, err := readInt[int64](stmt, column)
	return time.UnixMicro(micros).UTC(), err
}

func scanBytes(stmt *sqlite.Stmt, column int, to *[]byte) error {
	if stmt.ColumnIsNull(column) {
		*to = nil
		return nil
	}
	*to = make([]byte, stmt.ColumnLen(column))
	return fill(stmt, column, *to)
}

func fill(stmt *sqlite.Stmt, column int, to []byte) error {
	if err := checkType(stmt, column, sqlite.TypeBlob); err != nil {
		return err
	}
	if length := stmt.ColumnLen(column); length != len(to) {
		return fmt.Errorf("%d bytes, want %d", length, len(to))
	}
	stmt.ColumnBytes(column, to)
	return nil
}

func checkType(stmt *sqlite.Stmt, column int, want sqlite.ColumnType) error {
	if is := stmt.ColumnType(column); is != want {
		return fmt.Errorf("the value is of the type %v, want %v", is, want)
	}
	return nil
}
