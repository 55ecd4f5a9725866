package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"accesscodes/internal/access"
	"accesscodes/internal/store/batched"
	"accesscodes/internal/store/cached"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// factory opens stores on one new file per test.
func factory(wrap func(access.Store) access.Store) storetest.Factory {
	return func(t *testing.T) func() access.Store {
		path := filepath.Join(t.TempDir(), "a folder", "codes ?#%.db")
		if _, err := sqlite.Migrate(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return func() access.Store { return wrap(openStore(t, path)) }
	}
}

func openStore(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closing closes a store when its test has ended.
func closing(t *testing.T, s access.Store) access.Store {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	wrappings := map[string]func(access.Store) access.Store{
		"bare":    func(s access.Store) access.Store { return s },
		"batched": func(s access.Store) access.Store { return batched.New(s, batched.Options{}) },
		"cached":  func(s access.Store) access.Store { return cached.New(s, time.Hour, time.Now) },
	}
	for name, wrap := range wrappings {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) func() access.Store {
				open := factory(wrap)(t)
				return func() access.Store { return closing(t, open()) }
			})
		})
	}
}
