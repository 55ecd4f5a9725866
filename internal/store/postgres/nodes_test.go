package postgres_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// standIn makes a database look like a Citus cluster of three nodes to those who ask: enough to
// show what a store makes of the answers. Codes and users whose names begin with AWAY lie on a
// node that is away, and statements that Citus does not support are refused.
const standIn = `
SET allow_system_table_mods = on;
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
VALUES (99999, 'citus', 10, 'public'::regnamespace, false, '13.0-1');
CREATE TABLE pg_dist_partition (logicalrelid regclass);
INSERT INTO pg_dist_partition VALUES ('codes');
CREATE TABLE answers (nodename text, nodeport int, success bool, result text, query text);
CREATE FUNCTION run_command_on_workers(asked text)
RETURNS TABLE (nodename text, nodeport int, success bool, result text) LANGUAGE sql AS $$
	SELECT nodename, nodeport, success, result FROM answers WHERE asked LIKE query $$;
INSERT INTO answers SELECT 'node' || n, 5432, true, 'on', '%' FROM generate_series(1, 3) n;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF current_query() LIKE '%unnest(%' THEN
		RAISE 'INSERT ... SELECT is not supported' USING ERRCODE = 'feature_not_supported';
	END IF;
	IF to_jsonb(NEW)::text LIKE '%"AWAY%' THEN
		RAISE 'connection to the remote node node2:5432 failed' USING ERRCODE = 'connection_failure';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON codes FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION refuse();`

func standInCluster(t *testing.T) (address string, conn *pgx.Conn) {
	t.Helper()
	address = pgtest.Database(t)
	conn = connect(t, address)
	if _, err := conn.PgConn().Exec(t.Context(), standIn).ReadAll(); err != nil {
		t.Fatal(err)
	}
	return address, conn
}

// TestADatabaseThatIsDistributedWhileServersRunIsNoticed: by the first statement that it refuses.
func TestADatabaseThatIsDistributedWhileServersRunIsNoticed(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	store := open(t, address, postgres.Options{})
	if got := insert(t, store, newCode("BEFORE", "once")); got.err != nil {
		t.Fatal(got.err)
	}
	conn := connect(t, address)
	if _, err := conn.PgConn().Exec(t.Context(), standIn).ReadAll(); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 6 { // at the same moment
		all.Go(func() {
			if i%2 == 0 {
				if err := redeem(t, store, "BEFORE", fmt.Sprint("user ", i)); err != nil {
					t.Errorf("a redemption: %v", err)
				}
				return
			}
			got := insert(t, store, newCode(fmt.Sprint("AFTER", i), ""))
			if got.err != nil || got.results[0].Outcome != codes.Inserted {
				t.Errorf("a code: %+v, %v", got.results, got.err)
			}
		})
	}
	all.Wait()
}

// redeem redeems a code for a user.
func redeem(t *testing.T, store codes.Store, code, user string) error {
	t.Helper()
	_, err := redeemer(store).Redeem(t.Context(), caller(), codes.RedeemRequest{Code: code, UserID: user})
	return err
}

func redeemer(store codes.Store) *codes.Services {
	return codes.NewServices(codes.Deps{Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newV7})
}

// caller is a key of the workspace that newCode makes codes for.
func caller() *core.Actor {
	return &core.Actor{Kind: core.ActorKey, ID: core.ID{1}, WorkspaceID: newCode("ANY", "").WorkspaceID}
}

// TestWhatANodeThatIsAwayHoldsFailsAloneAndAtOnce: it does not fail what is asked for in the same
// moment, no caller waits for it, and none is told that the outcome is unknown.
func TestWhatANodeThatIsAwayHoldsFailsAloneAndAtOnce(t *testing.T) {
	t.Parallel()
	address, _ := standInCluster(t)
	below, err := postgres.Open(t.Context(), address, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store := grouped.New(below, grouped.Options{})
	t.Cleanup(func() { store.Close(); _ = below.Close() })
	const callers = 30
	begin := time.Now()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			name, isAway := fmt.Sprint("HERE", i), i%3 == 0
			if isAway {
				name = fmt.Sprint("AWAY", i)
			}
			_, err := store.InsertCodes(t.Context(), []*codes.NewCode{newCode(name, name)})
			checkPartial(t, "insert "+name, isAway, err)
			if isAway {
				return
			}
			checkPartial(t, "redeem for somebody away", true, redeem(t, store, name, "AWAY"+name))
			checkPartial(t, "redeem "+name, false, redeem(t, store, name, "user of "+name))
		})
	}
	all.Wait()
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func checkPartial(t *testing.T, what string, isAway bool, err error) {
	t.Helper()
	if !isAway && err != nil || isAway && (!core.IsPartial(err) || !core.IsKind(err, core.KindUnavailable)) {
		t.Errorf("%s: %v", what, err)
	}
	if isAway && !strings.Contains(fmt.Sprint(err), "node2:5432") { // for the command line and the log
		t.Errorf("%s: the error does not name the node: %v", what, err)
	}
}

func TestPingNamesTheNodesThatAreAway(t *testing.T) {
	t.Parallel()
	address, conn := standInCluster(t)
	store := open(t, address, postgres.Options{})
	for away, want := range [][]string{nil, {"node1:5432"}} {
		exec(t, conn, fmt.Sprintf("UPDATE answers SET success = substr(nodename, 5)::int > %d", away))
		if nodes, err := store.Ping(t.Context()); err != nil || !slices.Equal(nodes, want) {
			t.Errorf("%d away: %v, %v", away, nodes, err)
		}
	}
	exec(t, conn, "UPDATE answers SET success = nodename = 'node3'")
	nodes, err := store.Ping(t.Context())
	if !core.IsKind(err, core.KindUnavailable) || len(nodes) != 2 ||
		!strings.Contains(err.Error(), "node1:5432, node2:5432") {
		t.Errorf("most are away: %v, %v", nodes, err)
	}
}

