package console

import (
	"context"
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
)

func (s *server) linkRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/console/link/{token}", Open: true, handle: s.openLink},
		{Method: "POST", Path: "/console/link/{token}", Open: true, handle: s.acceptLink},
	}
}

// linkView is what the page behind a one-time link shows.
type linkView struct {
	form  *form
	link  member.Link
	token string
}

// action is where the form is sent.
func (v *linkView) action() templ.SafeURL { return templ.SafeURL("/console/link/" + v.token) }

// text is a text about this kind of link.
func (v *linkView) text(name string) string { return "link." + name + "." + string(v.link.Kind) }

// asksName reports whether the person says what they are called. An invitation asks whether or not there is an
// account with its address: whoever has made it must not see that.
func (v *linkView) asksName() bool { return v.link.Kind != member.LinkReset }

// nameInput are the attributes of the field: only who is new fills it.
func (v *linkView) nameInput() templ.Attributes {
	more := []string{"autocomplete", "name", "maxlength", strconv.Itoa(member.MaxNameLength)}
	if v.link.Kind == member.LinkSetup {
		more = append(more, "required", "")
	}
	return v.form.input("name", "text", more...)
}

// hint is a text about a field: on an invitation it says who fills it, and with what.
func (v *linkView) hint(field string) string {
	if v.link.Kind == member.LinkInvite {
		return "link." + field + "_hint"
	}
	return "people." + field + "_hint"
}

// openLink answers GET /console/link/{token}: a link for setting up, an invitation, a new password.
func (s *server) openLink(ctx context.Context, p *page) error {
	v := &linkView{form: p.newForm(), token: p.Request.PathValue("token")}
	var err error
	if v.link, err = s.deps.Links.Open(ctx, v.token); err != nil {
		return err
	}
	_ = p.identify(ctx) // whoever is signed in need not sign in again
	return p.show(ctx, linkPage(p, v))
}

// acceptLink answers POST /console/link/{token}.
func (s *server) acceptLink(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v := &linkView{form: f, token: p.Request.PathValue("token")}
	if v.link, err = s.deps.Links.Open(ctx, v.token); err != nil {
		return err
	}
	if !p.isSafe() {
		return p.showWith(ctx, http.StatusForbidden, linkPage(p, v))
	}
	in, err := s.deps.Links.Accept(ctx, v.token, member.NewPerson{
		Email: f.get("email"), Name: f.get("name"), Password: f.raw("password"), Language: p.Language(),
		Address: p.Client, Agent: p.Request.UserAgent(), Device: p.cookie(deviceCookie),
	})
	if err != nil {
		if core.HasReason(err, core.ReasonSignInFailed) {
			f.complain("password", "link.wrong_password")
		} else if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, linkPage(p, v))
	}
	if err := p.startSession(ctx, &in); err != nil {
		return err
	}
	if v.link.Kind == member.LinkSetup && len(in.Seats) > 0 {
		return p.see(templ.SafeURL(workspacePath(in.Seats[0].Workspace.Slug, "welcome")))
	}
	return p.see("/console/")
}
