package sqlite_test

import (
	"path/filepath"
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// beforeChain is the schema's version before the chain.
const beforeChain = 18

func TestChain(t *testing.T) {
	t.Parallel()
	storetest.RunChain(t, func(t *testing.T) storetest.OpenDatabase {
		path := awkwardPath(t)
		if _, err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return openDatabase(t, path)
	})
}

func TestALogFromBeforeTheChain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "codes.db")
	if err := sqlite.MigrateTo(t.Context(), path, beforeChain); err != nil {
		t.Fatal(err)
	}
	storetest.RunOldLog(t, openDatabase(t, path), func(t *testing.T) {
		if _, err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	})
}

func openDatabase(t *testing.T, path string) storetest.OpenDatabase {
	return storetest.OpenDatabase{
		Open: func() storetest.Store { return closing(t, openStore(t, path, sqlite.Options{})) },
		Exec: func(t *testing.T, statement string, args ...any) {
			t.Helper()
			conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			for i, arg := range args {
				if id, is := arg.(core.ID); is {
					args[i] = id[:]
				}
			}
			if err := sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{Args: args}); err != nil {
				t.Error(err)
			}
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		},
	}
}
