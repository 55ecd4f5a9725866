package console

import (
	"context"
	"net/http"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/web/console/text"
)

func (s *server) accountRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/console/account", handle: s.showAccount},
		{Method: "POST", Path: "/console/account", handle: s.saveAccount},
		{Method: "POST", Path: "/console/account/password", handle: s.changePassword},
		{Method: "POST", Path: "/console/account/sessions/{id}/end", handle: s.endOneSession},
		{Method: "POST", Path: "/console/account/sessions/end-others", handle: s.endOtherSessions},
	}
}

// accountView is what the page about oneself shows.
type accountView struct {
	profile, password *form
	sessions          []member.Session
	languages         []text.Language
}

func (s *server) account(ctx context.Context, p *page) (*accountView, error) {
	p.stay()
	v := &accountView{profile: p.newForm(), password: p.newForm(), languages: text.Languages()}
	var err error
	v.sessions, err = s.deps.Sessions.List(ctx, p.who)
	return v, err
}

// showAccount answers GET /console/account.
func (s *server) showAccount(ctx context.Context, p *page) error {
	v, err := s.account(ctx, p)
	if err != nil {
		return err
	}
	v.profile.set("name", p.who.Member.Name)
	v.profile.set("language", p.who.Member.Language)
	return p.show(ctx, accountPage(p, v))
}

// saveAccount answers POST /console/account.
func (s *server) saveAccount(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	if err := s.deps.Sessions.UpdateProfile(ctx, p.who, f.get("name"), f.get("language")); err != nil {
		if !f.take(err) {
			return err
		}
		v, err := s.account(ctx, p)
		if err != nil {
			return err
		}
		v.profile = f
		return p.showWith(ctx, http.StatusUnprocessableEntity, accountPage(p, v))
	}
	p.sayNext("account.saved", "")
	return p.see("/console/account")
}

// changePassword answers POST /console/account/password.
func (s *server) changePassword(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	if err := s.deps.Sessions.ChangePassword(ctx, p.who, f.raw("old"), f.raw("password")); err != nil {
		if core.HasReason(err, core.ReasonSignInFailed) {
			f.complain("old", "account.wrong_password")
		} else if !f.take(err) {
			return err
		}
		v, err := s.account(ctx, p)
		if err != nil {
			return err
		}
		v.profile.set("name", p.who.Member.Name)
		v.profile.set("language", p.who.Member.Language)
		v.password = f
		return p.showWith(ctx, http.StatusUnprocessableEntity, accountPage(p, v))
	}
	p.sayNext("account.password_changed", "")
	return p.see("/console/account")
}

// endOneSession answers POST /console/account/sessions/{id}/end.
func (s *server) endOneSession(ctx context.Context, p *page) error {
	id, err := p.PathID("id", core.ReasonSessionMissing, "there is no such session any more")
	if err != nil {
		return err
	}
	if err := s.deps.Sessions.End(ctx, p.who, id); err != nil {
		return err
	}
	p.sayNext("account.session_ended", "")
	return p.see("/console/account")
}

// endOtherSessions answers POST /console/account/sessions/end-others.
func (s *server) endOtherSessions(ctx context.Context, p *page) error {
	if err := s.deps.Sessions.EndOthers(ctx, p.who); err != nil {
		return err
	}
	p.sayNext("account.others_ended", "")
	return p.see("/console/account")
}
