package storetest

import (
	"fmt"
	"slices"
	"testing"

	"accesscodes/internal/access"
)

func testRedemptionLists(t *testing.T, newStore Factory) {
	// addRedemptions redeems two codes for five users each, all at one instant, and undoes and
	// erases some. It returns them as lists show them.
	addRedemptions := func(t *testing.T, s *site) (listed []access.Redemption) {
		t.Helper()
		s.add(t, s.mine, "Join-1")
		s.add(t, s.mine, "up", of(access.TypeUpgrade))
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
			checkSame(t, fmt.Sprint("pages of ", limit), want, s.redemptions(t, s.mine, access.RedemptionFilter{}, limit))
		}
	})
	t.Run("by code and by user", func(t *testing.T) {
		s := newSite(t, newStore)
		all := addRedemptions(t, s)
		cases := []struct {
			filter access.RedemptionFilter
			passes func(r access.Redemption) bool
		}{
			{access.RedemptionFilter{Code: "Join-1"}, func(r access.Redemption) bool { return r.Code == "Join-1" }},
			{access.RedemptionFilter{Code: "join 1"}, func(r access.Redemption) bool { return r.Code == "Join-1" }},
			{access.RedemptionFilter{Code: "UP"}, func(r access.Redemption) bool { return r.Code == "up" }},
			{access.RedemptionFilter{UserID: "user 1"}, func(r access.Redemption) bool { return r.UserID == "user 1" }},
			{access.RedemptionFilter{Code: "UP", UserID: "user 3"}, func(r access.Redemption) bool { return r.Code == "up" && r.UserID == "user 3" }},
			{access.RedemptionFilter{Code: "JOIN", UserID: "user 1"}, func(access.Redemption) bool { return false }},
			{access.RedemptionFilter{UserID: "user 4"}, func(access.Redemption) bool { return false }}, // who was erased
			{access.RedemptionFilter{UserID: "User 1"}, func(access.Redemption) bool { return false }},
			{access.RedemptionFilter{UserID: "user"}, func(access.Redemption) bool { return false }},
		}
		for _, c := range cases {
			var want []access.Redemption
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
	t.Run("what is there throughout is on one page, whatever is added meanwhile", func(t *testing.T) {
		s := newSite(t, newStore)
		want := addRedemptions(t, s)
		for limit := 1; limit <= 3; limit++ {
			round := 0
			got := pages(t, limit, func(page access.PageRequest) (access.Page[access.Redemption], error) {
				round++
				s.redeem(t, s.mine, "JOIN1", fmt.Sprintf("added %d %d", limit, round))
				return s.ListRedemptions(t.Context(), s.mine, access.RedemptionFilter{}, page)
			})
			seen := slices.DeleteFunc(got, func(r access.Redemption) bool {
				return !slices.ContainsFunc(want, func(w access.Redemption) bool { return w.ID == r.ID })
			})
			checkSame(t, fmt.Sprint("pages of ", limit), want, seen)
		}
	})
}

func testUserLists(t *testing.T, newStore Factory) {
	addUsers := func(t *testing.T, s *site) (listed []string) {
		t.Helper()
		for i, id := range alike() {
			s.put(t, s.mine, id, []access.UserStatus{access.UserNormal, access.UserPremium}[i%2])
		}
		listed = alike()
		slices.Sort(listed) // byte by byte
		return listed
	}
	ids := func(users []access.User) (all []string) {
		for _, user := range users {
			all = append(all, user.ID)
		}
		return all
	}
	t.Run("in the order of their ids, byte by byte", func(t *testing.T) {
		s := newSite(t, newStore)
		want := addUsers(t, s)
		for limit := 1; limit <= len(want)+1; limit++ {
			checkSame(t, fmt.Sprint("pages of ", limit), want, ids(s.users(t, s.mine, access.UserFilter{}, limit)))
		}
	})
	t.Run("by the beginning of the id and by status", func(t *testing.T) {
		s := newSite(t, newStore)
		addUsers(t, s)
		for _, id := range []string{"%", "a%", "\uD7FFx", "\uE000", "\U0010FFFF\U0010FFFF", "adb", "ad", "straßen"} {
			s.put(t, s.mine, id, access.UserNormal)
		}
		normal := access.UserFilter{Status: access.UserNormal}
		cases := []struct {
			filter access.UserFilter
			want   []string
		}{
			{access.UserFilter{Query: "ada"}, []string{"ada", "ada ", "ada\u00a0", "ada\u200b"}},
			{access.UserFilter{Query: "ada "}, []string{"ada "}},
			{access.UserFilter{Query: " "}, []string{" ada"}},
			{access.UserFilter{Query: "A"}, []string{"ADA", "Ada"}},
			{access.UserFilter{Query: "ä"}, []string{"äda", "ädä"}},
			{access.UserFilter{Query: "a\u0308"}, []string{"a\u0308da"}},
			{access.UserFilter{Query: "straß"}, []string{"straße", "straßen"}},
			{access.UserFilter{Query: "%"}, []string{"%"}},
			{access.UserFilter{Query: "_"}, []string{"_"}},
			{access.UserFilter{Query: `\`}, []string{`\`}},
			{access.UserFilter{Query: "\uD7FF"}, []string{"\uD7FFx"}},
			{access.UserFilter{Query: "\U0010FFFF"}, []string{"\U0010FFFF\U0010FFFF"}},
			{access.UserFilter{Query: "nobody"}, nil},
			{access.UserFilter{Query: "ada", Status: access.UserPremium}, []string{"ada ", "ada\u00a0"}},
			{access.UserFilter{Query: "ada", Status: access.UserNormal}, []string{"ada", "ada\u200b"}},
		}
		for _, c := range cases {
			for limit := 1; limit <= 5; limit++ {
				checkSame(t, fmt.Sprintf("%+v in pages of %d", c.filter, limit), c.want, ids(s.users(t, s.mine, c.filter, limit)))
			}
		}
		all, premium := s.users(t, s.mine, access.UserFilter{}, 100), access.UserFilter{Status: access.UserPremium}
		for _, filter := range []access.UserFilter{normal, premium} {
			want := slices.DeleteFunc(slices.Clone(all), func(user access.User) bool { return user.Status != filter.Status })
			checkSame(t, "all "+string(filter.Status), want, s.users(t, s.mine, filter, 7))
		}
	})
	t.Run("who is there throughout is on one page, whoever is added meanwhile", func(t *testing.T) {
		s := newSite(t, newStore)
		want := addUsers(t, s)
		for limit := 1; limit <= 7; limit += 3 {
			got := pages(t, limit, func(page access.PageRequest) (access.Page[access.User], error) {
				shown, err := s.ListUsers(t.Context(), s.mine, access.UserFilter{}, page)
				last := shown.Items[len(shown.Items)-1].ID
				if slices.Contains(want, last) {
					s.put(t, s.mine, last+fmt.Sprint(" after ", limit), access.UserNormal)
					s.put(t, s.mine, " before "+last+fmt.Sprint(limit), access.UserNormal)
				}
				return shown, err
			})
			seen := slices.DeleteFunc(ids(got), func(id string) bool { return !slices.Contains(want, id) })
			checkSame(t, fmt.Sprint("pages of ", limit), want, seen)
		}
	})
}
