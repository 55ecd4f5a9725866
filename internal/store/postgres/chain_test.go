package postgres_test

import (
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

func TestChain(t *testing.T) {
	t.Parallel()
	storetest.RunChain(t, func(t *testing.T) storetest.OpenDatabase {
		address := pgtest.Database(t)
		conn := connect(t, address)
		return storetest.OpenDatabase{
			Open: func() storetest.Store { return open(t, address, postgres.Options{}) },
			Exec: func(t *testing.T, statement string, args ...any) {
				t.Helper()
				for i, arg := range args {
					if id, is := arg.(core.ID); is {
						args[i] = [16]byte(id)
					}
				}
				if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
					t.Error(err)
				}
			},
		}
	})
}
