package sqlite

import (
	"context"

	"accesscodes/internal/store/plain"
)

// About returns the version of SQLite and how much room the database takes, in bytes.
func (s *Store) About(ctx context.Context) (version string, bytes int64, err error) {
	err = s.List(ctx, func(tx plain.Tx) error {
		const sql = "SELECT sqlite_version(), page_count * page_size FROM pragma_page_count, pragma_page_size"
		return tx.Query(sql, nil, func(row plain.Row) error { return row.Scan(&version, &bytes) })
	})
	return version, bytes, err
}
