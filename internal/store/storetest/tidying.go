package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func testTidying(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "SHARED", times(4))
		s.add(t, s.mine, "ALONE", times(1))
		s.add(t, s.other, "THEIRS", times(1))
		lapsed := s.reserve(t, s.mine, "SHARED", "ada", time.Minute)
		untidied := s.reserve(t, s.mine, "SHARED", "bob", time.Minute)
		live := s.reserve(t, s.mine, "SHARED", "cyd", time.Minute+instant)
		confirmed := s.reserve(t, s.mine, "SHARED", "dan", time.Minute)
		s.confirm(t, s.mine, confirmed)
		s.reserve(t, s.mine, "ALONE", "ada", time.Minute)
		s.reserve(t, s.other, "THEIRS", "ada", time.Minute)

		s.set(lapsed.ExpiresAt.Add(-instant))
		s.checkTidied(t, 0)
		s.set(lapsed.ExpiresAt)
		look := func() any {
			_, err := s.Confirm(t.Context(), s.mine, lapsed.ID)
			valid, errValid := s.Validate(t.Context(), s.mine, codes.ValidateRequest{Code: "ALONE", UserID: "bob"})
			return []any{
				s.everything(t, s.mine), s.everything(t, s.other), reasonOf(err), valid.Valid, errValid,
				s.code(t, s.mine, "SHARED", s.time()), s.code(t, s.mine, "SHARED", s.time().Add(instant)),
			}
		}
		s.checkLapsed(t, untidied)
		before := look()
		s.checkTidied(t, 3)
		checkSame(t, "what can be seen", before, look())
		s.checkTidied(t, 0)
		s.checkUses(t, s.mine, "SHARED", 1, 1)
		s.checkReservation(t, "SHARED", live)
		for id, want := range map[core.ID]codes.ReservationState{
			lapsed.ID: codes.ReservationLapsed, live.ID: codes.ReservationHeld, confirmed.ID: codes.ReservationConfirmed,
		} {
			if got := s.reservation(t, s.mine, id); got.State != want {
				t.Errorf("%s's reservation is %s, want %s", got.UserID, got.State, want)
			}
		}
		s.checkLapsed(t, lapsed)
		s.redeem(t, s.mine, "ALONE", "bob")
	}
}

// checkLapsed checks that a reservation has nothing to release, whether or not it is tidied.
func (s *site) checkLapsed(t *testing.T, r codes.Reservation) {
	t.Helper()
	r.State = codes.ReservationLapsed
	got, err := s.Release(t.Context(), s.mine, r.ID)
	checkSame(t, fmt.Sprint("Release, ", err), codes.Reserved{Reservation: r, Replayed: true}, got)
}

// checkTidied checks how many reservations are tidied at the present.
func (s *site) checkTidied(t *testing.T, want int) {
	t.Helper()
	if got, err := s.Store.TidyReservations(t.Context(), s.time(), nil); got != want || err != nil {
		t.Errorf("TidyReservations = %d, %v; want %d", got, err, want)
	}
}

// manyLapsed are more than a store tidies in one call.
const manyLapsed = 520

// testTidyingMany tidies on two nodes at once.
func testTidyingMany(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	var all sync.WaitGroup
	for part := range 8 {
		code := fmt.Sprint("CODE ", part)
		s.add(t, s.mine, code)
		all.Go(func() {
			for i := range manyLapsed / 8 {
				_, err := s.Reserve(
					t.Context(),
					s.mine,
					codes.ReserveRequest{Code: code, UserID: fmt.Sprint("user ", i), Life: time.Minute},
				)
				if err != nil {
					t.Errorf("Reserve: %v", err)
				}
			}
		})
	}
	all.Wait()
	s.pass(time.Minute)
	nodes := s.nodes(t)
	race(len(nodes), func(i int) {
		if err := nodes[i].TidyReservations(t.Context()); err != nil {
			t.Errorf("TidyReservations: %v", err)
		}
	})
	s.checkTidied(t, 0)
	for _, code := range s.codes(t, s.mine, codes.CodeFilter{}, core.MaxPage) {
		if at := s.code(t, s.mine, code.Value, now); at.Reservations != 0 {
			t.Errorf("%s: %d reservations are still stored as held", code.Value, at.Reservations)
		}
	}
}
