package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// eventRoutes are the routes to read the log of events.
func (s *server) eventRoutes() []kit.Route {
	return []kit.Route{{
		Method: "GET", Path: "/events", Permission: core.PermissionRead,
		Endpoint: s.listEvents, Tag: tagEvents,
		ID: "listEvents", Summary: "Read what happened, and wait for more",
		Description: "Oldest first, from behind a position. " +
			"Ask again with next as after: nothing is missed and nothing comes twice. " +
			"While there is nothing, wait holds the answer back.\n\n" +
			"Accept: text/event-stream asks for server-sent events instead, which go on as long as the connection: " +
			"id is the position, event the type, data the event as a line of JSON.",
		Parameters: append(eventFilters(),
			kit.InQuery("after",
				"The position behind which to begin: next of the answer before. 0 begins with the oldest that is kept.",
				kit.WholeSchema(0, nil, 0)),
			kit.InQuery("cursor",
				"The name of a cursor, instead of after: begin behind it. Reading does not move it.", kit.TextSchema()),
			kit.InHeader("Last-Event-ID",
				"Of a stream, instead of after or cursor: the last id of the stream before. Browsers send it by themselves.",
				maxPositionDigits),
			kit.InQuery("limit",
				"How many events the answer has at most.",
				kit.WholeSchema(1, new(float64(event.MaxLimit)), event.DefaultLimit)),
			kit.InQuery("wait",
				"For how many seconds to wait if there are none; a stream waits anyway.",
				kit.WholeSchema(0, new(event.MaxWait.Seconds()), 0))),
		Response: kit.JSON[eventList]("EventList"), Also: []string{eventStreamType}, Streams: true,
		Reasons: []core.Reason{core.ReasonPositionExpired, core.ReasonCursorNotFound},
	}}
}

// eventFilters are the parameters that [eventFilter] reads.
func eventFilters() []kit.Parameter {
	return []kit.Parameter{
		kit.InQuery("types",
			"Only these types, with commas between: exact, or all that begin alike, such as code.*.",
			kit.TextSchema()),
		kit.InQuery("subject",
			"Only events about this: a kind ("+core.Alternatives(event.SubjectKinds())+"), a colon and its id, or "+
				"the value of a code, however it is spelt: code:WELCOME2031, batch:01a21984-0043-7bc5-9b11-4aeae8b30511.",
			kit.TextSchema()),
		kit.InQuery("actor",
			"Only what was done by key:ID, or by any key, cli (the command line) or system (the server).",
			kit.TextSchema()),
	}
}

// eventFilter reads which events a request asks for.
func eventFilter(p *kit.Query) event.Query {
	return event.Query{Types: eventTypes(p), Subject: eventSubject(p), Actor: eventActor(p)}
}

// eventFields is an event as callers see it.
type eventFields struct {
	ID        string             `json:"id" format:"uuid"`
	Type      event.Type         `json:"type" example:"code.revoked"`
	Position  int64              `json:"position" doc:"Its place in the workspace's log, from 1 on, without gaps."`
	At        time.Time          `json:"at" doc:"When it happened."`
	Workspace string             `json:"workspace" format:"uuid"`
	Actor     eventActorFields   `json:"actor" doc:"Who did it."`
	Subject   eventSubjectFields `json:"subject" doc:"What it is about."`
	RequestID *string            `json:"requestId" nullable:"true" doc:"The X-Request-Id of what did it."`
	Data      eventData          `json:"data" doc:"By type; under previous, the values from before."`
}

type eventActorFields struct {
	Kind core.ActorKind `json:"kind" enum:"key,member,cli,system"`
	ID   *string        `json:"id" nullable:"true" format:"uuid" doc:"Of the key or the member."`
	Name string         `json:"name"`
}

type eventSubjectFields struct {
	Kind event.SubjectKind `json:"kind" example:"code"`
	ID   *string           `json:"id" nullable:"true" doc:"A code's value, a user's id or a UUID; null: erased."`
}

// eventData is a JSON object as it was stored.
type eventData struct{ text string }

// MarshalJSON implements the interface of encoding/json.
func (d eventData) MarshalJSON() ([]byte, error) { return []byte(d.text), nil }

// Schema implements [huma.SchemaProvider].
func (eventData) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
}

// eventList is a part of the log.
type eventList struct {
	Data []eventFields `json:"data" nullable:"false"`
	Next int64         `json:"next" doc:"How far was looked: after of the next request."`
}

