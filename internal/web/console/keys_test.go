package console

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
)

var secretInPage = regexp.MustCompile(`ack_[0-9A-Za-z]{20,}`)

func TestKeysAreMadeRotatedAndRevoked(t *testing.T) {
	o := newOffice(t)
	asked := url.Values{"name": {"Checkout"}, "role": {"redeem"}, "days": {"90"}}
	made := o.mara.answered("/console/w/acme/keys/new", asked,
		http.StatusOK, "Copy your key now", "Whoever has it can redeem codes.", "/tenant-codes/validate")
	secret := secretInPage.FindString(made)
	key, err := o.tenancy.FindKey(t.Context(), secret)
	if err != nil || key.Role != tenancy.RoleRedeem || key.ExpiresAt == nil {
		t.Fatalf("%+v, %v", key, err)
	}
	if list := o.mara.sees("/console/w/acme/keys", key.Display, "Mara Lindt"); strings.Contains(list, secret) {
		t.Error("the list shows the secret")
	}

	o.mara.sees("/console/w/acme/keys?key="+key.ID.String(), `class="here"`)
	path := "/console/w/acme/keys/" + key.ID.String()
	o.mara.sees(path+"/rotate", "Nothing has used it yet.")
	rotated := o.mara.answered(path+"/rotate", url.Values{"overlap": {"24"}}, http.StatusOK, "Copy your key now")
	if secretInPage.FindString(rotated) == secret {
		t.Error("the same secret again")
	}
	o.mara.answered(path+"/rotate", url.Values{"overlap": {"24"}}, http.StatusUnprocessableEntity, "another")

	o.mara.sees(path+"/revoke", key.Display)
	o.mara.sends(path+"/revoke", "/console/w/acme/keys", url.Values{})
	if _, err := o.tenancy.Authenticate(t.Context(), secret); err == nil {
		t.Error("a revoked key works")
	}
	list := o.mara.sees("/console/w/acme/keys") // who rotated it is told of the old one only
	if _, live, _ := strings.Cut(list, "<table"); !strings.Contains(live, "Mara Lindt") {
		t.Error("the list does not say who made the new key")
	}
}

func TestAKeyThatCannotBeMadeLosesNothing(t *testing.T) {
	o := newOffice(t)
	form := url.Values{"name": {"Web<b>"}, "role": {"full"}, "days": {"0"}}
	o.mara.answered("/console/w/acme/keys/new", form, http.StatusOK)
	o.mara.answered("/console/w/acme/keys/new", form, http.StatusUnprocessableEntity,
		"A key that works is called Web&lt;b&gt; already", `value="Web&lt;b&gt;"`)
	o.mara.answered("/console/w/acme/keys/new", url.Values{"name": {""}, "role": {"king"}, "days": {"3"}},
		http.StatusUnprocessableEntity, "Choose when the key ends.")
}

func TestKeysAreForOwners(t *testing.T) {
	o := newOffice(t)
	foreign, _, err := o.tenancy.CreateKey(t.Context(), "other", tenancy.NewKey{Name: "theirs", Role: tenancy.RoleFull})
	if err != nil {
		t.Fatal(err)
	}
	o.mara.refused("GET", "/console/w/acme/keys/"+foreign.ID.String()+"/rotate", http.StatusNotFound)
	o.mara.refused("POST", "/console/w/acme/keys/"+foreign.ID.String()+"/revoke", http.StatusNotFound)
	priya := o.join(t, "Priya", member.RoleEditor)
	priya.refused("GET", "/console/w/acme/keys", http.StatusForbidden)
	priya.answered("/console/w/acme/keys/new", url.Values{}, http.StatusForbidden,
		"This takes", "<b>owner</b>", "Mara Lindt")
}
