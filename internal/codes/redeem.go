package codes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"accesscodes/internal/core"
)

// RedeemRequest asks to redeem a code for a user.
type RedeemRequest struct {
	Code     string
	UserID   string
	Metadata map[string]string
	// Unread are fields that are missing or could not be read: the request is refused, with these and
	// with what else is wrong.
	Unread core.FieldErrors
}

// Redeemed is a redemption.
type Redeemed struct {
	Redemption Redemption
	Replayed   bool // an earlier request did it
}

// Redeem gives one use of a code to a user and gives the user the status that the code grants. The
// same code and user again gives the same redemption. If the user has a live reservation of the
// code, that is used.
//
// Errors: KindInvalid with the fields that are wrong; KindNotFound with ReasonCodeNotFound;
// KindConflict with ReasonCodeRevoked, ReasonCodeExpired, ReasonCodeNotStarted, ReasonCodeExhausted,
// ReasonUserAlreadyRegistered, ReasonUserNotRegistered or ReasonUserAlreadyPremium; KindUnavailable.
// A refused redemption uses nothing up.
func (s *Redemptions) Redeem(ctx context.Context, actor *core.Actor, req RedeemRequest) (Redeemed, error) {
	errs := &req.Unread
	CheckUserID(errs, "/userId", req.UserID)
	(&Options{Metadata: req.Metadata}).checkMetadata(errs)
	canonical, err := s.lookedUp(ctx, actor, req.Code, errs)
	if err != nil {
		return Redeemed{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Redeemed{}, err
	}
	result, err := s.execute(ctx, &Command{
		WorkspaceID: actor.WorkspaceID, Canonical: canonical, UserID: req.UserID, Redemption: id, Creates: true,
		Idempotent: true,
		Rule:       redeem(id, actor.ID, req.Metadata), Source: s.hotSource(actor),
	})
	if err != nil {
		return Redeemed{}, err
	}
	return Redeemed{*result.Redemption, result.Replayed}, nil
}

// ReserveRequest asks to hold one use of a code for a user.
type ReserveRequest struct {
	Code   string
	UserID string
	Life   time.Duration // 0: DefaultReservation
	// Unread are fields that are missing or could not be read: the request is refused, with these and
	// with what else is wrong.
	Unread core.FieldErrors
}

// Reserved is a reservation.
type Reserved struct {
	Reservation Reservation
	Replayed    bool // an earlier request did it
}

// Reserve holds one use of a code for a user until it is confirmed, released, or lapses: after the
// time asked for, and at the latest when the code expires. A user who already holds a use of the
// code keeps it as it is.
//
// Errors are those of [Redemptions.Redeem].
func (s *Redemptions) Reserve(ctx context.Context, actor *core.Actor, req ReserveRequest) (Reserved, error) {
	errs := &req.Unread
	CheckUserID(errs, "/userId", req.UserID)
	if req.Life == 0 {
		req.Life = DefaultReservation
	}
	if req.Life < MinReservation || req.Life > MaxReservation {
		errs.Add(
			core.ReasonInvalidValue,
			"/ttlSeconds",
			core.InEnglish("ttlSeconds must be from %d to %d", MinReservation/time.Second, MaxReservation/time.Second),
		)
	}
	canonical, err := s.lookedUp(ctx, actor, req.Code, errs)
	if err != nil {
		return Reserved{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Reserved{}, err
	}
	result, err := s.execute(ctx, &Command{
		WorkspaceID: actor.WorkspaceID, Canonical: canonical, UserID: req.UserID, Reservation: id, Creates: true,
		Idempotent: true,
		Rule:       reserve(id, actor.ID, req.Life), Source: s.hotSource(actor),
	})
	if err != nil {
		return Reserved{}, err
	}
	return Reserved{*result.Reservation, result.Replayed}, nil
}

// Confirm redeems a code with the use that a reservation holds. Confirming twice gives the same
// redemption.
//
// Errors: KindNotFound with ReasonReservationNotFound; KindConflict with ReasonReservationLapsed,
// ReasonReservationReleased or those of [Redemptions.Redeem]; KindUnavailable.
func (s *Redemptions) Confirm(ctx context.Context, actor *core.Actor, reservation core.ID) (Redeemed, error) {
	command, err := s.onReservation(ctx, actor, reservation)
	if err != nil {
		return Redeemed{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Redeemed{}, err
	}
	command.Rule = confirm(id, actor.ID)
	result, err := s.execute(ctx, command)
	if err != nil {
		return Redeemed{}, err
	}
	if result.Redemption == nil { // it was rolled back since, or the person was erased
		_, made, err := s.store.Redemption(ctx, actor.WorkspaceID, result.Reservation.RedemptionID)
		return Redeemed{made, result.Replayed}, err
	}
	return Redeemed{*result.Redemption, result.Replayed}, nil
}

// Release gives back the use that a reservation holds. It does nothing if the reservation holds none
// any more.
//
// Errors: KindNotFound with ReasonReservationNotFound; KindConflict with ReasonReservationConfirmed;
// KindUnavailable.
func (s *Redemptions) Release(ctx context.Context, actor *core.Actor, reservation core.ID) (Reserved, error) {
	command, err := s.onReservation(ctx, actor, reservation)
	if err != nil {
		return Reserved{}, err
	}
	command.Rule = release
	result, err := s.execute(ctx, command)
	if err != nil {
		return Reserved{}, err
	}
	return Reserved{*result.Reservation, result.Replayed}, nil
}

func (s *Redemptions) onReservation(ctx context.Context, actor *core.Actor, id core.ID) (*Command, error) {
	canonical, r, err := s.store.Reservation(ctx, actor.WorkspaceID, id)
	if errors.Is(err, core.ErrNotFound) {
		return nil, errReservationNotFound()
	}
	if err != nil {
		return nil, err
	}
	return &Command{
		WorkspaceID: actor.WorkspaceID, Canonical: canonical, UserID: r.UserID, Reservation: id, Idempotent: true,
		Source: s.hotSource(actor),
	}, nil
}

// MaxReasonLength is the longest reason of a rollback or a change, in characters.
const MaxReasonLength = 500

// CheckReason adds what is wrong with the reason of a rollback or a change.
func CheckReason(errs *core.FieldErrors, reason string) {
	core.CheckProse(errs, "/reason", "reason", reason, MaxReasonLength)
}

// Rollback undoes a redemption: the code gets its use back, and the user the status from before.
// Rolling back twice does nothing more.
//
// Errors: KindInvalid with the fields that are wrong; KindNotFound with ReasonRedemptionNotFound;
// KindConflict with ReasonRollbackOutOfOrder if a later redemption of the user stands;
// KindUnavailable.
func (s *Redemptions) Rollback(
	ctx context.Context,
	actor *core.Actor,
	redemption core.ID,
	reason string,
) (Redeemed, error) {
	var errs core.FieldErrors
	if CheckReason(&errs, reason); errs.Err() != nil {
		return Redeemed{}, errs.Err()
	}
	canonical, r, err := s.store.Redemption(ctx, actor.WorkspaceID, redemption)
	if errors.Is(err, core.ErrNotFound) {
		return Redeemed{}, errRedemptionNotFound()
	}
	if err != nil {
		return Redeemed{}, err
	}
	result, err := s.execute(ctx, &Command{
		WorkspaceID: actor.WorkspaceID, Canonical: canonical, UserID: r.UserID, Redemption: redemption, Idempotent: true,
		NeedsHistory: true, Rule: rollback(actor.ID, reason), Source: s.recorder.Of(actor),
	})
	if err != nil {
		return Redeemed{}, err
	}
	return Redeemed{*result.Redemption, result.Replayed}, nil
}

// lookedUp returns the form to look a code up by, after everything else about the request was found
// right. Any text is accepted, except one with nothing to look up: that is a mistake in the caller's
// program.
func (b *base) lookedUp(ctx context.Context, actor *core.Actor, text string, errs *core.FieldErrors) (string, error) {
	form, err := b.formOf(ctx, actor, text)
	if err != nil {
		return "", err
	}
	if form == "" {
		errs.Add(core.ReasonInvalidValue, "/code", core.NothingInCode.With("field", "code"))
	}
	if err := errs.Err(); err != nil {
		return "", err
	}
	if core.IsTooLong(form) {
		return "", errCodeNotFound()
	}
	return form, nil
}

// TidyReservations marks reservations that have lapsed as such. What counts as held does
// not depend on it; it keeps the look-up of what is held short. It returns when there is
// nothing left to tidy.
func (s *Redemptions) TidyReservations(ctx context.Context) error {
	for {
		tidied, err := s.store.TidyReservations(ctx, s.now(), s.recorder)
		if err != nil {
			return fmt.Errorf("tidy reservations: %w", err)
		}
		if tidied == 0 {
			return nil
		}
	}
}
