package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"accesscodes/internal/event"
	"accesscodes/internal/member"
)

// TestAnInvitationDoesNotTellWhoHasAnAccount: whoever has made it can look at its page, too.
func TestAnInvitationDoesNotTellWhoHasAnAccount(t *testing.T) {
	o := newOffice(t)
	token, err := o.people.Links.InviteAs(t.Context(), event.System(), "", member.Invitation{
		Email: "ann@acme.example", Role: member.RoleViewer, Workspace: &o.other,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.accept(t, token, member.NewPerson{Name: "Ann", Password: password})
	stranger := &visitor{office: o, t: t}
	paths, forms := map[string]string{}, map[string]string{}
	for _, name := range []string{"ann", "new"} {
		email := name + "@acme.example"
		token, err := o.people.Links.Invite(t.Context(), o.mara.actor(), email, member.RoleViewer)
		if err != nil {
			t.Fatal(err)
		}
		paths[name] = "/console/link/" + token
		_, shown, _ := strings.Cut(stranger.sees(paths[name], email, `name="name"`, `name="password"`), "<h1>")
		shown, _, _ = strings.Cut(shown, "</form>")
		forms[name] = strings.NewReplacer(token, "TOKEN", email, "EMAIL").Replace(shown)
	}
	if forms["ann"] != forms["new"] {
		t.Errorf("the pages differ:\n%s\n%s", forms["ann"], forms["new"])
	}
	const refused = http.StatusUnprocessableEntity
	stranger.answered(paths["ann"], url.Values{"password": {"something else entirely"}}, refused, "not its password")
	stranger.answered(paths["new"], url.Values{"password": {password}}, refused, `id="field-name-wrong"`)
	stranger.sends(paths["ann"], "/console/", url.Values{"password": {password}})
	stranger.sends(paths["new"], "/console/", url.Values{"name": {"Noor"}, "password": {password}})
}