func showEvent(e *event.Event) (eventFields, error) {
	shown := eventFields{
		ID: e.ID.String(), Type: e.Type, Position: e.Position, At: e.At, Workspace: e.Workspace.String(),
		Actor:   eventActorFields{Kind: e.Actor.Kind, Name: e.Actor.Name},
		Subject: eventSubjectFields{Kind: e.Subject.Kind, ID: orNull(e.Subject.ID)}, RequestID: orNull(e.RequestID),
	}
	if !e.Actor.ID.IsZero() {
		shown.Actor.ID = orNull(e.Actor.ID.String())
	}
	if e.Subject.Kind == event.SubjectUser {
		shown.Subject.ID = orNull(e.UserID)
	}
	data, err := e.FullData()
	shown.Data = eventData{data}
	return shown, err
}

// listEvents answers GET /events.
func (s *server) listEvents(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	query := eventFilter(p)
	query.Workspace, query.After, query.Limit = c.Actor.WorkspaceID, p.Whole("after"), int(p.Whole("limit"))
	if p.Text("limit") != "" && query.Limit == 0 {
		query.Limit = -1 // which is refused; left out it would be the default
	}
	wait := p.Whole("wait")
	if p.Text("after") != "" && p.Text("cursor") != "" {
		p.Fail("after and cursor both say where to begin: give one of them")
	}
	if p.Err() != nil {
		return p.Err()
	}
	if name := p.Text("cursor"); name != "" {
		cursor, err := s.events.Cursor(ctx, c.Actor.WorkspaceID, name)
		if err != nil {
			return err
		}
		query.After = cursor.Position
	}
	if wantsStream(c) {
		return s.streamEvents(ctx, c, query)
	}
	wait = min(wait, int64(event.MaxWait/time.Second)+1) // which is refused, and no overflow
	page, err := s.events.List(ctx, query, time.Duration(wait)*time.Second)
	if err != nil {
		return err
	}
	answer := eventList{Data: make([]eventFields, len(page.Events)), Next: page.Next}
	for i := range page.Events {
		if answer.Data[i], err = showEvent(&page.Events[i]); err != nil {
			return err
		}
	}
	return c.Answer(answer)
}

// eventTypes reads types and beginnings of types. One that there is not would find nothing,
// for ever, and is refused.
func eventTypes(p *kit.Query) (types []event.Type) {
	text := p.Text("types")
	if text == "" {
		return nil
	}
	for name := range strings.SplitSeq(text, ",") {
		prefix, isPrefix := strings.CutSuffix(name, ".*")
		found := slices.DeleteFunc(event.Types(), func(t event.Type) bool {
			return string(t) != name && !(isPrefix && strings.HasPrefix(string(t), prefix+"."))
		})
		if len(found) == 0 {
			p.Fail("types must be types of events with commas between them, such as code.revoked,user.*")
		}
		types = append(types, found...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

func eventSubject(p *kit.Query) *event.SubjectName {
	text := p.Text("subject")
	if text == "" {
		return nil
	}
	kind, key, _ := strings.Cut(text, ":")
	subject := &event.SubjectName{Kind: event.SubjectKind(kind), Key: key}
	if key == "" || !slices.Contains(event.SubjectKinds(), subject.Kind) {
		p.Fail(
			fmt.Sprintf("subject must be %s, a colon, and which one: code:ACME-7KQW-M2XN",
				core.Alternatives(event.SubjectKinds())),
		)
	}
	switch subject.Kind {
	case event.SubjectCode:
		subject.Key = core.Canonical(key)
	case event.SubjectUser:
	default:
		id, err := core.ParseID(key)
		if err != nil {
			p.Fail("subject must name a " + kind + " by its UUID")
		}
		subject.Key = id.String()
	}
	return subject
}

func eventActor(p *kit.Query) *event.ActorName {
	text := p.Text("actor")
	if text == "" {
		return nil
	}
	kind, id, hasID := strings.Cut(text, ":")
	actor := &event.ActorName{Kind: core.ActorKind(kind)}
	if !slices.Contains(core.ActorKinds(), actor.Kind) {
		p.Fail(
			fmt.Sprintf(
				"actor must be %s, for a key or a member with a colon and its UUID behind it",
				core.Alternatives(core.ActorKinds()),
			),
		)
	}
	if hasID {
		var err error
		actor.ID, err = core.ParseID(id)
		if err != nil || actor.ID.IsZero() || actor.Kind != core.ActorKey && actor.Kind != core.ActorMember {
			p.Fail("actor must name a key or a member by its UUID; of the others there is one each")
		}
	}
	return actor
}
