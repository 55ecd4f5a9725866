package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// awkward is metadata that a careless store would not bring back as it was.
func awkward() map[string]string {
	return map[string]string{
		"a":    "",
		"ключ": "значение",
		`q"`:   `\`,
		"html": "<b>&amp;</b>",
		"🎉":    "line 1\nline 2\t'; DROP TABLE users; --",
	}
}

func testRedemptions(t *testing.T, newStore Factory) {
	t.Run("every field comes back as it went in", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "Ünï 🎉-code", of(codes.TypeUpgrade))
		s.put(t, s.mine, `O'Hara "Ö" 🎉`, codes.UserNormal)
		s.pass(3 * instant)
		held := s.reserve(t, s.mine, "ünï🎉code", `O'Hara "Ö" 🎉`, 0)
		s.pass(instant)
		got, err := s.Redeem(
			t.Context(),
			s.mine,
			codes.RedeemRequest{Code: "ünï 🎉 code", UserID: `O'Hara "Ö" 🎉`, Metadata: awkward()},
		)
		if err != nil {
			t.Fatal(err)
		}
		want := codes.Redemption{
			ID: got.Redemption.ID, WorkspaceID: s.mine.WorkspaceID, Code: "Ünï 🎉-code", Type: codes.TypeUpgrade,
			UserID: `O'Hara "Ö" 🎉`,
			Grants: codes.UserPremium, Before: codes.UserNormal, Ordinal: 1, Metadata: awkward(), ReservationID: held.ID,
			CreatedAt: now.Add(4 * instant), CreatedBy: s.mine.ID,
		}
		checkSame(t, "as it was made", codes.Redeemed{Redemption: want}, got)
		s.checkStored(t, core.Canonical("Ünï 🎉-code"), want)

		s.pass(instant)
		undone, err := s.Rollback(t.Context(), s.mine, want.ID, "Kundin sagt: \"nein\"\n✗")
		at := now.Add(5 * instant)
		want.RolledBackAt, want.RolledBackBy, want.Reason = &at, s.mine.ID, "Kundin sagt: \"nein\"\n✗"
		checkSame(t, fmt.Sprint("as it was rolled back, ", err), codes.Redeemed{Redemption: want}, undone)
		s.checkStored(t, core.Canonical("Ünï 🎉-code"), want)

		s.erase(t, s.mine, want.UserID)
		want.UserID = ""
		s.checkStored(t, core.Canonical("Ünï 🎉-code"), want)
	})
	t.Run("what it has not stays away", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "BARE")
		made := s.redeem(t, s.mine, "BARE", "ada")
		checkSame(t, "as it was made", codes.Redemption{
			ID: made.ID, WorkspaceID: s.mine.WorkspaceID, Code: "BARE", Type: codes.TypeNormal, UserID: "ada",
			Grants: codes.UserNormal, Ordinal: 1, CreatedAt: now, CreatedBy: s.mine.ID,
		}, made)
		s.checkStored(t, "BARE", made)
		s.checkStored(t, "BARE", s.rollback(t, s.mine, made)) // without a reason
	})
	t.Run("it counts until it is rolled back, once", testUses(newStore))
	t.Run("a repeated one is the first one, whatever has become of the code", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "ONCE", times(1), until(now.Add(time.Hour)))
		first := s.redeem(t, s.mine, "ONCE", "ada")
		for _, meanwhile := range []func(){func() {}, func() { s.revoke(t, "ONCE") }, func() { s.pass(time.Hour) }} {
			meanwhile()
			got, err := s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: "once", UserID: "ada", Metadata: awkward()})
			checkSame(t, fmt.Sprint("again, ", err), codes.Redeemed{Redemption: first, Replayed: true}, got)
		}
		s.checkUses(t, s.mine, "ONCE", 1, 0)
	})
	t.Run("a repeated rollback is the first one", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "ONCE", times(1))
		first := s.rollback(t, s.mine, s.redeem(t, s.mine, "ONCE", "ada"))
		second := s.redeem(t, s.mine, "ONCE", "ada")
		s.pass(time.Hour)
		got, err := s.Rollback(t.Context(), s.mine, first.ID, "another reason")
		checkSame(t, fmt.Sprint("again, ", err), codes.Redeemed{Redemption: first, Replayed: true}, got)
		s.checkStored(t, "ONCE", second)
		s.checkUses(t, s.mine, "ONCE", 1, 0)
	})
	t.Run("a rollback makes the user what they were, the last redemption first", testRollbackOrder(newStore))
	t.Run("from the first instant on and until just before the last", testInstants(newStore))
	t.Run("a refusal changes nothing", testRefusals(newStore))
	t.Run("none", func(t *testing.T) {
		s := newSite(t, newStore)
		if _, _, err := s.Store.Redemption(t.Context(), s.mine.WorkspaceID, newID(t)); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("Redemption: %v", err)
		}
		_, err := s.Rollback(t.Context(), s.mine, newID(t), "")
		checkReason(t, "Rollback", err, core.ReasonRedemptionNotFound)
		_, err = s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: "NONE", UserID: "ada"})
		checkReason(t, "Redeem", err, core.ReasonCodeNotFound)
		s.checkUser(t, s.mine, "ada", codes.Unregistered)
	})
}

