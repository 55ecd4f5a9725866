package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// TestADatabaseThatCannotTakeACodeIsUnavailable: every cause becomes the answer by which
// a caller knows that nothing was done. The same store takes the same code when the cause
// is gone.
func TestADatabaseThatCannotTakeACodeIsUnavailable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		cause func(t *testing.T, address string) (end func()) // begins after the store was opened
	}{
		{"disk full", failing("53100")},
		{"out of memory", failing("53200")},
		{"failing disk", failing("58030")},
		{"statement_timeout", whileLocked("statement_timeout = '50ms'")},
		{"lock_timeout", whileLocked("lock_timeout = '50ms'")},
		{"read-only database", readOnly},
		{"no database", renamed},
		{"database closed to everybody", closed},
	}
	for _, test := range tests {
		for name, code := range bothWays() {
			t.Run(test.name+", "+name, func(t *testing.T) {
				t.Parallel()
				address := pgtest.Database(t)
				store := open(t, address, postgres.Options{Timeout: timeout})
				end := test.cause(t, address)
				checkUnavailable(t, insert(t, store, code))
				end()
				checkInserted(t, insert(t, store, code)) // so it was not stored before
				checkRows(t, connect(t, address), code)
			})
		}
	}
}

// failing is a database in which every insert fails.
func failing(sqlstate string) func(t *testing.T, address string) func() {
	return func(t *testing.T, address string) func() {
		t.Helper()
		conn := connect(t, address)
		fail(t, conn, "true", sqlstate)
		return func() { exec(t, conn, "DROP TRIGGER fail ON codes") }
	}
}

// whileLocked is a database with a setting and a table that another session has locked.
func whileLocked(setting string) func(t *testing.T, address string) func() {
	return func(t *testing.T, address string) func() {
		t.Helper()
		conn := connect(t, address)
		exec(t, conn, "ALTER DATABASE "+nameOf(t, address)+" SET "+setting, "BEGIN", "LOCK TABLE codes, code_retries")
		return func() { exec(t, conn, "ROLLBACK") }
	}
}

// readOnly is a database that takes no writes. Sessions learn that when they begin.
func readOnly(t *testing.T, address string) func() {
	t.Helper()
	conn := connect(t, address)
	exec(t, conn, "ALTER DATABASE "+nameOf(t, address)+" SET default_transaction_read_only = on")
	return func() {
		exec(t, conn, "ALTER DATABASE "+nameOf(t, address)+" RESET default_transaction_read_only", endSessions)
	}
}

// endSessions ends every other session of the database, as a restart would.
const endSessions = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity " +
	"WHERE datname = current_database() AND pid <> pg_backend_pid()"

// renamed is a database that is not there under its name.
func renamed(t *testing.T, address string) func() {
	t.Helper()
	name := nameOf(t, address)
	conn := connect(t, pgtest.Shared(t).URL("postgres"))
	exec(t, conn, "ALTER DATABASE "+name+" RENAME TO away_"+name)
	return func() { exec(t, conn, "ALTER DATABASE away_"+name+" RENAME TO "+name) }
}

// closed is a database that lets nobody in.
func closed(t *testing.T, address string) func() {
	t.Helper()
	conn := connect(t, pgtest.Shared(t).URL("postgres"))
	exec(t, conn, "ALTER DATABASE "+nameOf(t, address)+" WITH ALLOW_CONNECTIONS false")
	return func() { exec(t, conn, "ALTER DATABASE "+nameOf(t, address)+" WITH ALLOW_CONNECTIONS true") }
}

// TestCampaignAServerThatCannotTakeACodeIsUnavailable: the same with what concerns a whole server.
func TestCampaignAServerThatCannotTakeACodeIsUnavailable(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, "max_connections=6")
	address := databaseOn(t, cluster)

	t.Run("no connection left", func(t *testing.T) {
		store := open(t, address, postgres.Options{Timeout: timeout})
		giveBack := takeEveryConnection(t, address)
		checkUnavailable(t, insert(t, store, newCode("A", "a")))
		giveBack()
		checkInserted(t, insert(t, store, newCode("A", "a")))
		checkRows(t, connect(t, address), newCode("A", "a"))
	})
	t.Run("stopped", func(t *testing.T) {
		store := open(t, address, postgres.Options{Timeout: timeout})
		if err := cluster.Stop(); err != nil {
			t.Fatal(err)
		}
		checkUnavailable(t, insert(t, store, newCode("B", "b")))
		if err := cluster.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkInserted(t, insert(t, store, newCode("B", "b")))
		checkRows(t, connect(t, address), newCode("A", "a"), newCode("B", "b"))
	})
	t.Run("database dropped under its store", func(t *testing.T) {
		store := open(t, address, postgres.Options{Timeout: timeout})
		checkInserted(t, insert(t, store, newCode("C", "c")))
		if err := cluster.Exec(t.Context(), "postgres", "DROP DATABASE "+nameOf(t, address)+" WITH (FORCE)"); err != nil {
			t.Fatal(err)
		}
		// The end of the connection that it has leaves open what was done.
		got := insert(t, store, newCode("D", "d"))
		if !core.IsKind(got.err, core.KindUnavailable) && !core.HasReason(got.err, core.ReasonOutcomeUnknown) {
			t.Errorf("InsertCodes: %v, %v", got.results, got.err)
		}
		checkTook(t, got.took)
		checkUnavailable(t, insert(t, store, newCode("D", "d")))
		databaseOn(t, cluster)
		checkInserted(t, insert(t, store, newCode("D", "d")))
		checkRows(t, connect(t, address), newCode("D", "d"))
	})
}

// takeEveryConnection returns what gives them back.
func takeEveryConnection(t *testing.T, address string) (giveBack func()) {
	t.Helper()
	var taken []*pgx.Conn
	for len(taken) < 20 {
		conn, err := pgx.Connect(t.Context(), address)
		if err == nil {
			taken = append(taken, conn)
			continue
		}
		if server, ok := errors.AsType[*pgconn.PgError](err); !ok || server.Code != "53300" {
			t.Fatal(err)
		}
		return func() {
			for _, conn := range taken {
				if err := conn.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	}
	t.Fatal("the server has no limit")
	return nil
}
