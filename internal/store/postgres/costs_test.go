package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// fillCrowds is for [storetest.Crowds]; %[1]s is my workspace and %[2]s the other.
const fillCrowds = `
INSERT INTO codes (canonical, workspace_id, value, type, reservations, redemptions, metadata, created_at,
created_by, mark)
SELECT 'FOREIGN' || to_char(i, 'FM00000'), '%[2]s'::uuid, 'x', 'Normal', 0, 0, NULL::jsonb, now(),
gen_random_uuid(), i FROM generate_series(0, %[3]d - 1) i
UNION ALL SELECT 'MINE' || to_char(i, 'FM00000'), '%[1]s', 'MINE' || to_char(i, 'FM00000'), 'Normal', 0, 0,
NULL, now(), gen_random_uuid(), i FROM generate_series(0, 19999) i
UNION ALL SELECT 'CROWDED', '%[2]s', 'CROWDED', 'Normal', %[4]d, %[5]d,
jsonb_build_object('k', repeat('long ', 20000)), now(), gen_random_uuid(), 1
UNION ALL SELECT 'CROWDEDMINE', '%[1]s', 'CROWDEDMINE', 'Normal', %[4]d, 0, NULL, now(), gen_random_uuid(), 1
UNION ALL SELECT 'QUIET', '%[1]s', 'QUIET', 'Normal', 0, 0, NULL, now(), gen_random_uuid(), 1;
INSERT INTO reservations (canonical, id, workspace_id, code, user_id, state, expires_at, created_at, created_by)
SELECT 'CROWDED', gen_random_uuid(), '%[2]s'::uuid, 'CROWDED', 'admin', 'held',
'2031-02-03 05:00:00Z'::timestamptz, now(), gen_random_uuid() FROM generate_series(1, %[4]d)
UNION ALL SELECT 'CROWDEDMINE', gen_random_uuid(), '%[1]s', 'CROWDEDMINE', 'user ' || i, 'held',
'2031-02-03 05:00:00Z', now(), gen_random_uuid() FROM generate_series(1, %[4]d) i;
INSERT INTO redemptions (canonical, id, workspace_id, code, type, user_id, grants, user_ordinal, created_at, created_by)
SELECT 'CROWDED', gen_random_uuid(), '%[2]s', 'CROWDED', 'Normal', 'admin', 'Normal', 1, now(),
gen_random_uuid() FROM generate_series(1, %[5]d);
INSERT INTO users VALUES ('%[2]s', 'admin', 'Normal', now(), now());
ANALYZE`

func TestCosts(t *testing.T) {
	address := pgtest.Database(t)
	storetest.Costs(t, open(t, address, postgres.Options{}), func(c storetest.Crowds) {
		conn := connect(t, address)
		script := fmt.Sprintf(fillCrowds, c.Mine, c.Other, c.ForeignCodes, c.Held, c.Redeemed)
		if _, err := conn.PgConn().Exec(t.Context(), script).ReadAll(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLanesShareThePool: lists leave connections for what is hot, and both leave one for keys.
func TestLanesShareThePool(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ connections, hot, lists int }{{10, 9, 4}, {4, 3, 1}, {3, 2, 1}, {2, 1, 1}} {
		store := open(t, pgtest.Database(t)+fmt.Sprintf("&pool_max_conns=%d", c.connections), postgres.Options{})
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		lists := func(ctx context.Context) error {
			_, err := store.Users(ctx, &codes.UserQuery{Limit: 1})
			return err
		}
		leaveLists, n := postgres.FillLane(t.Context(), store, postgres.ListLane)
		if n != c.lists {
			t.Errorf("of %d connections, %d are for lists, want %d", c.connections, n, c.lists)
		}
		if err := lists(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("one list too many: %v", err)
		}
		leaveHot, n := postgres.FillLane(t.Context(), store, postgres.HotLane)
		if n+c.lists != c.hot {
			t.Errorf("of %d connections, %d are for what is hot, want %d", c.connections, n+c.lists, c.hot)
		}
		if _, err := store.Ping(t.Context()); err != nil {
			t.Errorf("Ping: %v", err)
		}
		if _, err := store.CallerByHash(t.Context(), tenancy.KeyHash{}); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("CallerByHash: %v", err)
		}
		leaveHot()
		leaveLists()
		if err := lists(t.Context()); err != nil {
			t.Errorf("a list: %v", err)
		}
	}
}