// checkStored checks a redemption where it can be read: by its id and in lists.
func (s *site) checkStored(t *testing.T, canonical string, want codes.Redemption) {
	t.Helper()
	at, got, err := s.Store.Redemption(t.Context(), want.WorkspaceID, want.ID)
	if at != canonical || err != nil {
		t.Errorf("Redemption: code %q, %v; want %q", at, err, canonical)
	}
	checkSame(t, "Redemption", want, got)
	if got.CreatedAt.Location() != time.UTC || got.RolledBackAt != nil && got.RolledBackAt.Location() != time.UTC {
		t.Errorf("times are not UTC: %v, %v", got.CreatedAt, got.RolledBackAt)
	}
	listed, err := s.Store.Redemptions(
		t.Context(),
		&codes.RedemptionQuery{WorkspaceID: want.WorkspaceID, Canonical: canonical, UserID: want.UserID, Limit: 1},
	)
	checkSame(t, fmt.Sprint("Redemptions, ", err), []codes.Redemption{want}, listed)
}

func testUses(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "THREE", times(3))
		s.add(t, s.mine, "BESIDE")
		var ada, bob, cyd codes.Redemption
		steps := []struct {
			name string
			do   func()
			want int64
		}{
			{"nothing", func() {}, 0},
			{"one", func() { ada = s.redeem(t, s.mine, "THREE", "ada") }, 1},
			{"another", func() { bob = s.redeem(t, s.mine, "THREE", "bob") }, 2},
			{"the first one again", func() { s.redeem(t, s.mine, "three", "ada") }, 2},
			{"the last one", func() { cyd = s.redeem(t, s.mine, "THREE", "cyd") }, 3},
			{"one undone", func() { s.rollback(t, s.mine, ada) }, 2},
			{"the same undone", func() { s.rollback(t, s.mine, ada) }, 2},
			{"done anew", func() { ada = s.redeem(t, s.mine, "THREE", "ada") }, 3},
			{"all undone", func() { s.rollback(t, s.mine, ada); s.rollback(t, s.mine, bob); s.rollback(t, s.mine, cyd) }, 0},
		}
		for _, step := range steps {
			step.do()
			if got := s.code(t, s.mine, "THREE", s.time()); got.Redemptions != step.want || got.Reservations != 0 {
				t.Errorf(
					"%s: %d redemptions and %d reservations, want %d and 0",
					step.name,
					got.Redemptions,
					got.Reservations,
					step.want,
				)
			}
			s.pass(instant)
		}
		s.checkUses(t, s.mine, "BESIDE", 0, 0)
	}
}

func testRollbackOrder(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "JOIN")
		s.add(t, s.mine, "UP", of(codes.TypeUpgrade))
		joined := s.redeem(t, s.mine, "JOIN", "ada")
		s.pass(instant)
		raised := s.redeem(t, s.mine, "UP", "ada")
		if joined.Ordinal >= raised.Ordinal || raised.Before != codes.UserNormal {
			t.Errorf("ordinals %d and %d, before %q", joined.Ordinal, raised.Ordinal, raised.Before)
		}
		s.checkUser(t, s.mine, "ada", codes.UserPremium)
		_, err := s.Rollback(t.Context(), s.mine, joined.ID, "")
		checkReason(t, "the first redemption first", err, core.ReasonRollbackOutOfOrder)
		s.checkStored(t, "JOIN", joined)
		s.checkUses(t, s.mine, "JOIN", 1, 0)

		s.pass(instant)
		s.rollback(t, s.mine, raised)
		user, err := s.Store.User(t.Context(), s.mine.WorkspaceID, "ada")
		checkSame(t, fmt.Sprint("lowered again, ", err), codes.User{
			WorkspaceID: s.mine.WorkspaceID, ID: "ada", Status: codes.UserNormal, CreatedAt: now,
			UpdatedAt: now.Add(2 * instant), LastOrdinal: 2,
		}, user)
		s.rollback(t, s.mine, joined)
		s.checkUser(t, s.mine, "ada", codes.Unregistered)

		s.pass(instant)
		again := s.redeem(t, s.mine, "JOIN", "ada")
		user, err = s.Store.User(t.Context(), s.mine.WorkspaceID, "ada")
		checkSame(t, fmt.Sprint("registered anew, ", err), codes.User{
			WorkspaceID: s.mine.WorkspaceID, ID: "ada", Status: codes.UserNormal, CreatedAt: now.Add(3 * instant),
			UpdatedAt: now.Add(3 * instant), LastOrdinal: 1,
		}, user)
		if again.ID == joined.ID || !again.Stands() {
			t.Errorf("redeemed anew: %+v", again)
		}
	}
}
