package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func testRedemptionLists(t *testing.T, newStore Factory) {
	// addRedemptions redeems two codes for five users each, all at one instant, and undoes and
	// erases some. It returns them as lists show them.
	addRedemptions := func(t *testing.T, s *site) (listed []codes.Redemption) {
		t.Helper()
		s.add(t, s.mine, "Join-1")
		s.add(t, s.mine, "up", of(codes.TypeUpgrade))
		for i := range 5 {
			user := fmt.Sprint("user ", i)
			listed = append(listed, s.redeem(t, s.mine, "JOIN1", user))
			raised := s.redeem(t, s.mine, "up", user)
			if i%2 == 1 {
				raised = s.rollback(t, s.mine, raised)
				listed = append(listed, raised, s.redeem(t, s.mine, "up", user))
				continue
			}
			listed = append(listed, raised)
		}
		s.erase(t, s.mine, "user 4")
		for i := range listed {
			if listed[i].UserID == "user 4" {
				listed[i].UserID = ""
			}
		}
		slices.Reverse(listed)
		return listed
	}
	t.Run("the last ones first, those that were rolled back among them", func(t *testing.T) {
		s := newSite(t, newStore)
		want := addRedemptions(t, s)
		for limit := 1; limit <= len(want)+1; limit++ {
			checkSame(t, fmt.Sprint("pages of ", limit), want, s.redemptions(t, s.mine, codes.RedemptionFilter{}, limit))
		}
	})
	t.Run("by code and by user", func(t *testing.T) {
		s := newSite(t, newStore)
		all := addRedemptions(t, s)
		cases := []struct {
			filter codes.RedemptionFilter
			passes func(r codes.Redemption) bool
		}{
			{codes.RedemptionFilter{Code: "Join-1"}, func(r codes.Redemption) bool { return r.Code == "Join-1" }},
			{codes.RedemptionFilter{Code: "join 1"}, func(r codes.Redemption) bool { return r.Code == "Join-1" }},
			{codes.RedemptionFilter{Code: "UP"}, func(r codes.Redemption) bool { return r.Code == "up" }},
			{codes.RedemptionFilter{UserID: "user 1"}, func(r codes.Redemption) bool { return r.UserID == "user 1" }},
			{
				codes.RedemptionFilter{Code: "UP", UserID: "user 3"},
				func(r codes.Redemption) bool { return r.Code == "up" && r.UserID == "user 3" },
			},
			{codes.RedemptionFilter{Code: "JOIN", UserID: "user 1"}, func(codes.Redemption) bool { return false }},
			{codes.RedemptionFilter{UserID: "user 4"}, func(codes.Redemption) bool { return false }}, // who was erased
			{codes.RedemptionFilter{UserID: "User 1"}, func(codes.Redemption) bool { return false }},
			{codes.RedemptionFilter{UserID: "user"}, func(codes.Redemption) bool { return false }},
		}
		for _, c := range cases {
			var want []codes.Redemption
			for _, r := range all {
				if c.passes(r) {
					want = append(want, r)
				}
			}
			for limit := 1; limit <= 4; limit++ {
				checkSame(t, fmt.Sprintf("%+v in pages of %d", c.filter, limit), want, s.redemptions(t, s.mine, c.filter, limit))
			}
		}
	})
	t.Run("the newest of each user that stands", func(t *testing.T) {
		s := newSite(t, newStore)
		want := map[string]codes.Redemption{}
		all := addRedemptions(t, s)
		for _, r := range slices.Backward(all) {
			if r.Stands() && (r.UserID == "user 0" || r.UserID == "user 1") {
				want[r.UserID] = r
			}
		}
		s.add(t, s.mine, "BACK")
		s.rollback(t, s.mine, s.redeem(t, s.mine, "BACK", "rolled back"))
		s.add(t, s.other, "THEIRS")
		s.redeem(t, s.other, "THEIRS", "user 1")
		s.redeem(t, s.other, "THEIRS", "of others")
		got, err := s.NewestStanding(t.Context(), s.mine,
			[]string{"user 0", "user 1", "USER 2", "user 4", "rolled back", "of others", "nobody"})
		if diff := cmp.Diff(want, got); err != nil || diff != "" || len(want) != 2 {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if got, err := s.NewestStanding(t.Context(), s.mine, nil); err != nil || len(got) > 0 {
			t.Errorf("of nobody: %v, %v", got, err)
		}
	})
	t.Run("by when they were made", func(t *testing.T) { testRedemptionTimes(t, newSite(t, newStore)) })
	t.Run("what is there throughout is on one page, whatever is added meanwhile", func(t *testing.T) {
		s := newSite(t, newStore)
		want := addRedemptions(t, s)
		for limit := 1; limit <= 3; limit++ {
			round := 0
			got := pages(t, limit, func(page core.PageRequest) (core.Page[codes.Redemption], error) {
				round++
				s.redeem(t, s.mine, "JOIN1", fmt.Sprintf("added %d %d", limit, round))
				return s.ListRedemptions(t.Context(), s.mine, codes.RedemptionFilter{}, page)
			})
			seen := slices.DeleteFunc(got, func(r codes.Redemption) bool {
				return !slices.ContainsFunc(want, func(w codes.Redemption) bool { return w.ID == r.ID })
			})
			checkSame(t, fmt.Sprint("pages of ", limit), want, seen)
		}
	})
}

// testRedemptionTimes: what counts is when a redemption was made, not when its id was.
func testRedemptionTimes(t *testing.T, s *site) {
	s.add(t, s.mine, "ONE")
	s.add(t, s.mine, "TWO")
	for i := range 12 {
		s.idSkew = []time.Duration{0, 5 * time.Minute, -5 * time.Minute}[i%3]
		s.redeem(t, s.mine, []string{"ONE", "TWO"}[i%2], fmt.Sprint("user ", i))
		s.pass(20*time.Minute + instant)
	}
	all := s.redemptions(t, s.mine, codes.RedemptionFilter{}, 100)
	middle := all[6].CreatedAt
	within, before, end := middle.Add(999), middle.Add(-time.Hour), now.Add(100*time.Hour)
	for _, filter := range []codes.RedemptionFilter{
		{CreatedAfter: &middle},
		{CreatedBefore: &middle},
		{CreatedAfter: &within},
		{CreatedBefore: &within}, // which is later than what is stored
		{CreatedAfter: &before, CreatedBefore: &middle},
		{CreatedAfter: &middle, CreatedBefore: &before},
		{CreatedAfter: &end},
		{CreatedBefore: &end},
		{CreatedAfter: new(time.Time)},
		{CreatedBefore: new(time.Time)},
		{CreatedAfter: &before, Code: "ONE"},
		{CreatedBefore: &middle, Code: "two"},
		{CreatedAfter: &before, UserID: "user 4"},
		{CreatedAfter: &before, UserID: "user 4", Code: "ONE"},
	} {
		var want []codes.Redemption
		for _, r := range all {
			isLater := filter.CreatedAfter == nil || r.CreatedAt.After(filter.CreatedAfter.Truncate(instant))
			isEarlier := filter.CreatedBefore == nil || r.CreatedAt.Before(*filter.CreatedBefore)
			isOf := (filter.Code == "" || r.Code == core.Canonical(filter.Code)) &&
				(filter.UserID == "" || r.UserID == filter.UserID)
			if isLater && isEarlier && isOf {
				want = append(want, r)
			}
		}
		for _, limit := range []int{1, 3, 100} {
			checkSame(t, fmt.Sprintf("%+v in pages of %d", filter, limit), want, s.redemptions(t, s.mine, filter, limit))
		}
	}
	page, err := s.ListRedemptions(
		t.Context(),
		s.mine,
		codes.RedemptionFilter{CreatedAfter: &before},
		core.PageRequest{Limit: 1},
	)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ListRedemptions(
		t.Context(),
		s.mine,
		codes.RedemptionFilter{CreatedAfter: &middle},
		core.PageRequest{Cursor: page.Next},
	)
	checkReason(t, "the cursor of another time", err, core.ReasonInvalidCursor)
}

func testUserLists(t *testing.T, newStore Factory) {
	addUsers := func(t *testing.T, s *site) (listed []string) {
		t.Helper()
		for i, id := range alike() {
			s.put(t, s.mine, id, []codes.UserStatus{codes.UserNormal, codes.UserPremium}[i%2])
		}
		listed = alike()
		slices.Sort(listed) // byte by byte
		return listed
	}
	ids := func(users []codes.User) (all []string) {
		for _, user := range users {
			all = append(all, user.ID)
		}
		return all
	}
	t.Run("in the order of their ids, byte by byte", func(t *testing.T) {
		s := newSite(t, newStore)
		want := addUsers(t, s)
		for limit := 1; limit <= len(want)+1; limit++ {
			checkSame(t, fmt.Sprint("pages of ", limit), want, ids(s.users(t, s.mine, codes.UserFilter{}, limit)))
		}
	})
	t.Run("by the beginning of the id and by status", func(t *testing.T) {
		s := newSite(t, newStore)
		addUsers(t, s)
		for _, id := range []string{"%", "a%", "\uD7FFx", "\uE000", "\U0010FFFF\U0010FFFF", "adb", "ad", "straßen"} {
			s.put(t, s.mine, id, codes.UserNormal)
		}
		normal := codes.UserFilter{Status: codes.UserNormal}
		cases := []struct {
			filter codes.UserFilter
			want   []string
		}{
			{codes.UserFilter{Query: "ada"}, []string{"ada", "ada ", "ada\u00a0", "ada\u200b"}},
			{codes.UserFilter{Query: "ada "}, []string{"ada "}},
			{codes.UserFilter{Query: " "}, []string{" ada"}},
			{codes.UserFilter{Query: "A"}, []string{"ADA", "Ada"}},
			{codes.UserFilter{Query: "ä"}, []string{"äda", "ädä"}},
			{codes.UserFilter{Query: "a\u0308"}, []string{"a\u0308da"}},
			{codes.UserFilter{Query: "straß"}, []string{"straße", "straßen"}},
			{codes.UserFilter{Query: "%"}, []string{"%"}},
			{codes.UserFilter{Query: "_"}, []string{"_"}},
			{codes.UserFilter{Query: `\`}, []string{`\`}},
			{codes.UserFilter{Query: "\uD7FF"}, []string{"\uD7FFx"}},
			{codes.UserFilter{Query: "\U0010FFFF"}, []string{"\U0010FFFF\U0010FFFF"}},
			{codes.UserFilter{Query: "nobody"}, nil},
			{codes.UserFilter{Query: "ada", Status: codes.UserPremium}, []string{"ada ", "ada\u00a0"}},
			{codes.UserFilter{Query: "ada", Status: codes.UserNormal}, []string{"ada", "ada\u200b"}},
		}
		for _, c := range cases {
			for limit := 1; limit <= 5; limit++ {
				checkSame(t, fmt.Sprintf("%+v in pages of %d", c.filter, limit), c.want, ids(s.users(t, s.mine, c.filter, limit)))
			}
		}
		all, premium := s.users(t, s.mine, codes.UserFilter{}, 100), codes.UserFilter{Status: codes.UserPremium}
		for _, filter := range []codes.UserFilter{normal, premium} {
			want := slices.DeleteFunc(slices.Clone(all), func(user codes.User) bool { return user.Status != filter.Status })
			checkSame(t, "all "+string(filter.Status), want, s.users(t, s.mine, filter, 7))
		}
	})
	t.Run("who is there throughout is on one page, whoever is added meanwhile", func(t *testing.T) {
		s := newSite(t, newStore)
		want := addUsers(t, s)
		for limit := 1; limit <= 7; limit += 3 {
			got := pages(t, limit, func(page core.PageRequest) (core.Page[codes.User], error) {
				shown, err := s.ListUsers(t.Context(), s.mine, codes.UserFilter{}, page)
				last := shown.Items[len(shown.Items)-1].ID
				if slices.Contains(want, last) {
					s.put(t, s.mine, last+fmt.Sprint(" after ", limit), codes.UserNormal)
					s.put(t, s.mine, " before "+last+fmt.Sprint(limit), codes.UserNormal)
				}
				return shown, err
			})
			seen := slices.DeleteFunc(ids(got), func(id string) bool { return !slices.Contains(want, id) })
			checkSame(t, fmt.Sprint("pages of ", limit), want, seen)
		}
	})
}
