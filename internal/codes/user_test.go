package codes_test

import (
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func TestPuttingAUserRegistersOrChangesThem(t *testing.T) {
	w := newWorld(t)
	user := func(status codes.UserStatus, created, updated time.Duration) codes.User {
		return codes.User{
			WorkspaceID: w.acme.WorkspaceID,
			ID:          "ada",
			Status:      status,
			CreatedAt:   *after(created),
			UpdatedAt:   *after(updated),
		}
	}
	steps := []struct {
		name   string
		status codes.UserStatus
		want   codes.User
	}{
		{"new", codes.UserNormal, user(codes.UserNormal, 0, 0)},
		{"the same again", codes.UserNormal, user(codes.UserNormal, 0, 0)},
		{"another status", codes.UserPremium, user(codes.UserPremium, 0, 2*time.Hour)},
		{"the same again", codes.UserPremium, user(codes.UserPremium, 0, 2*time.Hour)},
		{"back", codes.UserNormal, user(codes.UserNormal, 0, 4*time.Hour)},
	}
	for _, step := range steps {
		got, err := w.PutUser(t.Context(), w.acme, "ada", step.status)
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, step.name, step.want, got)
		stored, err := w.GetUser(t.Context(), w.acme, "ada")
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, step.name+", stored", step.want, stored)
		w.pass(time.Hour)
	}
}

// TestWhatRedemptionsSayAboutAUser: when the user got the status, and since when
// they have been registered.
func TestWhatRedemptionsSayAboutAUser(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "SIGN-UP", normal(""))
	w.add(t, w.acme, "UP", of(codes.TypeUpgrade, codes.Options{}))
	check := func(what string, status codes.UserStatus, created, updated time.Duration, redeemed int64) {
		t.Helper()
		got, err := w.GetUser(t.Context(), w.acme, "ada")
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, what, codes.User{
			WorkspaceID: w.acme.WorkspaceID, ID: "ada", Status: status, CreatedAt: *after(created), UpdatedAt: *after(updated),
			LastOrdinal: redeemed,
		}, got)
	}
	first := w.redeem(t, "SIGN-UP", "ada")
	check("registered", codes.UserNormal, 0, 0, 1)
	w.pass(time.Hour)
	second := w.redeem(t, "UP", "ada")
	check("upgraded", codes.UserPremium, 0, time.Hour, 2)
	w.pass(time.Hour)
	w.rollback(t, second)
	check("rolled back", codes.UserNormal, 0, 2*time.Hour, 2)
	w.rollback(t, first)
	w.checkUser(t, "ada", codes.Unregistered)
	w.pass(time.Hour)
	w.redeem(t, "SIGN-UP", "ada")
	check("registered again", codes.UserNormal, 3*time.Hour, 3*time.Hour, 1)
}

func TestAnUnusableUserIsRefused(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("é", codes.MaxUserIDLength+1)
	tests := []struct {
		name, id string
		status   codes.UserStatus
		pointers []string
	}{
		{"no id", "", codes.UserNormal, []string{""}},
		{"a long id", long, codes.UserNormal, []string{""}},
		{"a control character", "a\x00", codes.UserNormal, []string{""}},
		{"not UTF-8", "a\xff", codes.UserNormal, []string{""}},
		{"an id that no path can name", "/", codes.UserNormal, []string{""}},
		{"a dot", ".", codes.UserNormal, []string{""}},
		{"two dots", "..", codes.UserNormal, []string{""}},
		{"no status", "ada", "", []string{"/status"}},
		{"a status in lower case", "ada", "normal", []string{"/status"}},
		{"a type that is no status", "ada", "Upgrade", []string{"/status"}},
		{"both", "", "normal", []string{"", "/status"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.PutUser(t.Context(), w.acme, test.id, test.status)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
			_, err = w.GetUser(t.Context(), w.acme, test.id)
			checkRefused(t, err, core.ReasonUserNotFound)
			checkRefused(t, w.EraseUser(t.Context(), w.acme, test.id), core.ReasonUserNotFound)
		})
	}
	longest := long[len("é"):]
	w.put(t, longest, codes.UserPremium)
	w.checkUser(t, longest, codes.UserPremium)
}

func TestErasingAUserTakesTheIDOutOfEverything(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "CODE", of(codes.TypeNormal, uses(4)))
	held, made := w.reserve(t, "CODE", "ada", 0), w.redeem(t, "CODE", "bob")
	w.rollback(t, w.redeem(t, "CODE", "cyd"))
	w.put(t, "dan", codes.UserNormal)
	if _, err := w.PutUser(t.Context(), other, "ada", codes.UserNormal); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ada", "bob", "cyd", "dan"} {
		w.erase(t, id)
		checkRefused(t, w.EraseUser(t.Context(), w.acme, id), core.ReasonUserNotFound) // nothing is left to erase
		w.checkUser(t, id, codes.Unregistered)
		page, err := w.ListRedemptions(t.Context(), w.acme, codes.RedemptionFilter{UserID: id}, core.PageRequest{})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("redemptions of %s: %v, %v", id, page.Items, err)
		}
	}
	w.checkUses(t, "CODE", 1, 1) // what was used stays used
	held.UserID, made.UserID = "", ""
	checkSame(t, "reservation", held, w.reservation(t, held.ID))
	checkSame(t, "redemption", made, w.redemptions(t)[1])
	if got, err := w.GetUser(t.Context(), other, "ada"); err != nil || got.Status != codes.UserNormal {
		t.Errorf("the other workspace's ada: %+v, %v", got, err)
	}
	checkRefused(t, w.EraseUser(t.Context(), other, "bob"), core.ReasonUserNotFound)
	w.redeem(t, "CODE", "bob") // bob is a new user
	w.checkUses(t, "CODE", 2, 1)
}
