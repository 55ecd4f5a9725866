package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// alike are user ids that a database's collation, or a program that trims, might take for
// one another.
func alike() []string {
	return []string{
		"ada", "Ada", "ADA", "ada ", " ada", "ada\u00a0", "ada\u200b", "äda", "Äda", "a\u0308da", "ädä",
		"strasse", "straße", "STRASSE", "k", "K", "\u212a", "i", "I", "ı", "İ", "ﬁ", "fi", "🎉", "🎊",
		"'", `"`, `\`, "%", "_", "1", "01", "١",
	}
}

func testUsers(t *testing.T, newStore Factory) {
	t.Run("every field comes back as it went in", func(t *testing.T) {
		s := newSite(t, newStore)
		s.pass(instant)
		want := codes.User{
			WorkspaceID: s.mine.WorkspaceID, ID: `O'Hara "Ö" 🎉`, Status: codes.UserPremium, CreatedAt: now.Add(instant),
			UpdatedAt: now.Add(instant),
		}
		checkSame(t, "PutUser", want, s.put(t, s.mine, want.ID, want.Status))
		s.checkStoredUser(t, want)
	})
	t.Run("storing one again changes the status only, and when it changed", func(t *testing.T) {
		s := newSite(t, newStore)
		want := codes.User{WorkspaceID: s.mine.WorkspaceID, ID: "ada", CreatedAt: now}
		steps := []struct {
			status  codes.UserStatus
			updated int // the step that changed it last
		}{
			{codes.UserNormal, 0},
			{codes.UserNormal, 0},
			{codes.UserPremium, 2},
			{codes.UserPremium, 2},
			{codes.UserNormal, 4},
		}
		for _, step := range steps {
			want.Status, want.UpdatedAt = step.status, now.Add(time.Duration(step.updated)*instant)
			checkSame(t, "PutUser", want, s.put(t, s.mine, "ada", step.status))
			s.checkStoredUser(t, want)
			s.pass(instant)
		}
	})
	t.Run("codes change what was stored without them", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "UP", of(codes.TypeUpgrade))
		s.put(t, s.mine, "ada", codes.UserNormal)
		s.pass(instant)
		s.redeem(t, s.mine, "UP", "ada")
		s.checkStoredUser(t, codes.User{
			WorkspaceID: s.mine.WorkspaceID, ID: "ada", Status: codes.UserPremium, CreatedAt: now, UpdatedAt: now.Add(instant),
			LastOrdinal: 1,
		})
	})
	t.Run("ids are compared byte by byte", testUserIDs(newStore))
	t.Run("an id that is only alike is nobody's", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE")
		for _, id := range []string{"ada", "Äda", "straße", "K", "I", "fi", "1"} {
			s.redeem(t, s.mine, "CODE", id)
			for _, other := range alike() {
				if other == id {
					continue
				}
				s.checkUser(t, s.mine, other, codes.Unregistered)
				if found, err := s.Store.EraseUser(t.Context(), s.mine.WorkspaceID, other); found || err != nil {
					t.Errorf("EraseUser %q where %q is registered: %v, %v", other, id, found, err)
				}
			}
			s.erase(t, s.mine, id)
		}
	})
	t.Run("erasing one takes the id out of everything that holds it", testErasure(newStore))
	t.Run("an erased id may register anew, and what was used stays used", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "TWICE", times(2))
		s.add(t, s.mine, "UP", of(codes.TypeUpgrade))
		first := s.redeem(t, s.mine, "TWICE", "ada")
		s.redeem(t, s.mine, "UP", "ada")
		s.erase(t, s.mine, "ada")
		s.checkUses(t, s.mine, "TWICE", 1, 0)
		second := s.redeem(t, s.mine, "TWICE", "ada")
		if second.ID == first.ID || second.Ordinal != 1 || second.Before != codes.Unregistered {
			t.Errorf("registered anew: %+v", second)
		}
		s.checkUses(t, s.mine, "TWICE", 2, 0)
		s.rollback(t, s.mine, first) // the use is given back, and the new person stays
		s.checkUses(t, s.mine, "TWICE", 1, 0)
		s.checkUser(t, s.mine, "ada", codes.UserNormal)
		s.checkStored(t, "TWICE", second)
	})
	t.Run("none", func(t *testing.T) {
		s := newSite(t, newStore)
		if _, err := s.Store.User(t.Context(), s.mine.WorkspaceID, "ada"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("User: %v", err)
		}
	})
}

