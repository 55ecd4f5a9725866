package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/store/sqlite"
)

// TestRedemptionsFromBeforeTheirCodesNamedTheFirst: what version 3 had stored is listed with
// what is stored later.
func TestRedemptionsFromBeforeTheirCodesNamedTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if err := sqlite.MigrateTo(t.Context(), path, 3); err != nil {
		t.Fatal(err)
	}
	runScript(t, path, `
		INSERT INTO codes (canonical, workspace_id, value, type, redemptions, created_at, created_by)
		VALUES ('CODE', zeroblob(16), 'CODE', 'Normal', 2, 0, zeroblob(16)),
			('OTHER', zeroblob(16), 'OTHER', 'Normal', 1, 0, zeroblob(16));
		INSERT INTO redemptions (workspace_id, id, canonical, code, type, grants, ordinal, created_at, created_by)
		VALUES (zeroblob(16), x'03', 'CODE', 'CODE', 'Normal', 'Normal', 1, 0, zeroblob(16)),
		       (zeroblob(16), x'02', 'OTHER', 'OTHER', 'Normal', 'Normal', 1, 0, zeroblob(16)),
		       (zeroblob(16), x'01', 'CODE', 'CODE', 'Normal', 'Normal', 2, 0, zeroblob(16))`)
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	runScript(t, path, `
		UPDATE codes SET redemptions = 3, first_redemption = x'02' WHERE canonical = 'CODE';
		UPDATE redemptions SET id = x'04' WHERE id = x'02';
		INSERT INTO redemptions (workspace_id, id, canonical, code, type, grants, ordinal, created_at, created_by, later)
		VALUES (zeroblob(16), x'02', 'CODE', 'CODE', 'Normal', 'Normal', 3, 0, zeroblob(16), 0)`)
	store := openStore(t, path, sqlite.Options{})
	closing(t, store)
	var listed []byte
	found, err := store.Redemptions(t.Context(), &codes.RedemptionQuery{Canonical: "CODE", Limit: 10})
	for _, r := range found {
		listed = append(listed, r.ID[0])
	}
	if err != nil || !slices.Equal(listed, []byte{3, 2, 1}) {
		t.Errorf("listed %v, %v; want 3, 2 and 1", listed, err)
	}
}
