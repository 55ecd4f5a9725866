package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// sqliteDatabase is a database in a file.
type sqliteDatabase struct{ path string }

// newSQLite is a database whose file does not exist yet.
func newSQLite(t testing.TB) sqliteDatabase {
	return sqliteDatabase{filepath.Join(t.TempDir(), "codes.db")}
}

func (d sqliteDatabase) address() string { return "sqlite:" + d.path }

// rows implements [database] and requires the file to be sound.
func (d sqliteDatabase) rows(t testing.TB) map[string]row {
	t.Helper()
	conn := d.open(t, sqlite.OpenReadOnly)
	defer closeConn(t, conn)
	query(t, conn, "PRAGMA integrity_check", func(stmt *sqlite.Stmt) {
		if verdict := stmt.ColumnText(0); verdict != "ok" {
			t.Errorf("the database is damaged: %s", verdict)
		}
	})
	rows := map[string]row{}
	query(t, conn, selectRows, func(stmt *sqlite.Stmt) {
		rows[stmt.ColumnText(0)] = row{
			canonical: stmt.ColumnText(0), value: stmt.ColumnText(1), kind: stmt.ColumnText(2),
			maxRedemptions: stmt.ColumnInt64(3), redemptions: stmt.ColumnInt64(4),
			createdAt: time.UnixMicro(stmt.ColumnInt64(5)), owned: stmt.ColumnBool(6),
		}
	})
	return rows
}

func (d sqliteDatabase) uses(t testing.TB) (all []use) {
	t.Helper()
	conn := d.open(t, sqlite.OpenReadOnly)
	defer closeConn(t, conn)
	query(t, conn, "SELECT user_id, code, id FROM redemptions WHERE rolled_back_at IS NULL", func(stmt *sqlite.Stmt) {
		var id uuid.UUID
		stmt.ColumnBytes(2, id[:])
		all = append(all, use{stmt.ColumnText(0), stmt.ColumnText(1), id.String()})
	})
	return all
}

func (d sqliteDatabase) count(t testing.TB, table string) (n int) {
	t.Helper()
	conn := d.open(t, sqlite.OpenReadOnly)
	defer closeConn(t, conn)
	query(t, conn, "SELECT count(*) FROM "+table, func(stmt *sqlite.Stmt) { n = stmt.ColumnInt(0) })
	return n
}

func (d sqliteDatabase) texts(t testing.TB, statement string) (all []string) {
	t.Helper()
	conn := d.open(t, sqlite.OpenReadOnly)
	defer closeConn(t, conn)
	query(t, conn, statement, func(stmt *sqlite.Stmt) { all = append(all, stmt.ColumnText(0)) })
	return all
}

// lock implements [database] with the one lock for writing that a file has.
func (d sqliteDatabase) lock(t testing.TB) (release func()) {
	t.Helper()
	conn := d.open(t, sqlite.OpenReadWrite)
	query(t, conn, "BEGIN IMMEDIATE", nil)
	held := true
	release = func() {
		if held {
			held = false
			query(t, conn, "ROLLBACK", nil)
			closeConn(t, conn)
		}
	}
	t.Cleanup(release)
	return release
}

// awaitQuiet implements [database]: whatever was done was done by the server's own process.
func (d sqliteDatabase) awaitQuiet(testing.TB, time.Time) {}

func (d sqliteDatabase) open(t testing.TB, flags sqlite.OpenFlags) *sqlite.Conn {
	t.Helper()
	conn, err := sqlite.OpenConn(d.path, flags)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetBusyTimeout(startLimit)
	return conn
}

func closeConn(t testing.TB, conn *sqlite.Conn) {
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
