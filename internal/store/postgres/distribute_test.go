package postgres_test

import (
	"strings"
	"testing"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

func TestDistributeSaysWhyItCannot(t *testing.T) {
	done, err := postgres.Distribute(t.Context(), pgtest.Database(t))
	if err == nil || !strings.Contains(err.Error(), "the extension citus is not installed") || len(done) != 0 {
		t.Errorf("got %v, %v", done, err)
	}
}
