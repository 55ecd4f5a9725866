package storetest

import (
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// rounds is how often a race is run whose outcome depends on who is faster.
const rounds = 8

// testUserRaces: what several commands do to one person at once is what they would do one after
// the other.
func testUserRaces(t *testing.T, newStore Factory) {
	t.Run("a rollback and the next redemption", func(t *testing.T) {
		s := newSite(t, newStore)
		nodes := s.nodes(t)
		for round := range rounds {
			first, second, user := fmt.Sprint("FIRST ", round), fmt.Sprint("SECOND ", round), fmt.Sprint("user ", round)
			s.add(t, s.mine, first, times(1))
			s.add(t, s.mine, second, times(1))
			made := s.redeem(t, s.mine, first, user)
			var errRollback, errRedeem error
			race(2, func(i int) {
				if i == 0 {
					errRollback = patiently(
						func() error { _, err := nodes[round%2].Rollback(t.Context(), s.mine, made.ID, ""); return err },
					)
					return
				}
				errRedeem = patiently(func() error {
					_, err := nodes[round/2%2].Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: second, UserID: user})
					return err
				})
			})
			checkReason(t, "Rollback", errRollback, "")
			s.checkUses(t, s.mine, first, 0, 0)
			switch reasonOf(errRedeem) {
			case "": // after the rollback
				s.checkUser(t, s.mine, user, codes.UserNormal)
				s.checkUses(t, s.mine, second, 1, 0)
			case core.ReasonUserAlreadyRegistered: // before it
				s.checkUser(t, s.mine, user, codes.Unregistered)
				s.checkUses(t, s.mine, second, 0, 0)
			default:
				t.Errorf("Redeem: %v", errRedeem)
			}
		}
	})
	t.Run("many who redeem and roll back leave nothing behind", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "JOIN")
		s.add(t, s.mine, "UP", of(codes.TypeUpgrade))
		nodes := s.nodes(t)
		race(12, func(i int) {
			user := fmt.Sprint("user ", i/2) // two callers each, on two nodes
			for _, code := range []string{"JOIN", "UP", "JOIN"} {
				var got codes.Redeemed
				err := patiently(func() (err error) {
					got, err = nodes[i%2].Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: code, UserID: user})
					return err
				})
				if err == nil {
					err = patiently(
						func() error { _, err := nodes[i%2].Rollback(t.Context(), s.mine, got.Redemption.ID, ""); return err },
					)
				}
				switch reasonOf(err) {
				case "",
					core.ReasonUserNotRegistered,
					core.ReasonUserAlreadyRegistered,
					core.ReasonUserAlreadyPremium,
					core.ReasonRollbackOutOfOrder:
				default:
					t.Errorf("%s for %s: %v", code, user, err)
				}
			}
		})
		for _, r := range s.redemptions(t, s.mine, codes.RedemptionFilter{}, 50) { // the last first
			if r.Stands() {
				s.rollback(t, s.mine, r)
			}
		}
		s.checkUses(t, s.mine, "JOIN", 0, 0)
		s.checkUses(t, s.mine, "UP", 0, 0)
		if left := s.users(t, s.mine, codes.UserFilter{}, 50); left != nil {
			t.Errorf("users are left: %v", left)
		}
	})
	t.Run("erased while redeeming", func(t *testing.T) {
		s := newSite(t, newStore)
		nodes := s.nodes(t)
		for round := range rounds {
			code, user := fmt.Sprint("CODE ", round), fmt.Sprint("user ", round)
			s.add(t, s.mine, code, times(1))
			var made codes.Redeemed
			race(2, func(i int) {
				err := error(nil)
				if i == 0 {
					err = patiently(func() error { _, err := s.Store.EraseUser(t.Context(), s.mine.WorkspaceID, user); return err })
				} else {
					err = patiently(func() (err error) {
						made, err = nodes[1].Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: code, UserID: user})
						return err
					})
				}
				checkReason(t, fmt.Sprint("caller ", i), err, "")
			})
			want := codes.UserNormal
			if s.redemption(t, s.mine, made.Redemption.ID).UserID == "" {
				want = codes.Unregistered // all of them is gone
			}
			s.checkUser(t, s.mine, user, want)
			s.checkUses(t, s.mine, code, 1, 0)
		}
	})
	t.Run("stored while redeeming", func(t *testing.T) {
		s := newSite(t, newStore)
		nodes := s.nodes(t)
		for round := range rounds {
			code, user := fmt.Sprint("CODE ", round), fmt.Sprint("user ", round)
			s.add(t, s.mine, code, times(1))
			var errPut, errRedeem error
			race(2, func(i int) {
				if i == 0 {
					errPut = patiently(
						func() error { _, err := nodes[0].PutUser(t.Context(), s.mine, user, codes.UserPremium); return err },
					)
					return
				}
				errRedeem = patiently(func() error {
					_, err := nodes[1].Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: code, UserID: user})
					return err
				})
			})
			checkReason(t, "PutUser", errPut, "")
			s.checkUser(t, s.mine, user, codes.UserPremium)
			uses := int64(0)
			if errRedeem == nil {
				uses = 1
			} else {
				checkReason(t, "Redeem", errRedeem, core.ReasonUserAlreadyRegistered)
			}
			s.checkUses(t, s.mine, code, uses, 0)
		}
	})
}

