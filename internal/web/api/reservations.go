package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// reservationFields is a reservation as callers see it.
type reservationFields struct {
	ID        string    `json:"id" format:"uuid"`
	Code      string    `json:"code" doc:"The code's value." example:"WELCOME2031"`
	UserID    *string   `json:"userId" nullable:"true" doc:"Your own id of the user; null: the person was erased."`
	ExpiresAt time.Time `json:"expiresAt" doc:"From when on it holds nothing any more, unless it was confirmed before."`
}

// answerReserved answers with a reservation.
func answerReserved(c *kit.Call, reserved codes.Reserved, err error) error {
	if err != nil {
		return err
	}
	c.MarkReplayed(reserved.Replayed)
	r := &reserved.Reservation
	return c.Answer(reservationFields{ID: r.ID.String(), Code: r.Code, UserID: orNull(r.UserID), ExpiresAt: r.ExpiresAt})
}

type reserveRequest struct {
	Code       kit.Optional[string] `json:"code" required:"true" nullable:"false" minLength:"1" example:"acme 7kqw m2xn"`
	UserID     kit.Optional[string] `json:"userId" required:"true" nullable:"false" example:"user-4711"`
	TTLSeconds kit.Optional[int64]  `json:"ttlSeconds" required:"false" minimum:"10" maximum:"3600"`
}

// TransformSchema implements [huma.SchemaTransformer].
func (reserveRequest) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	describeUserID(schema, ownUserID)
	return kit.Describe(schema, map[string]string{
		"code": typedCode,
		"ttlSeconds": "How long the use is held; left out: 300. It is not held for longer than " +
			"the code lives.",
	})
}

// reserveCode answers POST /tenant-codes/reserve.
func (s *server) reserveCode(ctx context.Context, c *kit.Call) error {
	var body reserveRequest
	unread, err := c.Read(&body)
	if err != nil {
		return err
	}
	reserved, err := s.service.Reserve(ctx, &c.Actor, codes.ReserveRequest{
		Code: body.Code.OrZero(), UserID: body.UserID.OrZero(), Life: body.life(), Unread: unread,
	})
	return answerReserved(c, reserved, err)
}

// life is how long to reserve. Whatever is not allowed stays so as a duration: 0 would
// mean the default, and a great many seconds do not fit.
func (r *reserveRequest) life() time.Duration {
	switch seconds := r.TTLSeconds.Value; {
	case seconds == nil:
		return 0
	case *seconds <= 0:
		return -1
	default:
		return time.Duration(min(*seconds, 1<<20)) * time.Second
	}
}

func reservationID(c *kit.Call) (core.ID, error) {
	return c.PathID("id", core.ReasonReservationNotFound, "there is no such reservation in this workspace")
}

// confirmReservation answers POST /reservations/{id}/confirm.
func (s *server) confirmReservation(ctx context.Context, c *kit.Call) error {
	if err := c.Decode(new(nothing)); err != nil {
		return err
	}
	id, err := reservationID(c)
	if err != nil {
		return err
	}
	redeemed, err := s.service.Confirm(ctx, &c.Actor, id)
	return answerRedeemed(c, redeemed, err)
}

// releaseReservation answers POST /reservations/{id}/release.
func (s *server) releaseReservation(ctx context.Context, c *kit.Call) error {
	if err := c.Decode(new(nothing)); err != nil {
		return err
	}
	id, err := reservationID(c)
	if err != nil {
		return err
	}
	reserved, err := s.service.Release(ctx, &c.Actor, id)
	return answerReserved(c, reserved, err)
}

// reservationRoutes are the routes that hold uses of codes for a while.
func (s *server) reservationRoutes() []kit.Route {
	reservation := []kit.Parameter{kit.InPath("id", "The reservation's id.")}
	return []kit.Route{
		{
			Method: "POST", Path: "/tenant-codes/reserve", Permission: core.PermissionRedeem,
			Endpoint: s.reserveCode, Tag: tagReservations,
			ID: "reserveCode", Summary: "Hold one use of a code for a user",
			Description: "For as long as a sign-up takes. The use is given back by itself at expiresAt. A user " +
				"who holds a use of the code already keeps that reservation as it is.",
			Request:  kit.JSON[reserveRequest]("ReserveCode"),
			Response: kit.JSON[reservationFields]("Reservation"),
			Replays:  true, Guessable: true,
			Reasons: append(unusable(), core.ReasonCodeNotFound),
		},
		{
			Method: "POST", Path: "/reservations/{id}/confirm", Permission: core.PermissionRedeem,
			Endpoint: s.confirmReservation, Tag: tagReservations,
			ID: "confirmReservation", Summary: "Redeem the code with the use that is held",
			Parameters: reservation,
			Request:    kit.JSON[nothing]("Nothing"), BodyOptional: true,
			Response: kit.JSON[redemptionFields]("Redemption"),
			Replays:  true,
			Reasons: append(
				unusable(), core.ReasonReservationNotFound, core.ReasonReservationLapsed, core.ReasonReservationReleased,
			),
		},
		{
			Method: "POST", Path: "/reservations/{id}/release", Permission: core.PermissionRedeem,
			Endpoint: s.releaseReservation, Tag: tagReservations,
			ID: "releaseReservation", Summary: "Give the use that is held back",
			Description: "Releasing one that holds nothing any more does nothing.",
			Parameters:  reservation,
			Request:     kit.JSON[nothing]("Nothing"), BodyOptional: true,
			Response: kit.JSON[reservationFields]("Reservation"),
			Replays:  true,
			Reasons:  []core.Reason{core.ReasonReservationNotFound, core.ReasonReservationConfirmed},
		},
	}
}
