package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
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
		INSERT INTO redemptions (workspace_id, id, canonical, code, type, grants, user_ordinal, created_at, created_by, later)
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

// TestUsersFromBeforeTheyKnewTheirLastOrdinalLearnIt: the next redemption is a later one.
func TestUsersFromBeforeTheyKnewTheirLastOrdinalLearnIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if err := sqlite.MigrateTo(t.Context(), path, 10); err != nil {
		t.Fatal(err)
	}
	runScript(t, path, `
		INSERT INTO users (workspace_id, user_id, status, created_at, updated_at)
		VALUES (zeroblob(16), 'ada', 'Premium', 0, 0), (zeroblob(16), 'bob', 'Normal', 0, 0);
		INSERT INTO redemptions (workspace_id, id, canonical, code, type, user_id, grants, ordinal, created_at, created_by,
			rolled_back_at)
		VALUES (zeroblob(16), x'01', 'A', 'A', 'Normal', 'ada', 'Normal', 1, 0, zeroblob(16), NULL),
		       (zeroblob(16), x'02', 'B', 'B', 'Normal', 'ada', 'Premium', 2, 0, zeroblob(16), NULL),
		       (zeroblob(16), x'03', 'C', 'C', 'Normal', 'ada', 'Premium', 3, 0, zeroblob(16), 1)`)
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store := openStore(t, path, sqlite.Options{})
	closing(t, store)
	for id, want := range map[string]int64{"ada": 2, "bob": 0} {
		if user, err := store.User(t.Context(), core.ID{}, id); err != nil || user.LastOrdinal != want {
			t.Errorf("%s: %+v, %v; want the ordinal %d", id, user, err, want)
		}
	}
}
