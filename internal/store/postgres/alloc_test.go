package postgres_test

import (
	"testing"

	"accesscodes/internal/alloctest"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

// limitOfInsert is what may be allocated for one code of a batch. It is 24.4 now, and 24.5
// with the race detector; the slack is less than one more for each code.
const limitOfInsert = 25

var hot = []alloctest.Function{
	{Name: "InsertCodes", Start: insertingBatches, Limit: limitOfInsert, Times: storetest.BatchSize},
}

func TestHotFunctionsKeepToTheirAllocations(t *testing.T) { alloctest.Hold(t, hot) }

func BenchmarkHot(b *testing.B) { alloctest.Measure(b, hot) }

func insertingBatches(t testing.TB) func() {
	store, err := postgres.Open(t.Context(), pgtest.Database(t), postgres.Options{})
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
