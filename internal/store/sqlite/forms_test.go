package sqlite_test

import (
	"path/filepath"
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// beforeForms is the schema's version before the second version of canonical forms.
const beforeForms = 5

func TestOldForms(t *testing.T) {
	storetest.RunOldForms(t, func(t *testing.T) storetest.OldDatabase {
		path := filepath.Join(t.TempDir(), "codes.db")
		if err := sqlite.MigrateTo(t.Context(), path, beforeForms); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { checkInvariants(t, path) })
		return storetest.OldDatabase{
			Insert: func(t *testing.T, codes []*storetest.OldCode) { insertOld(t, path, codes) },
			Migrate: func(t *testing.T) {
				t.Helper()
				if _, err := sqlite.Migrate(t.Context(), path); err != nil {
					t.Fatal(err)
				}
			},
			Open:  func(t *testing.T) storetest.Store { return closing(t, openStore(t, path, sqlite.Options{})) },
			Forms: func(t *testing.T, limit int) error { return sqlite.Forms(t.Context(), path, limit) },
		}
	})
}

// insertOld stores codes as the schema of that version had them. The first redemption of every
// second code is named by the code's row.
func insertOld(t *testing.T, path string, codes []*storetest.OldCode) {
	t.Helper()
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string, args ...any) {
		t.Helper()
		if err := sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{Args: args}); err != nil {
			t.Error(err)
		}
	}
	for i, old := range codes {
		c := &old.Code
		var key, first any
		if old.RetryKey != 0 {
			key = append([]byte{old.RetryKey}, make([]byte, 15)...)
		}
		if len(old.Redemptions) > 0 && i%2 == 1 {
			first = old.Redemptions[0].ID[:]
		}
		run(`INSERT INTO codes (canonical, workspace_id, value, type, redemptions, reservations,
			created_at, created_by, retry_key, first_redemption)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, old.Form, c.WorkspaceID[:], c.Value, string(c.Type),
			c.Redemptions, c.Reservations,
			c.CreatedAt.UnixMicro(), c.CreatedBy[:], key, first)
		for n, r := range old.Redemptions {
			run(`INSERT INTO redemptions (workspace_id, id, canonical, code, type, user_id, grants, ordinal,
				created_at, created_by, later)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.WorkspaceID[:], r.ID[:], old.Form, r.Code, string(r.Type), r.UserID,
				string(r.Grants), r.Ordinal, r.CreatedAt.UnixMicro(), r.CreatedBy[:], n > 0 || first == nil)
			run(`INSERT INTO users (workspace_id, user_id, status, created_at, updated_at) VALUES (?, ?, 'Normal', ?4, ?4)`,
				r.WorkspaceID[:], r.UserID, nil, r.CreatedAt.UnixMicro())
		}
		for _, h := range old.Reservations {
			run(`INSERT INTO reservations (workspace_id, id, canonical, code, user_id, state, expires_at, created_at, created_by)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, h.WorkspaceID[:], h.ID[:], old.Form, h.Code, h.UserID, string(h.State),
				h.ExpiresAt.UnixMicro(), h.CreatedAt.UnixMicro(), h.CreatedBy[:])
		}
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
