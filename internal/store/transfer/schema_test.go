package transfer_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/transfer"
)

// ownColumns are the columns that only one engine keeps and that a copy makes anew, and
// ownTables the tables.
var (
	ownTables = []string{
		"unfinished_copy", "event_sequencer", "overview_counts", "event_sweeps", "goose_db_version", "goose_lock",
		"code_retries",
	}
	ownColumns = map[string][]string{
		"sqlite":   {"codes.first_redemption", "redemptions.later"},
		"postgres": {"codes.mark"},
	}
)

// TestEveryColumnIsCopied holds the list of tables against the schemas of both engines, and
// so these against each other.
func TestEveryColumnIsCopied(t *testing.T) {
	var want []string
	for _, table := range transfer.Tables() {
		for _, column := range table.ColumnNames() {
			want = append(want, table.Name+"."+column)
		}
	}
	for engine, columns := range map[string][][2]string{"sqlite": sqliteColumns(t), "postgres": postgresColumns(t)} {
		var got []string
		for _, c := range columns {
			if name := c[0] + "." + c[1]; !slices.Contains(ownTables, c[0]) && !slices.Contains(ownColumns[engine], name) {
				got = append(got, name)
			}
		}
		for _, name := range got {
			if !slices.Contains(want, name) {
				t.Errorf("%s: the column %s would not be copied", engine, name)
			}
		}
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%s: there is no column %s", engine, name)
			}
		}
	}
}

// sqliteColumns are the tables and columns of a migrated file.
func sqliteColumns(t *testing.T) (columns [][2]string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.db")
	_, err := sqlite.Migrate(t.Context(), path)
	must(t, err)
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadOnly)
	must(t, err)
	const query = `SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'`
	must(t, sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *zsqlite.Stmt) error {
			columns = append(columns, [2]string{stmt.ColumnText(0), stmt.ColumnText(1)})
			return nil
		},
	}))
	must(t, conn.Close())
	return columns
}

// postgresColumns are the tables and columns of a migrated database.
func postgresColumns(t *testing.T) [][2]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
	must(t, err)
	rows, err := conn.Query(t.Context(), `SELECT ARRAY[table_name::text, column_name::text]
		FROM information_schema.columns WHERE table_schema = 'public'`)
	must(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[[2]string])
	must(t, err)
	must(t, conn.Close(t.Context()))
	return columns
}
