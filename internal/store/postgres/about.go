package postgres

import (
	"context"

	"accesscodes/internal/store/plain"
)

// About returns the version of PostgreSQL and how much room the database takes, in bytes.
func (s *Store) About(ctx context.Context) (version string, bytes int64, err error) {
	err = s.List(ctx, func(tx plain.Tx) error {
		const sql = "SELECT current_setting('server_version'), pg_database_size(current_database())"
		return tx.Query(sql, nil, func(row plain.Row) error { return row.Scan(&version, &bytes) })
	})
	return version, bytes, err
}
