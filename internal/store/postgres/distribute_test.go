package postgres_test

import (
	"maps"
	"strings"
	"testing"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

func TestDistributeSaysWhyItCannot(t *testing.T) {
	done, err := postgres.Distribute(t.Context(), pgtest.Database(t), 0)
	if err == nil || !strings.Contains(err.Error(), "the extension citus is not installed") || len(done) != 0 {
		t.Errorf("got %v, %v", done, err)
	}
}

// TestTablesArePlacedAsTheSchemaAllows: the lint holds the schema to the columns that it knows,
// which must be those that tables are spread by.
func TestTablesArePlacedAsTheSchemaAllows(t *testing.T) {
	if got := postgres.Placements(); !maps.Equal(got, spreadBy) {
		t.Errorf("tables are spread by %v; the schema is held to %v", got, spreadBy)
	}
}
