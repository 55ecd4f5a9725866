package storetest

import (
	"context"
	"testing"
	"time"

	"accesscodes/internal/codes"
)

// testContext: whoever has gone gets an error, nothing is done for them, and nobody else
// notices.
func testContext(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	_, made, held, batch := s.populate(t, s.mine, "MINE")
	id := s.mine.WorkspaceID
	before, reserved := s.everything(t, s.mine), s.reservation(t, s.mine, held.ID)
	commands := s.commands(t, s.toRedeem(t, s.mine, "MINE2", "new"))
	single := s.commands(t, s.toRevoke(t, "MINE1"))
	calls := map[string]func(ctx context.Context) error{
		"InsertCodes": func(ctx context.Context) error {
			_, err := s.Store.InsertCodes(ctx, []*codes.NewCode{newCode(id, "GONE")})
			return err
		},
		"Code": func(ctx context.Context) error { _, err := s.Store.Code(ctx, id, "MINE1", now); return err },
		"FindCodes": func(ctx context.Context) error {
			_, err := s.Store.FindCodes(ctx, id, []string{"MINE1"}, now)
			return err
		},
		"CodesTaken": func(ctx context.Context) error { _, err := s.Store.CodesTaken(ctx, []string{"MINE1"}); return err },
		"WorkspaceBySlug": func(ctx context.Context) error {
			_, err := s.Store.WorkspaceBySlug(ctx, s.mine.Workspace)
			return err
		},
		"Execute": func(ctx context.Context) error { _, err := s.Store.Execute(ctx, commands); return err },
		"Execute, not to be repeated": func(ctx context.Context) error {
			_, err := s.Store.Execute(ctx, single)
			return err
		},
		"DryRun":      func(ctx context.Context) error { _, err := s.Store.DryRun(ctx, commands); return err },
		"Redemption":  func(ctx context.Context) error { _, _, err := s.Store.Redemption(ctx, id, made.ID); return err },
		"Reservation": func(ctx context.Context) error { _, _, err := s.Store.Reservation(ctx, id, held.ID); return err },
		"TidyReservations": func(ctx context.Context) error {
			_, err := s.Store.TidyReservations(ctx, now.Add(time.Hour), nil)
			return err
		},
		"User": func(ctx context.Context) error { _, err := s.Store.User(ctx, id, "ada"); return err },
		"PutUser": func(ctx context.Context) error {
			_, err := s.Store.PutUser(
				ctx,
				codes.User{WorkspaceID: id, ID: "ada", Status: codes.UserPremium, CreatedAt: now, UpdatedAt: now},
				nil,
			)
			return err
		},
		"EraseUser": func(ctx context.Context) error { _, err := s.Store.EraseUser(ctx, id, "bob"); return err },
		"Codes": func(ctx context.Context) error {
			_, err := s.Store.Codes(
				ctx,
				&codes.CodeQuery{WorkspaceID: id, CodeFilter: codes.CodeFilter{Query: "m", BatchID: batch}, Limit: 1, At: now},
			)
			return err
		},
		"Redemptions": func(ctx context.Context) error {
			_, err := s.Store.Redemptions(ctx, &codes.RedemptionQuery{WorkspaceID: id, Limit: 1})
			return err
		},
		"Users": func(ctx context.Context) error {
			_, err := s.Store.Users(ctx, &codes.UserQuery{WorkspaceID: id, Limit: 1})
			return err
		},
	}
	for name, call := range calls {
		if err := call(cancelled()); err == nil {
			t.Errorf("%s succeeded although its caller had gone", name)
		}
	}
	checkSame(t, "everything", before, s.everything(t, s.mine))
	s.checkReservation(t, "MINE1", reserved)
	for name, call := range calls {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s for the next caller: %v", name, err)
		}
	}
}
