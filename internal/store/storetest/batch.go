package storetest

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// BatchSize is how many codes [InsertingBatches] inserts at once.
const BatchSize = 64

// InsertingBatches returns a function that inserts a batch of codes like generated ones,
// every time others, into a store without workspaces. It allocates one string for each
// code and leaves everything else to the store.
func InsertingBatches(t testing.TB, s Store) func() {
	t.Helper()
	ctx, w, once := t.Context(), tenancy.Workspace{ID: core.ID{15: 1}, Slug: "acme", CreatedAt: now}, int64(1)
	if inserted, err := s.InsertWorkspace(ctx, w); err != nil || !inserted {
		t.Fatalf("InsertWorkspace = %v, %v", inserted, err)
	}
	list := make([]*codes.NewCode, BatchSize)
	for i := range list {
		list[i] = newCode(w.ID, "")
		list[i].MaxRedemptions = &once
	}
	return func() {
		for _, code := range list {
			code.Value = strconv.FormatUint(rand.Uint64(), 10)
			code.Canonical = code.Value
		}
		results, err := s.InsertCodes(ctx, list)
		if err != nil || results[0].Outcome != codes.Inserted {
			t.Fatalf("InsertCodes = %+v, %v", results, err)
		}
	}
}
