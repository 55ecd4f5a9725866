package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// testIsolation: two workspaces with the same user ids see, find and change nothing of one
// another.
func testIsolation(t *testing.T, newStore Factory) {
	t.Run("nothing of another workspace is found", func(t *testing.T) {
		s := newSite(t, newStore)
		_, made, held, batch := s.populate(t, s.mine, "MINE")
		theirs := s.other.WorkspaceID
		finds := map[string]func() error{
			"Code": func() error { _, err := s.Store.Code(t.Context(), theirs, "MINE1", now); return err },
			"CodeByRetryKey": func() error {
				_, err := s.Store.CodeByRetryKey(t.Context(), theirs, [16]byte{'M'}, now)
				return err
			},
			"Redemption":  func() error { _, _, err := s.Store.Redemption(t.Context(), theirs, made.ID); return err },
			"Reservation": func() error { _, _, err := s.Store.Reservation(t.Context(), theirs, held.ID); return err },
			"User":        func() error { _, err := s.Store.User(t.Context(), theirs, "ada"); return err },
		}
		for name, find := range finds {
			if err := find(); !errors.Is(err, core.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if found, err := s.Store.EraseUser(t.Context(), theirs, "ada"); found || err != nil {
			t.Errorf("EraseUser = %v, %v", found, err)
		}
		if found, err := s.Store.FindCodes(t.Context(), theirs, []string{"MINE1", "MINE2"}, now); len(found) != 0 ||
			err != nil {
			t.Errorf("FindCodes = %v, %v", found, err)
		}
		for _, filter := range []codes.CodeFilter{
			{},
			{BatchID: batch},
			{Query: "mine"},
			{Query: "note of"},
			{Query: "someone"},
			{Type: codes.TypeNormal},
			{Status: codes.StatusExhausted},
			{Status: codes.StatusActive},
		} {
			if found := s.codes(t, s.other, filter, 10); found != nil {
				t.Errorf("codes by %+v: %v", filter, values(found))
			}
			if found := s.codes(t, s.mine, filter, 10); found == nil {
				t.Errorf("no codes of their own workspace by %+v", filter)
			}
		}
		for _, filter := range []codes.RedemptionFilter{
			{}, {Code: "MINE1"}, {UserID: "ada"}, {Code: "MINE1", UserID: "ada"},
		} {
			if found := s.redemptions(t, s.other, filter, 10); found != nil {
				t.Errorf("redemptions by %+v: %v", filter, found)
			}
		}
		for _, filter := range []codes.UserFilter{{}, {Query: "a"}, {Status: codes.UserNormal}} {
			if found := s.users(t, s.other, filter, 10); found != nil {
				t.Errorf("users by %+v: %v", filter, found)
			}
		}
		if _, err := s.Store.User(t.Context(), s.mine.WorkspaceID, "ada"); err != nil {
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
			want core.Reason
		}{
			{"Redeem", func() error {
				_, err := s.Redeem(t.Context(), s.other, codes.RedeemRequest{Code: value, UserID: "new"})
				return err
			}, core.ReasonCodeNotFound},
			{"Reserve", func() error {
				_, err := s.Reserve(t.Context(), s.other, codes.ReserveRequest{Code: value, UserID: "new"})
				return err
			}, core.ReasonCodeNotFound},
			{
				"Confirm",
				func() error { _, err := s.Confirm(t.Context(), s.other, held.ID); return err },
				core.ReasonReservationNotFound,
			},
			{
				"Release",
				func() error { _, err := s.Release(t.Context(), s.other, held.ID); return err },
				core.ReasonReservationNotFound,
			},
			{
				"Rollback",
				func() error { _, err := s.Rollback(t.Context(), s.other, made.ID, ""); return err },
				core.ReasonRedemptionNotFound,
			},
			{
				"RevokeCode",
				func() error { _, err := s.RevokeCode(t.Context(), s.other, value); return err },
				core.ReasonCodeNotFound,
			},
			{
				"RestoreCode",
				func() error { _, err := s.RestoreCode(t.Context(), s.other, value); return err },
				core.ReasonCodeNotFound,
			},
			{"ChangeCode", func() error {
				_, err := s.ChangeCode(t.Context(), s.other, value, codes.CodeChange{Note: given("theirs")})
				return err
			}, core.ReasonCodeNotFound},
			{"DeleteCode", func() error { return s.DeleteCode(t.Context(), s.other, "MINE2") }, core.ReasonCodeNotFound},
			{"PutUser", func() error { _, err := s.PutUser(t.Context(), s.other, "ada", codes.UserPremium); return err }, ""},
			{"EraseUser", func() error { return s.EraseUser(t.Context(), s.other, "ada") }, ""},
		}
		for _, refusal := range refusals {
			checkReason(t, refusal.name, refusal.do(), refusal.want)
			checkSame(t, "my workspace after "+refusal.name, before, s.everything(t, s.mine))
		}
		s.checkReservation(t, core.Canonical(value), reserved)
	})
	t.Run("a command that names another workspace's code, redemption and reservation sees none", func(t *testing.T) {
		s := newSite(t, newStore)
		value, made, held, _ := s.populate(t, s.mine, "MINE")
		before := s.everything(t, s.mine)
		commands := s.commands(
			t,
			s.toRollBack(t, made),
			s.toConfirm(t, held),
			s.toRelease(t, held),
			s.toRevoke(t, value),
			s.toDelete(t, "MINE2"),
			s.toRedeem(t, s.mine, value, "new"),
		)
		want := []core.Reason{
			core.ReasonRedemptionNotFound, core.ReasonReservationNotFound, core.ReasonReservationNotFound,
			core.ReasonCodeNotFound, core.ReasonCodeNotFound, core.ReasonCodeNotFound,
		}
		var got []core.Reason
		for _, command := range commands {
			command.WorkspaceID = s.other.WorkspaceID
		}
		for _, result := range s.carryOut(t, commands) {
			got = append(got, reasonOf(result.Err))
		}
		checkSame(t, "reasons", want, got)
		checkSame(t, "my workspace", before, s.everything(t, s.mine))
		checkSame(t, "theirs", everything{}, s.everything(t, s.other))
	})
	t.Run("one id is two people in two workspaces", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "MINE")
		s.add(t, s.other, "THEIRS", of(codes.TypePremium))
		s.redeem(t, s.mine, "MINE", "ada")
		s.pass(instant)
		theirs := s.redeem(t, s.other, "THEIRS", "ada") // who is new there
		s.checkUser(t, s.mine, "ada", codes.UserNormal)
		s.checkUser(t, s.other, "ada", codes.UserPremium)
		s.put(t, s.mine, "ada", codes.UserPremium)
		s.erase(t, s.mine, "ada")
		s.checkUser(t, s.mine, "ada", codes.Unregistered)
		s.checkStored(t, "THEIRS", theirs)
		user, err := s.Store.User(t.Context(), s.other.WorkspaceID, "ada")
		checkSame(t, fmt.Sprint("theirs, ", err), codes.User{
			WorkspaceID: s.other.WorkspaceID, ID: "ada", Status: codes.UserPremium, CreatedAt: now.Add(instant),
			UpdatedAt: now.Add(instant), LastOrdinal: 1,
		}, user)
		s.rollback(t, s.other, theirs)
		s.checkUser(t, s.other, "ada", codes.Unregistered)
	})
}

// populate stores something of everything in a workspace: two codes, one of which is redeemed
// by ada and reserved for bob.
func (s *site) populate(
	t *testing.T,
	caller *core.Actor,
	name string,
) (value string, made codes.Redemption, held codes.Reservation, batch core.ID) {
	t.Helper()
	batch = newID(t)
	first := coded(caller, name+"1", inBatch(batch), noted("note of "+name), addressed("someone@"+name), times(2))
	first.Retry = codes.Retry{Key: [16]byte{name[0]}, Fingerprint: [16]byte{1}}
	insert(t, s.Store, first)
	s.add(t, caller, name+"2")
	made = s.redeem(t, caller, name+"1", "ada")
	held = s.reserve(t, caller, name+"1", "bob", time.Hour)
	return name + "1", made, held, batch
}