// checkStoredUser checks a user where it can be read: by its id and in lists.
func (s *site) checkStoredUser(t *testing.T, want codes.User) {
	t.Helper()
	got, err := s.Store.User(t.Context(), want.WorkspaceID, want.ID)
	checkSame(t, fmt.Sprint("User, ", err), want, got)
	listed, err := s.Store.Users(
		t.Context(),
		&codes.UserQuery{WorkspaceID: want.WorkspaceID, UserFilter: codes.UserFilter{Query: want.ID}, Limit: 1},
	)
	checkSame(t, fmt.Sprint("Users, ", err), []codes.User{want}, listed)
}

func testUserIDs(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "JOIN")
		s.add(t, s.mine, "HOLD", of(codes.TypePremium))
		redemptions, reservations := map[string]codes.Redemption{}, map[string]codes.Reservation{}
		for _, id := range alike() { // nobody is taken for one who came before
			reservations[id] = s.reserve(t, s.mine, "HOLD", id, 0)
			redemptions[id] = s.redeem(t, s.mine, "JOIN", id)
		}
		all := int64(len(alike()))
		s.checkUses(t, s.mine, "JOIN", all, 0)
		s.checkUses(t, s.mine, "HOLD", 0, all)
		for i, id := range alike() {
			checkSame(t, fmt.Sprintf("redemptions of %q", id), []codes.Redemption{redemptions[id]},
				s.redemptions(t, s.mine, codes.RedemptionFilter{UserID: id}, 2))
			if i%2 == 0 {
				s.erase(t, s.mine, id)
			}
		}
		var left []string
		for i, id := range alike() {
			want := id
			if i%2 == 0 {
				want = ""
			} else {
				left = append(left, id)
			}
			if got := s.redemption(t, s.mine, redemptions[id].ID).UserID; got != want {
				t.Errorf("the redemption of %q has the user %q", id, got)
			}
			if got := s.reservation(t, s.mine, reservations[id].ID).UserID; got != want {
				t.Errorf("the reservation of %q has the user %q", id, got)
			}
		}
		slices.Sort(left) // byte by byte
		var got []string
		for _, user := range s.users(t, s.mine, codes.UserFilter{}, 7) {
			got = append(got, user.ID)
		}
		checkSame(t, "users", left, got)
	}
}

func testErasure(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE")
		cases := []struct {
			name string
			hold func(id string)
			want bool
		}{
			{"nobody", func(string) {}, false},
			{"registered without a code", func(id string) { s.put(t, s.mine, id, codes.UserNormal) }, true},
			{"redeemed", func(id string) { s.redeem(t, s.mine, "CODE", id) }, true},
			{"rolled back", func(id string) { s.rollback(t, s.mine, s.redeem(t, s.mine, "CODE", id)) }, true},
			{"reserved", func(id string) { s.reserve(t, s.mine, "CODE", id, 0) }, true},
			{"released", func(id string) { s.release(t, s.mine, s.reserve(t, s.mine, "CODE", id, 0)) }, true},
			{"confirmed", func(id string) { s.confirm(t, s.mine, s.reserve(t, s.mine, "CODE", id, 0)) }, true},
			{"in another workspace", func(id string) { s.put(t, s.other, id, codes.UserNormal) }, false},
		}
		for _, c := range cases {
			c.hold(c.name)
		}
		uses := s.code(t, s.mine, "CODE", s.time())
		for _, c := range cases {
			for _, want := range []bool{c.want, false} { // the second time there is nothing left
				if found, err := s.Store.EraseUser(t.Context(), s.mine.WorkspaceID, c.name); found != want || err != nil {
					t.Errorf("EraseUser, %s: %v, %v; want %v", c.name, found, err, want)
				}
			}
			s.checkUser(t, s.mine, c.name, codes.Unregistered)
			if left := s.redemptions(t, s.mine, codes.RedemptionFilter{UserID: c.name}, 1); left != nil {
				t.Errorf("%s: a redemption still has the id", c.name)
			}
		}
		checkSame(t, "the code", uses, s.code(t, s.mine, "CODE", s.time()))
		kept := s.redemptions(t, s.mine, codes.RedemptionFilter{Code: "CODE"}, 10)
		if len(kept) != 3 {
			t.Errorf("%d redemptions are left, want 3", len(kept))
		}
		for _, r := range kept {
			if r.UserID != "" || !r.CreatedAt.Equal(now) || r.CreatedBy != s.mine.ID {
				t.Errorf("an erased redemption: %+v", r)
			}
		}
	}
}
