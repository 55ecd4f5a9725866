package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// TestNoMomentOfABreakLosesOrDuplicatesAnEvent cuts the database's answer before its first byte,
// and so on to its last, while a code is made, and while it is redeemed.
func TestNoMomentOfABreakLosesOrDuplicatesAnEvent(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	conn := connect(t, address)
	p, through := startProxy(t, address)
	store := open(t, through, postgres.Options{Timeout: timeout})
	service := codes.NewServices(codes.Deps{
		Store: store, Now: time.Now, Entropy: core.SystemEntropy(), NewID: newV7,
	})
	id, err := newV7()
	if err != nil {
		t.Fatal(err)
	}
	caller := &core.Actor{
		Kind: core.ActorKey, ID: core.ID{1}, WorkspaceID: id, Format: core.Format{Groups: 4, GroupLength: 4},
		Listens: event.AllHot,
	}
	generate := func() (issued codes.Issued) {
		if issued, err = service.GenerateCode(t.Context(), caller, codes.IssueRequest{Type: codes.TypeNormal}); err != nil {
			t.Errorf("GenerateCode: %v", err)
		}
		return issued
	}
	breaks := 0
	redeem := func(code string) {
		user := fmt.Sprint("user-", breaks)
		if _, err := service.Redeem(t.Context(), caller, codes.RedeemRequest{Code: code, UserID: user}); err != nil {
			t.Errorf("Redeem: %v", err)
		}
	}
	const step = 7 // bytes
	for bytes, generating, redeeming := int64(0), true, true; generating || redeeming; bytes += step {
		breaks++
		issued := generate()
		if generating {
			generating = p.breakOnce(bytes, func() { issued = generate() })
		}
		if redeeming {
			redeeming = p.breakOnce(bytes, func() { redeem(issued.Code.Value) })
		}
	}
	for kind, table := range map[string]string{
		"code.created": "codes", "redemption.created": "redemptions",
		"user.registered": "users", "code.exhausted": "redemptions",
	} {
		rows := ask[int](t, conn, "SELECT count(*) FROM "+table)
		events := ask[int](t, conn, "SELECT count(*) FROM event_queue WHERE type = $1", kind)
		if events != rows || rows < 10 {
			t.Errorf("%d events %s, and %d rows in %s", events, kind, rows, table)
		}
	}
	twice := ask[int](t, conn, `SELECT count(*) FROM (
		SELECT 1 FROM event_queue WHERE type LIKE 'code.%' GROUP BY subject_key, type HAVING count(*) > 1) twice`)
	if twice > 0 {
		t.Errorf("%d codes have an event twice", twice)
	}
	t.Logf("%d breaks", breaks)
}
