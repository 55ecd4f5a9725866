package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/access"
)

// testIsolation: two workspaces with the same user ids see, find and change nothing of one
// another.
func testIsolation(t *testing.T, newStore Factory) {
	t.Run("nothing of another workspace is found", func(t *testing.T) {
		s := newSite(t, newStore)
		_, made, held, batch := s.populate(t, s.mine, "MINE")
		theirs := s.other.Workspace.ID
		finds := map[string]func() error{
			"Code":           func() error { _, err := s.Store.Code(t.Context(), theirs, "MINE1", now); return err },
			"CodeByRetryKey": func() error { _, err := s.Store.CodeByRetryKey(t.Context(), theirs, [16]byte{'M'}, now); return err },
			"Redemption":     func() error { _, _, err := s.Store.Redemption(t.Context(), theirs, made.ID); return err },
			"Reservation":    func() error { _, _, err := s.Store.Reservation(t.Context(), theirs, held.ID); return err },
			"User":           func() error { _, err := s.Store.User(t.Context(), theirs, "ada"); return err },
		}
		for name, find := range finds {
			if err := find(); !errors.Is(err, access.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if found, err := s.Store.EraseUser(t.Context(), theirs, "ada"); found || err != nil {
			t.Errorf("EraseUser = %v, %v", found, err)
		}
		if found, err := s.Store.FindCodes(t.Context(), theirs, []string{"MINE1", "MINE2"}, now); len(found) != 0 || err != nil {
			t.Errorf("FindCodes = %v, %v", found, err)
		}
		for _, filter := range []access.CodeFilter{
			{},
			{BatchID: batch},
			{Query: "mine"},
			{Query: "note of"},
			{Query: "someone"},
			{Type: access.TypeNormal},
			{Status: access.StatusExhausted},
			{Status: access.StatusActive},
		} {
			if found := s.codes(t, s.other, filter, 10); found != nil {
				t.Errorf("codes by %+v: %v", filter, values(found))
			}
			if found := s.codes(t, s.mine, filter, 10); found == nil {
				t.Errorf("no codes of their own workspace by %+v", filter)
			}
		}
		for _, filter := range []access.RedemptionFilter{{}, {Code: "MINE1"}, {UserID: "ada"}, {Code: "MINE1", UserID: "ada"}} {
			if found := s.redemptions(t, s.other, filter, 10); found != nil {
				t.Errorf("redemptions by %+v: %v", filter, found)
			}
		}
		for _, filter := range []access.UserFilter{{}, {Query: "a"}, {Status: access.UserNormal}} {
			if found := s.users(t, s.other, filter, 10); found != nil {
				t.Errorf("users by %+v: %v", filter, found)
			}
		}
		if _, err := s.Store.User(t.Context(), s.mine.Workspace.ID, "ada"); err != nil {
			t.Errorf("my own user: %v", err)
		}
	})
	t.Run("nothing of another workspace is changed", func(t *testing.T) {
		s := newSite(t, newStore)
		value, made, held, _ := s.populate(t, s.mine, "MINE")
		s.populate(t, s.other, "THEIRS")
		before, reserved := s.everything(t, s.mine), s.reservation(t, s.mine, held.ID)
		refusals := []struct {
			name string
			do   func() error
			want access.Reason
		}{
			{"Redeem", func() error {
				_, err := s.Redeem(t.Context(), s.other, access.RedeemRequest{Code: value, UserID: "new"})
				return err
			}, access.ReasonCodeNotFound},
			{"Reserve", func() error {
				_, err := s.Reserve(t.Context(), s.other, access.ReserveRequest{Code: value, UserID: "new"})
				return err
			}, access.ReasonCodeNotFound},
			{"Confirm", func() error { _, err := s.Confirm(t.Context(), s.other, held.ID); return err }, access.ReasonReservationNotFound},
			{"Release", func() error { _, err := s.Release(t.Context(), s.other, held.ID); return err }, access.ReasonReservationNotFound},
			{"Rollback", func() error { _, err := s.Rollback(t.Context(), s.other, made.ID, ""); return err }, access.ReasonRedemptionNotFound},
			{"RevokeCode", func() error { _, err := s.RevokeCode(t.Context(), s.other, value); return err }, access.ReasonCodeNotFound},
			{"RestoreCode", func() error { _, err := s.RestoreCode(t.Context(), s.other, value); return err }, access.ReasonCodeNotFound},
			{"ChangeCode", func() error {
				_, err := s.ChangeCode(t.Context(), s.other, value, access.CodeChange{Note: given("theirs")})
				return err
			}, access.ReasonCodeNotFound},
			{"DeleteCode", func() error { return s.DeleteCode(t.Context(), s.other, "MINE2") }, access.ReasonCodeNotFound},
			{"PutUser", func() error { _, err := s.PutUser(t.Context(), s.other, "ada", access.UserPremium); return err }, ""},
			{"EraseUser", func() error { return s.EraseUser(t.Context(), s.other, "ada") }, ""},
		}
		for _, refusal := range refusals {
			checkReason(t, refusal.name, refusal.do(), refusal.want)
			checkSame(t, "my workspace after "+refusal.name, before, s.everything(t, s.mine))
		}
		s.checkReservation(t, access.Canonical(value), reserved)
	})
	t.Run("an act that names another workspace's code, redemption and reservation sees none", func(t *testing.T) {
		s := newSite(t, newStore)
		value, made, held, _ := s.populate(t, s.mine, "MINE")
		before := s.everything(t, s.mine)
		acts := s.acts(t, s.toRollBack(t, made), s.toConfirm(t, held), s.toRelease(t, held), s.toRevoke(t, value), s.toDelete(t, "MINE2"), s.toRedeem(t, s.mine, value, "new"))
		want := []access.Reason{
			access.ReasonRedemptionNotFound, access.ReasonReservationNotFound, access.ReasonReservationNotFound,
			access.ReasonCodeNotFound, access.ReasonCodeNotFound, access.ReasonCodeNotFound,
		}
		var got []access.Reason
		for _, act := range acts {
			act.WorkspaceID = s.other.Workspace.ID
		}
		for _, result := range s.carryOut(t, acts) {
			got = append(got, reasonOf(result.Err))
		}
		checkSame(t, "reasons", want, got)
		checkSame(t, "my workspace", before, s.everything(t, s.mine))
		checkSame(t, "theirs", everything{}, s.everything(t, s.other))
	})
	t.Run("one id is two people in two workspaces", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "MINE")
		s.add(t, s.other, "THEIRS", of(access.TypePremium))
		s.redeem(t, s.mine, "MINE", "ada")
		s.pass(instant)
		theirs := s.redeem(t, s.other, "THEIRS", "ada") // who is new there
		s.checkUser(t, s.mine, "ada", access.UserNormal)
		s.checkUser(t, s.other, "ada", access.UserPremium)
		s.put(t, s.mine, "ada", access.UserPremium)
		s.erase(t, s.mine, "ada")
		s.checkUser(t, s.mine, "ada", access.Unregistered)
		s.checkStored(t, "THEIRS", theirs)
		user, err := s.Store.User(t.Context(), s.other.Workspace.ID, "ada")
		checkSame(t, fmt.Sprint("theirs, ", err), access.User{
			WorkspaceID: s.other.Workspace.ID, ID: "ada", Status: access.UserPremium, CreatedAt: now.Add(instant), UpdatedAt: now.Add(instant),
		}, user)
		s.rollback(t, s.other, theirs)
		s.checkUser(t, s.other, "ada", access.Unregistered)
	})
}

// populate stores something of everything in a workspace: two codes, one of which is redeemed
// by ada and reserved for bob.
func (s *site) populate(t *testing.T, caller *access.Caller, name string) (value string, made access.Redemption, held access.Reservation, batch access.ID) {
	t.Helper()
	batch = newID(t)
	first := coded(caller, name+"1", inBatch(batch), noted("note of "+name), addressed("someone@"+name), times(2))
	first.Retry = access.Retry{Key: [16]byte{name[0]}, Fingerprint: [16]byte{1}}
	insert(t, s.Store, first)
	s.add(t, caller, name+"2")
	made = s.redeem(t, caller, name+"1", "ada")
	held = s.reserve(t, caller, name+"1", "bob", time.Hour)
	return name + "1", made, held, batch
}
