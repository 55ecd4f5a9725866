package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// violations are queries that each count rows that must not be.
func violations() map[string]string {
	return map[string]string{
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
				GROUP BY workspace_id, canonical, user_id HAVING count(*) > 1) doubled`,
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
		"reservations that are confirmed without a redemption": `
			SELECT count(*) FROM reservations h WHERE (state = 'confirmed' OR redemption_id IS NOT NULL) AND NOT EXISTS
			(SELECT 1 FROM redemptions r WHERE r.canonical = h.canonical AND r.id = h.redemption_id
			AND r.reservation_id = h.id)`,
		"redemptions that are rolled back by nobody, or not and yet by somebody": `
			SELECT count(*) FROM redemptions WHERE (rolled_back_at IS NULL) <> (rolled_back_by IS NULL)`,
		"redemptions with something empty that is not NULL": `
			SELECT count(*) FROM redemptions WHERE user_id = '' OR before = '' OR reason = '' OR metadata = '{}'`,
		"reservations with something empty that is not NULL": `
			SELECT count(*) FROM reservations WHERE user_id = ''`,
		"codes with something empty that is not NULL": `
			SELECT count(*) FROM codes WHERE note = '' OR recipient = '' OR metadata = '{}'`,
	}
}

// checkInvariants checks what a test has left in a database.
func checkInvariants(t *testing.T, address string) {
	t.Helper()
	ctx := context.Background() // the test's has ended
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Errorf("check the database: %v", err)
		return
	}
	checkViolations(t, conn)
	if err := conn.Close(ctx); err != nil {
		t.Errorf("check the database: %v", err)
	}
}

func checkViolations(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for what, query := range violations() {
		var rows int64
		if err := conn.QueryRow(context.Background(), query).Scan(&rows); rows != 0 || err != nil {
			t.Errorf("%d %s, %v", rows, what, err)
		}
	}
}
