package console

import (
	"context"
	"net/http"
	"runtime"
	"strings"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
)

func (s *server) installationRoutes() []Route {
	return []Route{
		operates("GET", "/installation", s.installation),
		operates("GET", "/installation/invite", s.askOperator),
		operates("POST", "/installation/invite", s.inviteOperator),
		operates("POST", "/installation/invitations/{id}/withdraw", s.withdrawOperator),
	}
}

// Installation is what the console tells of the database.
type Installation struct {
	Engine, EngineVersion string
	Bytes                 int64 // that the database takes
	Free                  int64 // bytes on its disk
	FreeKnown             bool
	Schema                int64    // the version of its tables
	Pending               int      // migrations that are not applied
	Away                  []string // nodes of a distributed database that do not answer
}

// installationView is what the page of the installation shows.
type installationView struct {
	Installation
	version   string
	runtime   string // the version of Go, the system
	jobs      []workspaceJobs
	operators []member.Member
	invited   []member.Link // to run it, too
	told      []event.Event // what the log of the installation tells, the newest first
}

// toldEvents is how many events of the installation's log the page shows.
const toldEvents = 20

// workspaceJobs is how many jobs a workspace has that wait or run.
type workspaceJobs struct {
	slug  string
	count int
}

// installation answers GET /console/installation. It names no code and no user of any workspace.
func (s *server) installation(ctx context.Context, p *page) error {
	v := &installationView{
		version: s.deps.Version,
		runtime: strings.TrimPrefix(runtime.Version(), "go") + ", " + runtime.GOOS + "/" + runtime.GOARCH,
	}
	var err error
	if v.Installation, err = s.deps.Installation(ctx); err != nil {
		return err
	}
	all, err := s.operator(p).Workspaces(ctx)
	if err != nil {
		return err
	}
	counts, err := s.deps.CountUnfinished(ctx)
	if err != nil {
		return err
	}
	for _, w := range all {
		if count := counts[w.ID]; count > 0 {
			v.jobs = append(v.jobs, workspaceJobs{w.Slug, count})
		}
	}
	everybody, err := s.deps.Members.All(ctx)
	if err != nil {
		return err
	}
	for i := range everybody {
		if everybody[i].Operator {
			v.operators = append(v.operators, everybody[i])
		}
	}
	if v.invited, err = s.deps.Members.OperatorInvitations(ctx); err != nil {
		return err
	}
	log, err := s.deps.Events.Newest(ctx, event.Query{Workspace: event.Installation, Limit: toldEvents})
	if err != nil {
		return err
	}
	v.told = log.Events
	return p.show(ctx, installationPage(p, v))
}

// sentence says what an event of the installation's log tells.
func (v *installationView) sentence(p *page, e *event.Event) string {
	line := newEventLine(e, new(surroundings))
	return p.Say("installation.event."+string(e.Type), "name", line.text("name"))
}

// actorOutside is the person as events of the installation name them.
func (p *page) actorOutside() event.Actor {
	return event.Actor{Kind: core.ActorMember, ID: p.who.Member.ID, Name: p.who.Member.Name}
}

// withdrawOperator answers POST /console/installation/invitations/{id}/withdraw.
func (s *server) withdrawOperator(ctx context.Context, p *page) error {
	id, err := p.PathID("id", core.ReasonLinkNotFound, "there is no such invitation any more")
	if err != nil {
		return err
	}
	if err := s.deps.Members.WithdrawOperator(ctx, p.actorOutside(), p.RequestID, id); err != nil {
		return err
	}
	p.sayNext("members.withdrawn", "")
	return p.see("/console/installation")
}

// askOperator answers GET /console/installation/invite.
func (s *server) askOperator(ctx context.Context, p *page) error {
	return p.show(ctx, inviteOperatorPage(p, &inviteView{form: p.newForm()}))
}

// inviteOperator answers POST /console/installation/invite: the link is in this answer alone.
func (s *server) inviteOperator(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	v := &inviteView{form: f, email: f.get("email")}
	asked := member.Invitation{Email: v.email, Operator: true}
	token, err := s.deps.Links.InviteAs(ctx, p.actorOutside(), p.RequestID, asked)
	if err != nil {
		if core.HasReason(err, core.ReasonMemberExists) {
			f.complain("email", "installation.is_operator")
		} else if !f.take(err) {
			return err
		}
		return p.showWith(ctx, http.StatusUnprocessableEntity, inviteOperatorPage(p, v))
	}
	v.link = p.linkURL(token)
	p.secret = true
	return p.show(ctx, operatorInvitedPage(p, v))
}
