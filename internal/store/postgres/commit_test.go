package postgres_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/tenancy"
)

// holdCommits lets every transaction that inserts into a table ask, at the moment of its
// commit, for a lock that tests can keep.
func holdCommits(t *testing.T, conn *pgx.Conn, table string) {
	t.Helper()
	holdCommitsOf(t, conn, "INSERT ON "+table)
}

// holdCommitsOf is holdCommits for transactions that do something else to a table.
func holdCommitsOf(t *testing.T, conn *pgx.Conn, event string) {
	t.Helper()
	exec(
		t, conn,
		`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$`,
		`CREATE CONSTRAINT TRIGGER hold AFTER `+event+` DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION hold()`)
}

// whileCommitWaits does something while a commit is held back. What begin begins is.
func whileCommitWaits(t *testing.T, conn *pgx.Conn, begin, action func()) {
	t.Helper()
	exec(t, conn, "SELECT pg_advisory_lock(1)") // waits for commits that have it
	begin()
	awaitTrue(t, conn, "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "+
		"AND wait_event = 'advisory')")
	action()
	exec(t, conn, "SELECT pg_advisory_unlock(1)")
}

// loseTheAnswer lets the call that begin begins commit to a table and its answer
// disappear. Its connection stays: break it.
func loseTheAnswer(t *testing.T, conn *pgx.Conn, p *proxy, table string, begin func()) {
	t.Helper()
	before := ask[int](t, conn, "SELECT count(*) FROM "+table)
	loseTheAnswerOf(t, conn, p, begin, "SELECT count(*) > $1 FROM "+table, before)
}

// loseTheAnswerOf is loseTheAnswer for a commit after which a query returns true.
func loseTheAnswerOf(t *testing.T, conn *pgx.Conn, p *proxy, begin func(), committed string, args ...any) {
	t.Helper()
	whileCommitWaits(t, conn, begin, func() { p.swallow("downstream") })
	awaitTrue(t, conn, committed, args...)
}

// TestNoMomentOfABreakLosesOrDuplicatesACode cuts the database's answer before its first
// byte, after its first, and so on to its last. What ran in the database is counted, which
// tells when the lost answer was that of a commit.
func TestNoMomentOfABreakLosesOrDuplicatesACode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		table string // the one that the call writes first
		step  int64  // bytes
		code  func(value string) *codes.NewCode
	}{
		{"one statement", "codes", 1, func(value string) *codes.NewCode { return newCode(value, value) }},
		{
			"a transaction",
			"code_retries",
			2,
			func(value string) *codes.NewCode { return keyed(newCode(value, value), value) },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			countRuns(t, conn, "INSERT ON "+test.table)
			p, through := startProxy(t, address)
			store := open(t, through, postgres.Options{Timeout: timeout})
			var codes []*codes.NewCode
			var breaks, lost int64
			for bytes, broken := int64(0), true; broken; bytes += test.step {
				unbroken, code := test.code(fmt.Sprint("UNBROKEN-", bytes)), test.code(fmt.Sprint("BROKEN-", bytes))
				checkInserted(t, insert(t, store, unbroken)) // connects, and prepares the statements
				broken = p.breakOnce(bytes, func() {
					exec(t, conn, "SELECT setval('statements', 0), setval('rows', 0)")
					checkInserted(t, insert(t, store, code))
				})
				if broken {
					breaks++
				}
				if broken && ask[int](t, conn, "SELECT last_value FROM statements") == 2 &&
					ask[int](t, conn, "SELECT last_value FROM rows") == 1 {
					lost++
				}
				codes = append(codes, unbroken, code)
			}
			checkRows(t, conn, codes...)
			t.Logf("%d breaks, %d of them after the commit", breaks, lost)
			if lost == 0 || test.table == "codes" && lost != breaks {
				t.Errorf("of %d breaks %d came after the commit", breaks, lost)
			}
		})
	}
}

// countRuns counts statements that do something to a table, and the rows that they do it to.
// What is rolled back stays counted.
func countRuns(t *testing.T, conn *pgx.Conn, event string) {
	t.Helper()
	exec(
		t, conn, "CREATE SEQUENCE statements MINVALUE 0", "CREATE SEQUENCE rows MINVALUE 0",
		`CREATE FUNCTION count_run() RETURNS trigger LANGUAGE plpgsql AS $$ `+
			`BEGIN PERFORM nextval(TG_ARGV[0]); RETURN NULL; END $$`,
		"CREATE TRIGGER statements BEFORE "+event+" FOR EACH STATEMENT EXECUTE FUNCTION count_run('statements')",
		"CREATE TRIGGER rows AFTER "+event+" FOR EACH ROW EXECUTE FUNCTION count_run('rows')",
		"SELECT setval('statements', 0), setval('rows', 0)")
}

