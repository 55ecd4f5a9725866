package sqlite_test

import (
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// violations are queries that each count rows that must not be.
func violations() map[string]string {
	return map[string]string{
		"parts of the file that are damaged": `
			SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
		"codes that are not redeemed as often as they say": `
			SELECT count(*) FROM codes c WHERE redemptions <>
			(SELECT count(*) FROM redemptions r WHERE r.canonical = c.canonical AND r.rolled_back_at IS NULL)`,
		"codes that are not held as often as they say": `
			SELECT count(*) FROM codes c WHERE reservations <>
			(SELECT count(*) FROM reservations r WHERE r.canonical = c.canonical AND r.state = 'held')`,
		"codes that are redeemed more often than they may": `
			SELECT count(*) FROM codes WHERE redemptions > max_redemptions`,
		"redemptions of one code that one user has twice": `
			SELECT count(*) FROM (
				SELECT 1 FROM redemptions WHERE rolled_back_at IS NULL AND user_id IS NOT NULL
				GROUP BY workspace_id, canonical, user_id HAVING count(*) > 1)`,
		"redemptions that stand for somebody who is not registered": `
			SELECT count(*) FROM redemptions r WHERE rolled_back_at IS NULL AND user_id IS NOT NULL AND NOT EXISTS
			(SELECT 1 FROM users u WHERE u.workspace_id = r.workspace_id AND u.user_id = r.user_id)`,
		"redemptions that are newer than their user knows": `
			SELECT count(*) FROM redemptions r JOIN users u ON u.workspace_id = r.workspace_id AND u.user_id = r.user_id
			WHERE rolled_back_at IS NULL AND user_ordinal > last_ordinal`,
		"redemptions of a user that stand and have the same ordinal": `
			SELECT count(*) FROM (
				SELECT 1 FROM redemptions WHERE rolled_back_at IS NULL AND user_id IS NOT NULL
				GROUP BY workspace_id, user_id, user_ordinal HAVING count(*) > 1) doubled`,
		"redemptions whose code is not in their workspace": `
			SELECT count(*) FROM redemptions r WHERE NOT EXISTS
			(SELECT 1 FROM codes c WHERE c.canonical = r.canonical AND c.workspace_id = r.workspace_id
			AND c.value = r.code AND c.type = r.type)`,
		"reservations whose code is not in their workspace": `
			SELECT count(*) FROM reservations r WHERE NOT EXISTS
			(SELECT 1 FROM codes c WHERE c.canonical = r.canonical AND c.workspace_id = r.workspace_id AND c.value = r.code)`,
		"redemptions whose reservation is not confirmed by them": `
			SELECT count(*) FROM redemptions r WHERE reservation_id IS NOT NULL AND NOT EXISTS
			(SELECT 1 FROM reservations h WHERE h.canonical = r.canonical AND h.id = r.reservation_id
			AND h.redemption_id = r.id AND h.state = 'confirmed')`,
		"redemptions that no list of their code finds": `
			SELECT count(*) FROM redemptions r WHERE later = 0 AND NOT EXISTS
			(SELECT 1 FROM codes c WHERE c.canonical = r.canonical AND c.first_redemption = r.id)`,
		"codes that name a redemption which is not theirs, or in the index of later ones, too": `
			SELECT count(*) FROM codes c WHERE first_redemption IS NOT NULL AND NOT EXISTS
			(SELECT 1 FROM redemptions r WHERE r.workspace_id = c.workspace_id AND r.id = c.first_redemption
			AND r.canonical = c.canonical AND r.later = 0)`,
		"reservations that are confirmed without a redemption": `
			SELECT count(*) FROM reservations h WHERE (state = 'confirmed' OR redemption_id IS NOT NULL) AND NOT EXISTS
			(SELECT 1 FROM redemptions r WHERE r.canonical = h.canonical AND r.id = h.redemption_id
			AND r.reservation_id = h.id)`,
		"redemptions that are rolled back by nobody, or not and yet by somebody": `
			SELECT count(*) FROM redemptions WHERE (rolled_back_at IS NULL) <> (rolled_back_by IS NULL)`,
		"redemptions with something empty that is not NULL": `
			SELECT count(*) FROM redemptions WHERE user_id = '' OR before = '' OR reason = '' OR metadata IN ('', '{}')`,
		"reservations with something empty that is not NULL": `
			SELECT count(*) FROM reservations WHERE user_id = ''`,
		"codes with something empty that is not NULL": `
			SELECT count(*) FROM codes WHERE note = '' OR recipient = '' OR metadata IN ('', '{}')`,
	}
}

// checkInvariants checks what a test has left in a file.
func checkInvariants(t *testing.T, path string) {
	t.Helper()
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadOnly)
	if err != nil {
		t.Errorf("check the file: %v", err)
		return
	}
	for what, query := range violations() {
		rows, err := sqlitex.ResultInt64(conn.Prep(query))
		if rows != 0 || err != nil {
			t.Errorf("%d %s, %v", rows, what, err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Errorf("check the file: %v", err)
	}
}
