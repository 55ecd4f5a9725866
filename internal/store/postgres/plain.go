package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/plain"
)

var _ plain.DB = (*Store)(nil)

// Read implements [plain.DB].
func (s *Store) Read(ctx context.Context, read func(plain.Tx) error) error {
	return s.readIn(ctx, keyLane, func(ctx context.Context, q querier) error { return read(plainTx{ctx, q, s}) })
}

// List implements [plain.DB].
func (s *Store) List(ctx context.Context, read func(plain.Tx) error) error {
	return s.list(ctx, func(ctx context.Context, q querier) error { return read(plainTx{ctx, q, s}) })
}

// Write implements [plain.DB].
func (s *Store) Write(ctx context.Context, repeat plain.Repeat, write func(plain.Tx) error) error {
	k := once
	if repeat == plain.Idempotent {
		k = idempotent
	}
	return s.transact(ctx, k, func(ctx context.Context, tx pgx.Tx) error { return write(plainTx{ctx, tx, s}) })
}

// plainTx is a connection or a transaction as a [plain.Tx]. It is valid as long as the context.
type plainTx struct {
	ctx   context.Context
	q     querier
	store *Store
}

// Query implements [plain.Tx].
func (tx plainTx) Query(sql string, args []any, scan func(plain.Row) error) error {
	values, err := plainArguments(args)
	if err != nil {
		return err
	}
	rows, err := tx.q.Query(tx.ctx, numberedParams(sql), values...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(plainRow{rows}); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Exec implements [plain.Tx].
func (tx plainTx) Exec(sql string, args ...any) (int64, error) {
	values, err := plainArguments(args)
	if err != nil {
		return 0, err
	}
	tag, err := tx.q.Exec(tx.ctx, numberedParams(sql), values...)
	return tag.RowsAffected(), err
}

// AddEvents implements [plain.Tx].
func (tx plainTx) AddEvents(events ...*event.Event) error {
	if len(events) == 0 {
		return nil
	}
	batch := new(pgx.Batch)
	tx.store.queueEvents(batch, events)
	return tx.q.SendBatch(tx.ctx, batch).Close()
}

// Now implements [plain.Tx].
func (tx plainTx) Now() (now time.Time, err error) {
	err = tx.q.QueryRow(tx.ctx, "SELECT clock_timestamp()").Scan(&now)
	return now.UTC(), err
}

// numberedParams replaces ?1 by $1.
func numberedParams(sql string) string { return strings.ReplaceAll(sql, "?", "$") }

func plainArguments(args []any) ([]any, error) {
	values, err := plain.Values(args)
	for i, value := range values {
		if id, ok := value.(core.ID); ok {
			values[i] = [16]byte(id)
		}
	}
	return values, err
}