// TestAnErrorAfterALostAnswerIsNoPromise: the first try was committed, the second cannot
// be done. Nobody may be told that nothing was done.
func TestAnErrorAfterALostAnswerIsNoPromise(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		cause string // of the second try's failure
	}{
		{"a failure that stays", "P0001"},
		{"a full disk", "53100"},
		{"a read-only database", "25006"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			holdCommits(t, conn, "codes")
			p, through := startProxy(t, address)
			store := open(t, through, postgres.Options{Timeout: timeout})
			code := newCode("A", "a")
			var answered <-chan answer
			loseTheAnswer(t, conn, p, "codes", func() { answered = begin(t, store, code) })
			failFirst(t, conn, test.cause, math.MaxInt32)
			p.cut()
			got := <-answered
			if !core.HasReason(got.err, core.ReasonOutcomeUnknown) {
				t.Errorf("InsertCodes: %v, %v; want %s", got.results, got.err, core.ReasonOutcomeUnknown)
			}
			checkTook(t, got.took)
			checkRows(t, conn, code)
		})
	}
}

// TestADatabaseThatIsGoneAfterTheCommitIsNoPromise: the same when there is no second try.
func TestADatabaseThatIsGoneAfterTheCommitIsNoPromise(t *testing.T) {
	t.Parallel()
	for name, code := range bothWays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			holdCommits(t, conn, "codes")
			p, through := startProxy(t, address)
			store := open(t, through, postgres.Options{Timeout: timeout})
			var answered <-chan answer
			loseTheAnswer(t, conn, p, "codes", func() { answered = begin(t, store, code) })
			p.Stop()
			got := <-answered
			if !core.HasReason(got.err, core.ReasonOutcomeUnknown) {
				t.Errorf("InsertCodes: %v, %v; want %s", got.results, got.err, core.ReasonOutcomeUnknown)
			}
			checkTook(t, got.took)
			checkRows(t, conn, code)
		})
	}
}

// TestADatabaseThatIsGoneAfterTheCommitOfCommandsIsNoPromise: whatever the kind of command.
func TestADatabaseThatIsGoneAfterTheCommitOfCommandsIsNoPromise(t *testing.T) {
	t.Parallel()
	for _, g := range groups() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			lost := g.loseTheAnswer(t)
			lost.proxy.Stop()
			checkUnknown(t, (<-lost.answered).err)
			checkAccounts(t, lost.conn, g.want)
		})
	}
}

// TestWhatMustNotBeRepeatedIsNot: a second try of these would do more or say something
// else, so that nothing is said when the commit's answer is lost.
func TestWhatMustNotBeRepeatedIsNot(t *testing.T) {
	t.Parallel()
	workspace := tenancy.Workspace{ID: core.ID{1}, Slug: "acme", Name: "Acme"}
	first := tenancy.Key{ID: core.ID{2}, WorkspaceID: workspace.ID, Role: tenancy.RoleFull, Hash: tenancy.KeyHash{2}}
	second := tenancy.Key{ID: core.ID{3}, WorkspaceID: workspace.ID, Role: tenancy.RoleFull, Hash: tenancy.KeyHash{3}}
	bootstrap := func(ctx context.Context, s *postgres.Store) error {
		_, err := s.Bootstrap(ctx, workspace, first)
		return err
	}
	tests := []struct {
		name           string
		before, action func(ctx context.Context, s *postgres.Store) error
		want           int // keys that are stored then
	}{
		{"Bootstrap", nil, bootstrap, 1},
		{"InsertKey", bootstrap, func(ctx context.Context, s *postgres.Store) error { return s.InsertKey(ctx, second) }, 2},
		{"ReplaceKey", bootstrap, func(ctx context.Context, s *postgres.Store) error {
			return s.ReplaceKey(ctx, first.ID, time.Now(), second)
		}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			p, through := startProxy(t, address)
			store := open(t, through, postgres.Options{Timeout: timeout})
			if test.before != nil {
				if err := test.before(t.Context(), store); err != nil {
					t.Fatal(err)
				}
			}
			holdCommits(t, conn, "api_keys")
			answered := make(chan error, 1)
			loseTheAnswer(t, conn, p, "api_keys", func() {
				go func() { answered <- test.action(t.Context(), store) }()
			})
			p.cut()
			if err := <-answered; !core.HasReason(err, core.ReasonOutcomeUnknown) {
				t.Errorf("%v, want %s", err, core.ReasonOutcomeUnknown)
			}
			if n := ask[int](t, conn, "SELECT count(*) FROM api_keys"); n != test.want {
				t.Errorf("%d keys are stored, want %d", n, test.want)
			}
		})
	}
}

