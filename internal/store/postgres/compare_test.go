package postgres_test

import (
	"path/filepath"
	"testing"

	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// comparedRequests is how many requests are answered by two engines.
const comparedRequests = 500

func TestAnswersAreThoseOfSQLite(t *testing.T) {
	t.Parallel()
	storetest.NewComparison(t, onSQLite(t), bare(t)()).Run(t, comparedRequests)
}

// onSQLite is a store on a new file.
func onSQLite(t *testing.T) storetest.Store {
	t.Helper()
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
	return store
}

// TestAnswersAreThoseOfSQLiteAsToCitus: see [TestStoreThatSpeaksAsToCitus].
func TestAnswersAreThoseOfSQLiteAsToCitus(t *testing.T) {
	t.Parallel()
	address := conforming(t)
	store := postgres.SpeakAsToCitus(open(t, address, postgres.Options{}))
	storetest.NewComparison(t, onSQLite(t), store).Run(t, comparedRequests)
}
