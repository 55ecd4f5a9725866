package access

import (
	"context"
	"errors"
)

// GetCode returns a code of the caller's workspace, however its value is spelt.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindUnavailable.
func (s *Service) GetCode(ctx context.Context, caller *Caller, value string) (Code, error) {
	canonical, err := lookedUp(value, &fieldErrors{})
	if err != nil {
		return Code{}, errCodeNotFound()
	}
	code, err := s.Store.Code(ctx, caller.Workspace.ID, canonical, s.now())
	if errors.Is(err, ErrNotFound) {
		err = errCodeNotFound()
	}
	return code, err
}

// ChangeCode changes a code's options.
//
// Errors: KindInvalid with the fields that are wrong; KindNotFound with
// ReasonCodeNotFound; KindConflict with ReasonCodeInUse if more uses are taken than it
// would have; KindUnavailable.
func (s *Service) ChangeCode(ctx context.Context, caller *Caller, value string, want CodeChange) (Code, error) {
	if err := want.check(s.now()); err != nil {
		return Code{}, err
	}
	return s.manage(ctx, caller, value, Act{Rule: change(&want)})
}

// RevokeCode takes a code back: it cannot be redeemed any more. Revoking twice does
// nothing more.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindUnavailable.
func (s *Service) RevokeCode(ctx context.Context, caller *Caller, value string) (Code, error) {
	return s.manage(ctx, caller, value, Act{Rule: revoke(true)})
}

// RestoreCode undoes [Service.RevokeCode]. Errors are the same.
func (s *Service) RestoreCode(ctx context.Context, caller *Caller, value string) (Code, error) {
	return s.manage(ctx, caller, value, Act{Rule: revoke(false)})
}

// DeleteCode deletes a code that was never redeemed nor reserved.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindConflict with ReasonCodeInUse;
// KindUnavailable.
func (s *Service) DeleteCode(ctx context.Context, caller *Caller, value string) error {
	_, err := s.manage(ctx, caller, value, Act{Rule: remove, AsksUsed: true})
	return err
}

// manage carries out an act that changes a code itself and returns the code.
func (s *Service) manage(ctx context.Context, caller *Caller, value string, act Act) (Code, error) {
	canonical, err := lookedUp(value, &fieldErrors{})
	if err != nil {
		return Code{}, errCodeNotFound()
	}
	act.WorkspaceID, act.Canonical = caller.Workspace.ID, canonical
	result, err := s.act(ctx, &act)
	if err != nil {
		return Code{}, err
	}
	return *result.Code, nil
}

// PutUser registers a user, or changes what a registered user is, without any code: for
// people who were there before the codes.
//
// Errors: KindInvalid with the fields that are wrong; KindUnavailable.
func (s *Service) PutUser(ctx context.Context, caller *Caller, id string, status UserStatus) (User, error) {
	var errs fieldErrors
	checkUserID(&errs, "", id)
	if status != UserNormal && status != UserPremium {
		errs.add(ReasonInvalidValue, "/status", `status must be "Normal" or "Premium", spelt exactly so`)
	}
	if err := errs.err(); err != nil {
		return User{}, err
	}
	now := s.now()
	return s.Store.PutUser(ctx, User{WorkspaceID: caller.Workspace.ID, ID: id, Status: status, CreatedAt: now, UpdatedAt: now})
}

// GetUser returns a registered user.
//
// Errors: KindNotFound with ReasonUserNotFound; KindUnavailable.
func (s *Service) GetUser(ctx context.Context, caller *Caller, id string) (User, error) {
	if isNoUserID(id) {
		return User{}, errUserNotFound()
	}
	user, err := s.Store.User(ctx, caller.Workspace.ID, id)
	if errors.Is(err, ErrNotFound) {
		err = errUserNotFound()
	}
	return user, err
}

// EraseUser erases a person: the user is gone, and their redemptions and reservations
// stay without the id. What they redeemed stays used.
//
// Errors: KindNotFound with ReasonUserNotFound if nothing holds this id;
// KindUnavailable.
func (s *Service) EraseUser(ctx context.Context, caller *Caller, id string) error {
	if isNoUserID(id) {
		return errUserNotFound()
	}
	found, err := s.Store.EraseUser(ctx, caller.Workspace.ID, id)
	if err == nil && !found {
		return errUserNotFound()
	}
	return err
}

func isNoUserID(id string) bool {
	var errs fieldErrors
	checkUserID(&errs, "", id)
	return errs.err() != nil
}
