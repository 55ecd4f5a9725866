package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3/lock"

	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/schema"
)

// lease is how long a holder of the lock of the migrations that died keeps it at most.
const lease = 15 * time.Second

func status(t *testing.T, address string) []schema.Migration {
	t.Helper()
	all, err := postgres.MigrationStatus(t.Context(), address)
	if err != nil || len(all) == 0 {
		t.Fatalf("MigrationStatus = %v, %v", all, err)
	}
	return all
}

func TestManyThatMigrateAtOnceAllSucceed(t *testing.T) {
	t.Parallel()
	for _, many := range []int{2, 5} {
		t.Run(fmt.Sprint(many), func(t *testing.T) {
			t.Parallel()
			address := pgtest.EmptyDatabase(t)
			var all sync.WaitGroup
			var mu sync.Mutex
			var done []int64 // versions, each once for each who says that it applied it
			for range many {
				all.Go(func() {
					migrations, err := postgres.Migrate(t.Context(), address)
					if err != nil {
						t.Errorf("Migrate: %v", err)
					}
					mu.Lock()
					defer mu.Unlock()
					for _, m := range migrations {
						done = append(done, m.Version)
					}
				})
			}
			all.Wait()
			slices.Sort(done)
			var want []int64
			for _, m := range status(t, address) {
				want = append(want, m.Version)
				if m.AppliedAt.IsZero() {
					t.Errorf("%s is pending", m.Name)
				}
			}
			if !slices.Equal(done, want) {
				t.Errorf("applied %v, want %v", done, want)
			}
			checkInserted(t, insert(t, open(t, address, postgres.Options{}), newCode("A", "a")))
		})
	}
}

func TestASchemaThatIsNewerIsRefused(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	exec(t, connect(t, address), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (20310203, true)")
	if _, err := postgres.Migrate(t.Context(), address); !errors.Is(err, schema.ErrSchemaTooNew) {
		t.Errorf("Migrate: %v", err)
	}
	if _, err := postgres.MigrationStatus(t.Context(), address); !errors.Is(err, schema.ErrSchemaTooNew) {
		t.Errorf("MigrationStatus: %v", err)
	}
}

func TestMigrationStatusChangesNothing(t *testing.T) {
	t.Parallel()
	address := pgtest.EmptyDatabase(t)
	conn := connect(t, address)
	const objects = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
	before := status(t, address)
	if n := ask[int](t, conn, objects); n != 0 {
		t.Errorf("it made %d tables, indexes and the like", n)
	}
	for _, m := range before {
		if !m.AppliedAt.IsZero() {
			t.Errorf("%s is said to be applied in an empty database", m.Name)
		}
	}
	done := migrate(t, address)
	n := ask[int](t, conn, objects)
	after := status(t, address)
	if len(done) != len(before) || len(after) != len(before) || n == 0 || ask[int](t, conn, objects) != n {
		t.Errorf("%d were pending, %d were done, %d are known then", len(before), len(done), len(after))
	}
	for i, m := range after {
		if m.AppliedAt.IsZero() || m.Version != before[i].Version || m.Name != before[i].Name {
			t.Errorf("%+v afterwards, %+v before", m, before[i])
		}
	}
	if again := migrate(t, address); len(again) != 0 {
		t.Errorf("migrating again did %v", again)
	}
}

// TestAMigrationWhoseProcessDiedDelaysTheNextByItsLease leaves behind what a process
// leaves that is killed while it migrates.
func TestAMigrationWhoseProcessDiedDelaysTheNextByItsLease(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		left time.Duration // of the lease
	}{
		{"long ago", -time.Second},
		{"lately", 2 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.EmptyDatabase(t)
			conn := connect(t, address)
			exec(t, conn, `CREATE TABLE `+lock.DefaultLockTableName+` (
				lock_id bigint NOT NULL PRIMARY KEY, locked boolean NOT NULL DEFAULT false,
				locked_at timestamptz, locked_by text, lease_expires_at timestamptz, updated_at timestamptz)`)
			exec(t, conn, fmt.Sprintf(`INSERT INTO %s
				SELECT %d, true, died - interval '1 s', 'a process that died', died + interval '%d s', died
				FROM (SELECT now() + interval '%d s' AS died) AS process`,
				lock.DefaultLockTableName, int64(lock.DefaultLockID), int(lease.Seconds()), int((test.left-lease).Seconds())))
			start := time.Now()
			migrate(t, address)
			if took := time.Since(start); took < test.left-margin/4 || took > lease*2/3 { // which a new lease would take
				t.Errorf("it took %v, the lease had %v left", took, test.left)
			}
		})
	}
}