// testCodeRaces: a code is changed while it is used.
func testCodeRaces(t *testing.T, newStore Factory) {
	t.Run("deleted while redeeming", func(t *testing.T) {
		s := newSite(t, newStore)
		nodes := s.nodes(t)
		for round := range rounds {
			code, user := fmt.Sprint("CODE ", round), fmt.Sprint("user ", round)
			s.add(t, s.mine, code)
			var errDelete, errRedeem error
			race(2, func(i int) {
				if i == 0 {
					errDelete = patiently(func() error { return nodes[0].DeleteCode(t.Context(), s.mine, code) })
					return
				}
				errRedeem = patiently(func() error {
					_, err := nodes[1].Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: code, UserID: user})
					return err
				})
			})
			if errDelete == nil {
				checkReason(t, "Redeem", errRedeem, core.ReasonCodeNotFound)
				s.checkUser(t, s.mine, user, codes.Unregistered)
				continue
			}
			checkReason(t, "DeleteCode", errDelete, core.ReasonCodeInUse)
			checkReason(t, "Redeem", errRedeem, "")
			s.checkUses(t, s.mine, code, 1, 0)
		}
	})
	t.Run("limited while redeeming", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", times(20))
		nodes := s.nodes(t)
		limited := new(tally)
		race(30, func(i int) {
			if i%3 != 0 {
				err := patiently(func() error {
					_, err := nodes[i%2].Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: "CODE", UserID: fmt.Sprint("user ", i)})
					return err
				})
				if err != nil {
					checkReason(t, "Redeem", err, core.ReasonCodeExhausted)
				}
				return
			}
			limit := int64(i/3 + 5)
			limited.addRequest(false, patiently(func() error {
				_, err := nodes[i%2].ChangeCode(
					t.Context(),
					s.mine,
					"CODE",
					codes.CodeChange{MaxRedemptions: codes.Limit{Given: true, Max: &limit}},
				)
				return err
			}))
		})
		if limited.times["done"]+limited.times[string(core.ReasonCodeInUse)] != 10 {
			t.Errorf("outcomes of limiting: %v", limited.times)
		}
		code := s.code(t, s.mine, "CODE", s.time())
		if all := s.redemptions(t, s.mine, codes.RedemptionFilter{}, 50); code.Redemptions != int64(len(all)) ||
			code.Redemptions > *code.MaxRedemptions {
			t.Errorf("%d redemptions, %d uses, a limit of %d", len(all), code.Redemptions, *code.MaxRedemptions)
		}
	})
	t.Run("tidied while it is used", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", times(12))
		for i := range 12 {
			s.reserve(t, s.mine, "CODE", fmt.Sprint("user ", i), time.Minute)
		}
		s.pass(time.Minute)
		nodes := s.nodes(t)
		race(16, func(i int) {
			if i%4 == 0 {
				checkReason(
					t,
					"TidyReservations",
					patiently(func() error { return nodes[i/4%2].TidyReservations(t.Context()) }),
					"",
				)
				return
			}
			checkReason(t, "Redeem", patiently(func() error {
				_, err := nodes[i%2].Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: "CODE", UserID: fmt.Sprint("user ", i)})
				return err
			}), "")
		})
		s.checkUses(t, s.mine, "CODE", 12, 0)
		s.checkTidied(t, 0)
	})
}