// TestCommandsWhoseCommitsAnswerIsLostAreDoneOnce: the second try finds what the first one did.
// Who cannot be told that it is their own work is told that nobody knows, and there is no
// second try.
func TestCommandsWhoseCommitsAnswerIsLostAreDoneOnce(t *testing.T) {
	t.Parallel()
	for _, d := range operations() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			p, through := startProxy(t, address)
			do := d.ready(t, open(t, through, postgres.Options{Timeout: timeout}))
			holdCommitsOf(t, conn, d.writes)
			countRuns(t, conn, d.writes)
			answered := make(chan result, 1)
			loseTheAnswerOf(t, conn, p, func() { go func() { answered <- do() }() }, "SELECT ("+accounts+") = $1", d.want)
			p.cut()
			got := <-answered
			if d.repeatable {
				d.check(t, conn, got)
			} else {
				checkUnknown(t, got.err)
				checkAccounts(t, conn, d.want)
			}
			if runs := ask[int](t, conn, "SELECT last_value FROM statements"); runs != 1 {
				t.Errorf("%s was stored %d times", d.name, runs)
			}
			checkInvariants(t, address)
		})
	}
}

// TestCommandsWhoseCommitsAnswerIsLostAreNotDoneAgainWhenSomebodyElseHasUndoneThem: the user has
// nothing any more by which the second try could know what the first one did.
func TestCommandsWhoseCommitsAnswerIsLostAreNotDoneAgainWhenSomebodyElseHasUndoneThem(t *testing.T) {
	t.Parallel()
	for _, d := range operations() {
		if d.undo == nil {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			p, through := startProxy(t, address)
			do := d.ready(t, open(t, through, postgres.Options{Timeout: timeout}))
			holdCommitsOf(t, conn, d.writes)
			answered := make(chan result, 1)
			loseTheAnswerOf(t, conn, p, func() { go func() { answered <- do() }() }, "SELECT ("+accounts+") = $1", d.want)
			made := ask[[16]byte](t, conn,
				"SELECT id FROM redemptions UNION ALL SELECT id FROM reservations WHERE state = 'held'")
			d.undo(newDesk(t, open(t, address, postgres.Options{})), made).must(t)
			p.cut()
			if got := <-answered; got.err != nil || got.replayed || got.id != made {
				t.Errorf("%s = %+v, want the new %s", d.name, got, core.ID(made))
			}
			checkAccounts(t, conn, d.undone)
			checkInvariants(t, address)
		})
	}
}

// TestCommandsThatShareACommitWhoseAnswerIsLostAreDoneOnce: one command that must not be repeated
// keeps the others from being repeated.
func TestCommandsThatShareACommitWhoseAnswerIsLostAreDoneOnce(t *testing.T) {
	t.Parallel()
	for _, g := range groups() {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			lost := g.loseTheAnswer(t)
			lost.proxy.cut()
			got := <-lost.answered
			if g.repeatable {
				g.check(t, lost.conn, got)
			} else {
				checkUnknown(t, got.err)
				checkAccounts(t, lost.conn, g.want)
			}
			if runs := ask[int](t, lost.conn, "SELECT last_value FROM statements"); runs != 1 {
				t.Errorf("the group was stored %d times", runs)
			}
			checkInvariants(t, lost.address)
		})
	}
}

// TestACommitThatFailsIsNotTakenForDone: the rows were returned already when the commit
// fails.
func TestACommitThatFailsIsNotTakenForDone(t *testing.T) {
	t.Parallel()
	for name, code := range bothWays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.Database(t)
			conn := connect(t, address)
			failFirst(t, conn, "40001", 2)
			exec(
				t, conn, "DROP TRIGGER fail ON codes",
				"CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON codes DEFERRABLE INITIALLY DEFERRED "+
					"FOR EACH ROW EXECUTE FUNCTION fail()")
			checkInserted(t, insert(t, open(t, address, postgres.Options{Timeout: timeout}), code))
			checkRows(t, conn, code)
			if tries := ask[int](t, conn, "SELECT last_value FROM tries"); tries != 3 {
				t.Errorf("tried %d times, want 3", tries)
			}
		})
	}
}
