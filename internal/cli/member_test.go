package cli_test

import (
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/app"
	"accesscodes/internal/member"
)

var linkLine = regexp.MustCompile(`^http://127\.0\.0\.1:8080/console/link/([A-Za-z0-9_-]{43})\n$`)

// accept uses a printed link.
func accept(t *testing.T, p *program, printed string, person member.NewPerson) {
	t.Helper()
	found := linkLine.FindStringSubmatch(printed)
	if found == nil {
		t.Fatalf("printed %q", printed)
	}
	office, closeOffice, err := app.OpenAdministration(t.Context(), "sqlite:"+p.path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := closeOffice(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := office.People.Links.Accept(t.Context(), found[1], person); err != nil {
		t.Fatal(err)
	}
}

func TestPeopleAreInvitedListedResetAndRemoved(t *testing.T) {
	p := withAcme(t)
	mara := member.NewPerson{Name: "Mara Lindt", Password: "correct horse battery"}
	accept(t, p, p.must(t, "member invite Mara@example.org --workspace acme --role owner --operator"), mara)
	accept(t, p, p.must(t, "member invite priya@example.org --workspace acme"),
		member.NewPerson{Name: "Priya Nair", Password: "staple wombat teapot"})
	accept(t, p, p.must(t, "member reset mara@example.org"), member.NewPerson{Password: "another horse entirely"})

	rows := strings.Split(strings.TrimSpace(p.must(t, "member list --workspace acme --output csv")), "\n")
	if len(rows) != 3 || !strings.HasPrefix(rows[1], "mara@example.org,Mara Lindt,owner,true,") ||
		!strings.HasPrefix(rows[2], "priya@example.org,Priya Nair,viewer,false,") {
		t.Errorf("listed %q", rows)
	}
	for line, want := range map[string]string{
		"member invite mara@example.org --workspace acme":          "is a member already, with the role owner",
		"member invite nobody --workspace acme":                    "email must be an address",
		"member invite x@example.org --workspace none":             "there is no workspace with the slug none",
		"member invite x@example.org":                              "--workspace",
		"member invite x@example.org --workspace acme --role boss": "role must be owner, editor, support or viewer",
		"member reset x@example.org":                               "there is no such member",
		"member remove mara@example.org":                           "make somebody else an owner first",
		"member remove x@example.org --workspace acme":             "there is no such member",
	} {
		if got := p.run(t, line); got.code == 0 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: exit %d, %s", line, got.code, got.stderr)
		}
	}
	p.must(t, "member remove priya@example.org --workspace acme")
	if all := p.must(t, "member list --output csv"); !strings.Contains(all, "priya@") {
		t.Errorf("the account is gone: %s", all)
	}
	p.must(t, "member remove priya@example.org")
	if all := p.must(t, "member list --output csv"); strings.Contains(all, "priya@") {
		t.Errorf("the account is still there: %s", all)
	}
}
