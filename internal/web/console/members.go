package console

import (
	"context"
	"net/http"

	"accesscodes/internal/core"
	"accesscodes/internal/member"
)

func (s *server) memberRoutes() []Route {
	return []Route{
		get("/invite", core.PermissionAdminister, s.askWhomToInvite),
		post("/invite", core.PermissionAdminister, s.invite),
		post("/invitations/{id}/withdraw", core.PermissionAdminister, s.withdrawInvitation),
		get("/members/{id}", core.PermissionAdminister, s.member),
		post("/members/{id}/role", core.PermissionAdminister, s.changeRole),
		get("/members/{id}/remove", core.PermissionAdminister, s.askToRemove),
		post("/members/{id}/remove", core.PermissionAdminister, s.removeMember),
	}
}

// inviteRoles are the roles as pages offer them: those that can do least come first.
var inviteRoles = []member.Role{member.RoleViewer, member.RoleSupport, member.RoleEditor, member.RoleOwner}

// inviteView is what the pages of inviting show.
type inviteView struct {
	form *form
	// Of an invitation that was just made:
	link, email string
	role        member.Role
}

// askWhomToInvite answers GET /invite.
func (s *server) askWhomToInvite(ctx context.Context, p *page) error {
	f := p.newForm()
	f.set("role", string(member.RoleViewer))
	return p.show(ctx, invitePage(p, &inviteView{form: f}))
}

// invite answers POST /invite: the link is in this answer alone. Inviting the same person again makes
// another link, and the earlier one ends.
func (s *server) invite(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v := &inviteView{form: f, email: f.get("email"), role: member.Role(f.get("role"))}
	token, err := s.deps.Links.Invite(ctx, &p.Actor, v.email, v.role)
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, invitePage(p, v))
	}
	v.link = p.linkURL(token)
	p.secret = true
	return p.show(ctx, invitedPage(p, v))
}

// linkURL is the address behind which a one-time link is.
func (p *page) linkURL(token string) string {
	return p.apiURL() + "/console/link/" + token
}

// withdrawInvitation answers POST /invitations/{id}/withdraw.
func (s *server) withdrawInvitation(ctx context.Context, p *page) error {
	id, err := p.PathID("id", core.ReasonLinkNotFound, "there is no such invitation any more")
	if err != nil {
		return err
	}
	if err := s.deps.Members.Withdraw(ctx, &p.Actor, id); err != nil {
		return err
	}
	p.sayNext("members.withdrawn", "")
	return p.see(p.link("settings"))
}

// memberView is what a page about a member shows.
type memberView struct {
	member.Seated
	form *form
}

// memberOf finds the member whom the path names.
func (s *server) memberOf(ctx context.Context, p *page) (*memberView, error) {
	id, err := p.PathID("id", core.ReasonMemberNotFound, "there is no such member")
	if err != nil {
		return nil, err
	}
	all, err := s.deps.Members.List(ctx, &p.Actor)
	if err != nil {
		return nil, err
	}
	for _, seated := range all {
		if seated.ID == id {
			return &memberView{Seated: seated, form: p.newForm()}, nil
		}
	}
	return nil, core.NotFound(core.ReasonMemberNotFound, "there is no such member")
}

// member answers GET /members/{id}.
func (s *server) member(ctx context.Context, p *page) error {
	v, err := s.memberOf(ctx, p)
	if err != nil {
		return err
	}
	v.form.set("role", string(v.Role))
	return p.show(ctx, memberPage(p, v))
}

// changeRole answers POST /members/{id}/role.
func (s *server) changeRole(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v, err := s.memberOf(ctx, p)
	if err != nil {
		return err
	}
	role := member.Role(f.get("role"))
	if err := s.deps.Members.ChangeRole(ctx, &p.Actor, v.ID, role); err != nil {
		if v.form = f; !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, memberPage(p, v))
	}
	p.sayNext("members.role_changed", "", "name", v.Name, "role", p.Say("role."+string(role)))
	return s.leaveSettings(p, v)
}

// leaveSettings goes back to the settings, unless somebody has taken them from themselves.
func (s *server) leaveSettings(p *page, v *memberView) error {
	if v.ID == p.who.Member.ID {
		return p.see("/console/")
	}
	return p.see(p.link("settings"))
}

// askToRemove answers GET /members/{id}/remove.
func (s *server) askToRemove(ctx context.Context, p *page) error {
	v, err := s.memberOf(ctx, p)
	if err != nil {
		return err
	}
	return p.show(ctx, removeMemberPage(p, v))
}

// removeMember answers POST /members/{id}/remove.
func (s *server) removeMember(ctx context.Context, p *page) error {
	v, err := s.memberOf(ctx, p)
	if err != nil {
		return err
	}
	if err := s.deps.Members.Remove(ctx, &p.Actor, v.ID); err != nil {
		if !v.form.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, removeMemberPage(p, v))
	}
	p.sayNext("members.removed", "", "name", v.Name)
	return s.leaveSettings(p, v)
}
