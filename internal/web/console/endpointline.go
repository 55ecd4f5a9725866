package console

import (
	"cmp"
	"strings"
	"time"

	"github.com/a-h/templ"

	"accesscodes/internal/core"
	"accesscodes/internal/why"
)

// endpoint names a webhook endpoint, with a link to its page while there is one.
func (e *eventLine) endpoint(p *page) templ.Component {
	id, _ := core.ParseID(e.Subject.ID) // none: there is no such endpoint
	is, found := e.around.endpoints[id]
	address := cmp.Or(e.text("url"), is.URL)
	return linkIf(found, p.link("webhooks", e.Subject.ID), cmp.Or(hostOf(address), p.Say("event.an_endpoint")))
}

// endpointSentence is the name of the sentence about a change of an endpoint: some have words of their own.
func (e *eventLine) endpointSentence() string {
	enabled, isSwitched := e.data["enabled"].(bool)
	switch {
	case e.data["secretRotated"] != nil:
		return "event.endpoint.rotated"
	case e.data["resendSince"] != nil:
		return "event.endpoint.resent"
	case isSwitched && enabled:
		return "event.endpoint.on"
	case isSwitched:
		return "event.endpoint.off"
	default:
		return "event.endpoint.updated"
	}
}

// endpointDetails are what more there is to say about what was done to an endpoint.
func (e *eventLine) endpointDetails(p *page) (all []string) {
	if types, isNew := e.data["types"].(string); isNew && e.data["previous"] == nil {
		all = append(all, p.Say("event.gets", "what", p.wanted(strings.Fields(types))))
	}
	if was, _ := e.data["previous"].(map[string]any); e.data["addressChanged"] == true && was["url"] == nil {
		all = append(all, p.Say("event.new_path"))
	}
	if until, err := time.Parse(time.RFC3339Nano, e.text("oldSecretUntil")); err == nil {
		all = append(all, p.Say("event.old_secret", "time", p.Full(until)))
	}
	if since, err := time.Parse(time.RFC3339Nano, e.text("resendSince")); err == nil {
		all = append(all, p.Say("event.since", "time", p.Full(since)))
	}
	if why := "event.endpoint.why." + e.text("why"); p.Has(why) {
		all = append(all, p.Say(why))
	}
	return all
}

// changedEndpoint says how a field of an endpoint was changed. That it was switched on or off, the sentence
// says.
func (p *page) changedEndpoint(c why.FieldChange) []string {
	switch c.Field {
	case "enabled":
		return nil
	case "types":
		from, _ := c.From.(string)
		to, _ := c.To.(string)
		return []string{p.Say("event.changed", "field", p.Say("event.field.types"),
			"from", p.wanted(strings.Fields(from)), "to", p.wanted(strings.Fields(to)))}
	default:
		return []string{p.changedField(c)}
	}
}
