package access_test

import (
	"strings"
	"testing"
	"time"

	"accesscodes/internal/access"
)

func TestPuttingAUserRegistersOrChangesThem(t *testing.T) {
	w := newWorld(t)
	user := func(status access.UserStatus, created, updated time.Duration) access.User {
		return access.User{WorkspaceID: w.acme.Workspace.ID, ID: "ada", Status: status, CreatedAt: *after(created), UpdatedAt: *after(updated)}
	}
	steps := []struct {
		name   string
		status access.UserStatus
		want   access.User
	}{
		{"new", access.UserNormal, user(access.UserNormal, 0, 0)},
		{"the same again", access.UserNormal, user(access.UserNormal, 0, 0)},
		{"another status", access.UserPremium, user(access.UserPremium, 0, 2*time.Hour)},
		{"the same again", access.UserPremium, user(access.UserPremium, 0, 2*time.Hour)},
		{"back", access.UserNormal, user(access.UserNormal, 0, 4*time.Hour)},
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

// TestWhatRedemptionsSayAboutAUser: when somebody became what they are, and since when
// they have been registered.
func TestWhatRedemptionsSayAboutAUser(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "SIGN-UP", normal(""))
	w.add(t, w.acme, "UP", of(access.TypeUpgrade, access.Options{}))
	check := func(what string, status access.UserStatus, created, updated time.Duration) {
		t.Helper()
		got, err := w.GetUser(t.Context(), w.acme, "ada")
		if err != nil {
			t.Fatal(err)
		}
		checkSame(t, what, access.User{
			WorkspaceID: w.acme.Workspace.ID, ID: "ada", Status: status, CreatedAt: *after(created), UpdatedAt: *after(updated),
		}, got)
	}
	first := w.redeem(t, "SIGN-UP", "ada")
	check("registered", access.UserNormal, 0, 0)
	w.pass(time.Hour)
	second := w.redeem(t, "UP", "ada")
	check("upgraded", access.UserPremium, 0, time.Hour)
	w.pass(time.Hour)
	w.rollback(t, second)
	check("rolled back", access.UserNormal, 0, 2*time.Hour)
	w.rollback(t, first)
	w.checkUser(t, "ada", access.Unregistered)
	w.pass(time.Hour)
	w.redeem(t, "SIGN-UP", "ada")
	check("registered again", access.UserNormal, 3*time.Hour, 3*time.Hour)
}

func TestAnUnusableUserIsRefused(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("é", access.MaxUserIDLength+1)
	tests := []struct {
		name, id string
		status   access.UserStatus
		pointers []string
	}{
		{"no id", "", access.UserNormal, []string{""}},
		{"a long id", long, access.UserNormal, []string{""}},
		{"a control character", "a\x00", access.UserNormal, []string{""}},
		{"not UTF-8", "a\xff", access.UserNormal, []string{""}},
		{"an id that no path can name", "/", access.UserNormal, []string{""}},
		{"a dot", ".", access.UserNormal, []string{""}},
		{"two dots", "..", access.UserNormal, []string{""}},
		{"no status", "ada", "", []string{"/status"}},
		{"a status in lower case", "ada", "normal", []string{"/status"}},
		{"a type that is no status", "ada", "Upgrade", []string{"/status"}},
		{"both", "", "normal", []string{"", "/status"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.PutUser(t.Context(), w.acme, test.id, test.status)
			checkError(t, err, access.KindInvalid, access.ReasonInvalidValue, test.pointers...)
			_, err = w.GetUser(t.Context(), w.acme, test.id)
			checkRefused(t, err, access.ReasonUserNotFound)
			checkRefused(t, w.EraseUser(t.Context(), w.acme, test.id), access.ReasonUserNotFound)
		})
	}
	longest := long[len("é"):]
	w.put(t, longest, access.UserPremium)
	w.checkUser(t, longest, access.UserPremium)
}

func TestErasingAUserTakesTheIDOutOfEverything(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "CODE", of(access.TypeNormal, uses(4)))
	held, made := w.reserve(t, "CODE", "ada", 0), w.redeem(t, "CODE", "bob")
	w.rollback(t, w.redeem(t, "CODE", "cyd"))
	w.put(t, "dan", access.UserNormal)
	if _, err := w.PutUser(t.Context(), other, "ada", access.UserNormal); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ada", "bob", "cyd", "dan"} {
		w.erase(t, id)
		checkRefused(t, w.EraseUser(t.Context(), w.acme, id), access.ReasonUserNotFound) // nothing is left to erase
		w.checkUser(t, id, access.Unregistered)
		page, err := w.ListRedemptions(t.Context(), w.acme, access.RedemptionFilter{UserID: id}, access.PageRequest{})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("redemptions of %s: %v, %v", id, page.Items, err)
		}
	}
	w.checkUses(t, "CODE", 1, 1) // what was used stays used
	held.UserID, made.UserID = "", ""
	checkSame(t, "reservation", held, w.reservation(t, held.ID))
	checkSame(t, "redemption", made, w.redemptions(t)[1])
	if got, err := w.GetUser(t.Context(), other, "ada"); err != nil || got.Status != access.UserNormal {
		t.Errorf("the other workspace's ada: %+v, %v", got, err)
	}
	checkRefused(t, w.EraseUser(t.Context(), other, "bob"), access.ReasonUserNotFound)
	w.redeem(t, "CODE", "bob") // who is somebody new
	w.checkUses(t, "CODE", 2, 1)
}