// TestTheLockOfAMigrationLastsForItsLease: what the test above takes for granted.
func TestTheLockOfAMigrationLastsForItsLease(t *testing.T) {
	t.Parallel()
	address := pgtest.EmptyDatabase(t)
	conn, watcher := connect(t, address), connect(t, address)
	exec(t, conn, "BEGIN", "CREATE TABLE codes ()") // the migration waits for this name
	migrated := make(chan error, 1)
	go func() {
		_, err := postgres.Migrate(t.Context(), address)
		migrated <- err
	}()
	awaitTrue(t, watcher, "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "+
		"AND wait_event_type = 'Lock')")
	left := ask[float64](t, watcher,
		"SELECT extract(epoch FROM lease_expires_at - now())::float8 FROM "+lock.DefaultLockTableName+" WHERE locked")
	if left <= 0 || left > lease.Seconds() {
		t.Errorf("the lock lasts for another %v s, the lease is %v", left, lease)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := postgres.Migrate(ctx, address); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second migration at the same time: %v", err)
	}
	exec(t, conn, "ROLLBACK")
	if err := <-migrated; err != nil {
		t.Error(err)
	}
	if ask[bool](t, watcher, "SELECT locked FROM "+lock.DefaultLockTableName) {
		t.Error("the lock was not given back")
	}
}

// TestUsersFromBeforeTheyKnewTheirLastOrdinalLearnIt: the next redemption is a later one. A cluster
// may have been distributed before.
func TestUsersFromBeforeTheyKnewTheirLastOrdinalLearnIt(t *testing.T) {
	learnLastOrdinals(t, pgtest.EmptyDatabase(t), func() {})
}

func learnLastOrdinals(t *testing.T, address string, distribute func()) {
	t.Helper()
	if err := postgres.MigrateTo(t.Context(), address, 9); err != nil {
		t.Fatal(err)
	}
	distribute()
	const none = "'00000000-0000-0000-0000-000000000000'"
	conn := connect(t, address)
	exec(t, conn, `INSERT INTO users (workspace_id, user_id, status, created_at, updated_at)
		VALUES (`+none+`, 'ada', 'Premium', now(), now()), (`+none+`, 'bob', 'Normal', now(), now())`,
		`INSERT INTO redemptions (workspace_id, id, canonical, code, type, user_id, grants, ordinal, created_at, created_by,
			rolled_back_at)
		VALUES (`+none+`, gen_random_uuid(), 'A', 'A', 'Normal', 'ada', 'Normal', 1, now(), `+none+`, NULL),
		       (`+none+`, gen_random_uuid(), 'B', 'B', 'Normal', 'ada', 'Premium', 2, now(), `+none+`, NULL),
		       (`+none+`, gen_random_uuid(), 'C', 'C', 'Normal', 'ada', 'Premium', 3, now(), `+none+`, now())`)
	if _, err := postgres.Migrate(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	store := open(t, address, postgres.Options{})
	for id, want := range map[string]int64{"ada": 2, "bob": 0} {
		if user, err := store.User(t.Context(), core.ID{}, id); err != nil || user.LastOrdinal != want {
			t.Errorf("%s: %+v, %v; want the ordinal %d", id, user, err, want)
		}
	}
}
