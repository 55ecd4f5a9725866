package codes

import (
	"context"
	"errors"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// GetCode returns a code of the caller's workspace, however its value is spelt.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindUnavailable.
func (s *Service) GetCode(ctx context.Context, actor *core.Actor, value string) (Code, error) {
	canonical, err := s.lookedUp(ctx, actor, value, &core.FieldErrors{})
	if err != nil {
		return Code{}, codeError(err)
	}
	code, err := s.store.Code(ctx, actor.WorkspaceID, canonical, s.now())
	if errors.Is(err, core.ErrNotFound) {
		err = errCodeNotFound()
	}
	return code, err
}

// ChangeCode changes a code's options. A field with the value that it already has changes nothing,
// and is not checked by today's rules for new values.
//
// Errors: KindInvalid with the fields that are wrong; KindNotFound with ReasonCodeNotFound;
// KindConflict with ReasonCodeInUse if more uses are taken than the new limit allows;
// KindUnavailable.
func (s *Service) ChangeCode(ctx context.Context, actor *core.Actor, value string, want CodeChange) (Code, error) {
	return s.manage(ctx, actor, value, Command{Rule: change(&want)})
}

// RevokeCode takes a code back: it cannot be redeemed any more. Revoking twice does
// nothing more.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindUnavailable.
func (s *Service) RevokeCode(ctx context.Context, actor *core.Actor, value string) (Code, error) {
	return s.manage(ctx, actor, value, Command{Rule: revoke(true)})
}

// RestoreCode undoes [Service.RevokeCode]. Errors are the same.
func (s *Service) RestoreCode(ctx context.Context, actor *core.Actor, value string) (Code, error) {
	return s.manage(ctx, actor, value, Command{Rule: revoke(false)})
}

// DeleteCode deletes a code that was never redeemed or reserved.
//
// Errors: KindNotFound with ReasonCodeNotFound; KindConflict with ReasonCodeInUse; KindUnavailable.
func (s *Service) DeleteCode(ctx context.Context, actor *core.Actor, value string) error {
	_, err := s.manage(ctx, actor, value, Command{Rule: remove, NeedsUsage: true})
	return err
}

// manage carries out a command that changes the code itself, and returns the code.
func (s *Service) manage(ctx context.Context, actor *core.Actor, value string, command Command) (Code, error) {
	var errs core.FieldErrors
	if CheckReason(&errs, actor.Reason); errs.Err() != nil {
		return Code{}, errs.Err()
	}
	canonical, err := s.lookedUp(ctx, actor, value, &core.FieldErrors{})
	if err != nil {
		return Code{}, codeError(err)
	}
	command.WorkspaceID, command.Canonical, command.Source = actor.WorkspaceID, canonical, s.recorder.Of(actor)
	result, err := s.execute(ctx, &command)
	if err != nil {
		return Code{}, err
	}
	return *result.Code, nil
}

// codeError turns the error of a look-up by a path into the caller's error: a path in which there is
// nothing to look up names no code.
func codeError(err error) error {
	if core.HasReason(err, core.ReasonInvalidValue) {
		return errCodeNotFound()
	}
	return err
}

var wrongUserStatus = core.NewSentence("wrong_user_status", `status must be "Normal" or "Premium", spelt exactly so`)

// PutUser registers a user or changes the status of a registered one, without a code. It is for
// users who were there before the codes.
//
// Errors: KindInvalid with the fields that are wrong; KindUnavailable.
func (s *Users) PutUser(ctx context.Context, actor *core.Actor, id string, status UserStatus) (User, error) {
	var errs core.FieldErrors
	CheckUserID(&errs, "", id)
	if status != UserNormal && status != UserPremium {
		errs.Add(core.ReasonInvalidValue, "/status", wrongUserStatus.Said())
	}
	if err := errs.Err(); err != nil {
		return User{}, err
	}
	now := s.now()
	user := User{WorkspaceID: actor.WorkspaceID, ID: id, Status: status, CreatedAt: now, UpdatedAt: now}
	return s.store.PutUser(ctx, user, s.recorder.Of(actor))
}

// GetUser returns a registered user.
//
// Errors: KindNotFound with ReasonUserNotFound; KindUnavailable.
func (s *Users) GetUser(ctx context.Context, actor *core.Actor, id string) (User, error) {
	if isNoUserID(id) {
		return User{}, errUserNotFound()
	}
	user, err := s.store.User(ctx, actor.WorkspaceID, id)
	if errors.Is(err, core.ErrNotFound) {
		err = errUserNotFound()
	}
	return user, err
}

// EraseUser erases a person: the user is deleted, and the id is removed from their redemptions and
// reservations. The uses that they redeemed stay used.
//
// Errors: KindNotFound with ReasonUserNotFound if nothing holds this id; KindUnavailable.
func (s *Users) EraseUser(ctx context.Context, actor *core.Actor, id string) error {
	if isNoUserID(id) {
		return errUserNotFound()
	}
	erased, err := s.recorder.Of(actor).Make(event.UserErased, s.now(), event.User(), id, event.Data{})
	if err != nil {
		return err
	}
	found, err := s.store.EraseUser(ctx, actor.WorkspaceID, id, erased)
	if err == nil && !found {
		return errUserNotFound()
	}
	return err
}

func isNoUserID(id string) bool {
	var errs core.FieldErrors
	CheckUserID(&errs, "", id)
	return errs.Err() != nil
}
