package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func testReservations(t *testing.T, newStore Factory) {
	t.Run("every field comes back as it went in", func(t *testing.T) {
		s := newSite(t, newStore)
		const user, canonical = `O'Hara "Ö" 🎉`, "üNï🎉CODE"
		s.add(t, s.mine, "Ünï 🎉-code")
		s.pass(3 * instant)
		got, err := s.Reserve(t.Context(), s.mine,
			codes.ReserveRequest{Code: "ünï🎉code", UserID: user, Life: time.Minute + instant})
		want := codes.Reservation{
			ID: got.Reservation.ID, WorkspaceID: s.mine.WorkspaceID, Code: "Ünï 🎉-code", UserID: user,
			State:     codes.ReservationHeld,
			ExpiresAt: now.Add(time.Minute + 4*instant), CreatedAt: now.Add(3 * instant), CreatedBy: s.mine.ID,
		}
		checkSame(t, fmt.Sprint("as it was made, ", err), codes.Reserved{Reservation: want}, got)
		s.checkReservation(t, canonical, want)

		made := s.confirm(t, s.mine, want)
		want.State, want.RedemptionID = codes.ReservationConfirmed, made.ID
		s.checkReservation(t, canonical, want)
		s.erase(t, s.mine, user)
		want.UserID = ""
		s.checkReservation(t, canonical, want)

		released := s.release(t, s.mine, s.reserve(t, s.mine, canonical, user, 0))
		if released.State != codes.ReservationReleased || !released.RedemptionID.IsZero() {
			t.Errorf("released: %+v", released)
		}
		s.checkReservation(t, canonical, released)
	})
	t.Run("it counts until it is confirmed, released or lapses, once", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "THREE", times(3))
		s.add(t, s.mine, "BESIDE")
		var ada, bob codes.Reservation
		steps := []struct {
			name               string
			do                 func()
			redeemed, reserved int64
		}{
			{"one", func() { ada = s.reserve(t, s.mine, "THREE", "ada", time.Minute) }, 0, 1},
			{"another", func() { bob = s.reserve(t, s.mine, "THREE", "bob", time.Hour) }, 0, 2},
			{"the first one again", func() { s.reserve(t, s.mine, "THREE", "ada", time.Hour) }, 0, 2},
			{"one is confirmed", func() { s.confirm(t, s.mine, bob) }, 1, 1},
			{"the same is confirmed", func() { s.confirm(t, s.mine, bob) }, 1, 1},
			{"one is released", func() { s.release(t, s.mine, ada) }, 1, 0},
			{"the same is released", func() { s.release(t, s.mine, ada) }, 1, 0},
			{"reserved anew", func() { ada = s.reserve(t, s.mine, "THREE", "ada", time.Minute) }, 1, 1},
			{"just before it lapses", func() { s.set(ada.ExpiresAt.Add(-instant)) }, 1, 1},
			{"it has lapsed", func() { s.set(ada.ExpiresAt) }, 1, 0},
			{"it is released", func() { s.release(t, s.mine, ada) }, 1, 0},
			{"redeemed without it", func() { s.redeem(t, s.mine, "THREE", "ada") }, 2, 0},
			{
				"the next one's is redeemed",
				func() { s.reserve(t, s.mine, "THREE", "cyd", 0); s.redeem(t, s.mine, "THREE", "cyd") },
				3,
				0,
			},
		}
		for _, step := range steps {
			step.do()
			if got := s.code(t, s.mine, "THREE", s.time()); got.Redemptions != step.redeemed ||
				got.Reservations != step.reserved {
				t.Errorf("%s: %d redemptions and %d reservations, want %d and %d", step.name, got.Redemptions,
					got.Reservations, step.redeemed, step.reserved)
			}
		}
		s.checkUses(t, s.mine, "BESIDE", 0, 0)
	})
	t.Run("a code shows those that are live at the instant", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", of(codes.TypePremium), times(2))
		s.add(t, s.mine, "BESIDE")
		s.reserve(t, s.mine, "CODE", "ada", time.Minute)
		s.reserve(t, s.mine, "CODE", "bob", 2*time.Minute)
		s.reserve(t, s.mine, "BESIDE", "ada", time.Hour)
		cases := []struct {
			after time.Duration
			want  int64
		}{
			{0, 2},
			{time.Minute - instant, 2},
			{time.Minute, 1},
			{2*time.Minute - instant, 1},
			{2 * time.Minute, 0},
			{24 * time.Hour, 0},
		}
		for _, c := range cases {
			at := now.Add(c.after)
			found, err := s.Store.FindCodes(t.Context(), s.mine.WorkspaceID, []string{"CODE"}, at)
			listed, errListed := s.Store.Codes(t.Context(), &codes.CodeQuery{
				WorkspaceID: s.mine.WorkspaceID, CodeFilter: codes.CodeFilter{Type: codes.TypePremium}, Limit: 2, At: at,
			})
			if err := errors.Join(err, errListed); err != nil || len(found) != 1 || len(listed) != 1 {
				t.Fatalf("FindCodes: %v; Codes: %v; %v", found, listed, err)
			}
			got := []int64{s.code(t, s.mine, "CODE", at).Reservations, found[0].Reservations, listed[0].Reservations}
			checkSame(t, fmt.Sprint("by Code, FindCodes and Codes after ", c.after), []int64{c.want, c.want, c.want}, got)
			judged, err := s.Validate(t.Context(), s.mine, codes.ValidateRequest{Code: "CODE", UserID: "cyd", At: &at})
			if err != nil || judged.Valid != (c.want < 2) || judged.Code.Reservations != c.want {
				t.Errorf("Validate after %v: %+v, %v", c.after, judged, err)
			}
		}
	})
	t.Run("it keeps the use for its user, and nobody else's", testHolding(newStore))
	t.Run("it is the redeemer's own that is used up", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", times(2))
		ada, bob := s.reserve(t, s.mine, "CODE", "ada", 0), s.reserve(t, s.mine, "CODE", "bob", 0)
		if made := s.redeem(t, s.mine, "CODE", "bob"); made.ReservationID != bob.ID {
			t.Errorf("redeemed with %v, want %v", made.ReservationID, bob.ID)
		}
		if state := s.reservation(t, s.mine, bob.ID).State; state != codes.ReservationConfirmed {
			t.Errorf("the one that was used up is %s", state)
		}
		s.checkReservation(t, "CODE", ada)
	})
	t.Run("what has ended cannot be ended in another way", testEndings(newStore))
	t.Run("tidying changes nothing that can be seen", testTidying(newStore))
	t.Run("it holds without its person, whom nobody can confirm any more", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "ONCE", times(1))
		held := s.reserve(t, s.mine, "ONCE", "ada", time.Minute)
		s.erase(t, s.mine, "ada")
		s.checkUses(t, s.mine, "ONCE", 0, 1)
		_, err := s.Confirm(t.Context(), s.mine, held.ID)
		checkReason(t, "Confirm", err, core.ReasonReservationNotFound)
		_, err = s.Reserve(t.Context(), s.mine, codes.ReserveRequest{Code: "ONCE", UserID: "ada"})
		checkReason(t, "Reserve", err, core.ReasonCodeExhausted)
		s.release(t, s.mine, held)
		s.checkUses(t, s.mine, "ONCE", 0, 0)
		s.redeem(t, s.mine, "ONCE", "ada")
	})
	t.Run("none", func(t *testing.T) {
		s := newSite(t, newStore)
		if _, _, err := s.Store.Reservation(t.Context(), s.mine.WorkspaceID, newID(t)); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("Reservation: %v", err)
		}
		_, err := s.Confirm(t.Context(), s.mine, newID(t))
		checkReason(t, "Confirm", err, core.ReasonReservationNotFound)
		_, err = s.Release(t.Context(), s.mine, newID(t))
		checkReason(t, "Release", err, core.ReasonReservationNotFound)
		if tidied, err := s.Store.TidyReservations(t.Context(), now, nil); tidied != 0 || err != nil {
			t.Errorf("TidyReservations = %d, %v", tidied, err)
		}
	})
}

