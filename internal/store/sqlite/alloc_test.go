package sqlite_test

import (
	"path/filepath"
	"testing"

	"accesscodes/internal/alloctest"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// limitOfInsert is what may be allocated for one code of a batch. It is 1.05 now, with the
// race detector and without, and the whole one is the code's own text; the slack is less
// than one more for each code.
const limitOfInsert = 1.5

var hot = []alloctest.Function{
	{Name: "InsertCodes", Start: insertingBatches, Limit: limitOfInsert, Times: storetest.BatchSize},
}

func TestHotFunctionsKeepToTheirAllocations(t *testing.T) { alloctest.Hold(t, hot) }

func BenchmarkHot(b *testing.B) { alloctest.Measure(b, hot) }

func insertingBatches(t testing.TB) func() {
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return storetest.InsertingBatches(t, store)
}
