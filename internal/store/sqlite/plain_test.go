package sqlite_test

import (
	"path/filepath"
	"testing"

	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

func TestPlain(t *testing.T) {
	types := storetest.Types{
		Text: "TEXT", JSON: "TEXT", Int: "INTEGER", Bool: "INTEGER", Bytes: "BLOB", ID: "BLOB", Time: "INTEGER",
	}
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, path, sqlite.Options{})
	closing(t, s)
	storetest.RunPlain(t, types, s)
}