// checkReservation checks a reservation as it is stored.
func (s *site) checkReservation(t *testing.T, canonical string, want codes.Reservation) {
	t.Helper()
	at, got, err := s.Store.Reservation(t.Context(), want.WorkspaceID, want.ID)
	if at != canonical || err != nil {
		t.Errorf("Reservation: code %q, %v; want %q", at, err, canonical)
	}
	checkSame(t, "Reservation", want, got)
	if got.CreatedAt.Location() != time.UTC || got.ExpiresAt.Location() != time.UTC {
		t.Errorf("times are not UTC: %v, %v", got.CreatedAt, got.ExpiresAt)
	}
}

func testHolding(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "ONCE", times(1), until(now.Add(time.Minute)))
		held := s.reserve(t, s.mine, "ONCE", "ada", 20*time.Second)
		_, err := s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: "ONCE", UserID: "bob"})
		checkReason(t, "Redeem by another", err, core.ReasonCodeExhausted)
		again, err := s.Reserve(t.Context(), s.mine, codes.ReserveRequest{Code: "ONCE", UserID: "ada", Life: time.Minute})
		checkSame(t, fmt.Sprint("reserved again, ", err), codes.Reserved{Reservation: held, Replayed: true}, again)

		s.set(held.ExpiresAt)
		_, err = s.Confirm(t.Context(), s.mine, held.ID)
		checkReason(t, "Confirm when it lapses", err, core.ReasonReservationLapsed)
		next := s.reserve(t, s.mine, "ONCE", "bob", time.Hour)
		if !next.ExpiresAt.Equal(now.Add(time.Minute)) {
			t.Errorf("it outlives its code: %v", next.ExpiresAt)
		}
		s.set(next.ExpiresAt.Add(-instant))
		made := s.confirm(t, s.mine, next)
		if made.ReservationID != next.ID || made.UserID != "bob" || !made.CreatedAt.Equal(s.time()) {
			t.Errorf("confirmed just before it lapses: %+v", made)
		}
		s.checkStored(t, "ONCE", made)
		s.checkUses(t, s.mine, "ONCE", 1, 0)
		s.checkUser(t, s.mine, "ada", codes.Unregistered)
	}
}

