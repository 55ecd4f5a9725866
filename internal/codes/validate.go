package codes

import (
	"context"
	"time"

	"accesscodes/internal/core"
)

// ValidateRequest asks whether a code could be redeemed.
type ValidateRequest struct {
	Code   string
	UserID string     // who would redeem it; empty: only the code is judged
	At     *time.Time // when; nil: now
	// Then says how the code and the user were at At; nil: as they are.
	Then *Then
	// Unread are fields that are missing or could not be read: the request is refused, with these and
	// with what else is wrong.
	Unread core.FieldErrors
}

// Then is a state of a code and a user that is not the present one.
type Then struct {
	Set  func(*Code) // makes the code what it was
	User UserStatus
}

// Validation is the answer.
type Validation struct {
	Valid      bool
	Code       *Code       // nil: there is no such code
	At         time.Time   // the instant that the answer is about
	Grants     UserStatus  // with Valid: the status that the user would get
	Why        *core.Error // unless Valid
	Suggestion string      // if the code was not found: the code that was probably meant
	// Redemption is the user's redemption that stands at the instant, with ReasonAlreadyRedeemed.
	Redemption *Redemption
	// Limited: the caller may not see notes, recipients and metadata. They are empty here.
	Limited bool
}

// Validate returns what [Redemptions.Redeem] would do, without doing it. One case differs: for a
// user who has redeemed the code already the code is not valid, with ReasonAlreadyRedeemed and the
// redemption.
//
// Errors: KindInvalid with the fields that are wrong; KindUnavailable.
func (s *Redemptions) Validate(ctx context.Context, actor *core.Actor, req ValidateRequest) (Validation, error) {
	errs := &req.Unread
	if req.UserID != "" {
		CheckUserID(errs, "/userId", req.UserID)
	}
	at := s.now()
	if req.At != nil {
		at = *core.StoredTime(req.At)
		core.CheckYear(errs, "/at", "at", &at)
	}
	canonical, err := s.lookedUp(ctx, actor, req.Code, errs)
	if core.HasReason(err, core.ReasonCodeNotFound) {
		return Validation{At: at, Why: errCodeNotFound()}, nil
	}
	if err != nil {
		return Validation{}, err
	}
	results, err := s.store.DryRun(ctx, []*Command{{
		WorkspaceID: actor.WorkspaceID, Canonical: canonical, UserID: req.UserID, At: at, Hypothetical: req.At != nil,
		Rule: req.Then.rule(),
	}})
	if err != nil {
		return Validation{}, err
	}
	v := Validation{Code: results[0].Code, At: results[0].At, Redemption: results[0].Redemption}
	if !actor.May(core.PermissionRead) {
		v.limit()
	}
	if why := results[0].Err; why != nil {
		v.Why = core.AsError(why)
		if v.Code == nil && actor.May(core.PermissionRead) {
			v.Suggestion, err = s.suggest(ctx, actor, canonical)
		}
		return v, err
	}
	v.Valid, v.Grants = true, v.Code.Grant().Status
	return v, nil
}

// rule returns the rule that judges by a state. Nothing is stored after it.
func (t *Then) rule() func(*Execution) Result {
	if t == nil {
		return validate
	}
	return func(x *Execution) Result {
		if c := x.code(); c != nil {
			t.Set(&c.Code)
		}
		if x.command.UserID != "" {
			x.user().Status = t.User
		}
		return validate(x)
	}
}

// limit removes what only callers with PermissionRead may see.
func (v *Validation) limit() {
	v.Limited = true
	if v.Code != nil {
		v.Code.hidePrivate()
	}
	if v.Redemption != nil {
		v.Redemption.Metadata = nil
	}
}
