package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/overview"
)

func testOverview(t *testing.T, newStore Factory) {
	for name, test := range map[string]func(*testing.T, *site){
		"equals what lists hold":            testCountsEqualLists,
		"tells of batches that end":         testEndingBatches,
		"goes on on another node":           testCountGoesOn,
		"is made by one node at a time":     testOneNodeCounts,
		"forgets a user who is erased":      testCountForgetsErased,
		"counts a redemption that is late":  testLateRedemption,
		"is left alone when nobody looks":   testUnseenCount,
		"of a workspace is not for another": testCountsOfOthers,
	} {
		t.Run(name, func(t *testing.T) { test(t, newSite(t, newStore)) })
	}
}

// counter is a service on a node, whose clock passes by tick whenever it is read.
func (s *site) counter(store Store, tick time.Duration) *overview.Service {
	return overview.New(overview.Deps{Store: store, Now: func() time.Time { s.pass(tick); return s.time() }})
}

func counts(t *testing.T, service *overview.Service, caller *core.Actor) overview.Counts {
	t.Helper()
	c, err := service.Counts(t.Context(), caller)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func countOn(t *testing.T, service *overview.Service) {
	t.Helper()
	if err := service.Advance(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// testCountsEqualLists acts at random and compares with lists, whose statuses the engine decides.
func testCountsEqualLists(t *testing.T, s *site) {
	random := rand.New(rand.NewPCG(17, 4))
	service := s.counter(s.Store, 0)
	for round := range 4 {
		for range 60 {
			s.actAtRandom(t, random)
			s.pass(time.Duration(random.IntN(3600)) * time.Second)
		}
		if round == 2 {
			s.pass(26 * 24 * time.Hour) // some of what was made leaves the last days
		}
		s.checkCounts(t, service, s.mine)
		s.checkCounts(t, service, s.other)
	}
}

// actAtRandom does something in one of the workspaces. What is refused is no matter here.
func (s *site) actAtRandom(t *testing.T, random *rand.Rand) {
	caller := []*core.Actor{s.mine, s.mine, s.other}[random.IntN(3)]
	code, user := fmt.Sprintf("%s%d", caller.Workspace, random.IntN(60)), fmt.Sprint("user ", random.IntN(20))
	switch random.IntN(12) {
	case 0, 1, 2, 3, 4:
		in := func() time.Time {
			return s.time().Add(time.Duration(random.Int64N(int64(80*time.Hour))) - 20*time.Hour)
		}
		age := time.Duration(random.IntN(900)) * time.Hour
		options := []option{of(codes.Types()[random.IntN(3)]), made(s.time().Add(-age))}
		for _, option := range []option{times(1 + random.Int64N(2)), from(in()), until(in())} {
			if random.IntN(3) == 0 {
				options = append(options, option)
			}
		}
		insert(t, s.Store, coded(caller, code, options...))
	case 5, 6, 7:
		_, _ = s.Redeem(t.Context(), caller, codes.RedeemRequest{Code: code, UserID: user})
	case 8:
		_, _ = s.Reserve(t.Context(), caller, codes.ReserveRequest{Code: code, UserID: user, Life: time.Hour})
	case 9:
		_, _ = s.RevokeCode(t.Context(), caller, code)
		_ = s.DeleteCode(t.Context(), caller, fmt.Sprintf("%s%d", caller.Workspace, random.IntN(60)))
	case 10:
		if all := s.redemptions(t, caller, codes.RedemptionFilter{}, 100); len(all) > 0 {
			_, _ = s.Rollback(t.Context(), caller, all[random.IntN(len(all))].ID, "")
		}
	case 11:
		_ = s.EraseUser(t.Context(), caller, user)
	}
}

// checkCounts compares counts with what lists hold.
func (s *site) checkCounts(t *testing.T, service *overview.Service, caller *core.Actor) {
	t.Helper()
	got := counts(t, service, caller)
	want := overview.Counts{
		ByStatus: map[codes.Status]int64{}, ByType: map[codes.Type]int64{}, Redeemed24hByType: map[codes.Type]int64{},
		AsOf: s.time(), Progress: 1,
	}
	midnight := s.time().Truncate(24 * time.Hour)
	for i := range 31 {
		want.Days = append(want.Days, overview.Day{Date: midnight.AddDate(0, 0, i-30)})
	}
	dayOf := func(at time.Time) *overview.Day {
		if i := 30 - int(midnight.Sub(at.Truncate(24*time.Hour))/(24*time.Hour)); i >= 0 {
			return &want.Days[i]
		}
		return new(overview.Day)
	}
	for _, status := range codes.Statuses() {
		for _, code := range s.codes(t, caller, codes.CodeFilter{Status: status}, 100) {
			want.ByStatus[status]++
			want.ByType[code.Type]++
			dayOf(code.CreatedAt).Codes++
		}
	}
	since := s.time().Add(-24 * time.Hour).Truncate(10 * time.Minute)
	for _, r := range s.redemptions(t, caller, codes.RedemptionFilter{}, 100) {
		dayOf(r.CreatedAt).Redemptions++
		if !r.CreatedAt.Before(since) {
			want.Redeemed24h++
			want.Redeemed24hByType[r.Type]++
		}
	}
	want.Users = int64(len(s.users(t, caller, codes.UserFilter{}, 100)))
	want.Premium = int64(len(s.users(t, caller, codes.UserFilter{Status: codes.UserPremium}, 100)))
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", caller.Workspace, diff)
	}
}

func testEndingBatches(t *testing.T, s *site) {
	soon, later := newID(t), newID(t)
	first := now.Add(24 * time.Hour)
	s.add(t, s.mine, "A1", inBatch(soon), until(first.Add(time.Hour)))
	s.add(t, s.mine, "A2", inBatch(soon), until(first))
	s.add(t, s.mine, "A3", inBatch(soon), until(first), times(1))
	s.redeem(t, s.mine, "A3", "ada")
	s.add(t, s.mine, "B1", inBatch(newID(t)), until(now.Add(8*24*time.Hour)))
	s.add(t, s.mine, "C1", inBatch(later), until(first.Add(2*time.Hour)), from(first))
	s.add(t, s.mine, "D1", until(first))
	s.add(t, s.mine, "E1", inBatch(newID(t)), until(first))
	s.revoke(t, "E1")
	want := []overview.Ending{
		{BatchID: soon, Codes: 2, At: first}, {BatchID: later, Codes: 1, At: first.Add(2 * time.Hour)},
	}
	checkSame(t, "batches that end", want, counts(t, s.counter(s.Store, 0), s.mine).Ending)
}

// addMany stores so many codes of mine, and as many users.
func (s *site) addMany(t *testing.T, number int) {
	t.Helper()
	var all []*codes.NewCode
	for i := range number {
		all = append(all, coded(s.mine, fmt.Sprint("MANY", i), made(now.Add(-time.Duration(i/7)*time.Hour))))
		s.put(t, s.mine, fmt.Sprint("person ", i), codes.UserNormal)
	}
	insert(t, s.Store, all...)
}

func testCountGoesOn(t *testing.T, s *site) {
	const number = 150
	s.addMany(t, number)
	const tick = 100 * time.Millisecond // a look or a slice ends after few steps
	nodes := []*overview.Service{s.counter(s.Store, tick), s.counter(s.open(), tick)}
	first := counts(t, nodes[0], s.mine)
	if !first.Counting || !first.AsOf.IsZero() || first.Progress >= 1 {
		t.Fatalf("the first look has counted everything: %+v", first)
	}
	began := s.time()
	for i := 0; counts(t, nodes[i%2], s.mine).Counting; i++ {
		if i > number {
			t.Fatal("the count never ends")
		}
		countOn(t, nodes[i%2])
	}
	got := counts(t, nodes[1], s.mine)
	if got.ByStatus[codes.StatusActive] != number || got.ByType[codes.TypeNormal] != number || got.Users != number {
		t.Errorf("counted %+v", got)
	}
	if got.AsOf.After(began) {
		t.Errorf("it is as of %v, and the pass began before %v", got.AsOf, began)
	}
}

// testOneNodeCounts has two nodes advance at once: one of them takes the lease and keeps what it has
// counted, which are two changes.
func testOneNodeCounts(t *testing.T, s *site) {
	s.addMany(t, 30)
	nodes := []*overview.Service{s.counter(s.Store, 0), s.counter(s.open(), 0)}
	counts(t, nodes[0], s.mine)
	for range 5 {
		s.pass(time.Minute)
		before, err := s.Store.KeptCount(t.Context(), s.mine.WorkspaceID)
		if err != nil {
			t.Fatal(err)
		}
		var both sync.WaitGroup
		for _, node := range nodes {
			both.Go(func() {
				if err := node.Advance(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		after, err := s.Store.KeptCount(t.Context(), s.mine.WorkspaceID)
		if err != nil || after.Version != before.Version+2 {
			t.Errorf("version %d became %d, %v", before.Version, after.Version, err)
		}
	}
	kept, err := s.Store.KeptCount(t.Context(), s.mine.WorkspaceID)
	if err != nil {
		t.Fatal(err)
	}
	old := kept
	old.Version--
	if put, err := s.Store.PutCount(t.Context(), old); put || err != nil {
		t.Errorf("an older version was replaced: %v, %v", put, err)
	}
	kept.LeaseUntil = s.time().Add(time.Hour)
	if put, err := s.Store.PutCount(t.Context(), kept); !put || err != nil {
		t.Fatalf("PutCount = %v, %v", put, err)
	}
	s.pass(time.Minute)
	s.add(t, s.mine, "ONEMORE")
	countOn(t, nodes[1])
	if got := counts(t, nodes[1], s.mine).ByStatus[codes.StatusActive]; got != 30 {
		t.Errorf("%d codes were counted while another node had the lease", got)
	}
}

func testCountForgetsErased(t *testing.T, s *site) {
	s.addMany(t, 100)
	node := s.counter(s.Store, time.Second) // each slice is one step
	counts(t, node, s.mine)
	kept := func() overview.Kept {
		kept, err := s.Store.KeptCount(t.Context(), s.mine.WorkspaceID)
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	for range 100 {
		if kept().AfterUser != "" {
			break
		}
		countOn(t, node)
	}
	last, before := kept().AfterUser, kept()
	if last == "" {
		t.Fatal("no pass has stopped among the users")
	}
	s.erase(t, s.mine, last)
	if got := kept(); got.AfterUser != "" || strings.Contains(string(got.State), last) {
		t.Errorf("%q is still known: %+v", last, got)
	}
	if put, err := s.Store.PutCount(t.Context(), before); put || err != nil {
		t.Errorf("what was read before the erasure was kept: %v, %v", put, err)
	}
	for range 100 {
		countOn(t, node)
	}
	if got := counts(t, node, s.mine); got.Users != 99 || got.Counting {
		t.Errorf("%d users, counting %v", got.Users, got.Counting)
	}
}

// testLateRedemption commits a redemption some seconds after its id was made, and after others.
func testLateRedemption(t *testing.T, s *site) {
	s.add(t, s.mine, "CODE")
	node := s.counter(s.Store, 0)
	s.redeem(t, s.mine, "CODE", "ada")
	s.idSkew = -20 * time.Second
	counts(t, node, s.mine)
	countOn(t, node)
	s.redeem(t, s.mine, "CODE", "bob")
	for range 3 {
		if got := counts(t, node, s.mine); got.Redeemed24h != 2 || got.Days[30].Redemptions != 2 {
			t.Errorf("counted %+v", got)
		}
		s.pass(2 * time.Minute)
		countOn(t, node)
	}
}

func testUnseenCount(t *testing.T, s *site) {
	node := s.counter(s.Store, 0)
	counts(t, node, s.mine)
	s.pass(9 * time.Minute)
	seen, err := s.Store.CountsSeenSince(t.Context(), s.time().Add(-10*time.Minute))
	if !slices.Equal(seen, []core.ID{s.mine.WorkspaceID}) || err != nil {
		t.Errorf("looked at: %v, %v", seen, err)
	}
	s.pass(2 * time.Minute)
	before, _ := s.Store.KeptCount(t.Context(), s.mine.WorkspaceID)
	countOn(t, node)
	if after, err := s.Store.KeptCount(t.Context(), s.mine.WorkspaceID); after.Version != before.Version || err != nil {
		t.Errorf("it was counted: version %d became %d, %v", before.Version, after.Version, err)
	}
}

func testCountsOfOthers(t *testing.T, s *site) {
	s.add(t, s.other, "THEIRS")
	s.redeem(t, s.other, "THEIRS", "ada")
	s.add(t, s.mine, "MINE", of(codes.TypePremium))
	node := s.counter(s.Store, 0)
	s.checkCounts(t, node, s.mine)
	s.checkCounts(t, node, s.other)
	if got := counts(t, node, s.mine); got.Users != 0 || got.Redeemed24h != 0 || got.ByType[codes.TypeNormal] != 0 {
		t.Errorf("counted what is another's: %+v", got)
	}
}
