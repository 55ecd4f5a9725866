package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/why"
)

// eventLine is an event as a line of a list.
type eventLine struct {
	*event.Event
	data map[string]any // its details
}

func newEventLine(e *event.Event) eventLine {
	line := eventLine{Event: e}
	_ = json.Unmarshal([]byte(e.Data), &line.data) // what was stored is an object
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
	name := e.text("name")
	if name == "" {
		name = p.Say("event.nameless")
	}
	args := []any{"name", name, "what", e.text("what")}
	switch e.Subject.Kind {
	case event.SubjectCode:
		args = append(args, "code", codeLink(p, e.Subject.ID))
	case event.SubjectBatch:
		args = append(args, "thing", thingLink(p.link("batches", e.Subject.ID), name))
	case event.SubjectImport:
		args = append(args, "thing", thingLink(p.link("imports", e.Subject.ID), name))
	case event.SubjectChange:
		codes := p.Say("event.codes", "count", e.number("changed"))
		args = append(args, "thing", thingLink(p.link("changes", e.Subject.ID), codes))
	}
	if e.UserID == "" {
		args = append(args, "user", p.Say("event.erased"))
	} else {
		args = append(args, "user", thingLink(p.link("users", e.UserID), e.UserID))
	}
	return p.Rich(e.sentenceName(), args...)
}

// sentenceName is the name of the sentence for the event.
func (e *eventLine) sentenceName() string {
	if e.Type == event.ChangeCompleted {
		return "event." + string(e.Type) + "." + e.text("do")
	}
	return "event." + string(e.Type)
}

// details are what more there is to say, piece by piece.
func (e *eventLine) details(p *page) (all []string) {
	say := func(name string, args ...any) { all = append(all, p.Say(name, args...)) }
	switch e.Type {
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
		if skipped := e.number("skipped"); skipped > 0 {
			say("event.skipped", "count", skipped)
		}
		if back := e.number("rolledBack"); back > 0 {
			say("event.rolled_back", "count", back)
		}
	case event.ImportCompleted:
		say("event.lines", "count", e.number("lines"), "accepted", e.number("accepted"), "rejected", e.number("rejected"))
	case event.ExportCompleted:
		say("event.rows", "count", e.number("rows"), "format", strings.ToUpper(e.text("format")))
	case event.KeyCreated:
		say("event.may", "role", p.Say("keys.role."+e.text("role")))
	case event.MemberInvited, event.MemberJoined, event.MemberRemoved:
		say("event.with_role", "role", p.Say("role."+e.text("role")))
	}
	if reason := e.text("reason"); reason != "" {
		say("quoted", "text", reason)
	}
	return append(all, e.changes(p)...)
}

// changes are the values that the event says were changed.
func (e *eventLine) changes(p *page) (all []string) {
	before, _ := e.data["previous"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if name == "revokedAt" { // the sentence says it
			continue
		}
		label := name
		if p.Has("event.field." + name) {
			label = p.Say("event.field." + name)
		}
		all = append(all, p.Say("event.changed", "field", label,
			"from", e.value(p, name, before[name]), "to", e.value(p, name, e.data[name])))
	}
	if e.data["metadataChanged"] == true {
		all = append(all, p.Say("event.metadata"))
	}
	return all
}

// value shows a value of a field.
func (e *eventLine) value(p *page, field string, value any) string {
	switch v := value.(type) {
	case nil:
		return p.Say("event.none")
	case float64:
		return p.Number(int64(v))
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return p.Full(at)
		}
		if text := field + "." + v; p.Has(text) {
			return p.Say(text)
		}
		return p.Say("quoted", "text", v)
	default:
		return fmt.Sprint(v)
	}
}

// undo is an address that takes the event back with a POST; empty: nothing does.
func (e *eventLine) undo(p *page) templ.SafeURL {
	if made, ok := why.Undoable(&p.Actor, e.Event, p.Now()); made != "" && ok {
		return templ.SafeURL(p.undoAt("", "made", made))
	} else if ok {
		return templ.SafeURL(p.undoAt("", "code", e.Subject.ID, "request", e.RequestID))
	}
	const undoable = 30 * 24 * time.Hour
	if e.Type != event.ChangeCompleted || e.number("changed") == 0 || !p.may(core.PermissionManage) ||
		p.Now().Sub(e.At) > undoable {
		return ""
	}
	return p.link("changes", e.Subject.ID, "undo")
}

// rollBack is the page that takes a redemption back; empty: there is none.
func (e *eventLine) rollBack(p *page) templ.SafeURL {
	if e.Type != event.RedemptionCreated || e.UserID == "" || !p.may(core.PermissionManage) {
		return ""
	}
	return p.link("users", e.UserID, "roll-back", e.text("redemptionId"))
}
