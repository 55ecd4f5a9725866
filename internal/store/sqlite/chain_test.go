package sqlite_test

import (
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

func TestChain(t *testing.T) {
	t.Parallel()
	storetest.RunChain(t, func(t *testing.T) storetest.OpenDatabase {
		path := awkwardPath(t)
		if _, err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
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
	})
}
