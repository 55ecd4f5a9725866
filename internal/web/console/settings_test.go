package console

import (
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/member"
	"accesscodes/internal/why"
)

func TestSettingsAreSavedAndPreviewed(t *testing.T) {
	o := newOffice(t)
	const path = "/console/w/acme/settings"
	o.mara.sees(path, "Mara Lindt", "1 guess in")
	o.mara.sees(path+"?prefix=ROSE&groups=4&groupLength=5", "<span>ROSE<small>", "Strong")
	form := url.Values{
		"name": {"Acme <b>"}, "prefix": {"rose"}, "groups": {"3"}, "groupLength": {"4"}, "events": {"all"},
		"colour": {"rose"},
	}
	o.mara.sends(path, path, form)
	w, err := o.tenancy.Workspace(t.Context(), "acme")
	if err != nil || w.Format.Prefix != "ROSE" || w.Events != "all" || w.Name != "Acme <b>" {
		t.Errorf("%+v, %v", w, err)
	}
	o.mara.sees(path, `class="shell" data-stock="rose"`)
	form.Set("groups", "2")
	said := o.mara.does(path, form)
	if !isUndo(said.Undo) || said.Text != "settings.saved" {
		t.Errorf("it says %+v", said)
	}
	weak := &guess{why.RiskOf(big.NewInt(1e9), 10_000, triesPerMinute)}
	if said := savedWith(weak); said != "settings.saved_weak" {
		t.Errorf("of a format that is easy to guess it says %s", said)
	}
	o.mara.sends(said.Undo, path, said.Fields)
	if w, err := o.tenancy.Workspace(t.Context(), "acme"); err != nil || w.Format.Groups != 3 {
		t.Errorf("undone, it is %+v, %v", w, err)
	}
	form.Set("colour", "red")
	o.mara.answered(path, form, http.StatusUnprocessableEntity, "colour")
	form.Set("groups", "999")
	o.mara.answered(path, form, http.StatusUnprocessableEntity, `value="Acme &lt;b&gt;"`, "complaint")

	priya := o.join(t, "Priya", member.RoleEditor)
	priya.sees(path, "Only owners change settings.", "Mara Lindt", "disabled")
	priya.refused("POST", path, http.StatusForbidden)
}

var linkInPage = regexp.MustCompile(`/console/link/([^<"]+)<`)

func TestPeopleAreInvitedChangedAndRemoved(t *testing.T) {
	o := newOffice(t)
	const path = "/console/w/acme/"
	invite := url.Values{"email": {"aiko@acme.example"}, "role": {"viewer"}}
	made := o.mara.answered(path+"invite", invite, http.StatusOK, "Copy the link now", "works once, for 7 days")
	token := linkInPage.FindStringSubmatch(made)[1]
	if settings := o.mara.sees(path+"settings", "aiko@acme.example", "Withdraw"); strings.Contains(settings, token) {
		t.Error("the settings show the link again")
	}
	aiko := o.accept(t, token, member.NewPerson{Name: "Aiko <Tanaka>", Password: password})
	o.mara.answered(path+"invite", invite, http.StatusUnprocessableEntity, `value="aiko@acme.example"`)

	id := aiko.who.Member.ID.String()
	o.mara.sees(path+"members/"+id, "Aiko &lt;Tanaka&gt;")
	o.mara.sends(path+"members/"+id+"/role", path+"settings", url.Values{"role": {"editor"}})
	aiko.sees(path+"settings", "Only owners change settings.")
	o.mara.sees(path+"members/"+id+"/remove", "Take Aiko &lt;Tanaka&gt; out of Acme Inc.?")
	o.mara.sends(path+"members/"+id+"/remove", path+"settings", url.Values{})
	aiko.refused("GET", path+"settings", http.StatusNotFound)

	o.mara.answered(path+"invite", url.Values{"email": {"jo@acme.example"}, "role": {"support"}}, http.StatusOK)
	open, err := o.people.Members.Invitations(t.Context(), o.mara.actor())
	if err != nil || len(open) != 1 {
		t.Fatalf("%+v, %v", open, err)
	}
	o.mara.sends(path+"invitations/"+open[0].ID.String()+"/withdraw", path+"settings", url.Values{})
}

func TestTheLastOwnerStays(t *testing.T) {
	o := newOffice(t)
	path := "/console/w/acme/members/" + o.mara.who.Member.ID.String()
	o.mara.answered(path+"/role", url.Values{"role": {"viewer"}}, http.StatusUnprocessableEntity, "no owner")
	o.mara.answered(path+"/remove", url.Values{}, http.StatusUnprocessableEntity, "no owner")
	o.mara.refused("GET", "/console/w/acme/members/"+o.other.ID.String(), http.StatusNotFound)
}
