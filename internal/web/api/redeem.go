package api

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

type validateRequest struct {
	Code   optional[string]    `json:"code" required:"true" nullable:"false" minLength:"1" doc:"The code as a person typed it: case, spaces and dashes do not count." example:"acme 7kqw m2xn"`
	UserID optional[string]    `json:"userId" required:"false" minLength:"1" maxLength:"255" doc:"Who would redeem it; left out: only the code is judged."`
	At     optional[time.Time] `json:"at" required:"false" doc:"The instant to judge by; left out: now."`
}

// validation is what a redemption would meet with.
type validation struct {
	Valid      bool               `json:"valid"`
	Reason     core.Reason        `json:"reason,omitempty" doc:"Unless valid: the reason that redeem would give; or already_redeemed, where redeem would answer with that redemption." example:"code_expired"`
	Detail     string             `json:"detail,omitempty" doc:"Unless valid: a sentence for a person, with the nearest facts." example:"this code expired at 2031-02-03T04:05:06Z"`
	Code       *validatedCode     `json:"code,omitempty" doc:"The code as it is at that instant, unless there is no such code. Only keys with the roles full and read see note, recipient and metadata."`
	Redemption *earlierRedemption `json:"redemption,omitempty" doc:"With already_redeemed: the redemption of the code by this user that stands at that instant. Only keys with the roles full and read see its metadata."`
	Grants     codes.UserStatus   `json:"grants,omitempty" enum:"Normal,Premium" doc:"If valid: what the user would be."`
	Suggestion string             `json:"suggestion,omitempty" doc:"Of a code that was not found: the only code that can be redeemed now and is one typo away. Only keys with the roles full and read see it."`
}

// validatedCode is a code without what not every key that validates may see.
type validatedCode codeFields

// TransformSchema implements [huma.SchemaTransformer].
func (validatedCode) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return notRequired(schema, "note", "recipient", "metadata")
}

// earlierRedemption is a redemption without what not every key that validates may see.
type earlierRedemption redemptionFields

// TransformSchema implements [huma.SchemaTransformer].
func (earlierRedemption) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return notRequired(schema, "metadata")
}

// notRequired is an object's schema of which some members may be missing.
func notRequired(schema *huma.Schema, names ...string) *huma.Schema {
	schema.Required = slices.DeleteFunc(schema.Required, func(name string) bool { return slices.Contains(names, name) })
	return schema
}

// validateCode answers POST /tenant-codes/validate.
func (s *Server) validateCode(ctx context.Context, c *call) error {
	var body validateRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := required(requiredField{"code", body.Code.value}); err != nil {
		return err
	}
	if body.UserID.value != nil && *body.UserID.value == "" {
		return core.Invalid(core.ReasonInvalidValue, core.FieldError{Pointer: "/userId", Detail: "userId must not be empty"})
	}
	v, err := s.service.Validate(ctx, &c.actor, codes.ValidateRequest{Code: *body.Code.value, UserID: body.UserID.orZero(), At: body.At.value})
	if err != nil {
		return err
	}
	if v.Why != nil {
		c.reason = v.Why.Reason
	}
	return c.answerObject(func(o *jsonObject) { o.validation(&v) })
}

// redemptionFields is a redemption as callers see it.
type redemptionFields struct {
	ID             string            `json:"id" format:"uuid"`
	Code           string            `json:"code" doc:"The code's value." example:"WELCOME2031"`
	Type           codes.Type        `json:"type" enum:"Normal,Premium,Upgrade" doc:"The code's type."`
	UserID         *string           `json:"userId" nullable:"true" doc:"Your own id of the user; null: the person was erased."`
	Grants         codes.UserStatus  `json:"grants" enum:"Normal,Premium" doc:"What the user became."`
	Metadata       map[string]string `json:"metadata"`
	ReservationID  *string           `json:"reservationId" nullable:"true" format:"uuid" doc:"The reservation whose use it took, if there was one."`
	CreatedAt      time.Time         `json:"createdAt"`
	CreatedBy      string            `json:"createdBy" format:"uuid" doc:"The id of the API key that redeemed."`
	RolledBackAt   *time.Time        `json:"rolledBackAt" nullable:"true" doc:"When it was undone; null: it stands."`
	RolledBackBy   *string           `json:"rolledBackBy" nullable:"true" format:"uuid" doc:"The id of the API key that undid it."`
	RollbackReason *string           `json:"rollbackReason" nullable:"true"`
}

func showRedemption(r *codes.Redemption) *redemptionFields {
	return &redemptionFields{
		ID: r.ID.String(), Code: r.Code, Type: r.Type, UserID: orNull(r.UserID), Grants: r.Grants, Metadata: r.Metadata,
		ReservationID: idOrNull(r.ReservationID), CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy.String(),
		RolledBackAt: r.RolledBackAt, RolledBackBy: idOrNull(r.RolledBackBy), RollbackReason: orNull(r.Reason),
	}
}

// answerRedeemed answers with a redemption.
func (c *call) answerRedeemed(redeemed codes.Redeemed, err error) error {
	if err != nil {
		return err
	}
	c.markReplayed(redeemed.Replayed)
	return c.answerObject(func(o *jsonObject) { o.redemption(&redeemed.Redemption) })
}

