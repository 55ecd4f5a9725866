package console

import (
	"context"
	"slices"
	"strings"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/webhook"
)

// surroundings are what events name by id, as it is now.
type surroundings struct {
	changes map[core.ID]bulk.Change
	batches map[core.ID]bulk.Batch // of which all codes were changed
	undoes  map[int64]*event.Event // by the position of the event that it takes back
	people  map[core.ID]string     // members, with where they read their mail, and whom open invitations are for
	seated  map[core.ID]member.Seated
	// endpoints are those of the workspace that there are, if an event is about one and the viewer may see them.
	endpoints map[core.ID]webhook.Endpoint
}

// aroundEvents looks up, once for all, what events name.
func (s *server) aroundEvents(ctx context.Context, p *page, events []event.Event) (*surroundings, error) {
	around := &surroundings{people: map[core.ID]string{}, seated: map[core.ID]member.Seated{}}
	var changes, batches []core.ID
	for i := range events {
		if id, err := core.ParseID(events[i].Subject.ID); err == nil && events[i].Subject.Kind == event.SubjectChange {
			changes = append(changes, id)
		}
	}
	var err error
	if around.changes, err = s.deps.Changes.Some(ctx, &p.Actor, changes); err != nil {
		return nil, err
	}
	for _, c := range around.changes {
		if id := c.Select.BatchID; !id.IsZero() {
			batches = append(batches, id)
		}
	}
	if around.batches, err = s.deps.Batches.Some(ctx, &p.Actor, batches); err != nil {
		return nil, err
	}
	if around.undoes, err = s.undoingOf(ctx, events); err != nil {
		return nil, err
	}
	if err := s.addEndpoints(ctx, p, around, events); err != nil {
		return nil, err
	}
	return around, s.addPeople(ctx, p, around)
}

// addEndpoints adds the webhook endpoints if events name some.
func (s *server) addEndpoints(ctx context.Context, p *page, around *surroundings, events []event.Event) error {
	isAboutOne := func(e event.Event) bool { return e.Subject.Kind == event.SubjectEndpoint }
	if !p.may(core.PermissionWebhooks) || !slices.ContainsFunc(events, isAboutOne) {
		return nil
	}
	all, err := s.deps.Webhooks.List(ctx, &p.Actor)
	around.endpoints = make(map[core.ID]webhook.Endpoint, len(all))
	for i := range all {
		around.endpoints[all[i].ID] = all[i]
	}
	return err
}

// addPeople adds who is who: the log holds no addresses.
func (s *server) addPeople(ctx context.Context, p *page, around *surroundings) error {
	seated, err := s.deps.Members.In(ctx, p.workspace.ID)
	if err != nil {
		return err
	}
	for i := range seated {
		around.seated[seated[i].ID] = seated[i]
		around.people[seated[i].ID] = seated[i].Name + " (" + seated[i].Email + ")"
	}
	if !p.may(core.PermissionAdminister) {
		return nil
	}
	invited, err := s.deps.Members.Invitations(ctx, &p.Actor)
	for i := range invited {
		around.people[invited[i].ID] = invited[i].Email
	}
	return err
}

// today says who an actor is today, unless the name that they had then tells: people choose their names, and may
// take the one of somebody else. Empty: the name tells, or it is no person.
func (s *surroundings) today(p *page, a event.Actor) string {
	if a.Kind != core.ActorMember {
		return ""
	}
	m, seated := s.seated[a.ID]
	switch {
	case !seated:
		return p.Say("actor.left")
	case m.Name != a.Name:
		return p.Say("actor.now", "name", m.Name, "email", m.Email)
	case s.isAmbiguous(p, a):
		return p.Say("actor.which", "email", m.Email)
	default:
		return ""
	}
}

// isAmbiguous reports whether a person is called like somebody else, or as what is no person is shown.
func (s *surroundings) isAmbiguous(p *page, a event.Actor) bool {
	name := asSeen(a.Name)
	if name == asSeen(p.Say("actor.system")) || strings.HasSuffix(name, asSeen(p.Say("actor.cli", "name", ""))) {
		return true
	}
	for id, m := range s.seated {
		if id != a.ID && asSeen(m.Name) == name {
			return true
		}
	}
	return false
}

// asSeen writes names that look the same on a page in the same way.
func asSeen(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), " "))
}

// undoingOf returns what has taken back the redemptions and the changes of codes among events, by their
// positions: all from one look at the log. Of a code to which more has happened since than one page holds, it
// may miss some.
func (s *server) undoingOf(ctx context.Context, events []event.Event) (map[int64]*event.Event, error) {
	q := event.Query{
		Limit: event.MaxLimit, Types: []event.Type{
			event.RedemptionRolledBack, event.RedemptionRestored,
			event.CodeUpdated, event.CodeRevoked, event.CodeRestored,
		},
	}
	for i := range events {
		switch e := &events[i]; {
		case e.Type != event.RedemptionCreated && !isChangeOfCode(e.Type):
			continue
		case q.Subject == nil:
			q.Workspace, q.After = e.Workspace, e.Position
			q.Subject = &event.SubjectName{Kind: event.SubjectCode, Key: e.Subject.Key}
		default:
			q.After = min(q.After, e.Position)
			q.Subject.Or = append(q.Subject.Or, e.Subject.Key)
		}
	}
	if q.Subject == nil {
		return nil, nil
	}
	since, err := s.deps.Events.List(ctx, q, 0)
	if core.IsKind(err, core.KindGone) { // they are deleted just now
		return nil, nil
	}
	undoes, lines := map[int64]*event.Event{}, make([]eventLine, len(events))
	for i := range events {
		lines[i] = newEventLine(&events[i], &surroundings{})
	}
	for i := range since.Events {
		later := newEventLine(&since.Events[i], &surroundings{})
		for j := range lines {
			earlier := &lines[j]
			switch {
			case undoes[earlier.Position] == nil && later.takesBack(earlier):
				undoes[earlier.Position] = later.Event
			case later.Type == event.RedemptionRestored && later.text("redemptionId") == earlier.text("redemptionId"):
				delete(undoes, earlier.Position)
			}
		}
	}
	return undoes, err
}

// takesBack reports whether an event undoes what another one tells of.
func (e *eventLine) takesBack(other *eventLine) bool {
	switch {
	case e.Position <= other.Position || e.Subject.Key != other.Subject.Key:
		return false
	case other.Type == event.RedemptionCreated:
		return e.Type == event.RedemptionRolledBack && e.text("redemptionId") == other.text("redemptionId")
	case other.Type == event.CodeRevoked:
		return e.Type == event.CodeRestored
	default:
		return isChangeOfCode(other.Type) && isChangeOfCode(e.Type) && e.reverses(other)
	}
}

// reverses reports whether an event gives all fields that another one has changed their values from before.
func (e *eventLine) reverses(other *eventLine) bool {
	was, _ := e.data["previous"].(map[string]any)
	before, _ := other.data["previous"].(map[string]any)
	for field, value := range before {
		if from, changed := was[field]; !changed || from != other.data[field] || e.data[field] != value {
			return false
		}
	}
	return len(before) > 0
}

// isChangeOfCode reports whether events of a type tell of a change of one code, which can be taken back.
func isChangeOfCode(t event.Type) bool {
	return t == event.CodeUpdated || t == event.CodeRevoked || t == event.CodeRestored
}
