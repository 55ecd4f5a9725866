package storetest

import (
	"errors"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// testTogether carries commands out in one call and compares with what they would do one
// after the other.
func testTogether(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		redeem := func(code, user string) request { return s.toRedeem(t, s.mine, code, user) }
		cases := []struct {
			name  string
			limit int64
			first func(code string) []request // what was done earlier is in the store
			want  []core.Reason
			then  []int64 // redemptions and reservations afterwards; nil: the code is gone
		}{
			{
				"one user twice", 1,
				func(code string) []request { return []request{redeem(code, "a1"), redeem(code, "a1")} },
				[]core.Reason{"", ""},
				[]int64{1, 0},
			},
			{
				"more users than uses", 2,
				func(code string) []request {
					return []request{redeem(code, "b1"), redeem(code, "b2"), redeem(code, "b3")}
				},
				[]core.Reason{"", "", core.ReasonCodeExhausted},
				[]int64{2, 0},
			},
			{
				"one is reserved for another", 1,
				func(code string) []request {
					return []request{s.toReserve(t, code, "c1", 0), redeem(code, "c2"), redeem(code, "c1")}
				},
				[]core.Reason{"", core.ReasonCodeExhausted, ""},
				[]int64{1, 0},
			},
			{
				"reserved twice", 2,
				func(code string) []request {
					return []request{
						s.toReserve(t, code, "d1", 0),
						s.toReserve(t, code, "d1", time.Hour),
						s.toReserve(t, code, "d2", 0),
					}
				},
				[]core.Reason{"", "", ""},
				[]int64{0, 2},
			},
			{
				"revoked, restored, redeemed", 1,
				func(code string) []request {
					return []request{
						s.toRevoke(t, code),
						redeem(code, "e1"),
						s.toRestore(t, code),
						redeem(code, "e1"),
						s.toRevoke(t, code),
					}
				},
				[]core.Reason{"", core.ReasonCodeRevoked, "", "", ""},
				[]int64{1, 0},
			},
			{
				"given more uses", 1,
				func(code string) []request {
					return []request{redeem(code, "f1"), redeem(code, "f2"), s.toLimit(t, code, 2), redeem(code, "f2")}
				},
				[]core.Reason{"", core.ReasonCodeExhausted, "", ""},
				[]int64{2, 0},
			},
			{
				"deleted first", 1,
				func(code string) []request {
					return []request{s.toDelete(t, code), redeem(code, "g1"), s.toDelete(t, code)}
				},
				[]core.Reason{"", core.ReasonCodeNotFound, core.ReasonCodeNotFound},
				nil,
			},
			{
				"deleted last", 1,
				func(code string) []request { return []request{s.toReserve(t, code, "h1", 0), s.toDelete(t, code)} },
				[]core.Reason{"", core.ReasonCodeInUse},
				[]int64{0, 1},
			},
			{
				"rolled back for another", 1,
				func(code string) []request {
					earlier := s.redeem(t, s.mine, code, "i1")
					return []request{redeem(code, "i2"), s.toRollBack(t, earlier), redeem(code, "i2"), redeem(code, "i1")}
				},
				[]core.Reason{core.ReasonCodeExhausted, "", "", core.ReasonCodeExhausted},
				[]int64{1, 0},
			},
			{
				"rolled back and redeemed anew", 1,
				func(code string) []request {
					return []request{s.toRollBack(t, s.redeem(t, s.mine, code, "j1")), redeem(code, "j1")}
				},
				[]core.Reason{"", ""},
				[]int64{1, 0},
			},
			{
				"released for another", 1,
				func(code string) []request {
					earlier := s.reserve(t, s.mine, code, "k1", 0)
					return []request{
						s.toReserve(t, code, "k2", 0),
						s.toRelease(t, earlier),
						s.toReserve(t, code, "k2", 0),
						s.toConfirm(t, earlier),
					}
				},
				[]core.Reason{core.ReasonCodeExhausted, "", "", core.ReasonReservationReleased},
				[]int64{0, 1},
			},
			{
				"confirmed, redeemed, released", 1,
				func(code string) []request {
					earlier := s.reserve(t, s.mine, code, "l1", 0)
					return []request{s.toConfirm(t, earlier), redeem(code, "l1"), s.toRelease(t, earlier), s.toConfirm(t, earlier)}
				},
				[]core.Reason{"", "", core.ReasonReservationConfirmed, ""},
				[]int64{1, 0},
			},
		}
		for _, c := range cases {
			s.add(t, s.mine, c.name, times(c.limit))
			var got []core.Reason
			for _, result := range s.carryOut(t, s.commands(t, c.first(c.name)...)) {
				got = append(got, reasonOf(result.Err))
			}
			checkSame(t, c.name, c.want, got)
			if c.then == nil {
				_, err := s.GetCode(t.Context(), s.mine, c.name)
				checkReason(t, c.name, err, core.ReasonCodeNotFound)
				continue
			}
			s.checkUses(t, s.mine, c.name, c.then[0], c.then[1])
		}
		t.Run("over several codes and workspaces", func(t *testing.T) { s.testAcross(t) })
		t.Run("reserved, released, deleted", func(t *testing.T) { s.testDeletingTheUsed(t) })
	}
}

