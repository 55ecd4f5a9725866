package console

import (
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

// shownEntries is how many entries of a history are shown at once.
const shownEntries = 12

// timelineClasses are the shapes of entries.
var timelineClasses = map[why.EntryKind]string{
	why.EntryRedeemed: "strong", why.EntryReinstated: "strong", why.EntryRolledBack: "back",
	why.EntryRevoked: "void", why.EntryReplaced: "void", why.EntryDeleted: "void", why.EntryUndeleted: "back",
}

// timelineClass is the shape of an entry. A use that is held no more is as any other entry.
func timelineClass(e *why.Entry) string {
	if e.Kind == why.EntryHeld && e.Live {
		return "held"
	}
	if e.Undoing {
		return "back"
	}
	return timelineClasses[e.Kind]
}

// byWhom names who did something, with how; "": it is not known.
func (p *page) byWhom(e *why.Entry) string {
	switch {
	case e.ByKind == core.ActorCLI:
		return p.Say("timeline.by_cli", "name", e.ByName)
	case e.ByName == "":
		return ""
	case e.ByKind == core.ActorKey:
		return p.Say("timeline.by_key", "name", e.ByName)
	default:
		return p.Say("timeline.by", "name", e.ByName)
	}
}

// someone is a user as a link, or what stands for somebody who was erased.
func (p *page) someone(user string) templ.Component {
	if user == "" {
		return p.Rich("timeline.erased")
	}
	return userLink(p, user)
}

// usersOf names who has redeemed a code, and when.
func (p *page) usersOf(redemptions []codes.Redemption) templ.Component {
	var parts []templ.Component
	for i, r := range redemptions {
		if i > 0 {
			parts = append(parts, templ.Raw(", "))
		}
		parts = append(parts, p.Rich("used.who", "user", p.someone(r.UserID), "time", p.Moment(r.CreatedAt)))
	}
	return templ.Join(parts...)
}

// changedField says how a field was changed.
func (p *page) changedField(c why.FieldChange) string {
	label := c.Field // of a later version
	if p.Has("event.field." + c.Field) {
		label = p.Say("event.field." + c.Field)
	}
	if c.From == nil && c.To == nil {
		return p.Say("timeline.changed_somehow", "option", label)
	}
	from, to := p.changedValue(c.Field, c.From), p.changedValue(c.Field, c.To)
	return p.Say("event.changed", "field", label, "from", from, "to", to)
}

// changedValue is what a field had, or has now.
func (p *page) changedValue(field string, value any) string {
	switch v := value.(type) {
	case nil:
		return p.Say("timeline.none")
	case time.Time:
		return p.Full(v)
	case int64:
		return p.Number(v)
	case string:
		if word := field + "." + v; p.Has(word) {
			return p.Say(word)
		}
		return p.Say("quoted", "text", v)
	default:
		return ""
	}
}

// orSay is a text, or what is said for none.
func orSay(p *page, text, none string) string {
	if text == "" {
		return p.Say(none)
	}
	return text
}
