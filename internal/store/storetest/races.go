package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// race lets so many callers act at once, and returns when all have.
func race(callers int, action func(caller int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range callers {
		all.Go(func() {
			<-start
			action(i)
		})
	}
	close(start)
	all.Wait()
}

// patiently asks until the store has time: a refusal for want of it has done nothing.
func patiently(ask func() error) (err error) {
	for range 20 {
		if err = ask(); !core.IsKind(err, core.KindUnavailable) {
			return err
		}
	}
	return err
}

// tally counts how often what came out.
type tally struct {
	mu    sync.Mutex
	times map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.times == nil {
		c.times = map[string]int{}
	}
	c.times[what]++
}

// addRequest counts a request: as "done", as "replayed", or by the reason why it was refused.
func (c *tally) addRequest(replayed bool, err error) {
	switch {
	case err != nil:
		c.add(string(reasonOf(err)))
	case replayed:
		c.add("replayed")
	default:
		c.add("done")
	}
}

func (c *tally) check(t *testing.T, want map[string]int) {
	t.Helper()
	checkSame(t, "outcomes", want, c.times)
}

// nodes are two servers on the site's database.
func (s *site) nodes(t *testing.T) []*codes.Services {
	t.Helper()
	return []*codes.Services{s.Services, s.serve(t, s.open())}
}

// raceToRedeem lets many callers redeem at once, through two nodes.
func (s *site) raceToRedeem(t *testing.T, callers int, request func(caller int) codes.RedeemRequest) *tally {
	t.Helper()
	nodes, outcomes := s.nodes(t), new(tally)
	race(callers, func(i int) {
		var got codes.Redeemed
		err := patiently(func() (err error) {
			got, err = nodes[i%2].Redeem(t.Context(), s.mine, request(i))
			return err
		})
		outcomes.addRequest(got.Replayed, err)
	})
	return outcomes
}

func testRaces(t *testing.T, newStore Factory) {
	t.Run("100 users for 10 uses", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "TEN", times(10))
		s.raceToRedeem(t, 100, func(i int) codes.RedeemRequest {
			return codes.RedeemRequest{Code: "TEN", UserID: fmt.Sprint("user ", i)}
		}).check(t, map[string]int{"done": 10, string(core.ReasonCodeExhausted): 90})
		s.checkUses(t, s.mine, "TEN", 10, 0)
		redemptions, users := s.redemptions(
			t,
			s.mine,
			codes.RedemptionFilter{},
			20,
		), s.users(
			t,
			s.mine,
			codes.UserFilter{},
			20,
		)
		if len(redemptions) != 10 || len(users) != 10 {
			t.Errorf("%d redemptions, %d users", len(redemptions), len(users))
		}
	})
	t.Run("one user 20 times for one code", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", times(10))
		s.raceToRedeem(t, 20, func(int) codes.RedeemRequest {
			return codes.RedeemRequest{Code: "CODE", UserID: "ada"}
		}).check(t, map[string]int{"done": 1, "replayed": 19})
		s.checkUses(t, s.mine, "CODE", 1, 0)
		if all := s.redemptions(t, s.mine, codes.RedemptionFilter{}, 20); len(all) != 1 {
			t.Errorf("%d redemptions", len(all))
		}
	})
	t.Run("one user for 10 codes that each register them", func(t *testing.T) {
		s := newSite(t, newStore)
		for i := range 10 {
			s.add(t, s.mine, fmt.Sprint("CODE ", i), times(1))
		}
		s.raceToRedeem(t, 10, func(i int) codes.RedeemRequest {
			return codes.RedeemRequest{Code: fmt.Sprint("CODE ", i), UserID: "ada"}
		}).check(t, map[string]int{"done": 1, string(core.ReasonUserAlreadyRegistered): 9})
		used := int64(0)
		for _, code := range s.codes(t, s.mine, codes.CodeFilter{}, 10) {
			used += code.Redemptions
		}
		if all := s.redemptions(t, s.mine, codes.RedemptionFilter{UserID: "ada"}, 10); used != 1 || len(all) != 1 {
			t.Errorf("%d uses and %d redemptions", used, len(all))
		}
	})
	t.Run("one user for 10 codes that each raise them", func(t *testing.T) {
		s := newSite(t, newStore)
		s.put(t, s.mine, "ada", codes.UserNormal)
		for i := range 10 {
			s.add(t, s.mine, fmt.Sprint("CODE ", i), of(codes.TypeUpgrade))
		}
		s.raceToRedeem(t, 10, func(i int) codes.RedeemRequest {
			return codes.RedeemRequest{Code: fmt.Sprint("CODE ", i), UserID: "ada"}
		}).check(t, map[string]int{"done": 1, string(core.ReasonUserAlreadyPremium): 9})
	})
	t.Run("40 users to reserve 5 uses", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "FIVE", times(5))
		nodes, outcomes := s.nodes(t), new(tally)
		race(40, func(i int) {
			var got codes.Reserved
			err := patiently(func() (err error) {
				got, err = nodes[i%2].Reserve(
					t.Context(),
					s.mine,
					codes.ReserveRequest{Code: "FIVE", UserID: fmt.Sprint("user ", i/2), Life: time.Minute},
				)
				return err
			})
			outcomes.addRequest(got.Replayed, err)
		})
		if outcomes.times["done"] != 5 || outcomes.times["replayed"] > 5 {
			t.Errorf("outcomes %v", outcomes.times)
		}
		s.checkUses(t, s.mine, "FIVE", 0, 5)
		s.pass(time.Minute)
		s.checkUses(t, s.mine, "FIVE", 0, 0)
	})
	t.Run("a reservation ends once", testRaceToEnd(newStore))
	t.Run("a redemption is rolled back once", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "TWO", times(2))
		s.redeem(t, s.mine, "TWO", "bob")
		made := s.redeem(t, s.mine, "TWO", "ada")
		nodes, outcomes := s.nodes(t), new(tally)
		race(20, func(i int) {
			var got codes.Redeemed
			err := patiently(func() (err error) {
				got, err = nodes[i%2].Rollback(t.Context(), s.mine, made.ID, fmt.Sprint("reason ", i))
				return err
			})
			outcomes.addRequest(got.Replayed, err)
			outcomes.add(got.Redemption.Reason)
		})
		if outcomes.times["done"] != 1 || outcomes.times["replayed"] != 19 || len(outcomes.times) != 3 {
			t.Errorf("outcomes %v: want one and the same reason 20 times", outcomes.times)
		}
		s.checkUses(t, s.mine, "TWO", 1, 0)
		s.checkUser(t, s.mine, "ada", codes.Unregistered)
	})
}

