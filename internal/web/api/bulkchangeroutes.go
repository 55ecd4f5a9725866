package api

import (
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// maxChangeBody is the largest request for a change, in bytes: it may list many codes.
const maxChangeBody = 2 << 20

// bulkChangeRoutes are the routes to change many codes at once.
func (s *server) bulkChangeRoutes() []kit.Route {
	change := []kit.Parameter{kit.InPath("id", "The id of the change.")}
	none := []core.Reason{core.ReasonChangeNotFound}
	return []kit.Route{
		{
			Method: "POST", Path: "/changes", Permission: core.PermissionManage,
			Endpoint: s.createChange, Tag: tagChanges,
			ID: "createChange", Summary: "Change many codes",
			Description: "By the rules of the requests for one code, after the answer. Codes that are made after the " +
				"request are not in it. With dryRun it only says what would be done, with status 200.",
			Parameters: []kit.Parameter{jobKeyParameter("change")},
			Request:    kit.JSON[bulkChangeRequest]("CreateChange"), Response: kit.JSON[changeFields]("Change"),
			Preview: kit.JSON[dryRunFields]("DryRun"), Accepts: true, Replays: true, MaxBody: maxChangeBody,
			NotTaken: unchangeable(),
			Reasons:  []core.Reason{core.ReasonInvalidIdempotencyKey, core.ReasonIdempotencyKeyReused},
		},
		{
			Method: "GET", Path: "/changes", Permission: core.PermissionRead,
			Endpoint: s.listChanges, Tag: tagChanges,
			ID: "listChanges", Summary: "List changes", Description: "Newest first.",
			Parameters: kit.Paging(), Response: kit.JSON[kit.List[*changeFields]]("ChangeList"),
		},
		{
			Method: "GET", Path: "/changes/{id}", Permission: core.PermissionRead,
			Endpoint: s.getChange, Tag: tagChanges,
			ID: "getChange", Summary: "See how far a change is",
			Parameters: change, Response: kit.JSON[changeFields]("Change"), Reasons: none,
		},
		{
			Method: "POST", Path: "/changes/{id}/cancel", Permission: core.PermissionManage,
			Endpoint: s.cancelChange, Tag: tagChanges,
			ID: "cancelChange", Summary: "Stop a change, or its undoing",
			Description: "What is done stays done, and can be undone. Canceling twice changes nothing.",
			Parameters:  change, Request: kit.JSON[nothing]("Nothing"), BodyOptional: true,
			Response: kit.JSON[changeFields]("Change"), Reasons: append(none, core.ReasonChangeFinished),
		},
		{
			Method: "POST", Path: "/changes/{id}/undo", Permission: core.PermissionManage,
			Endpoint: s.undoChange, Tag: tagChanges,
			ID: "undoChange", Summary: "Take a change back",
			Description: "Within 30 days of its request, field by field: what still has the value that the change gave " +
				"it. An undoing that was stopped goes on. Undoing twice changes nothing.",
			Parameters: change, Request: kit.JSON[nothing]("Nothing"), BodyOptional: true,
			Response: kit.JSON[changeFields]("Change"), Accepts: true,
			Reasons: append(none, core.ReasonChangeUnfinished, core.ReasonChangeNotUndoable),
		},
	}
}
