package api

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// cursorFields is a cursor as callers see it.
type cursorFields struct {
	Name      string    `json:"name" example:"crm"`
	Position  int64     `json:"position" doc:"The consumer is done with everything up to here."`
	Behind    int64     `json:"behind" doc:"How many positions lie between it and the newest one."`
	UpdatedAt time.Time `json:"updatedAt" doc:"When it was put last."`
}

// cursorList is all cursors of a workspace.
type cursorList struct {
	Data []cursorFields `json:"data" nullable:"false"`
}

func showCursor(c *event.Cursor) cursorFields {
	return cursorFields{Name: c.Name, Position: c.Position, Behind: c.Behind(), UpdatedAt: c.UpdatedAt}
}

// listCursors answers GET /cursors.
func (s *server) listCursors(ctx context.Context, c *kit.Call) error {
	all, err := s.events.Cursors(ctx, c.Actor.WorkspaceID)
	if err != nil {
		return err
	}
	answer := cursorList{Data: make([]cursorFields, len(all))}
	for i := range all {
		answer.Data[i] = showCursor(&all[i])
	}
	return c.Answer(answer)
}

// getCursor answers GET /cursors/{name}.
func (s *server) getCursor(ctx context.Context, c *kit.Call) error {
	cursor, err := s.events.Cursor(ctx, c.Actor.WorkspaceID, c.Path("name"))
	if err != nil {
		return err
	}
	return c.Answer(showCursor(&cursor))
}

type putCursorRequest struct {
	Position   kit.Optional[int64] `json:"position" required:"false" minimum:"0" doc:"Where it shall be."`
	IfPosition kit.Optional[int64] `json:"ifPosition" required:"false" minimum:"0" doc:"Where it must be before."`
}

// putCursor answers PUT /cursors/{name}.
func (s *server) putCursor(ctx context.Context, c *kit.Call) error {
	var body putCursorRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	move := event.CursorMove{Position: body.Position.Value, If: body.IfPosition.Field}
	cursor, err := s.events.MoveCursor(ctx, c.Actor.WorkspaceID, c.Path("name"), move)
	if err != nil {
		return err
	}
	return c.Answer(showCursor(&cursor))
}

// deleteCursor answers DELETE /cursors/{name}.
func (s *server) deleteCursor(ctx context.Context, c *kit.Call) error {
	if err := s.events.DeleteCursor(ctx, c.Actor.WorkspaceID, c.Path("name")); err != nil {
		return err
	}
	c.AnswerNothing()
	return nil
}

// cursorRoutes are the routes about positions that are kept for consumers.
func (s *server) cursorRoutes() []kit.Route {
	name := []kit.Parameter{kit.InPath("name", "1 to 100 characters: a-z, 0-9, and within them also . _ and -")}
	none := []core.Reason{core.ReasonCursorNotFound}
	return []kit.Route{
		{
			Method: "GET", Path: "/cursors", Permission: core.PermissionRead,
			Endpoint: s.listCursors, Tag: tagEvents,
			ID: "listCursors", Summary: "List cursors",
			Description: "All of them, in the order of their names.",
			Response:    kit.JSON[cursorList]("CursorList"),
		},
		{
			Method: "GET", Path: "/cursors/{name}", Permission: core.PermissionRead,
			Endpoint: s.getCursor, Tag: tagEvents,
			ID: "getCursor", Summary: "See how far a consumer is",
			Parameters: name,
			Response:   kit.JSON[cursorFields]("Cursor"),
			Reasons:    none,
		},
		{
			Method: "PUT", Path: "/cursors/{name}", Permission: core.PermissionRead,
			Endpoint: s.putCursor, Tag: tagEvents,
			ID: "putCursor", Summary: "Move a cursor, or make it",
			Description: "GET /events?cursor=NAME reads from behind it.\n\n" +
				"Without position a new cursor begins at the newest one, and one that exists stays where it is. " +
				"With ifPosition nothing is done unless it is there until now, so that two consumers of one name notice " +
				"each other; null: unless there is none. A cursor may also be moved back.",
			Parameters: name, BodyOptional: true,
			Request: kit.JSON[putCursorRequest]("PutCursor"), Response: kit.JSON[cursorFields]("Cursor"),
			Reasons: []core.Reason{core.ReasonCursorNotFound, core.ReasonCursorMoved, core.ReasonTooManyCursors},
		},
		{
			Method: "DELETE", Path: "/cursors/{name}", Permission: core.PermissionRead,
			Endpoint: s.deleteCursor, Tag: tagEvents,
			ID: "deleteCursor", Summary: "Delete a cursor",
			Parameters: name,
			Reasons:    none,
		},
	}
}
