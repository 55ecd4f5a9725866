package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/store/transfer"
)

var _ transfer.Database = (*Store)(nil)

// copiedMark is the mark of codes that were copied from another database. No insert has it.
const copiedMark int64 = -1

// Rows implements [transfer.Database].
func (s *Store) Rows(
	ctx context.Context,
	table transfer.Table,
	after transfer.Row,
	limit int,
) (rows []transfer.Row, err error) {
	var w where
	if after != nil {
		args := make([]any, len(after))
		for i, value := range after {
			args[i] = stored(table.Columns[i].Kind, value)
		}
		w.add(
			fmt.Sprintf("WHERE (%s) > (%s)", table.KeyList(""), strings.TrimSuffix(strings.Repeat("$, ", len(args)), ", ")),
			args...)
	}
	query := fmt.Sprintf(
		"SELECT %s FROM %s %s ORDER BY %s LIMIT %d",
		table.ColumnList(),
		table.Name,
		w.text(),
		table.KeyList(""),
		limit,
	)
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		found, err := q.Query(ctx, query, w.args...)
		rows, err = rowsOf(found, err, func(row pgx.CollectableRow) (transfer.Row, error) { return scanRow(row, table) })
		return err
	})
	return rows, err
}

func scanRow(found pgx.CollectableRow, table transfer.Table) (transfer.Row, error) {
	values, err := found.Values()
	if err != nil {
		return nil, err
	}
	row := make(transfer.Row, len(values))
	for i, value := range values {
		if row[i], err = portable(value); err != nil {
			return nil, fmt.Errorf("column %s: %w", table.Columns[i].Name, err)
		}
	}
	return row, nil
}

// portable returns a value that was read in the form of a [transfer.Row].
func portable(value any) (any, error) {
	switch v := value.(type) {
	case nil, string, []byte, int64:
		return v, nil
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case [16]byte:
		return v[:], nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case time.Time:
		return v.UnixMicro(), nil
	case map[string]any:
		text, err := json.Marshal(v) // this sorts the names
		return string(text), err
	default:
		return nil, fmt.Errorf("a value of the type %T", value)
	}
}

// stored returns a value of a [transfer.Row] as an argument.
func stored(kind transfer.Kind, value any) any {
	switch v := value.(type) {
	case int64:
		switch kind {
		case transfer.Time:
			return time.UnixMicro(v).UTC()
		case transfer.Bool:
			return v != 0
		}
	case []byte:
		if kind == transfer.ID {
			return [16]byte(v)
		}
	case string:
		if kind == transfer.JSON {
			return json.RawMessage(v)
		}
	}
	return value
}

// WriteRows implements [transfer.Database].
func (s *Store) WriteRows(ctx context.Context, table transfer.Table, rows []transfer.Row) error {
	columns, values := table.ColumnNames(), make([][]any, len(rows))
	for r, row := range rows {
		for c, value := range row {
			values[r] = append(values[r], stored(table.Columns[c].Kind, value))
		}
	}
	var claims [][]any // the claims of the rows
	switch table.Name {
	case "codes":
		columns = append(columns, "mark")
		retryKey := slices.Index(columns, "retry_key")
		for r, row := range values {
			values[r] = append(row, copiedMark)
			if key := row[retryKey]; key != nil {
				claims = append(claims, []any{key, row[0], copiedMark})
			}
		}
	case "deleted_retries":
		for _, row := range values {
			claims = append(claims, []any{row[0], "", copiedMark})
		}
	}
	return s.transact(ctx, once, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{table.Name}, columns, pgx.CopyFromRows(values))
		if err == nil && claims != nil {
			_, err = tx.CopyFrom(ctx, pgx.Identifier{"code_retries"},
				[]string{"retry_key", "canonical", "mark"}, pgx.CopyFromRows(claims))
		}
		return err
	})
}

// LastKey implements [transfer.Database].
func (s *Store) LastKey(ctx context.Context, table transfer.Table) (last transfer.Row, err error) {
	query := fmt.Sprintf("SELECT %s FROM %s ORDER BY %s LIMIT 1", table.KeyList(""), table.Name, table.KeyList(" DESC"))
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, query)
		found, err := rowsOf(rows, err, func(row pgx.CollectableRow) (transfer.Row, error) { return scanRow(row, table) })
		if len(found) > 0 {
			last = found[0]
		}
		return err
	})
	return last, err
}

// Count implements [transfer.Database].
func (s *Store) Count(ctx context.Context, table transfer.Table) (count int64, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		return q.QueryRow(ctx, "SELECT count(*) FROM "+table.Name).Scan(&count)
	})
	return count, err
}

// UnfinishedCopy implements [transfer.Database].
func (s *Store) UnfinishedCopy(ctx context.Context) (source string, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		err := q.QueryRow(ctx, "SELECT source FROM unfinished_copy").Scan(&source)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return source, err
}

// SetUnfinishedCopy implements [transfer.Database].
func (s *Store) SetUnfinishedCopy(ctx context.Context, source string) error {
	return s.transact(ctx, idempotent, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM unfinished_copy"); err != nil || source == "" {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO unfinished_copy (id, source) VALUES (1, $1)", source)
		return err
	})
}