type redeemRequest struct {
	Code     optional[string]          `json:"code" required:"true" nullable:"false" minLength:"1" doc:"The code as a person typed it: case, spaces and dashes do not count." example:"acme 7kqw m2xn"`
	UserID   optional[string]          `json:"userId" required:"true" nullable:"false" minLength:"1" maxLength:"255" doc:"Your own id of the user, compared byte by byte. No control characters." example:"user-4711"`
	Metadata optional[map[string]text] `json:"metadata" required:"false" doc:"Up to 50 strings of your own to keep with the redemption; keys of 1 to 40 characters, values of up to 500, 8192 bytes in all."`
}

// redeemCode answers POST /tenant-codes/redeem.
func (s *Server) redeemCode(ctx context.Context, c *call) error {
	var body redeemRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := required(requiredField{"code", body.Code.value}, requiredField{"userId", body.UserID.value}); err != nil {
		return err
	}
	return c.answerRedeemed(s.service.Redeem(ctx, &c.actor, codes.RedeemRequest{
		Code: *body.Code.value, UserID: *body.UserID.value, Metadata: stringsOf(body.Metadata.orZero()),
	}))
}

// reservationFields is a reservation as callers see it.
type reservationFields struct {
	ID        string    `json:"id" format:"uuid"`
	Code      string    `json:"code" doc:"The code's value." example:"WELCOME2031"`
	UserID    *string   `json:"userId" nullable:"true" doc:"Your own id of the user; null: the person was erased."`
	ExpiresAt time.Time `json:"expiresAt" doc:"From when on it holds nothing any more, unless it was confirmed before."`
}

// answerReserved answers with a reservation.
func (c *call) answerReserved(reserved codes.Reserved, err error) error {
	if err != nil {
		return err
	}
	c.markReplayed(reserved.Replayed)
	r := &reserved.Reservation
	return c.answer(reservationFields{ID: r.ID.String(), Code: r.Code, UserID: orNull(r.UserID), ExpiresAt: r.ExpiresAt})
}

type reserveRequest struct {
	Code       optional[string] `json:"code" required:"true" nullable:"false" minLength:"1" doc:"The code as a person typed it: case, spaces and dashes do not count." example:"acme 7kqw m2xn"`
	UserID     optional[string] `json:"userId" required:"true" nullable:"false" minLength:"1" maxLength:"255" doc:"Your own id of the user, compared byte by byte. No control characters." example:"user-4711"`
	TTLSeconds optional[int64]  `json:"ttlSeconds" required:"false" minimum:"10" maximum:"3600" doc:"How long the use is held; left out: 300. It is not held for longer than the code lives."`
}

// reserveCode answers POST /tenant-codes/reserve.
func (s *Server) reserveCode(ctx context.Context, c *call) error {
	var body reserveRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := required(requiredField{"code", body.Code.value}, requiredField{"userId", body.UserID.value}); err != nil {
		return err
	}
	return c.answerReserved(s.service.Reserve(ctx, &c.actor, codes.ReserveRequest{
		Code: *body.Code.value, UserID: *body.UserID.value, Life: body.life(),
	}))
}

// life is how long to reserve. Whatever is not allowed stays so as a duration: 0 would
// mean the default, and a great many seconds do not fit.
func (r *reserveRequest) life() time.Duration {
	switch seconds := r.TTLSeconds.value; {
	case seconds == nil:
		return 0
	case *seconds <= 0:
		return -1
	default:
		return time.Duration(min(*seconds, 1<<20)) * time.Second
	}
}

func (c *call) reservationID() (core.ID, error) {
	return c.idOf("id", core.ReasonReservationNotFound, "there is no such reservation in this workspace")
}

// confirmReservation answers POST /reservations/{id}/confirm.
func (s *Server) confirmReservation(ctx context.Context, c *call) error {
	if err := decodeIfAny(c, new(nothing)); err != nil {
		return err
	}
	id, err := c.reservationID()
	if err != nil {
		return err
	}
	return c.answerRedeemed(s.service.Confirm(ctx, &c.actor, id))
}

// releaseReservation answers POST /reservations/{id}/release.
func (s *Server) releaseReservation(ctx context.Context, c *call) error {
	if err := decodeIfAny(c, new(nothing)); err != nil {
		return err
	}
	id, err := c.reservationID()
	if err != nil {
		return err
	}
	return c.answerReserved(s.service.Release(ctx, &c.actor, id))
}

// listRedemptions answers GET /redemptions.
func (s *Server) listRedemptions(ctx context.Context, c *call) error {
	p := c.parameters()
	filter := codes.RedemptionFilter{
		Code: p.text("code"), UserID: p.text("userId"),
		CreatedAfter: p.time("createdAfter"), CreatedBefore: p.time("createdBefore"),
	}
	request := p.page()
	if p.err != nil {
		return p.err
	}
	page, err := s.service.ListRedemptions(ctx, &c.actor, filter, request)
	if err != nil {
		return err
	}
	return listed(c, page, showRedemption)
}

// redemptionList is a page of redemptions.
type redemptionList = list[*redemptionFields]

type rollbackRequest struct {
	Reason optional[string] `json:"reason" required:"false" maxLength:"500" doc:"Why, for your own people."`
}

// rollBack answers POST /redemptions/{id}/rollback.
func (s *Server) rollBack(ctx context.Context, c *call) error {
	var body rollbackRequest
	if err := decodeIfAny(c, &body); err != nil {
		return err
	}
	id, err := c.idOf("id", core.ReasonRedemptionNotFound, "there is no such redemption in this workspace")
	if err != nil {
		return err
	}
	return c.answerRedeemed(s.service.Rollback(ctx, &c.actor, id, body.Reason.orZero()))
}
