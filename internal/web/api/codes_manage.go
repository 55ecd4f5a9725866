package api

import (
	"context"
	"reflect"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// answerCodeNow answers with a code as it is now.
func (s *server) answerCodeNow(c *kit.Call, code *codes.Code, err error) error {
	if err != nil {
		return err
	}
	return answerCode(c, code, s.service.StatusNow(code))
}

// listCodes answers GET /tenant-codes.
func (s *server) listCodes(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, request := codeFilter(p), p.Page()
	if p.Err() != nil {
		return p.Err()
	}
	page, err := s.service.ListCodes(ctx, &c.Actor, filter, request)
	if err != nil {
		return err
	}
	return kit.AnswerList(c, page, func(code *codes.Code) *shownCode {
		return &shownCode{code: code, status: code.StatusAt(page.At)}
	})
}

// codeFilter reads which codes are asked for.
func codeFilter(p *kit.Query) codes.CodeFilter {
	return codes.CodeFilter{
		Type: codes.Type(p.Text("type")), Status: codes.Status(p.Text("status")),
		BatchID: p.ID("batchId"), Query: p.Text("q"),
		CreatedAfter: p.Time("createdAfter"), CreatedBefore: p.Time("createdBefore"),
	}
}

// codeFilters are the parameters that codeFilter reads.
func codeFilters() []kit.Parameter {
	return []kit.Parameter{
		kit.InQuery("type", "Only codes of this type.", kit.WordSchema(codes.Types())),
		kit.InQuery("status", "Only codes that have this status now.", kit.WordSchema(codes.Statuses())),
		kit.InQuery("batchId", "Only codes of this batch.", kit.IDSchema()),
		kit.InQuery("q",
			"Only codes whose value, note or recipient begins with this. Of a value, case, spaces and dashes do "+
				"not count; of the others, the case of A to Z does not.", kit.TextSchema()),
		kit.InQuery("createdAfter",
			"Only codes that were created after this instant (RFC 3339).", kit.TimeSchema()),
		kit.InQuery("createdBefore",
			"Only codes that were created before this instant (RFC 3339).", kit.TimeSchema()),
	}
}

// codeList is a page of codes.
type codeList = kit.List[*shownCode]

// getCode answers GET /tenant-codes/{code}.
func (s *server) getCode(ctx context.Context, c *kit.Call) error {
	code, err := s.service.GetCode(ctx, &c.Actor, c.Path("code"))
	return s.answerCodeNow(c, &code, err)
}

// changeRequest is a JSON merge patch of a code's options.
var changeRequest = withOptions(func(o *codes.Option) (doc string, into any) {
	return o.ChangeDoc, o.ChangeOf(new(codes.CodeChange))
})

// changeCode answers PATCH /tenant-codes/{code}.
func (s *server) changeCode(ctx context.Context, c *kit.Call) error {
	body := reflect.New(changeRequest)
	if err := c.Decode(body.Interface()); err != nil {
		return err
	}
	var change codes.CodeChange
	readOptions(body.Elem(), 0, func(o *codes.Option) any { return o.ChangeOf(&change) })
	code, err := s.service.ChangeCode(ctx, &c.Actor, c.Path("code"), change)
	return s.answerCodeNow(c, &code, err)
}

// unchangeable are the fields of a code that a change cannot name.
func unchangeable() map[string]string {
	why := map[string]string{"status": "status cannot be changed by itself: it follows from the other fields"}
	for i := range codes.Fields() {
		if f := &codes.Fields()[i]; f.Name != "" && f.Option == nil {
			why[f.Name] = f.Name + " cannot be changed"
		}
	}
	why["revokedAt"] = "revokedAt cannot be changed here: use /revoke and /restore"
	return why
}

// deleteCode answers DELETE /tenant-codes/{code}.
func (s *server) deleteCode(ctx context.Context, c *kit.Call) error {
	if err := s.service.DeleteCode(ctx, &c.Actor, c.Path("code")); err != nil {
		return err
	}
	c.AnswerNothing()
	return nil
}

// revokeCode answers POST /tenant-codes/{code}/revoke.
func (s *server) revokeCode(ctx context.Context, c *kit.Call) error {
	return s.switchCode(ctx, c, s.service.RevokeCode)
}

// restoreCode answers POST /tenant-codes/{code}/restore.
func (s *server) restoreCode(ctx context.Context, c *kit.Call) error {
	return s.switchCode(ctx, c, s.service.RestoreCode)
}

func (s *server) switchCode(
	ctx context.Context, c *kit.Call, do func(context.Context, *core.Actor, string) (codes.Code, error),
) error {
	if err := c.Decode(new(nothing)); err != nil {
		return err
	}
	code, err := do(ctx, &c.Actor, c.Path("code"))
	return s.answerCodeNow(c, &code, err)
}

// codeInPath is the parameter of the routes that are about one code.
func codeInPath() []kit.Parameter {
	return []kit.Parameter{kit.InPath("code",
		"The code, however it is spelt: case, spaces and dashes do not count. A / in it is written as %2F.")}
}

// lookUpRoutes are the routes to find codes.
func (s *server) lookUpRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: "GET", Path: "/tenant-codes", Permission: core.PermissionRead,
			Endpoint: s.listCodes, Tag: tagCodes,
			ID: "listCodes", Summary: "List codes",
			Description: "Newest first. A code that exists throughout is on exactly one page, whatever is " +
				"added meanwhile.",
			Parameters: append(codeFilters(), kit.Paging()...),
			Response:   kit.JSON[codeList]("CodeList"),
		},
		{
			Method: "GET", Path: "/tenant-codes/{code}", Permission: core.PermissionRead,
			Endpoint: s.getCode, Tag: tagCodes,
			ID: "getCode", Summary: "Look a code up",
			Parameters: codeInPath(),
			Response:   kit.JSON[shownCode]("Code"),
			Reasons:    []core.Reason{core.ReasonCodeNotFound},
		},
	}
}

