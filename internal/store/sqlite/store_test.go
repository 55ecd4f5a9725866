package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"accesscodes/internal/store/cached"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// factory opens stores on one new file per test: a copy of a migrated one, which costs less
// than to migrate each.
func factory(migrated []byte, wrap func(storetest.Store) storetest.Store) storetest.Factory {
	return func(t *testing.T) func() storetest.Store {
		path := awkwardPath(t)
		err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, migrated, 0o600))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { checkInvariants(t, path) }) // when the test's stores are closed
		return func() storetest.Store { return wrap(openStore(t, path, sqlite.Options{GatherLog: true})) }
	}
}

// awkwardPath is the path of a file in a folder that is not there yet.
func awkwardPath(t *testing.T) string {
	return filepath.Join(t.TempDir(), "a folder", "codes ?#%.db")
}

// migrate returns the contents of a migrated file.
func migrate(t *testing.T) []byte {
	t.Helper()
	path := awkwardPath(t)
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	contents, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

func openStore(t *testing.T, path string, options sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closing closes a store when its test has ended.
func closing(t *testing.T, s storetest.Store) storetest.Store {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// TestStore holds the store to the whole contract.
func TestStore(t *testing.T) { conform(t, func(s storetest.Store) storetest.Store { return s }) }

// TestCachedStore: the cache stands before what keys and workspaces are asked for.
func TestCachedStore(t *testing.T) {
	conform(t, func(s storetest.Store) storetest.Store {
		return &storetest.Wrapped{
			Store: s, Tenancy: cached.New(s, time.Hour, time.Now), Log: s, Work: s, Bulk: s, People: s, Overview: s,
			Webhooks: s,
			Below:    s,
		}
	}, "Workspaces", "Keys", "Install")
}

// conform holds wrapped stores to parts of the contract; none: all of it.
func conform(t *testing.T, wrap func(storetest.Store) storetest.Store, parts ...string) {
	migrated := migrate(t)
	storetest.Run(t, func(t *testing.T) func() storetest.Store {
		open := factory(migrated, wrap)(t)
		return func() storetest.Store { return closing(t, open()) }
	}, parts...)
}
