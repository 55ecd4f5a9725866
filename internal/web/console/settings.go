package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

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
	risk        *guess // of the live codes; nil: the format is none
	live        int64  // codes that can be redeemed now
	members     []member.Seated
	invitations []member.Link
	owners      []string
	mayChange   bool
}

// settings answers GET /settings: with fields in the address it shows what they would do.
func (s *server) settings(ctx context.Context, p *page) error {
	f := p.newForm()
	for field, values := range settingsFields(p.workspace) {
		f.set(field, values[0])
	}
	return s.showSettings(ctx, p, http.StatusOK, f)
}

// eventsOf is which events of a workspace are recorded.
func eventsOf(w tenancy.Workspace) tenancy.EventsRecorded {
	return cmp.Or(w.Events, tenancy.EventsSome)
}

func (s *server) showSettings(ctx context.Context, p *page, status int, f *form) error {
	v := &settingsView{formatView: p.formatView(f), mayChange: p.may(core.PermissionAdminister)}
	counts, err := s.deps.Counts.Counts(ctx, &p.Actor)
	if err != nil {
		return err
	}
	v.live = counts.ByStatus[codes.StatusActive]
	v.guess, v.risk = nil, s.guess(f.format(), max(v.live, 1)) // here are live codes to reckon with
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
	said := toast{Text: "settings.saved", Undo: string(p.link("settings")), Fields: settingsFields(p.workspace)}
	if counts, err := s.deps.Counts.Counts(ctx, &p.Actor); err == nil { // it is saved, whatever is known of codes
		said.Text = savedWith(s.guess(format, max(counts.ByStatus[codes.StatusActive], 1)))
	}
	p.keepToast(said)
	return p.see(p.link("settings"))
}

// savedWith is what is said when a format has been saved with which codes are so hard to guess.
func savedWith(risk *guess) string {
	if risk != nil && risk.Level == why.RiskWeak {
		return "settings.saved_weak"
	}
	return "settings.saved"
}

// settingsFields are the settings of a workspace as the form sends them.
func settingsFields(w tenancy.Workspace) url.Values {
	return url.Values{
		"name": {w.Name}, "prefix": {w.Format.Prefix}, "groups": {strconv.Itoa(w.Format.Groups)},
		"groupLength": {strconv.Itoa(w.Format.GroupLength)}, "events": {string(eventsOf(w))}, "colour": {stockOf(w)},
	}
}
