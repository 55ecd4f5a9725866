package pgtest

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"accesscodes/internal/store/postgres"
)

// shared is the cluster that the tests of one test binary have in common. It starts when
// the first test asks for it.
var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
	number  atomic.Int64
}

// template is the migrated database that tests get copies of.
const template = "accesscodes_template"

// Run runs the tests of a package and stops the shared cluster. Call it in TestMain.
func Run(m *testing.M) int {
	code := m.Run()
	if shared.cluster != nil {
		if err := shared.cluster.Remove(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "pgtest:", err)
			return 1
		}
	}
	return code
}

// Shared returns the shared cluster.
func Shared(t testing.TB) *Cluster {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = startShared(t) })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster
}

func startShared(t testing.TB) (*Cluster, error) {
	ctx := t.Context()
	c, err := New(ctx, "max_connections=200", "max_prepared_transactions=20")
	if err != nil {
		return nil, err
	}
	if err := c.Exec(ctx, "postgres", "CREATE DATABASE "+template); err != nil {
		return c, err
	}
	_, err = postgres.Migrate(ctx, c.URL(template))
	return c, err
}

// Database returns the address of a new, migrated database on the shared cluster.
func Database(t testing.TB) string {
	t.Helper()
	return create(t, " TEMPLATE "+template)
}

// EmptyDatabase returns the address of a new database on the shared cluster that nothing
// was done with.
func EmptyDatabase(t testing.TB) string {
	t.Helper()
	return create(t, "")
}

func create(t testing.TB, how string) string {
	t.Helper()
	c := Shared(t)
	name := fmt.Sprintf("test_%d", shared.number.Add(1))
	if err := c.Exec(t.Context(), "postgres", "CREATE DATABASE "+name+how); err != nil {
		t.Fatal(err)
	}
	return c.URL(name)
}
