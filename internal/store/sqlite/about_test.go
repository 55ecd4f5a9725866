package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"accesscodes/internal/store/sqlite"
)

func TestAbout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	version, bytes, err := store.About(t.Context())
	if err != nil || !strings.HasPrefix(version, "3.") || bytes < 4096 {
		t.Errorf("%s, %d bytes, %v", version, bytes, err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
}
