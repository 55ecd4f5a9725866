package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// operates is a route for whoever runs the installation.
func operates(method, path string, handle func(context.Context, *page) error) Route {
	return Route{Method: method, Path: "/console" + path, Operates: true, handle: handle}
}

func (s *server) workspaceRoutes() []Route {
	return []Route{
		{Method: "GET", Path: "/console/workspaces", handle: s.workspaces},
		operates("GET", "/workspaces/new", s.newWorkspace),
		operates("POST", "/workspaces/new", s.createWorkspace),
		operates("GET", "/workspaces/{slug}/suspend", s.askToSuspend),
		operates("POST", "/workspaces/{slug}/suspend", s.suspendWorkspace),
		operates("POST", "/workspaces/{slug}/resume", s.resumeWorkspace),
	}
}

// workspacesView is what the page of workspaces shows: beside those that somebody is a member of, all that
// there are, to whoever runs the installation.
type workspacesView struct{ all []tenancy.Workspace }

// workspaces answers GET /console/workspaces.
func (s *server) workspaces(ctx context.Context, p *page) (err error) {
	v := &workspacesView{}
	if p.who.Member.Operator {
		if v.all, err = s.operator(p).Workspaces(ctx); err != nil {
			return err
		}
		slices.SortFunc(v.all, func(a, b tenancy.Workspace) int { return strings.Compare(a.Slug, b.Slug) })
	}
	return p.show(ctx, workspacesPage(p, v))
}

// operator acts for the person in the whole installation.
func (s *server) operator(p *page) *tenancy.Service {
	return s.deps.Tenancy.By(&core.Actor{
		Kind: core.ActorMember, ID: p.who.Member.ID, Name: p.who.Member.Name, RequestID: p.RequestID,
	})
}

// newWorkspace answers GET /console/workspaces/new: with fields in the address it shows what they would do.
func (s *server) newWorkspace(ctx context.Context, p *page) error {
	f := p.newForm()
	f.set("groups", strconv.Itoa(core.DefaultGroups))
	f.set("groupLength", strconv.Itoa(core.DefaultGroupLength))
	return p.show(ctx, newWorkspacePage(p, p.formatView(f)))
}

// createWorkspace answers POST /console/workspaces/new: who makes a workspace owns it.
func (s *server) createWorkspace(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	w, created, err := s.operator(p).NewWorkspace(f.get("slug"), f.get("name"), f.format())
	if err == nil {
		err = s.deps.Members.Found(ctx, p.who, w, created)
	}
	if err != nil {
		if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, newWorkspacePage(p, p.formatView(f)))
	}
	p.sayNext("workspaces.created", "", "name", w.Name)
	return p.see("/console/workspaces")
}

// askToSuspend answers GET /console/workspaces/{slug}/suspend.
func (s *server) askToSuspend(ctx context.Context, p *page) error {
	w, err := s.operator(p).Workspace(ctx, p.Path("slug"))
	if err != nil {
		return err
	}
	return p.show(ctx, suspendPage(p, w))
}

// suspendWorkspace answers POST /console/workspaces/{slug}/suspend.
func (s *server) suspendWorkspace(ctx context.Context, p *page) error {
	w, err := s.setSuspended(ctx, p, true)
	if err != nil {
		return err
	}
	p.sayNext("workspaces.is_suspended", "/console/workspaces/"+w.Slug+"/resume", "name", w.Name)
	return p.see("/console/workspaces")
}

// resumeWorkspace answers POST /console/workspaces/{slug}/resume.
func (s *server) resumeWorkspace(ctx context.Context, p *page) error {
	w, err := s.setSuspended(ctx, p, false)
	if err != nil {
		return err
	}
	p.sayNext("workspaces.is_resumed", "", "name", w.Name)
	return p.see("/console/workspaces")
}

func (s *server) setSuspended(ctx context.Context, p *page, suspended bool) (tenancy.Workspace, error) {
	change := tenancy.WorkspaceChange{Suspended: &suspended}
	return s.operator(p).UpdateWorkspace(ctx, p.Path("slug"), change)
}
