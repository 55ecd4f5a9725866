package console

import (
	"context"
	"strings"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// subjectLink is the page about the subject of an event; empty: there is none, or none for the viewer.
func (p *page) subjectLink(subject event.Subject) templ.SafeURL {
	id := subject.ID
	switch kind := subject.Kind; {
	case id == "":
		return ""
	case kind == event.SubjectCode:
		return p.link("codes", id)
	case kind == event.SubjectBatch && p.may(core.PermissionFollow):
		return p.link("batches", id)
	case kind == event.SubjectImport && p.may(core.PermissionFollow):
		return p.link("imports", id)
	case kind == event.SubjectChange:
		return p.link("changes", id)
	case kind == event.SubjectKey && p.may(core.PermissionAdminister):
		return with(p.path("keys"), "key", id)
	case kind == event.SubjectMember && p.may(core.PermissionAdminister):
		return p.link("settings") + "#members"
	case kind == event.SubjectWorkspace && p.may(core.PermissionManage):
		return p.link("settings")
	case kind == event.SubjectEndpoint && p.may(core.PermissionWebhooks):
		return p.link("webhooks", id)
	default:
		return ""
	}
}

// aboutName names a subject in the filter of the activity.
func aboutName(kind event.SubjectKind, id string) string { return string(kind) + ":" + id }

// actsOf names somebody in the filter of the activity.
func actsOf(a event.Actor) string {
	if a.ID.IsZero() {
		return string(a.Kind)
	}
	return string(a.Kind) + ":" + a.ID.String()
}

// exportedLink leads to the list that was exported.
func (p *page) exportedLink(e *eventLine) templ.Component {
	what := e.text("what")
	words := what
	if name := "event.what." + what; p.Has(name) {
		words = p.Say(name)
	}
	list := p.subjectLink(e.Subject)
	switch what {
	case "codes", "users":
		list = p.link(what)
	case "events":
		list = p.link("activity")
	case "redemptions":
		list = with(p.path("activity"), "what", "redemption")
	}
	return linkIf(list != "", list, words)
}

// aboutWords says what that filter asks for. An endpoint is called by its host while there is one.
func (s *server) aboutWords(ctx context.Context, p *page, about string) string {
	kind, id, _ := strings.Cut(about, ":")
	endpoint, err := core.ParseID(id)
	if event.SubjectKind(kind) == event.SubjectEndpoint && err == nil {
		if e, err := s.deps.Webhooks.Endpoint(ctx, &p.Actor, endpoint); err == nil {
			id = hostOf(e.URL)
		}
	}
	if name := "activity.about." + kind; p.Has(name) {
		return p.Say(name) + " " + id
	}
	return about
}

// notRecorded lists what happens in the workspace without being recorded, in words: kinds of events.
func (p *page) notRecorded() string {
	var kinds []string
	recorded := p.workspace.Listens()
	for _, g := range typeGroups() {
		if hot := event.HotSet(g.types); hot&^recorded != 0 {
			kinds = append(kinds, p.Say("activity.unrecorded."+g.kind))
		}
	}
	return strings.Join(kinds, ", ")
}
