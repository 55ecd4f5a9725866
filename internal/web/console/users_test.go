package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/member"
)

// redeem lets a user redeem a new code, and returns the code.
func (o *office) redeem(t *testing.T, user string, kind codes.Type) string {
	t.Helper()
	made, err := o.codes.GenerateCode(t.Context(), o.mara.actor(), codes.IssueRequest{Type: kind})
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.codes.Redeem(t.Context(), o.mara.actor(), codes.RedeemRequest{Code: made.Code.Value, UserID: user})
	if err != nil {
		t.Fatal(err)
	}
	return made.Code.Value
}

// strange is an id with everything that an address or a page could take for something else.
const strange = "a/b ü?#%2F&<i>\"'"

func TestUsersAreFoundByTheBeginningOfTheirIDs(t *testing.T) {
	o := newOffice(t)
	code := o.redeem(t, strange, codes.TypeNormal)
	o.redeem(t, "bob", codes.TypePremium)
	list := o.mara.sees("/console/w/acme/users?q=a%2F", "a/b ü?#%2F&amp;&lt;i&gt;", "/console/w/acme/codes/"+code)
	if strings.Contains(list, "bob") {
		t.Error("the list has whose id begins otherwise")
	}
	if list := o.mara.sees("/console/w/acme/users?status=Premium", "bob"); strings.Contains(list, "a/b") {
		t.Error("the list has who is something else")
	}
	o.mara.sees("/console/w/acme/users?q=nobody", "No user is like that.")
	o.mara.sees("/console/w/acme/users/"+url.PathEscape(strange), "a/b ü?#%2F&amp;&lt;i&gt;", "Mara Lindt")
}

func TestTheNewestRedemptionIsRolledBack(t *testing.T) {
	o := newOffice(t)
	o.redeem(t, strange, codes.TypeNormal)
	o.redeem(t, strange, codes.TypeUpgrade)
	path := "/console/w/acme/users/" + url.PathEscape(strange)
	all, err := o.store.Redemptions(t.Context(), &codes.RedemptionQuery{WorkspaceID: o.acme.ID, Limit: 9})
	if err != nil {
		t.Fatal(err)
	}
	first, second := path+"/roll-back/"+all[1].ID.String(), path+"/roll-back/"+all[0].ID.String()
	o.mara.sees(path, "roll-back/"+all[0].ID.String())
	o.mara.answered(first, url.Values{"reason": {"<why>"}}, http.StatusUnprocessableEntity, "&lt;why&gt;")
	o.mara.sees(second, "gets its use back", "is as before then: Normal")
	o.mara.sends(second, path, url.Values{"reason": {"payment failed"}})
	o.mara.sees(path, "“payment failed”", "Rolled back")
	if user, err := o.codes.GetUser(t.Context(), o.mara.actor(), strange); err != nil || user.Status != codes.UserNormal {
		t.Errorf("%+v, %v", user, err)
	}
}

func TestUsersAreCorrectedAndErased(t *testing.T) {
	o := newOffice(t)
	register := "/console/w/acme/register"
	path := "/console/w/acme/users/" + url.PathEscape(strange)
	o.mara.sends(register, path, url.Values{"id": {strange}, "status": {"Normal"}})
	o.mara.answered(register, url.Values{"id": {strange}, "status": {"Premium"}}, http.StatusUnprocessableEntity,
		"There is a user with this id already.", "a/b ü?#%2F&amp;&lt;i&gt;")
	o.mara.answered(register, url.Values{"id": {".."}, "status": {"Premium"}}, http.StatusUnprocessableEntity,
		"This cannot be an id")
	o.mara.sends(path+"/status", path, url.Values{"status": {"Premium"}})
	o.mara.sees(path, "<b>Premium</b>", "without a code.")

	o.mara.sees(path+"/erase", "Write a/b")
	o.mara.answered(path+"/erase", url.Values{"id": {"a/b"}}, http.StatusUnprocessableEntity, "This is another id.")
	o.mara.sends(path+"/erase", "/console/w/acme/users", url.Values{"id": {strange}})
	o.mara.refused("GET", path, http.StatusNotFound)
}

func TestWhoMayDoWhatWithUsers(t *testing.T) {
	o := newOffice(t)
	o.redeem(t, "bob", codes.TypeNormal)
	editor, support := o.join(t, "Priya", member.RoleEditor), o.join(t, "Jonas", member.RoleSupport)
	const path = "/console/w/acme/users/bob"
	editor.refused("POST", path+"/erase", http.StatusForbidden)
	editor.sends(path+"/status", path, url.Values{"status": {"Premium"}})
	if page := support.sees(path, "bob"); strings.Contains(page, "<form class=\"form\"") {
		t.Error("who may only look sees a form")
	}
	support.refused("POST", path+"/status", http.StatusForbidden)
}