// testDeletingTheUsed: a code that was used for the first time in the same call stays on record.
func (s *site) testDeletingTheUsed(t *testing.T) {
	s.add(t, s.mine, "SHORT")
	n := &Noting{Store: s.Store}
	service := s.serve(t, n)
	for _, ask := range []func() request{
		func() request { return s.toReserve(t, "SHORT", "m1", 0) },
		func() request { return s.toRelease(t, codes.Reservation{ID: n.Commands[0].Reservation}) },
		func() request { return s.toDelete(t, "SHORT") },
	} {
		if err := ask()(service); !errors.Is(err, ErrNoted) {
			t.Fatalf("a request was not noted: %v", err)
		}
	}
	var got []core.Reason
	for _, result := range s.carryOut(t, n.Commands) {
		got = append(got, reasonOf(result.Err))
	}
	checkSame(t, "reasons", []core.Reason{"", "", core.ReasonCodeInUse}, got)
	s.checkUses(t, s.mine, "SHORT", 0, 0)
}

// testAcross: one person's codes, and the same id in another workspace.
func (s *site) testAcross(t *testing.T) {
	s.add(t, s.mine, "JOIN")
	s.add(t, s.mine, "JOIN, TOO", of(codes.TypePremium))
	s.add(t, s.mine, "UP", of(codes.TypeUpgrade))
	s.add(t, s.other, "THEIRS", of(codes.TypePremium))
	results := s.carryOut(t, s.commands(
		t,
		s.toRedeem(t, s.mine, "UP", "ada"),
		s.toRedeem(t, s.mine, "JOIN", "ada"),
		s.toRedeem(t, s.other, "THEIRS", "ada"),
		s.toRedeem(t, s.mine, "JOIN, TOO", "ada"),
		s.toRedeem(t, s.mine, "THEIRS", "ada"),
		s.toRedeem(t, s.mine, "UP", "ada"),
		s.toRedeem(t, s.mine, "UP", "ada"),
	))
	var got []core.Reason
	for _, result := range results {
		got = append(got, reasonOf(result.Err))
	}
	checkSame(t, "reasons", []core.Reason{
		core.ReasonUserNotRegistered, "", "", core.ReasonUserAlreadyRegistered, core.ReasonCodeNotFound, "", "",
	}, got)
	raised, again := results[5], results[6]
	if raised.Redemption.Ordinal != 2 || raised.Redemption.Before != codes.UserNormal || raised.Replayed {
		t.Errorf("raised: %+v", raised.Redemption)
	}
	if again.Redemption.ID != raised.Redemption.ID || !again.Replayed {
		t.Errorf("raised again: %+v", again)
	}
	s.checkStored(t, "UP", *raised.Redemption)
	s.checkStored(t, "JOIN", *results[1].Redemption)
	checkSame(t, "the code as it is then", s.code(t, s.mine, "UP", s.time()), *again.Code)
	s.checkUser(t, s.mine, "ada", codes.UserPremium)
	s.checkUser(t, s.other, "ada", codes.UserPremium)
	s.checkUses(t, s.mine, "JOIN, TOO", 0, 0)
}
