package console

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/why"
)

// eventLine is an event as a line of a list.
type eventLine struct {
	*event.Event
	data   map[string]any // its details
	change *bulk.Change   // of which it tells; nil: of none that there is
	undoes *event.Event   // what has taken it back; nil: nothing has
	around *surroundings
}

func newEventLine(e *event.Event, around *surroundings) eventLine {
	line := eventLine{Event: e, around: around, undoes: around.undoes[e.Position]}
	_ = json.Unmarshal([]byte(e.Data), &line.data) // what was stored is an object
	if id, err := core.ParseID(e.Subject.ID); err == nil {
		if c, found := around.changes[id]; found {
			line.change = &c
		}
	}
	return line
}

// text is a detail as a text; empty: there is none.
func (e *eventLine) text(name string) string {
	text, _ := e.data[name].(string)
	return text
}

// number is a detail as a number.
func (e *eventLine) number(name string) int64 {
	number, _ := e.data[name].(float64)
	return int64(number)
}

// shape is how the line is marked.
func (e *eventLine) shape() string {
	switch e.Type {
	case event.RedemptionCreated:
		return "strong"
	case event.CodeRevoked, event.CodeDeleted, event.KeyRevoked, event.BatchFailed, event.MemberRemoved,
		event.SessionFailed, event.UserErased, event.WorkspaceSuspended, event.SecurityGuessing, event.EndpointDisabled:
		return "void"
	case event.RedemptionRolledBack, event.ChangeUndone:
		return "back"
	case event.ReservationCreated, event.ReservationConfirmed, event.ReservationReleased, event.ReservationLapsed:
		return "held"
	default:
		return ""
	}
}

// sentence says what was done, with links to what it was done to.
func (e *eventLine) sentence(p *page) templ.Component {
	name := cmp.Or(e.text("name"), p.Say("event.nameless"))
	args := []any{"name", name, "what", p.exportedLink(e), "address", e.text("address")}
	switch e.Subject.Kind {
	case event.SubjectCode:
		args = append(args, "code", codeLink(p, e.Subject.ID))
	case event.SubjectBatch:
		args = append(args, "thing", thingLink(p.link("batches", e.Subject.ID), name))
	case event.SubjectImport:
		args = append(args, "thing", thingLink(p.link("imports", e.Subject.ID), name))
	case event.SubjectChange:
		args = append(args, "thing", e.changed(p))
	case event.SubjectKey:
		list := with(p.path("keys"), "key", e.Subject.ID)
		args = append(args, "thing", linkIf(p.may(core.PermissionAdminister), list, name))
	case event.SubjectMember:
		list := p.link("settings") + "#members"
		args = append(args, "thing", linkIf(p.may(core.PermissionAdminister), list, e.person(p)))
	case event.SubjectWorkspace:
		words := p.Say("event.the_workspace")
		if e.Type == event.WorkspaceUpdated {
			words = p.Say("event.the_settings")
		}
		args = append(args, "thing", linkIf(p.may(core.PermissionManage), p.link("settings"), words))
	case event.SubjectEndpoint:
		args = append(args, "thing", e.endpoint(p))
	}
	if e.UserID == "" {
		args = append(args, "user", p.Say("event.erased"))
	} else {
		args = append(args, "user", thingLink(p.link("users", e.UserID), e.UserID))
	}
	return p.Rich(e.sentenceName(), args...)
}

// filters are what an export was limited to.
func (e *eventLine) filters() string {
	given, _ := e.data["filters"].(map[string]any)
	var all []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if text, is := given[name].(string); is {
			name += ": " + text
		}
		all = append(all, name)
	}
	return strings.Join(all, ", ")
}

// person is who a member is, or whom an invitation is for.
func (e *eventLine) person(p *page) string {
	id, _ := core.ParseID(e.Subject.ID) // none: nobody
	if e.Type == event.MemberInvited {
		return cmp.Or(e.around.people[id], p.Say("event.somebody"))
	}
	return cmp.Or(e.around.people[id], e.text("name"), p.Say("actor.gone"))
}

// changed says which codes a change has changed.
func (e *eventLine) changed(p *page) templ.Component {
	count := p.Say("event.codes", "count", e.number("changed"))
	if e.change == nil {
		return thingLink(p.link("changes", e.Subject.ID), count)
	}
	if c := e.change; c.Changed == 1 && len(c.Sample) == 1 {
		if c.Do.Delete && c.State() != bulk.Undone { // it has no page any more
			return thingLink(p.link("changes", e.Subject.ID), c.Sample[0])
		}
		return codeLink(p, c.Sample[0])
	}
	link := thingLink(p.link("changes", e.Subject.ID), count)
	if batch, known := e.around.batches[e.change.Select.BatchID]; known {
		name := thingLink(p.link("batches", batch.ID.String()), p.batchName(&batch))
		return p.Rich("event.of_batch", "codes", link, "batch", name)
	}
	return link
}

// sentenceName is the name of the sentence for the event.
func (e *eventLine) sentenceName() string {
	if e.Type == event.ChangeCompleted {
		return "event." + string(e.Type) + "." + e.text("do")
	}
	if was, _ := e.data["previous"].(map[string]any); e.Type == event.MemberChanged && was["name"] != nil {
		return "event.member.renamed"
	}
	if e.Type == event.EndpointUpdated {
		return e.endpointSentence()
	}
	return "event." + string(e.Type)
}

// who is who has done something: what they were called then, and who that is today.
func (e *eventLine) who(p *page, a event.Actor) string {
	return strings.TrimSpace(p.nameOf(a) + " " + e.around.today(p, a))
}

