package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/core"
	"accesscodes/internal/store/transfer"
)

var _ transfer.Database = (*Store)(nil)

// Rows implements [transfer.Database].
func (s *Store) Rows(
	ctx context.Context,
	table transfer.Table,
	after transfer.Row,
	limit int,
) (rows []transfer.Row, err error) {
	query := "SELECT " + table.ColumnList() + " FROM " + table.Name
	if after != nil {
		query += fmt.Sprintf(" WHERE (%s) > (%s)", table.KeyList(""), marks(len(after)))
	}
	query += fmt.Sprintf(" ORDER BY %s LIMIT %d", table.KeyList(""), limit)
	err = s.scan(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
			Args:       after,
			ResultFunc: func(stmt *sqlite.Stmt) error { rows = append(rows, rowOf(stmt, table)); return nil },
		})
	})
	return rows, err
}

// rowOf reads a row. Columns store values as they are in a [transfer.Row].
func rowOf(stmt *sqlite.Stmt, table transfer.Table) transfer.Row {
	row := make(transfer.Row, len(table.Columns))
	for i, column := range table.Columns {
		if stmt.ColumnIsNull(i) {
			continue
		}
		switch column.Kind {
		case transfer.Text, transfer.JSON:
			row[i] = stmt.ColumnText(i)
		case transfer.Int, transfer.Bool, transfer.Time:
			row[i] = stmt.ColumnInt64(i)
		case transfer.Bytes, transfer.ID:
			value := make([]byte, stmt.ColumnLen(i))
			stmt.ColumnBytes(i, value)
			row[i] = value
		}
	}
	return row
}

// WriteRows implements [transfer.Database].
func (s *Store) WriteRows(ctx context.Context, table transfer.Table, rows []transfer.Row) error {
	statement := "INSERT INTO " + table.Name + " (" + table.ColumnList() + ") VALUES (" + marks(len(table.Columns)) + ")"
	return s.write(ctx, func(conn *sqlite.Conn) error {
		for _, row := range rows {
			if err := sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{Args: row}); err != nil {
				return err
			}
		}
		return nil
	})
}

// marks returns the placeholders of a number of parameters.
func marks(count int) string { return strings.TrimSuffix(strings.Repeat("?, ", count), ", ") }

// LastKey implements [transfer.Database].
func (s *Store) LastKey(ctx context.Context, table transfer.Table) (key transfer.Row, err error) {
	only := transfer.Table{Columns: table.Key()}
	query := fmt.Sprintf("SELECT %s FROM %s ORDER BY %s LIMIT 1", table.KeyList(""), table.Name, table.KeyList(" DESC"))
	err = s.scan(ctx, func(conn *sqlite.Conn) error {
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
			ResultFunc: func(stmt *sqlite.Stmt) error { key = rowOf(stmt, only); return nil },
		})
	})
	return key, err
}

// Count implements [transfer.Database].
func (s *Store) Count(ctx context.Context, table transfer.Table) (count int64, err error) {
	err = s.scan(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT count(*) FROM "+table.Name, nil, func(stmt *sqlite.Stmt) { count = stmt.ColumnInt64(0) })
	})
	return count, err
}

// UnfinishedCopy implements [transfer.Database].
func (s *Store) UnfinishedCopy(ctx context.Context) (source string, err error) {
	err = s.scan(ctx, func(conn *sqlite.Conn) error {
		return one(conn, "SELECT source FROM unfinished_copy", nil, func(stmt *sqlite.Stmt) { source = stmt.ColumnText(0) })
	})
	if errors.Is(err, core.ErrNotFound) {
		err = nil
	}
	return source, err
}

// SetUnfinishedCopy implements [transfer.Database].
func (s *Store) SetUnfinishedCopy(ctx context.Context, source string) error {
	return s.write(ctx, func(conn *sqlite.Conn) error {
		if err := exec(conn, "DELETE FROM unfinished_copy"); err != nil || source == "" {
			return err
		}
		return sqlitex.Execute(
			conn,
			"INSERT INTO unfinished_copy (id, source) VALUES (1, ?)",
			&sqlitex.ExecOptions{Args: []any{source}},
		)
	})
}
