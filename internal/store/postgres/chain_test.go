package postgres_test

import (
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

// beforeChain is the schema's version before the chain.
const beforeChain = 17

func TestChain(t *testing.T) {
	t.Parallel()
	storetest.RunChain(t, func(t *testing.T) storetest.OpenDatabase { return openDatabase(t, pgtest.Database(t)) })
}

func TestALogFromBeforeTheChain(t *testing.T) {
	t.Parallel()
	address := pgtest.EmptyDatabase(t)
	if err := postgres.MigrateTo(t.Context(), address, beforeChain); err != nil {
		t.Fatal(err)
	}
	storetest.RunOldLog(t, openDatabase(t, address), func(t *testing.T) { migrate(t, address) })
}

func openDatabase(t *testing.T, address string) storetest.OpenDatabase {
	t.Helper()
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
}
