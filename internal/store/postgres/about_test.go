package postgres_test

import (
	"testing"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

func TestAbout(t *testing.T) {
	t.Parallel()
	store := open(t, pgtest.Database(t), postgres.Options{})
	version, bytes, err := store.About(t.Context())
	if err != nil || version == "" || bytes < 1<<20 {
		t.Errorf("%s, %d bytes, %v", version, bytes, err)
	}
}
