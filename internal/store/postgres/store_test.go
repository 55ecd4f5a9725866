package postgres_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"

	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// Most tests of faults wait for a time to be up: more at once than there are processors.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code := pgtest.Run(m)
	if err := dropCitusSchemas(context.Background()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// open opens a store that ends with its test.
func open(t *testing.T, address string, options postgres.Options) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), address, options)
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

// conforming is the address of a database that a test must leave in order.
func conforming(t *testing.T) string {
	t.Helper()
	address := pgtest.Lent(t)
	t.Cleanup(func() { checkInvariants(t, address) })
	return address
}

func bare(t *testing.T) func() storetest.Store {
	address := conforming(t)
	return func() storetest.Store { return open(t, address, postgres.Options{}) }
}

// TestStore holds the store to the whole contract.
func TestStore(t *testing.T) { storetest.Run(t, bare) }

// writing are the parts of the contract that write codes, redemptions, reservations and users.
var writing = []string{
	"Codes", "Retries", "Concurrency", "Redemptions", "Reservations", "Tidying", "Users", "Commands", "Table",
	"Races", "UserRaces", "CodeRaces", "Revoking", "Deleting", "Changing",
}

// together are the parts in which many callers write at once.
var together = []string{"Retries", "Concurrency", "Commands", "Races", "UserRaces", "CodeRaces"}

// TestStoreThatSpeaksAsToCitus: what a distributed engine gets in place of arrays and of row
// locks is the same language, and must mean the same where there is only one node. Keys,
// workspaces and lists are asked for as everywhere.
func TestStoreThatSpeaksAsToCitus(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() storetest.Store {
		address := conforming(t)
		return func() storetest.Store { return postgres.SpeakAsToCitus(open(t, address, postgres.Options{})) }
	}, writing...)
}

// TestGroupedStore: calls that wait share one transaction, whose locks and errors are those of
// all of them. That shows here and not on SQLite, which has one writer at a time.
func TestGroupedStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() storetest.Store { return groupedOn(t, conforming(t)) }, together...)
}

// groupedOn returns a function that opens grouped stores on a database.
func groupedOn(t *testing.T, address string) func() storetest.Store {
	return func() storetest.Store {
		below, err := postgres.Open(t.Context(), address, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		store := grouped.New(below, grouped.Options{})
		wrapped := &storetest.Wrapped{
			Store: store, Tenancy: below, Log: below, Work: below, Bulk: below, People: below, Overview: below,
			Webhooks: below,
			Below:    below, End: store.Close,
		}
		t.Cleanup(func() {
			if err := wrapped.Close(); err != nil {
				t.Error(err)
			}
		})
		return wrapped
	}
}
