package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/store/transfer"
	"accesscodes/internal/tenancy"
)

// citusVariable is the environment variable with the address of a database on the coordinator of a
// Citus cluster that somebody has started. The tests make schemas of their own in it, and drop
// them. Without it no test here runs; make test lists them.
const citusVariable = "ACCESSCODES_TEST_CITUS"

// fewShards make distributing fast.
const fewShards = 4

// withParameter returns an address with one more parameter.
func withParameter(t *testing.T, address, name, value string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := parsed.Query()
	query.Set(name, value)
	parsed.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20") // libpq knows no + for a space
	return parsed.String()
}

// onCitus are schemas on the cluster. Tests use them one after the other.
var onCitus struct {
	number atomic.Int64
	mu     sync.Mutex
	free   []string
}

// citusSchema returns the address of an empty schema on the cluster.
func citusSchema(t *testing.T) string {
	t.Helper()
	address := os.Getenv(citusVariable)
	if address == "" {
		t.Skipf("not run: %s names no cluster", citusVariable)
	}
	name := citusSchemaName(onCitus.number.Add(1))
	exec(t, connect(t, address), "CREATE SCHEMA "+name)
	return withParameter(t, address, "search_path", name+",public")
}

func distribute(t *testing.T, address string) {
	t.Helper()
	if _, err := postgres.Distribute(t.Context(), address, fewShards); err != nil {
		t.Fatal(err)
	}
}

// distributed returns the address of a schema whose tables are spread and have the rows of a new
// database.
func distributed(t *testing.T) string {
	t.Helper()
	onCitus.mu.Lock()
	var address string
	if last := len(onCitus.free) - 1; last >= 0 {
		address, onCitus.free = onCitus.free[last], onCitus.free[:last]
	}
	onCitus.mu.Unlock()
	if address == "" {
		address = citusSchema(t)
		if _, err := postgres.Migrate(t.Context(), address); err != nil {
			t.Fatal(err)
		}
		distribute(t, address)
	}
	t.Cleanup(func() { clearCitus(t, address) })
	return address
}

// clearCitus gives a schema's tables the rows of a new database.
func clearCitus(t *testing.T, address string) {
	ctx := context.Background() // the test's has ended
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Error(err)
		return
	}
	statements := []string{"UPDATE event_sequencer SET fence = 0, until = '2000-01-01 00:00:00+00'"}
	for _, table := range slices.Backward(postgres.PlacedTables()) { // those that others refer to last
		if table != "event_sequencer" {
			statements = append(statements, "DELETE FROM "+table)
		}
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Errorf("%s: %v", statement, err)
			return
		}
	}
	_ = conn.Close(ctx) // what it did is committed
	onCitus.mu.Lock()
	defer onCitus.mu.Unlock()
	onCitus.free = append(onCitus.free, address)
}

func TestCitusStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() storetest.Store {
		address := distributed(t)
		return func() storetest.Store { return open(t, address, postgres.Options{}) }
	})
}

// TestCitusGroupedStore: many callers at once, whose calls share transactions.
func TestCitusGroupedStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() storetest.Store { return groupedOn(t, distributed(t)) }, together...)
}

func TestCitusAnswersAreThoseOfSQLite(t *testing.T) {
	store := open(t, distributed(t), postgres.Options{})
	storetest.NewComparison(t, onSQLite(t), store).Run(t, comparedRequests)
}

// TestCitusDistributesWhileAServerRuns: it goes on with the rows that were there.
func TestCitusDistributesWhileAServerRuns(t *testing.T) {
	address := citusSchema(t)
	if _, err := postgres.Migrate(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	compared := storetest.NewComparison(t, onSQLite(t), open(t, address, postgres.Options{}))
	compared.Run(t, 100)
	distribute(t, address)
	compared.Run(t, 100)
}

// TestCitusMigratesWhatIsDistributed: users and their redemptions lie in different places.
func TestCitusMigratesWhatIsDistributed(t *testing.T) {
	address := citusSchema(t)
	learnLastOrdinals(t, address, func() { // the schema has not all tables yet
		exec(t, connect(t, address), "SELECT create_distributed_table('users', 'user_id')",
			"SELECT create_distributed_table('codes', 'canonical', colocate_with => 'none')",
			"SELECT create_distributed_table('redemptions', 'canonical', colocate_with => 'codes')")
	})
}

// TestCitusCopies: everything to the cluster, and from there to a database on one node.
func TestCitusCopies(t *testing.T) {
	from := onSQLite(t)
	spread := open(t, distributed(t), postgres.Options{Timeout: time.Minute, ReadTimeout: time.Minute})
	storetest.NewComparison(t, from, onSQLite(t)).Run(t, comparedRequests)
	if err := tenancy.EnsureSecret(t.Context(), from, core.SystemEntropy()); err != nil {
		t.Fatal(err)
	}
	whole := open(t, pgtest.Database(t), postgres.Options{})
	for _, pair := range [][2]transfer.Database{{from.(transfer.Database), spread}, {spread, whole}} {
		results, err := transfer.Copy(t.Context(), pair[0], pair[1], silent{})
		if err != nil {
			t.Fatal(err)
		}
		rows := int64(0)
		for _, result := range results {
			rows += result.Rows
		}
		if rows < comparedRequests/10 {
			t.Errorf("%d rows were copied", rows)
		}
	}
}

// TestCitusAsksOneShardForOneCode: and one for a user, and for what a user did with a code.
func TestCitusAsksOneShardForOneCode(t *testing.T) {
	conn := connect(t, distributed(t))
	counts := regexp.MustCompile(`Task Count: \d+`)
	all := map[string]postgres.Query{
		"validate":  postgres.CodesUncounted(core.ID{1}, "CODE"),
		"held":      postgres.CodesNamed(core.ID{1}, "CODE", time.Now()),
		"lock":      postgres.LockCodes(core.ID{1}, "CODE", true),
		"lapsed":    postgres.CountLapsed("CODE", time.Now()),
		"count":     postgres.CountUses("CODE"),
		"give back": postgres.LowerHeld("CODE"),
	}
	for name, query := range postgres.UserQueries(codes.UserRef{WorkspaceID: core.ID{1}, ID: "ada"}, "CODE", true) {
		all[name] = query
	}
	delete(all, "redemptions, all of theirs") // which only a rollback asks for
	maps.Copy(all, postgres.SpreadWrites(core.ID{1}, "CODE", "ada"))
	for name, query := range all {
		plan := explain(t, conn, query)
		found := counts.FindAllString(plan, -1)
		if len(found) == 0 || slices.ContainsFunc(found, func(count string) bool { return count != "Task Count: 1" }) {
			t.Errorf("%s asks not one shard:\n%s", name, plan)
		}
	}
}

// silent is a copy's progress that nobody sees.
type silent struct{}

func (silent) Begin(string, int64) {}
func (silent) Add(int)             {}

// dropCitusSchemas removes what the tests have made on the cluster.
func dropCitusSchemas(ctx context.Context) error {
	if onCitus.number.Load() == 0 {
		return nil
	}
	conn, err := pgx.Connect(ctx, os.Getenv(citusVariable))
	if err != nil {
		return err
	}
	for n := range onCitus.number.Load() {
		_, failed := conn.Exec(ctx, fmt.Sprintf("DROP SCHEMA IF EXISTS %s CASCADE", citusSchemaName(n+1)))
		err = errors.Join(err, failed)
	}
	return errors.Join(err, conn.Close(ctx))
}

func citusSchemaName(n int64) string { return fmt.Sprintf("test_%d_%d", os.Getpid(), n) }
