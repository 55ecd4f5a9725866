package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// newDatabase is the path of a database that does not exist yet.
func newDatabase(t testing.TB) string { return filepath.Join(t.TempDir(), "codes.db") }

// row is a code as it lies in the database.
type row struct {
	canonical, value, kind string
	maxRedemptions         int64 // 0: no limit
	redemptions            int64
	createdAt              time.Time
	owned                  bool // its workspace and the key that made it exist
}

// readRows returns every code by its canonical form and requires the file to be sound.
// It only reads: a server may run on the file.
func readRows(t testing.TB, path string) map[string]row {
	t.Helper()
	conn := openDatabase(t, path, sqlite.OpenReadOnly)
	defer closeDatabase(t, conn)
	query(t, conn, "PRAGMA integrity_check", func(stmt *sqlite.Stmt) {
		if verdict := stmt.ColumnText(0); verdict != "ok" {
			t.Errorf("the database is damaged: %s", verdict)
		}
	})
	rows := map[string]row{}
	query(t, conn, `
		SELECT canonical, value, type, max_redemptions, redemptions, created_at,
		       EXISTS (SELECT 1 FROM api_keys k WHERE k.id = c.created_by AND k.workspace_id = c.workspace_id)
		FROM codes c`, func(stmt *sqlite.Stmt) {
		rows[stmt.ColumnText(0)] = row{
			canonical: stmt.ColumnText(0), value: stmt.ColumnText(1), kind: stmt.ColumnText(2),
			maxRedemptions: stmt.ColumnInt64(3), redemptions: stmt.ColumnInt64(4),
			createdAt: time.UnixMicro(stmt.ColumnInt64(5)), owned: stmt.ColumnBool(6),
		}
	})
	return rows
}

// countRows returns how many rows a table has.
func countRows(t testing.TB, path, table string) (n int) {
	t.Helper()
	conn := openDatabase(t, path, sqlite.OpenReadOnly)
	defer closeDatabase(t, conn)
	query(t, conn, "SELECT count(*) FROM "+table, func(stmt *sqlite.Stmt) { n = stmt.ColumnInt(0) })
	return n
}

// lockDatabase holds the write lock, as a backup tool or another program might, until
// the returned function is called.
func lockDatabase(t testing.TB, path string) (release func()) {
	t.Helper()
	conn := openDatabase(t, path, sqlite.OpenReadWrite)
	query(t, conn, "BEGIN IMMEDIATE", nil)
	held := true
	release = func() {
		if held {
			held = false
			query(t, conn, "ROLLBACK", nil)
			closeDatabase(t, conn)
		}
	}
	t.Cleanup(release)
	return release
}

func openDatabase(t testing.TB, path string, flags sqlite.OpenFlags) *sqlite.Conn {
	t.Helper()
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetBusyTimeout(startLimit)
	return conn
}

func closeDatabase(t testing.TB, conn *sqlite.Conn) {
	t.Helper()
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func query(t testing.TB, conn *sqlite.Conn, statement string, scan func(*sqlite.Stmt)) {
	t.Helper()
	options := &sqlitex.ExecOptions{}
	if scan != nil {
		options.ResultFunc = func(stmt *sqlite.Stmt) error { scan(stmt); return nil }
	}
	if err := sqlitex.ExecuteTransient(conn, statement, options); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
