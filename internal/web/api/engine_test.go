package api

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// newDatabase makes a database and opens a store on it, both until the test ends. count
// asks the database itself, over a connection of its own, how many codes it holds.
type newDatabase func(t *testing.T) (store storetest.Store, count func() (int, error))

// fixtureMaker starts a server over a new database of one of the engines.
type fixtureMaker func(t *testing.T) *fixture

// onEachEngine runs a test once for each engine.
func onEachEngine(t *testing.T, test func(t *testing.T, newFixture fixtureMaker)) {
	t.Helper()
	for _, engine := range []struct {
		name     string
		database newDatabase
	}{{"sqlite", newSQLite}, {"postgres", newPostgres}} {
		t.Run(engine.name, func(t *testing.T) {
			test(t, func(t *testing.T) *fixture { t.Helper(); return newFixtureOn(t, engine.database) })
		})
	}
}

// migrated is the contents of a migrated file: to copy it costs less than to migrate each.
var migrated = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "accesscodes-api")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "codes.db")
	_, err = sqlite.Migrate(context.Background(), path)
	contents, errRead := os.ReadFile(path)
	return contents, errors.Join(err, errRead, os.RemoveAll(folder))
})

func newSQLite(t *testing.T) (storetest.Store, func() (int, error)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.db")
	contents, err := migrated()
	if err == nil {
		err = os.WriteFile(path, contents, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store.Close)
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, conn.Close)
	return store, func() (count int, err error) {
		err = sqlitex.Execute(conn, "SELECT count(*) FROM codes", &sqlitex.ExecOptions{
			ResultFunc: func(stmt *zsqlite.Stmt) error { count = stmt.ColumnInt(0); return nil },
		})
		return count, err
	}
}

func newPostgres(t *testing.T) (storetest.Store, func() (int, error)) {
	t.Helper()
	address := pgtest.Lent(t)
	store, err := postgres.Open(t.Context(), address, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store.Close)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, func() error { return conn.Close(context.Background()) })
	return store, func() (int, error) { return countPostgres(conn) }
}

// countPostgres counts the codes. A claim of an Idempotency-Key without its code, there or
// deleted, would be something stored, too.
func countPostgres(conn *pgx.Conn) (count int, err error) {
	var marked, claims int
	err = conn.QueryRow(context.Background(), `
		SELECT count(*), count(retry_key) + (SELECT count(*) FROM deleted_retries), (SELECT count(*) FROM code_retries)
		FROM codes`).
		Scan(&count, &marked, &claims)
	if marked != claims {
		err = errors.Join(err, fmt.Errorf("%d Idempotency-Keys are claimed for %d codes", claims, marked))
	}
	return count, err
}
