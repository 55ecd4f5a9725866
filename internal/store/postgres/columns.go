package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/core"
)

// The helpers here are the one place that knows how columns store values: ids as uuid, times as
// timestamptz (which keeps microseconds), absent or empty values as NULL.

// orNull returns a text as an argument; NULL for none.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// idOrNull returns an id as an argument; NULL for none.
func idOrNull(id core.ID) *[16]byte {
	if id.IsZero() {
		return nil
	}
	return (*[16]byte)(&id)
}

// orZero returns an id that was read; zero for NULL.
func orZero(id *[16]byte) (read core.ID) {
	if id != nil {
		read = *id
	}
	return read
}

// encodeMetadata returns metadata as an argument: a JSON object, or NULL for none.
func encodeMetadata(metadata map[string]string) (*string, error) {
	if len(metadata) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(metadata)
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	return orNull(string(text)), nil
}

// utc returns a time that was read; nil stays nil.
func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// orEmpty returns a text that was read; empty for NULL.
func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// rowOf reads the one row of a query; no row is [core.ErrNotFound].
func rowOf[T any](rows pgx.Rows, err error, scan pgx.RowToFunc[T]) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return none, err
	}
	if len(all) == 0 {
		return none, core.ErrNotFound
	}
	return all[0], nil
}

// rowsOf reads every row of a query.
func rowsOf[T any](rows pgx.Rows, err error, scan pgx.RowToFunc[T]) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}
