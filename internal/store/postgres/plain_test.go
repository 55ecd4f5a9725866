package postgres_test

import (
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// plainTypes are the types of columns.
var plainTypes = storetest.Types{
	Text: "text", JSON: "jsonb", Int: "bigint", Bool: "boolean", Bytes: "bytea", ID: "uuid", Time: "timestamptz",
}

// TestPlain runs with both ways of sending statements that [postgres.Open] chooses: behind a
// pooler and without one.
func TestPlain(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"cache_statement", "cache_describe"} {
		t.Run(mode, func(t *testing.T) {
			address := with(pgtest.Database(t), "default_query_exec_mode", mode)
			storetest.RunPlain(t, plainTypes, open(t, address, postgres.Options{}))
		})
	}
}

// TestANodeStartsWhileTheDatabaseTakesOnlyReads: what a start needs is there already.
func TestANodeStartsWhileTheDatabaseTakesOnlyReads(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	workspace := tenancy.Workspace{ID: core.ID{1}, Slug: "acme", Name: "Acme"}
	key := tenancy.Key{ID: core.ID{2}, WorkspaceID: workspace.ID, Role: tenancy.RoleFull, Hash: tenancy.KeyHash{2}}
	before := open(t, address, postgres.Options{})
	if _, err := before.Secret(t.Context(), []byte("first")); err != nil {
		t.Fatal(err)
	}
	if _, err := before.Bootstrap(t.Context(), workspace, key); err != nil {
		t.Fatal(err)
	}
	exec(t, connect(t, address), "ALTER DATABASE "+nameOf(t, address)+" SET default_transaction_read_only = on")
	s := open(t, address, postgres.Options{Timeout: timeout})
	if secret, err := s.Secret(t.Context(), []byte("second")); string(secret) != "first" || err != nil {
		t.Errorf("Secret = %q, %v", secret, err)
	}
	if created, err := s.Bootstrap(t.Context(), workspace, key); created || err != nil {
		t.Errorf("Bootstrap = %v, %v", created, err)
	}
	if caller, err := s.CallerByHash(t.Context(), key.Hash); err != nil || caller.Workspace.ID != workspace.ID {
		t.Errorf("CallerByHash = %+v, %v", caller, err)
	}
}