// TestEveryNodeMustBeDurable: one that is away cannot be asked.
func TestEveryNodeMustBeDurable(t *testing.T) {
	t.Parallel()
	address, conn := standInCluster(t)
	exec(t, conn, "UPDATE answers SET success = false, result = 'no connection' WHERE nodename = 'node1'")
	open(t, address, postgres.Options{})
	exec(t, conn, "INSERT INTO answers VALUES ('node4', 5432, true, 'on off', '%fsync%synchronous_commit%')")
	_, err := postgres.Open(t.Context(), address, postgres.Options{})
	if err == nil || !strings.Contains(err.Error(), "the node node4:5432 would lose acknowledged codes") {
		t.Errorf("Open: %v", err)
	}
	if _, err := postgres.Migrate(t.Context(), address); err == nil {
		t.Error("it was migrated")
	}
}

// TestASessionThatEndsBeforeTheCommitLeavesNoDoubt: also not about what must not be repeated.
func TestASessionThatEndsBeforeTheCommitLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	store := open(t, address+"&application_name=victim", postgres.Options{})
	ada := codes.User{
		WorkspaceID: caller().WorkspaceID, ID: "ada", Status: codes.UserNormal,
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	source := event.NewRecorder(core.SystemEntropy()).Source(core.ID{1}, event.System(), 0)
	if _, err := store.PutUser(t.Context(), ada, source); err != nil {
		t.Fatal(err)
	}
	if got := insert(t, store, newCode("CODE", "once")); got.err != nil {
		t.Fatal(got.err)
	}
	ada.Status = codes.UserPremium
	for table, change := range map[string]func(context.Context) error{
		"users": func(ctx context.Context) error { _, err := store.PutUser(ctx, ada, source); return err },
		"codes": func(ctx context.Context) error {
			_, err := redeemer(store).RevokeCode(ctx, caller(), "CODE")
			return err
		},
	} {
		conn, watcher := connect(t, address), connect(t, address)
		exec(t, conn, "BEGIN", "SELECT FROM "+table+" FOR UPDATE")
		done := make(chan error, 1)
		go func() { done <- change(context.WithoutCancel(t.Context())) }()
		const waiting = "FROM pg_stat_activity WHERE application_name = 'victim' AND wait_event_type = 'Lock'"
		awaitTrue(t, watcher, "SELECT count(*) > 0 "+waiting)
		exec(t, watcher, "SELECT pg_terminate_backend(pid) "+waiting)
		exec(t, conn, "COMMIT")
		if err := <-done; err != nil {
			t.Errorf("a change of %s: %v", table, err)
		}
	}
}

// unfitForCitus is what must not stand in statements, since Citus crashes or fails.
var unfitForCitus = []*regexp.Regexp{
	regexp.MustCompile(`=\s*(\w+\s*[-+]\s*)?\([^()]*\)\[`), // an entry of an array in the SET of an UPDATE, not in a call
	regexp.MustCompile(`CASE \w+ WHEN [?$]`),               // an argument as the WHEN of a simple CASE
	regexp.MustCompile(`(FROM \(|= ")SELECT FROM`),         // rows without columns
}

func findUnfit(text string) string {
	for _, unfit := range unfitForCitus {
		if found := unfit.FindString(text); found != "" {
			return found
		}
	}
	return ""
}

func TestNoStatementIsUnfitForCitus(t *testing.T) {
	t.Parallel()
	for _, unfit := range []string{
		"UPDATE codes SET a = ($2::bigint[])[array_position($1::text[], b)] WHERE c",
		"UPDATE codes SET x = 1, a = a - ($2::bigint[])[1]",
		"UPDATE codes SET a = CASE a WHEN ?2 THEN '' ELSE a END",
		"SELECT count(*) FROM (SELECT FROM codes LIMIT 1) AS found",
	} {
		if findUnfit(unfit) == "" {
			t.Errorf("not found: %s", unfit)
		}
	}
	for _, query := range []postgres.Query{postgres.CountUses("CODE"), postgres.LowerHeld("CODE")} {
		if found := findUnfit(query.Text); found != "" {
			t.Errorf("%s: %s", query.Text, found)
		}
	}
	for _, folder := range []string{".", "../plain"} {
		files, err := filepath.Glob(folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if found := findUnfit(string(source)); found != "" && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s: %s", file, found)
			}
		}
	}
}

// TestWhatEndsASessionSaysNothingAboutTheCommitBehindIt: a pooler says it in place of answers that
// were lost.
func TestWhatEndsASessionSaysNothingAboutTheCommitBehindIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err     error
		refused bool
	}{
		{&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "08006"}, true}, // Citus, of a node
		{&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "23505"}, true},
		{&pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "08P01"}, false}, // PgBouncer
		{&pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "57P01"}, false},
		{&pgconn.PgError{Severity: "ERROR", Code: "08006"}, false},
		{io.ErrUnexpectedEOF, false},
		{nil, false},
	} {
		if got := postgres.IsRefused(fmt.Errorf("a statement: %w", c.err)); got != c.refused {
			t.Errorf("%v: %t", c.err, got)
		}
	}
}
