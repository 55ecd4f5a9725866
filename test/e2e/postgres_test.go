package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/store/pgtest"
)

// postgresDatabase is a database on a PostgreSQL server that the tests have started.
type postgresDatabase struct{ url string }

// newPostgres is an empty database.
func newPostgres(t testing.TB) postgresDatabase {
	t.Helper()
	return postgresDatabase{pgtest.EmptyDatabase(t)}
}

// newCluster is a PostgreSQL server for one test alone, with lines of postgresql.conf.
func newCluster(t testing.TB, settings ...string) *pgtest.Cluster {
	t.Helper()
	cluster, err := pgtest.New(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Remove(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

// newPostgresOn is an empty database on a server of the test's own.
func newPostgresOn(t testing.TB, cluster *pgtest.Cluster) postgresDatabase {
	t.Helper()
	d := postgresDatabase{cluster.URL("postgres")}
	d.exec(t, "CREATE DATABASE codes")
	return postgresDatabase{cluster.URL("codes")}
}

func (d postgresDatabase) address() string { return d.url }

func (d postgresDatabase) rows(t testing.TB) map[string]row {
	t.Helper()
	all := selectAll(t, d, selectRows, func(found pgx.CollectableRow) (r row, err error) {
		err = found.Scan(&r.canonical, &r.value, &r.kind, &r.maxRedemptions, &r.redemptions, &r.createdAt, &r.owned)
		return r, err
	})
	rows := map[string]row{}
	for _, r := range all {
		rows[r.canonical] = r
	}
	return rows
}

func (d postgresDatabase) uses(t testing.TB) []use {
	t.Helper()
	return selectAll(t, d, "SELECT user_id, code, id::text FROM redemptions WHERE rolled_back_at IS NULL",
		func(found pgx.CollectableRow) (u use, err error) {
			err = found.Scan(&u.user, &u.code, &u.id)
			return u, err
		})
}

func (d postgresDatabase) count(t testing.TB, table string) int {
	t.Helper()
	return selectAll(t, d, "SELECT count(*) FROM "+table, pgx.RowTo[int])[0]
}

func (d postgresDatabase) texts(t testing.TB, query string) []string {
	t.Helper()
	return selectAll(t, d, query, pgx.RowTo[string])
}

// lock implements [database] with a lock that even keeps others from reading.
func (d postgresDatabase) lock(t testing.TB) (release func()) {
	t.Helper()
	conn := d.connect(t)
	mustExec(t, conn, "BEGIN")
	mustExec(t, conn, "LOCK TABLE codes IN ACCESS EXCLUSIVE MODE")
	held := true
	release = func() {
		if held {
			held = false
			mustExec(t, conn, "ROLLBACK")
			closeSession(t, conn)
		}
	}
	t.Cleanup(release)
	return release
}

// awaitQuiet implements [database]: PostgreSQL learns that a server is dead only when it
// has carried out what it was last asked for.
func (d postgresDatabase) awaitQuiet(t testing.TB, killed time.Time) {
	t.Helper()
	eventually(t, startLimit, "the sessions of the killed server end", func() bool {
		return d.sessionsBefore(t, killed) == 0
	})
}

// sessions is how many sessions servers have in the database.
func (d postgresDatabase) sessions(t testing.TB) int {
	t.Helper()
	return d.sessionsBefore(t, time.Now())
}

// sessionsBefore counts those that began before a time; both clocks are this machine's.
func (d postgresDatabase) sessionsBefore(t testing.TB, then time.Time) int {
	t.Helper()
	return selectAll(t, d, `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND backend_start < $1
		AND pid <> pg_backend_pid()`,
		pgx.RowTo[int], then)[0]
}

// endSessions ends all sessions but its own, as a network that breaks would.
func (d postgresDatabase) endSessions(t testing.TB) {
	t.Helper()
	d.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`)
}

func (d postgresDatabase) exec(t testing.TB, statement string) {
	t.Helper()
	conn := d.connect(t)
	defer closeSession(t, conn)
	mustExec(t, conn, statement)
}

// connect opens a session. A test may use it to clean up, when its context has ended.
func (d postgresDatabase) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), d.url)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func closeSession(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	if err := conn.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func mustExec(t testing.TB, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// selectAll reads every row of a query in a session of its own.
func selectAll[T any](t testing.TB, d postgresDatabase, query string, scan pgx.RowToFunc[T], args ...any) []T {
	t.Helper()
	conn := d.connect(t)
	defer closeSession(t, conn)
	found, err := conn.Query(context.Background(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	all, err := pgx.CollectRows(found, scan)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}