// changeRoutes are the routes to change codes.
func (s *server) changeRoutes() []kit.Route {
	code, none := codeInPath(), []core.Reason{core.ReasonCodeNotFound}
	return []kit.Route{
		{
			Method: "PATCH", Path: "/tenant-codes/{code}", Permission: core.PermissionManage,
			Endpoint: s.changeCode, Tag: tagCodes,
			ID: "changeCode", Summary: "Change a code's options",
			Description: "A JSON merge patch (RFC 7396): a field that is left out stays as it is, null means " +
				"none.",
			Parameters: code,
			Request:    kit.JSONOf(changeRequest, "ChangeCode"), MergePatch: true, NotTaken: unchangeable(),
			Response: kit.JSON[shownCode]("Code"),
			Reasons:  append(none, core.ReasonCodeInUse),
		},
		{
			Method: "DELETE", Path: "/tenant-codes/{code}", Permission: core.PermissionManage,
			Endpoint: s.deleteCode, Tag: tagCodes,
			ID: "deleteCode", Summary: "Delete a code that was never used",
			Description: "A code that was ever redeemed or reserved stays on record: revoke it instead.",
			Parameters:  code,
			Reasons:     append(none, core.ReasonCodeInUse),
		},
		{
			Method: "POST", Path: "/tenant-codes/{code}/revoke", Permission: core.PermissionManage,
			Endpoint: s.revokeCode, Tag: tagCodes,
			ID: "revokeCode", Summary: "Take a code back",
			Description: "It cannot be redeemed any more. Revoking twice keeps the first time.",
			Parameters:  code,
			Request:     kit.JSON[nothing]("Nothing"), BodyOptional: true, Response: kit.JSON[shownCode]("Code"),
			Reasons: none,
		},
		{
			Method: "POST", Path: "/tenant-codes/{code}/restore", Permission: core.PermissionManage,
			Endpoint: s.restoreCode, Tag: tagCodes,
			ID: "restoreCode", Summary: "Undo a revocation",
			Parameters: code,
			Request:    kit.JSON[nothing]("Nothing"), BodyOptional: true, Response: kit.JSON[shownCode]("Code"),
			Reasons: none,
		},
	}
}
