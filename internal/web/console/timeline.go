package console

import (
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

// timelineClasses are the shapes of entries.
var timelineClasses = map[why.EntryKind]string{
	why.EntryRedeemed: "strong", why.EntryReinstated: "strong", why.EntryRolledBack: "back",
	why.EntryRevoked: "void", why.EntryReplaced: "void",
}

// timelineClass is the shape of an entry. A use that is held no more is as any other entry.
func timelineClass(e *why.Entry) string {
	if e.Kind == why.EntryHeld && e.Live {
		return "held"
	}
	return timelineClasses[e.Kind]
}

// isTold reports whether the history tells of the code's being revoked: that of many codes at once is
// told once, not for each.
func (v *codeView) isTold() bool {
	for i := range v.history {
		if kind := v.history[i].Kind; kind == why.EntryRevoked || kind == why.EntryReplaced {
			return true
		}
		if v.history[i].Kind == why.EntryRestored {
			return false // and then revoked with others
		}
	}
	return false
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

// changedOption says how an option was changed.
func (p *page) changedOption(c why.FieldChange) string {
	if c.From == nil && c.To == nil {
		return p.Say("timeline.changed_somehow", "option", p.Say("option."+c.Field))
	}
	return p.Say("timeline.changed", "option", p.Say("option."+c.Field), "from", p.optionValue(c.From),
		"to", p.optionValue(c.To))
}

func (p *page) optionValue(value any) string {
	switch v := value.(type) {
	case nil:
		return p.Say("timeline.none")
	case time.Time:
		return p.Full(v)
	case int64:
		return p.Number(v)
	case string:
		return p.Say("timeline.quoted", "text", v)
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
