package console

import (
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/logtest"
	"accesscodes/internal/member"
)

// TestABrowserHasOneSession: the one from before ends with the next, whoever begins it and how.
func TestABrowserHasOneSession(t *testing.T) {
	o := newOffice(t)
	invite := func(email string) string {
		t.Helper()
		token, err := o.people.Links.InviteAs(t.Context(), event.System(), "", member.Invitation{
			Email: email, Role: member.RoleViewer, Workspace: &o.acme,
		})
		if err != nil {
			t.Fatal(err)
		}
		return "/console/link/" + token
	}
	priya := o.join(t, "Priya", member.RoleViewer)
	signIn := func(email string) url.Values { return url.Values{"email": {email}, "password": {password}} }
	for name, begin := range map[string]struct {
		path string
		form url.Values
	}{
		"signs in again":    {signInPath, signIn("priya@acme.example")},
		"another signs in":  {signInPath, signIn("mara@acme.example")},
		"another is let in": {invite("noor@acme.example"), url.Values{"name": {"Noor"}, "password": {password}}},
	} {
		in, err := o.people.Sessions.SignIn(t.Context(), member.Credentials{
			Email: "priya@acme.example", Password: password,
		})
		if err != nil {
			t.Fatal(err)
		}
		browser := &visitor{office: o, t: t, session: in.Token}
		browser.sends(begin.path, "/console/", begin.form)
		_, err = o.people.Sessions.Authenticate(t.Context(), in.Token)
		if !core.HasReason(err, core.ReasonSessionNotFound) {
			t.Errorf("%s: the session from before: %v", name, err)
		}
	}
	priya.sees("/console/account") // in another browser
}

// TestTheLogDoesNotSayWho: it says that it was a member, in which workspace.
func TestTheLogDoesNotSayWho(t *testing.T) {
	o := newOffice(t)
	o.mara.sees("/console/w/acme")
	o.end()
	logged := o.log.Take()
	requests := logtest.Requests(t, logged)
	if len(requests) != 1 || requests[0]["actor"] != "member" || requests[0]["workspace"] != "acme" {
		t.Errorf("logged: %s", logged)
	}
	for _, who := range []string{o.mara.who.Member.ID.String(), "Mara", "mara@", `"key"`} {
		if strings.Contains(logged, who) {
			t.Errorf("%s is in the log: %s", who, logged)
		}
	}
}
