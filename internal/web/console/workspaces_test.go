package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/member"
)

func TestWorkspacesAreMadeSuspendedAndResumed(t *testing.T) {
	o := newOffice(t)
	const path = "/console/workspaces"
	o.mara.sees(path, "Acme Inc.", "All 2 on this installation", "/console/workspaces/other/suspend")
	form := url.Values{
		"name": {"Kite <School>"}, "slug": {"Kite!"}, "prefix": {"kite"}, "groups": {"2"}, "groupLength": {"4"},
	}
	o.mara.answered(path+"/new", form, http.StatusUnprocessableEntity, `value="Kite &lt;School&gt;"`, "complaint")
	form.Set("slug", "kite")
	o.mara.sends(path+"/new", path, form)
	o.mara.answered(path+"/new", form, http.StatusUnprocessableEntity, "short name already")
	o.mara.sees("/console/w/kite/settings", "Kite &lt;School&gt;")

	o.mara.sees(path+"/kite/suspend", "Suspend Kite &lt;School&gt;?")
	o.mara.sends(path+"/kite/suspend", path, url.Values{})
	o.mara.refused("GET", "/console/w/kite/settings", http.StatusNotFound)
	o.mara.sees(path, "suspended")
	o.mara.sends(path+"/kite/resume", path, url.Values{})
	o.mara.sees("/console/w/kite/settings", "Kite")
	o.mara.refused("GET", path+"/none/suspend", http.StatusNotFound)
}

func TestTheInstallationIsForWhoRunsIt(t *testing.T) {
	o := newOffice(t)
	o.redeem(t, "bob", "Normal")
	page := o.mara.sees("/console/installation",
		"1.2.3", "SQLite 3.99", "20\u00a0MiB", "node-7", "<code>acme</code>", "17", "mara@acme.example")
	if strings.Contains(page, "bob") || strings.Contains(page, "ACME-") {
		t.Error("the page names users or codes")
	}
	invite := url.Values{"email": {"ops@acme.example"}}
	made := o.mara.answered("/console/installation/invite", invite, http.StatusOK, "ops@acme.example")
	ops := o.accept(t, linkInPage.FindStringSubmatch(made)[1], member.NewPerson{Name: "Ops", Password: password})
	ops.sees("/console/workspaces", "All 2 on this installation")
	ops.refused("GET", "/console/w/acme/settings", http.StatusNotFound)

	o.mara.answered("/console/installation/invite", invite, http.StatusUnprocessableEntity, "complaint")
	late := url.Values{"email": {"late@acme.example"}}
	o.mara.answered("/console/installation/invite", late, http.StatusOK)
	open, err := o.people.Members.OperatorInvitations(t.Context())
	if err != nil || len(open) != 1 {
		t.Fatalf("%+v, %v", open, err)
	}
	withdraw := "/console/installation/invitations/" + open[0].ID.String() + "/withdraw"
	ops.sees("/console/installation", "late@acme.example", withdraw, "runs the installation from then on")
	ops.sends(withdraw, "/console/installation", url.Values{})
	o.mara.refused("POST", withdraw, http.StatusNotFound)
	page = o.mara.sees("/console/installation", "withdrew an invitation", "invited somebody to run the installation")
	if strings.Contains(page, "late@acme.example") {
		t.Error("the invitation is shown still")
	}

	priya := o.join(t, "Priya", member.RoleOwner)
	for _, path := range []string{"/console/installation", "/console/workspaces/new", "/console/workspaces/acme/suspend"} {
		priya.refused("GET", path, http.StatusForbidden)
	}
	if page := priya.sees("/console/workspaces", "Acme Inc."); strings.Contains(page, "on this installation") {
		t.Error("who does not run the installation sees all workspaces")
	}
	priya.refused("POST", "/console/workspaces/acme/suspend", http.StatusForbidden)
}
