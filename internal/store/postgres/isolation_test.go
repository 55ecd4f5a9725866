package postgres_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// databaseWith is a database on which a setting holds for every new session.
func databaseWith(t *testing.T, setting string) string {
	t.Helper()
	address := pgtest.Database(t)
	conn := connect(t, address)
	var name string
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s SET %s", name, setting)); err != nil {
		t.Fatal(err)
	}
	return address
}

// TestStoreUnderSerializableIsolation: some engines and some operators have nothing weaker.
// Whatever is rolled back there is tried again: that takes callers who write at once.
func TestStoreUnderSerializableIsolation(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() storetest.Store {
		address := databaseWith(t, "default_transaction_isolation = 'serializable'")
		t.Cleanup(func() { checkInvariants(t, address) })
		return func() storetest.Store { return open(t, address, postgres.Options{}) }
	}, append([]string{"Tidying"}, together...)...)
}

func TestABootstrapThatWasRolledBackHasNotHappened(t *testing.T) {
	address := databaseWith(t, "default_transaction_isolation = 'serializable'")
	stores := []*postgres.Store{open(t, address, postgres.Options{}), open(t, address, postgres.Options{})}
	var mu sync.Mutex
	var all sync.WaitGroup
	var created []core.ID
	start := make(chan struct{})
	for i := range 20 {
		w := tenancy.Workspace{
			ID:        core.ID{1, byte(i)},
			Slug:      "default",
			Name:      "Default",
			Format:    core.Format{Groups: 2, GroupLength: 4},
			CreatedAt: time.Now(),
		}
		k := tenancy.Key{
			ID:          core.ID{2, byte(i)},
			WorkspaceID: w.ID,
			Name:        "first",
			Role:        tenancy.RoleFull,
			Hash:        tenancy.KeyHash{byte(i)},
			CreatedAt:   time.Now(),
		}
		all.Go(func() {
			<-start
			ok, err := stores[i%2].Bootstrap(t.Context(), w, k)
			if err != nil {
				t.Error(err)
			}
			if ok {
				mu.Lock()
				defer mu.Unlock()
				created = append(created, k.ID)
			}
		})
	}
	close(start)
	all.Wait()
	if len(created) != 1 {
		t.Fatalf("%d keys were given out", len(created))
	}
	if _, err := stores[0].Key(t.Context(), created[0]); err != nil {
		t.Errorf("the key that was given out: %v", err)
	}
}

func TestADatabaseThatTakesNoWritesIsNotReady(t *testing.T) {
	s := open(t, databaseWith(t, "default_transaction_read_only = on"), postgres.Options{})
	if _, err := s.Ping(t.Context()); !core.IsKind(err, core.KindUnavailable) {
		t.Errorf("Ping = %v", err)
	}
}
