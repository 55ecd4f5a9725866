package postgres_test

import (
	"testing"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

// beforeForms is the schema's version before the second version of canonical forms.
const beforeForms = 4

func TestOldForms(t *testing.T) {
	storetest.RunOldForms(t, func(t *testing.T) storetest.OldDatabase {
		address := pgtest.EmptyDatabase(t)
		if err := postgres.MigrateTo(t.Context(), address, beforeForms); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { checkInvariants(t, address) })
		return storetest.OldDatabase{
			Insert:  func(t *testing.T, codes []*storetest.OldCode) { insertOld(t, address, codes) },
			Migrate: func(t *testing.T) { migrate(t, address) },
			Open:    func(t *testing.T) storetest.Store { return open(t, address, postgres.Options{}) },
			Forms:   func(t *testing.T, limit int) error { return postgres.Forms(t.Context(), address, limit) },
		}
	})
}

// insertOld stores codes as the schema of that version had them.
func insertOld(t *testing.T, address string, codes []*storetest.OldCode) {
	t.Helper()
	conn := connect(t, address)
	run := func(statement string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), statement, args...); err != nil {
			t.Error(err)
		}
	}
	for _, old := range codes {
		c := &old.Code
		var key []byte
		if old.RetryKey != 0 {
			key = append([]byte{old.RetryKey}, make([]byte, 15)...)
			run("INSERT INTO code_retries (retry_key, canonical, mark) VALUES ($1, $2, 3)", key, old.Form)
		}
		run(`INSERT INTO codes (canonical, workspace_id, value, type, redemptions, reservations,
			created_at, created_by, retry_key, mark)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 3)`, old.Form, [16]byte(c.WorkspaceID), c.Value, string(c.Type),
			c.Redemptions, c.Reservations, c.CreatedAt, [16]byte(c.CreatedBy), key)
		for _, r := range old.Redemptions {
			run(`INSERT INTO redemptions (workspace_id, id, canonical, code, type, user_id, grants, ordinal,
				created_at, created_by)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, [16]byte(r.WorkspaceID), [16]byte(r.ID), old.Form, r.Code,
				string(r.Type), r.UserID, string(r.Grants), r.Ordinal, r.CreatedAt, [16]byte(r.CreatedBy))
			run("INSERT INTO users (workspace_id, user_id, status, created_at, updated_at) VALUES ($1, $2, 'Normal', $3, $3)",
				[16]byte(r.WorkspaceID), r.UserID, r.CreatedAt)
		}
		for _, h := range old.Reservations {
			run(`INSERT INTO reservations (workspace_id, id, canonical, code, user_id, state, expires_at, created_at, created_by)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [16]byte(h.WorkspaceID), [16]byte(h.ID), old.Form, h.Code, h.UserID,
				string(h.State), h.ExpiresAt, h.CreatedAt, [16]byte(h.CreatedBy))
		}
	}
}
