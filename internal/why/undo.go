package why

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// undoWait is how long an act may take to get into the log, which tells how to take it back.
const undoWait = 2 * time.Second

// Undo takes back what a request has done to a code, other than replacing it. Who may only help takes
// back their own help.
//
// Errors: KindForbidden; KindNotFound with ReasonCodeNotFound; KindConflict with
// ReasonChangeNotUndoable; KindUnavailable.
func (s *Service) Undo(ctx context.Context, actor *core.Actor, value, requestID string) (codes.Code, error) {
	if err := mayRemedy(actor); err != nil {
		return codes.Code{}, err
	}
	code, err := s.deps.Codes.GetCode(ctx, actor, value)
	if err != nil {
		return codes.Code{}, err
	}
	e, err := s.eventOf(ctx, actor, &code, requestID)
	if err != nil {
		return codes.Code{}, err
	}
	r, isWhole, err := reversalOf(e)
	if err != nil {
		return codes.Code{}, err
	}
	if !isWhole || s.now().Sub(e.At) > bulk.UndoLife || code.CreatedAt.After(e.At) {
		return codes.Code{}, errNotUndoable()
	}
	if !mayUndo(actor, e, &r) {
		return codes.Code{}, errOfOthers()
	}
	return s.deps.Codes.TakeBack(ctx, actor, code.Value, r)
}

func errNotUndoable() error {
	return core.Conflict(core.ReasonChangeNotUndoable, "this cannot be taken back, or not any more")
}

// eventOf returns the event about what a request has done to a code.
func (s *Service) eventOf(
	ctx context.Context, actor *core.Actor, c *codes.Code, requestID string,
) (*event.Event, error) {
	if requestID == "" {
		return nil, errNotUndoable()
	}
	page, err := s.deps.Log.List(ctx, event.Query{
		Workspace: actor.WorkspaceID, Limit: 1, RequestID: requestID,
		Types:   []event.Type{event.CodeUpdated, event.CodeRevoked, event.CodeRestored},
		Subject: &event.SubjectName{Kind: event.SubjectCode, Key: c.Form()},
	}, undoWait)
	if err != nil {
		return nil, err
	}
	if len(page.Events) == 0 {
		return nil, errNotUndoable()
	}
	return &page.Events[0], nil
}

// reversalOf returns what takes an event about a code back. isWhole: the event tells of everything that
// was changed.
func reversalOf(e *event.Event) (r codes.Reversal, isWhole bool, err error) {
	made, err := stepOf(e, Names{})
	r.Fields, r.Was, r.Is = made.fields, made.was, made.is
	return r, !made.metadata && len(r.Fields) > 0, err
}

// helps are the fields that remedies change.
var helps = []string{"expiresAt", "maxRedemptions", "revokedAt"}

// mayUndo reports whether the actor may change codes, or has helped one so.
func mayUndo(actor *core.Actor, e *event.Event, r *codes.Reversal) bool {
	isOther := func(field string) bool { return !slices.Contains(helps, field) }
	return actor.May(core.PermissionManage) ||
		isOf(e, actor) && e.Type != event.CodeRevoked && !slices.ContainsFunc(r.Fields, isOther)
}

func isOf(e *event.Event, actor *core.Actor) bool {
	return e.Actor.Kind == actor.Kind && e.Actor.ID == actor.ID
}

// Undoable says how an actor may take back what an event tells of: by [Service.Undo], or, if made is not
// empty, by [Service.Withdraw] of that code. Whether the code is still so is seen then.
func Undoable(actor *core.Actor, e *event.Event, now time.Time) (made string, ok bool) {
	switch e.Type {
	case event.CodeUpdated, event.CodeRevoked, event.CodeRestored:
	default:
		return "", false
	}
	if mayRemedy(actor) != nil || now.Sub(e.At) > bulk.UndoLife {
		return "", false
	}
	var told struct{ ReplacedBy string }
	if json.Unmarshal([]byte(e.Data), &told) == nil && told.ReplacedBy != "" {
		return told.ReplacedBy, actor.May(core.PermissionManage) || isOf(e, actor)
	}
	r, isWhole, err := reversalOf(e)
	return "", err == nil && isWhole && e.RequestID != "" && mayUndo(actor, e, &r)
}

func errOfOthers() error {
	return &core.Error{
		Kind: core.KindForbidden, Reason: core.ReasonRoleNotAllowed,
		Detail: "somebody else did this; who may change codes can take it back",
	}
}

// Withdraw takes a replacement back, see [codes.Service.WithdrawReplacement]. Who may only help takes
// back their own.
func (s *Service) Withdraw(ctx context.Context, actor *core.Actor, value string) (codes.Code, error) {
	if err := mayRemedy(actor); err != nil {
		return codes.Code{}, err
	}
	made, err := s.deps.Codes.GetCode(ctx, actor, value)
	if err != nil {
		return codes.Code{}, err
	}
	if !actor.May(core.PermissionManage) && made.CreatedBy != actor.ID {
		return codes.Code{}, errOfOthers()
	}
	return s.deps.Codes.WithdrawReplacement(ctx, actor, made.Value)
}
