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

// undoWait is how long an act may take to get into the log, which tells how to take it back. Requests that
// never were are waited for, too: undoesAtOnce of one workspace.
const (
	undoWait     = time.Second
	undoesAtOnce = 4
)

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
	r.CreatedAt = code.CreatedAt
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
	q := event.Query{
		Workspace: actor.WorkspaceID, Limit: 1, RequestID: requestID,
		Types:   []event.Type{event.CodeUpdated, event.CodeRevoked, event.CodeRestored},
		Subject: &event.SubjectName{Kind: event.SubjectCode, Key: c.Form()},
	}
	e, err := s.newestFor(ctx, actor, q)
	if e != nil || err != nil {
		return e, err
	}
	leave, err := s.undoing.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return nil, err
	}
	defer leave()
	if _, err := s.deps.Log.List(ctx, q, undoWait); err != nil {
		return nil, err
	}
	if e, err = s.newestFor(ctx, actor, q); e == nil && err == nil {
		err = errNotUndoable()
	}
	return e, err
}

// newestFor returns the newest event that a query asks for, of those who may only help their own before any
// other: callers choose the ids of their requests, so several may have one. nil: there is none.
func (s *Service) newestFor(ctx context.Context, actor *core.Actor, q event.Query) (*event.Event, error) {
	if !actor.May(core.PermissionManage) {
		own := q
		own.Actor = &event.ActorName{Kind: actor.Kind, ID: actor.ID}
		if page, err := s.deps.Log.Newest(ctx, own); err != nil || len(page.Events) > 0 {
			return firstOf(page), err
		}
	}
	page, err := s.deps.Log.Newest(ctx, q)
	return firstOf(page), err
}

func firstOf(page event.Page) *event.Event {
	if len(page.Events) == 0 {
		return nil
	}
	return &page.Events[0]
}

// reversalOf returns what takes an event about a code back. isWhole: the event tells of everything that
// was changed.
func reversalOf(e *event.Event) (r codes.Reversal, isWhole bool, err error) {
	made, err := stepOf(e, nil)
	if err != nil {
		return r, false, err
	}
	var told struct{ Previous map[string]json.RawMessage }
	if err := readData(e, &told); err != nil {
		return r, false, err
	}
	isWhole = !made.metadata && len(made.fields) > 0 && len(made.fields) == len(told.Previous)
	return codes.Reversal{Fields: made.fields, Was: made.was, Is: made.is}, isWhole, nil
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

var didOthers = core.NewSentence("did_others", "somebody else did this; who may change codes can take it back")

func errOfOthers() error { return forbidden(didOthers) }

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
	if s.now().Sub(made.CreatedAt) > bulk.UndoLife {
		return codes.Code{}, errNotUndoable()
	}
	return s.deps.Codes.WithdrawReplacement(ctx, actor, made.Value)
}