// details are what more there is to say, piece by piece.
func (e *eventLine) details(p *page) (all []string) {
	say := func(name string, args ...any) { all = append(all, p.Say(name, args...)) }
	switch e.Type {
	case event.CodeUpdated, event.CodeRevoked:
		if by := e.text("replacedBy"); by != "" {
			say("event.replaced_by", "code", by)
		}
	case event.RedemptionCreated, event.RedemptionRestored:
		say("event.became", "status", p.Say("type."+e.text("grants")))
	case event.UserRegistered:
		say("event.as", "status", p.Say("type."+e.text("status")))
	case event.BatchCreated:
		say("event.batch", "count", e.number("count"), "type", p.Say("type."+e.text("type")))
	case event.BatchCompleted:
		say("event.codes", "count", e.number("count"))
	case event.BatchFailed, event.BatchCanceled:
		say("event.done_of", "done", e.number("done"), "total", e.number("count"))
	case event.ChangeCompleted, event.ChangeUndone:
		all = append(all, e.set(p)...)
		if skipped := e.number("skipped"); skipped > 0 {
			say("event.skipped", "count", skipped)
		}
		if back := e.number("rolledBack"); back > 0 {
			say("event.rolled_back", "count", back)
		}
	case event.ImportCompleted:
		say("event.lines", "count", e.number("lines"), "accepted", e.number("accepted"), "rejected", e.number("rejected"))
	case event.ExportCompleted, event.ExportInterrupted:
		say("event.rows", "count", e.number("rows"), "format", strings.ToUpper(e.text("format")))
		if filters := e.filters(); filters != "" {
			say("event.filters", "filters", filters)
		}
	case event.KeyCreated:
		say("event.may", "role", p.Say("keys.role."+e.text("role")))
	case event.EndpointCreated, event.EndpointUpdated, event.EndpointDisabled:
		all = append(all, e.endpointDetails(p)...)
	case event.MemberInvited, event.MemberUninvited, event.MemberJoined, event.MemberRemoved:
		say("event.with_role", "role", p.Say("role."+e.text("role")))
	}
	if reason := e.text("reason"); reason != "" {
		say("quoted", "text", reason)
	}
	all = append(all, e.changes(p)...)
	if undone := e.undone(p); undone != "" {
		all = append(all, undone)
	}
	return all
}

// set are the options that a change of many has given to its codes.
func (e *eventLine) set(p *page) (all []string) {
	if e.Type != event.ChangeCompleted || e.change == nil {
		return nil
	}
	given := func(name string, is bool, value any) {
		if is {
			all = append(all, p.Say("event.set", "field", p.Say("event.field."+name), "to", p.changedValue(name, value)))
		}
	}
	given("expiresAt", e.change.Do.Extend != nil, valueOr(e.change.Do.Extend))
	to := e.change.Do.Set
	if to == nil {
		return all
	}
	given("maxRedemptions", to.MaxRedemptions.Given, valueOr(to.MaxRedemptions.Max))
	given("startsAt", to.StartsAt.Given, valueOr(to.StartsAt.Value))
	given("expiresAt", to.ExpiresAt.Given, valueOr(to.ExpiresAt.Value))
	given("recipient", to.Recipient.Given, valueOr(to.Recipient.Value))
	given("note", to.Note.Given, valueOr(to.Note.Value))
	return all
}

// valueOr is a value, or nil for none.
func valueOr[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

// changes are the values that the event says were changed. Where a code was revoked or restored, the
// sentence says it.
func (e *eventLine) changes(p *page) (all []string) {
	changed, err := why.ChangesIn(e.Event)
	if err != nil {
		return nil // of a later version
	}
	for _, c := range changed {
		if e.Subject.Kind == event.SubjectEndpoint {
			all = append(all, p.changedEndpoint(c)...)
		} else {
			all = append(all, p.changedField(c))
		}
	}
	return all
}

// undo is an address that takes the event back with a POST; empty: nothing does, or not any more.
func (e *eventLine) undo(p *page) templ.SafeURL {
	if e.undoes != nil {
		return ""
	}
	back := string(p.path("activity"))
	if made, ok := why.Undoable(&p.Actor, e.Event, p.Now()); made != "" && ok {
		return templ.SafeURL(p.undoAt(back, "made", made))
	} else if ok {
		return templ.SafeURL(p.undoAt(back, "code", e.Subject.ID, "request", e.RequestID))
	}
	if e.Type != event.ChangeCompleted || e.change == nil || e.number("changed") == 0 || !canUndo(p, e.change) {
		return ""
	}
	return with(p.path("changes", e.Subject.ID, "undo"), "back", back)
}

// undone says who has taken the event back; empty: nobody has.
func (e *eventLine) undone(p *page) string {
	switch {
	case e.undoes != nil:
		return p.Say("event.undone", "who", e.who(p, e.undoes.Actor), "time", p.Full(e.undoes.At))
	case e.Type != event.ChangeCompleted || e.change == nil:
		return ""
	case e.change.State() == bulk.Undoing:
		return p.Say("event.undoing")
	}
	by, at := e.change.UndoneBy()
	if at == nil || e.change.State() != bulk.Undone {
		return ""
	}
	return p.Say("event.undone", "who", e.who(p, by), "time", p.Full(*at))
}

// rollBack is the page that takes a redemption back; empty: there is none.
func (e *eventLine) rollBack(p *page) templ.SafeURL {
	if e.Type != event.RedemptionCreated || e.UserID == "" || e.undoes != nil || !p.may(core.PermissionManage) {
		return ""
	}
	return p.link("users", e.UserID, "roll-back", e.text("redemptionId"))
}
