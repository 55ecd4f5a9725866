package postgres_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/campaign"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// failFirst lets the first tries to insert codes fail with an SQLSTATE. The sequence
// "tries" counts them; what is rolled back stays counted.
func failFirst(t *testing.T, conn *pgx.Conn, sqlstate string, tries int) {
	t.Helper()
	fail(t, conn, isFirst(tries), sqlstate)
}

// isFirst is a condition that holds in the first tries.
func isFirst(tries int) string { return fmt.Sprintf("nextval('tries') <= %d", tries) }

// fail lets inserts of codes fail under a condition.
func fail(t *testing.T, conn *pgx.Conn, condition, sqlstate string) {
	t.Helper()
	failOn(t, conn, "INSERT ON codes", condition, sqlstate)
}

// failOn lets what is done to a table fail under a condition.
func failOn(t *testing.T, conn *pgx.Conn, event, condition, sqlstate string) {
	t.Helper()
	exec(
		t, conn, "CREATE SEQUENCE tries",
		fmt.Sprintf(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN
			IF %s THEN RAISE EXCEPTION 'injected' USING ERRCODE = '%s'; END IF;
			RETURN NULL;
		END $$`, condition, sqlstate),
		"CREATE TRIGGER fail BEFORE "+event+" FOR EACH STATEMENT EXECUTE FUNCTION fail()")
}

// bothWays are the two ways in which a code is inserted.
func bothWays() map[string]*codes.NewCode {
	return map[string]*codes.NewCode{
		"one statement": newCode("A", "a"),
		"a transaction": keyed(newCode("A", "a"), "key"),
	}
}

func TestWhatWasRolledBackForAnothersSakeIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, sqlstate := range []string{"40001", "40P01"} {
		for name, code := range bothWays() {
			t.Run(sqlstate+" in "+name, func(t *testing.T) {
				t.Parallel()
				address := pgtest.Database(t)
				conn := connect(t, address)
				failFirst(t, conn, sqlstate, 5)
				checkInserted(t, insert(t, open(t, address, postgres.Options{Timeout: timeout}), code))
				checkRows(t, conn, code)
				if tries := ask[int](t, conn, "SELECT last_value FROM tries"); tries != 6 {
					t.Errorf("tried %d times, want 6", tries)
				}
			})
		}
	}
}

func TestCommandsThatWereRolledBackForAnothersSakeAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, sqlstate := range []string{"40001", "40P01"} {
		for _, d := range operations() {
			t.Run(sqlstate+" in "+d.name, func(t *testing.T) {
				t.Parallel()
				address := pgtest.Database(t)
				conn := connect(t, address)
				do := d.ready(t, open(t, address, postgres.Options{Timeout: timeout}))
				failOn(t, conn, d.writes, isFirst(5), sqlstate)
				d.check(t, conn, do())
				if tries := ask[int](t, conn, "SELECT last_value FROM tries"); tries != 6 {
					t.Errorf("tried %d times, want 6", tries)
				}
				checkInvariants(t, address)
			})
		}
	}
}

// TestCommandsWhoseLookUpWasRolledBackAreTriedAgain: under this isolation a look-up fails that
// has waited for a transaction that changed the code.
func TestCommandsWhoseLookUpWasRolledBackAreTriedAgain(t *testing.T) {
	t.Parallel()
	for _, d := range operations() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			address := databaseWith(t, "default_transaction_isolation = 'repeatable read'")
			watcher, other := connect(t, address), connect(t, address)
			do := d.ready(t, open(t, address, postgres.Options{Timeout: timeout}))
			exec(t, other, "BEGIN", "UPDATE codes SET mark = mark")
			answered := make(chan result, 1)
			go func() { answered <- do() }()
			awaitTrue(t, watcher, isLockAwaited)
			exec(t, other, "COMMIT")
			d.check(t, watcher, <-answered)
			checkInvariants(t, address)
		})
	}
}

func TestCampaignRollbacksUnderLoadAreInvisible(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	conn := connect(t, address)
	fail(t, conn, "random() < 0.3 AND nextval('tries') > 0", "40001")
	exec(t, conn, "CREATE TRIGGER fail BEFORE INSERT ON redemptions FOR EACH STATEMENT EXECUTE FUNCTION fail()")
	l := startLoad(t, address)
	l.awaitWork(campaign.Length(t, 200, 10_000))
	if all := l.finish(conn); all.unavailable != 0 || all.unknown != 0 {
		t.Errorf("rollbacks made errors: %+v", all)
	}
	if rollbacks := ask[int](t, conn, "SELECT last_value FROM tries"); rollbacks < 5 {
		t.Errorf("%d transactions were rolled back", rollbacks)
	}
}

func TestRollbacksWithoutEndAreGivenUpInTime(t *testing.T) {
	t.Parallel()
	for name, code := range bothWays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			fail(t, conn, "nextval('tries') > 0", "40001")
			store := open(t, address, postgres.Options{Timeout: timeout})
			got := insert(t, store, code)
			// The time may be up while a try is under way, whose outcome is unknown then. Most of it
			// is spent between tries.
			for again := 0; again < 2 && core.HasReason(got.err, core.ReasonOutcomeUnknown); again++ {
				got = insert(t, store, code)
			}
			checkUnavailable(t, got)
			if tries := ask[int](t, conn, "SELECT last_value FROM tries"); tries < 10 || got.took < timeout/2 {
				t.Errorf("given up after %v and %d tries", got.took, tries)
			}
			checkRows(t, conn)
			exec(t, conn, "DROP TRIGGER fail ON codes")
			checkInserted(t, insert(t, store, code))
		})
	}
}

// TestPausesDiffer: who was rolled back for the sake of one another would otherwise meet again.
func TestPausesDiffer(t *testing.T) {
	t.Parallel()
	for _, pause := range postgres.Pauses() {
		shortest, longest := postgres.Jittered(pause), postgres.Jittered(pause)
		for range 1000 { // so many that all of them in one half are as good as impossible
			drawn := postgres.Jittered(pause)
			shortest, longest = min(shortest, drawn), max(longest, drawn)
		}
		if shortest < pause/2 || shortest >= pause || longest < pause || longest >= 3*pause/2 {
			t.Errorf("pauses of %v are from %v to %v, want all between %v and %v", pause, shortest, longest, pause/2, 3*pause/2)
		}
	}
}

// TestADeadlockIsInvisible: another session locks the values in the opposite order, and
// the database ends the store's transaction.
func TestADeadlockIsInvisible(t *testing.T) {
	t.Parallel()
	for name, first := range bothWays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			watcher, other := connect(t, address), connect(t, address)
			exec(t, watcher, "ALTER DATABASE "+nameOf(t, address)+" SET deadlock_timeout = '500ms'")
			exec(t, other, "SET deadlock_timeout = '1h'", "BEGIN", insertOf("B"))
			second := newCode("B", "b")
			answered := begin(t, open(t, address, postgres.Options{Timeout: timeout}), first, second)
			awaitTrue(t, watcher, "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')")
			// The store has A and waits for B. This goes through when the store has lost A again.
			exec(t, other, insertOf("A"), "ROLLBACK")
			checkInserted(t, <-answered)
			checkRows(t, watcher, first, second)
		})
	}
}

// TestADeadlockOfCommandsIsInvisible: another session locks the codes in the opposite order, and
// the database ends the store's transaction while it looks them up.
func TestADeadlockOfCommandsIsInvisible(t *testing.T) {
	t.Parallel()
	for _, g := range groups() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			address := databaseWith(t, "deadlock_timeout = '500ms'")
			watcher, other := connect(t, address), connect(t, address)
			store := open(t, address, postgres.Options{Timeout: timeout})
			commands := g.ready(t, store)
			exec(t, other, "SET deadlock_timeout = '1h'", "BEGIN", "UPDATE codes SET mark = mark WHERE canonical = 'B'")
			answered := beginCommands(t, store, commands)
			awaitTrue(t, watcher, isLockAwaited)
			// The store has A and waits for B. This goes through when the store has lost A again.
			exec(t, other, "UPDATE codes SET mark = mark WHERE canonical = 'A'", "ROLLBACK")
			g.check(t, watcher, <-answered)
			checkInvariants(t, address)
		})
	}
}

// insertOf is a statement that inserts a code as another program would.
func insertOf(canonical string) string {
	return fmt.Sprintf(`INSERT INTO codes (canonical, workspace_id, created_by, created_at, mark, type, value)
		VALUES ('%s', gen_random_uuid(), gen_random_uuid(), now(), 1, 'normal', 'another program''s')`, canonical)
}