// testRaceToEnd: one reservation is confirmed, released and redeemed at once.
func testRaceToEnd(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		nodes := s.nodes(t)
		for round := range 8 {
			code, user := fmt.Sprint("CODE ", round), fmt.Sprint("user ", round)
			s.add(t, s.mine, code, times(1))
			held := s.reserve(t, s.mine, code, user, 0)
			var confirmed, redeemed codes.Redeemed
			var errConfirm, errRelease, errRedeem error
			race(3, func(i int) {
				node := nodes[(i+round)%2]
				switch i {
				case 0:
					errConfirm = patiently(
						func() (err error) { confirmed, err = node.Confirm(t.Context(), s.mine, held.ID); return err },
					)
				case 1:
					errRelease = patiently(func() (err error) { _, err = node.Release(t.Context(), s.mine, held.ID); return err })
				case 2:
					errRedeem = patiently(func() (err error) {
						redeemed, err = node.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: code, UserID: user})
						return err
					})
				}
			})
			checkReason(t, "Redeem", errRedeem, "")
			s.checkUses(t, s.mine, code, 1, 0)
			switch state := s.reservation(t, s.mine, held.ID).State; state {
			case codes.ReservationConfirmed:
				checkReason(t, "Confirm", errConfirm, "")
				checkReason(t, "Release", errRelease, core.ReasonReservationConfirmed)
				if confirmed.Redemption.ID != redeemed.Redemption.ID || confirmed.Replayed == redeemed.Replayed {
					t.Errorf("confirmed %+v, redeemed %+v", confirmed, redeemed)
				}
			case codes.ReservationReleased:
				checkReason(t, "Confirm", errConfirm, core.ReasonReservationReleased)
				checkReason(t, "Release", errRelease, "")
			default:
				t.Errorf("the reservation is %s", state)
			}
		}
	}
}