func testEndings(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE")
		confirmed := s.reserve(t, s.mine, "CODE", "ada", 0)
		made := s.confirm(t, s.mine, confirmed)
		released := s.release(t, s.mine, s.reserve(t, s.mine, "CODE", "bob", 0))
		undone := s.reserve(t, s.mine, "CODE", "cyd", 0)
		s.rollback(t, s.mine, s.confirm(t, s.mine, undone))
		s.checkUses(t, s.mine, "CODE", 1, 0)

		again, err := s.Confirm(t.Context(), s.mine, confirmed.ID)
		checkSame(t, fmt.Sprint("confirmed again, ", err), codes.Redeemed{Redemption: made, Replayed: true}, again)
		_, err = s.Release(t.Context(), s.mine, confirmed.ID)
		checkReason(t, "Release what is confirmed", err, core.ReasonReservationConfirmed)
		_, err = s.Confirm(t.Context(), s.mine, released.ID)
		checkReason(t, "Confirm what is released", err, core.ReasonReservationReleased)
		twice, err := s.Release(t.Context(), s.mine, released.ID)
		checkSame(t, fmt.Sprint("released again, ", err), codes.Reserved{Reservation: released, Replayed: true}, twice)
		again, err = s.Confirm(t.Context(), s.mine, undone.ID)
		if err != nil || !again.Replayed || again.Redemption.Stands() {
			t.Errorf("confirmed again what was rolled back: %+v, %v", again, err)
		}
		s.checkUses(t, s.mine, "CODE", 1, 0)
		s.checkUser(t, s.mine, "cyd", codes.Unregistered)
	}
}
