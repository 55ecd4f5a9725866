package console

import (
	"context"
	"math"
	"net/http"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/why"
)

func (s *server) settingsRoutes() []Route {
	return []Route{
		get("/settings", core.PermissionManage, s.settings),
		post("/settings", core.PermissionAdminister, s.saveSettings),
	}
}

// settingsView is what the page of settings shows.
type settingsView struct {
	*formatView
	risk        why.Risk
	live        int64 // codes that can be redeemed now
	members     []member.Seated
	invitations []member.Link
	owners      []string
	mayChange   bool
}

// settings answers GET /settings: with fields in the address it shows what they would do.
func (s *server) settings(ctx context.Context, p *page) error {
	f := p.newForm()
	f.set("name", p.workspace.Name)
	f.setFormat(p.workspace)
	f.set("events", string(eventsOf(p.workspace)))
	f.set("colour", stockOf(p.workspace))
	return s.showSettings(ctx, p, http.StatusOK, f)
}

// eventsOf is which events of a workspace are recorded.
func eventsOf(w tenancy.Workspace) tenancy.EventsRecorded {
	if w.Listens() {
		return tenancy.EventsAll
	}
	return tenancy.EventsSome
}

func (s *server) showSettings(ctx context.Context, p *page, status int, f *form) error {
	v := &settingsView{formatView: p.formatView(f), mayChange: p.may(core.PermissionAdminister)}
	v.guess = nil // here are live codes to reckon with
	counts, err := s.deps.Counts.Counts(ctx, &p.Actor)
	if err != nil {
		return err
	}
	v.live = counts.ByStatus[codes.StatusActive]
	if v.sample != "" {
		v.risk = why.RiskOf(s.deps.Codes.Space(f.format()), max(v.live, 1), triesPerMinute)
	}
	if v.members, err = s.deps.Members.List(ctx, &p.Actor); err != nil {
		return err
	}
	for i := range v.members {
		if v.members[i].Role == member.RoleOwner {
			v.owners = append(v.owners, v.members[i].Name)
		}
	}
	if v.mayChange {
		if v.invitations, err = s.deps.Members.Invitations(ctx, &p.Actor); err != nil {
			return err
		}
	}
	return p.showWith(ctx, status, settingsPage(p, v))
}

// saveSettings answers POST /settings.
func (s *server) saveSettings(ctx context.Context, p *page) error {
	f, err := p.readForm()
	if err != nil {
		return err
	}
	name, format, events := f.get("name"), f.format(), tenancy.EventsRecorded(f.get("events"))
	colour := tenancy.Colour(f.get("colour"))
	_, err = s.deps.Tenancy.By(&p.Actor).UpdateWorkspace(ctx, p.workspace.Slug, tenancy.WorkspaceChange{
		Name: &name, Prefix: &format.Prefix, Groups: &format.Groups, GroupLength: &format.GroupLength, Events: &events,
		Colour: &colour,
	})
	if err != nil {
		if !f.take(err) {
			return err
		}
		return s.showSettings(ctx, p, http.StatusUnprocessableEntity, f)
	}
	p.sayNext("settings.saved", "")
	return p.see(p.link("settings"))
}

// oneIn says how many guesses hit, in words: "81 trillion".
func (p *page) oneIn(values float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"trillion", 1e12}, {"billion", 1e9}, {"million", 1e6}} {
		switch n := values / unit.size; {
		case n >= 1e6 || math.IsInf(n, 1):
			return p.Say("risk.more")
		case n >= 1:
			return p.Say("risk.number."+unit.name, "count", int64(n))
		}
	}
	return p.Number(int64(values))
}

// hitIn says in how long one guess hits, on average.
func (p *page) hitIn(r why.Risk) string {
	const yearMinutes = 365.25 * 24 * 60
	switch years := r.Minutes / yearMinutes; {
	case years >= 1e6:
		return p.Say("risk.years_more")
	case years >= 2:
		return p.Say("risk.years", "count", int64(years))
	default:
		return p.Duration(r.Expected())
	}
}
