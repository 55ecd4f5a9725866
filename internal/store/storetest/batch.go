package storetest

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"accesscodes/internal/access"
)

// BatchSize is how many codes [InsertingBatches] inserts at once.
const BatchSize = 64

// InsertingBatches returns a function that inserts a batch of codes like generated ones,
// every time others, into a store without workspaces. It allocates one string for each
// code and leaves everything else to the store.
func InsertingBatches(t testing.TB, s access.Store) func() {
	t.Helper()
	ctx, w, once := t.Context(), access.Workspace{ID: access.ID{15: 1}, Slug: "acme", CreatedAt: now}, int64(1)
	if inserted, err := s.InsertWorkspace(ctx, w); err != nil || !inserted {
		t.Fatalf("InsertWorkspace = %v, %v", inserted, err)
	}
	codes := make([]*access.NewCode, BatchSize)
	for i := range codes {
		codes[i] = newCode(w.ID, "")
		codes[i].MaxRedemptions = &once
	}
	return func() {
		for _, code := range codes {
			code.Value = strconv.FormatUint(rand.Uint64(), 10)
			code.Canonical = code.Value
		}
		results, err := s.InsertCodes(ctx, codes)
		if err != nil || results[0].Outcome != access.Inserted {
			t.Fatalf("InsertCodes = %+v, %v", results, err)
		}
	}
}
