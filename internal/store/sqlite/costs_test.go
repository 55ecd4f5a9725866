package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// fillCrowds is for [storetest.Crowds]; %[1]x is my workspace and %[2]x the other.
const fillCrowds = `
CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %[4]d - 1)
SELECT i FROM n;
INSERT INTO codes (canonical, workspace_id, value, type, reservations, redemptions, metadata, created_at, created_by)
SELECT printf('FOREIGN%%05d', i), x'%[2]x', 'x', 'Normal', 0, 0, NULL, i, zeroblob(16) FROM n WHERE i < %[3]d
UNION ALL SELECT printf('MINE%%05d', i), x'%[1]x', printf('MINE%%05d', i), 'Normal', 0, 0, NULL, i,
zeroblob(16) FROM n WHERE i < 20000
UNION ALL SELECT 'CROWDED', x'%[2]x', 'CROWDED', 'Normal', %[4]d, %[5]d,
json_object('k', hex(zeroblob(50000))), 0, zeroblob(16)
UNION ALL SELECT 'CROWDEDMINE', x'%[1]x', 'CROWDEDMINE', 'Normal', %[4]d, 0, NULL, 0, zeroblob(16)
UNION ALL SELECT 'QUIET', x'%[1]x', 'QUIET', 'Normal', 0, 0, NULL, 0, zeroblob(16);
INSERT INTO reservations (workspace_id, id, canonical, code, user_id, state, expires_at, created_at, created_by)
SELECT x'%[2]x', randomblob(16), 'CROWDED', 'CROWDED', 'admin', 'held', %[6]d, 0, zeroblob(16) FROM n
UNION ALL SELECT x'%[1]x', randomblob(16), 'CROWDEDMINE', 'CROWDEDMINE', 'user ' || i, 'held', %[6]d, 0,
zeroblob(16) FROM n;
INSERT INTO redemptions (workspace_id, id, canonical, code, type, user_id, grants, user_ordinal, created_at,
created_by, later)
SELECT x'%[2]x', randomblob(16), 'CROWDED', 'CROWDED', 'Normal', 'admin', 'Normal', 1, 0, zeroblob(16), 1
FROM n WHERE i < %[5]d;
INSERT INTO users (workspace_id, user_id, status, created_at, updated_at) SELECT x'%[2]x', 'admin', 'Normal', 0, 0;`

func TestCosts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if err := os.WriteFile(path, migrate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	storetest.Costs(t, closing(t, openStore(t, path, sqlite.Options{})), func(c storetest.Crowds) {
		ends := time.Date(2031, 2, 3, 5, 0, 0, 0, time.UTC).UnixMicro()
		runScript(t, path, fmt.Sprintf(fillCrowds, c.Mine[:], c.Other[:], c.ForeignCodes, c.Held, c.Redeemed, ends))
	})
}

func runScript(t *testing.T, path, script string) {
	t.Helper()
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteScript(conn, script, nil); err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

// longList is so long that a search for what none has takes some time.
const longList = `
INSERT INTO codes (canonical, workspace_id, value, type, created_at, created_by)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199999)
SELECT 'CODE' || i, x'00000000000000000000000000000001', 'x', 'Normal', i, zeroblob(16) FROM n;`

// TestAListThatTakesTooLongEnds: whoever waits for it is told that it may be asked again.
func TestAListThatTakesTooLongEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if err := os.WriteFile(path, migrate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	runScript(t, path, longList)
	store, err := sqlite.Open(path, sqlite.Options{ListTimeout: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, store)
	workspace := core.ID{15: 1}
	q := &codes.CodeQuery{WorkspaceID: workspace, CodeFilter: codes.CodeFilter{Query: "x"}, Limit: 1, At: time.Now()}
	if _, err := store.Codes(t.Context(), q); !core.HasReason(err, core.ReasonOverloaded) {
		t.Errorf("error %v", err)
	}
	if _, err := store.Code(t.Context(), workspace, "CODE7", time.Now()); err != nil {
		t.Errorf("a look-up, which has no such limit: %v", err)
	}
}

// TestListsKeepNobodyElseWaiting: whatever takes every connection of a lane, the other lanes go on.
func TestListsKeepNobodyElseWaiting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if err := os.WriteFile(path, migrate(t), 0o600); err != nil {
		t.Fatal(err)
	}
	store := openStore(t, path, sqlite.Options{})
	closing(t, store)
	for lane := range sqlite.Lanes {
		giveBack := sqlite.TakeLane(t.Context(), store, lane)
		for name, look := range map[int]func(context.Context) error{
			sqlite.KeyLane: func(ctx context.Context) error {
				_, err := store.Ping(ctx)
				return err
			},
			sqlite.HotLane: func(ctx context.Context) error {
				_, err := store.CodesTaken(ctx, []string{"A"})
				return err
			},
			sqlite.ListLane: func(ctx context.Context) error {
				_, err := store.Users(ctx, &codes.UserQuery{Limit: 1})
				return err
			},
		} {
			if name == lane {
				continue // it would wait
			}
			if err := look(t.Context()); err != nil {
				t.Errorf("with lane %d taken, lane %d: %v", lane, name, err)
			}
		}
		giveBack()
	}
}
