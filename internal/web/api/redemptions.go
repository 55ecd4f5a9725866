package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// redemptionFields is a redemption as callers see it.
type redemptionFields struct {
	ID             string            `json:"id" format:"uuid"`
	Code           string            `json:"code" doc:"The code's value." example:"WELCOME2031"`
	Type           codes.Type        `json:"type" enum:"Normal,Premium,Upgrade" doc:"The code's type."`
	UserID         *string           `json:"userId" nullable:"true"`
	Grants         codes.UserStatus  `json:"grants" enum:"Normal,Premium" doc:"What the user became."`
	Metadata       map[string]string `json:"metadata"`
	ReservationID  *string           `json:"reservationId" nullable:"true" format:"uuid"`
	CreatedAt      time.Time         `json:"createdAt"`
	CreatedBy      string            `json:"createdBy" format:"uuid" doc:"The id of the API key that redeemed."`
	RolledBackAt   *time.Time        `json:"rolledBackAt" nullable:"true" doc:"When it was undone; null: it stands."`
	RolledBackBy   *string           `json:"rolledBackBy" nullable:"true" format:"uuid"`
	RollbackReason *string           `json:"rollbackReason" nullable:"true"`
}

// TransformSchema implements [huma.SchemaTransformer].
func (redemptionFields) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return kit.Describe(schema, map[string]string{
		"userId":        "Your own id of the user; null: the person was erased.",
		"reservationId": "The reservation whose use it took, if there was one.",
		"rolledBackBy":  "The id of the API key that undid it.",
	})
}

func showRedemption(r *codes.Redemption) *redemptionFields {
	return &redemptionFields{
		ID: r.ID.String(), Code: r.Code, Type: r.Type, UserID: orNull(r.UserID), Grants: r.Grants, Metadata: r.Metadata,
		ReservationID: idOrNull(r.ReservationID), CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy.String(),
		RolledBackAt: r.RolledBackAt, RolledBackBy: idOrNull(r.RolledBackBy), RollbackReason: orNull(r.Reason),
	}
}

// answerRedeemed answers with a redemption.
func answerRedeemed(c *kit.Call, redeemed codes.Redeemed, err error) error {
	if err != nil {
		return err
	}
	c.MarkReplayed(redeemed.Replayed)
	return answerObject(c, func(o *jsonObject) { o.redemption(&redeemed.Redemption) })
}

type redeemRequest struct {
	Code   kit.Optional[string] `json:"code" required:"true" nullable:"false" minLength:"1" example:"acme 7kqw m2xn"`
	UserID kit.Optional[string] `json:"userId" required:"true" nullable:"false" example:"user-4711"`

	Metadata kit.Optional[map[string]kit.String] `json:"metadata" required:"false"`
}

// TransformSchema implements [huma.SchemaTransformer].
func (redeemRequest) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	describeUserID(schema, ownUserID)
	return kit.Describe(schema, map[string]string{
		"code": typedCode,
		"metadata": "Up to 50 strings of your own to keep with the redemption; keys of 1 to 40 " +
			"characters, values of up to 500, 8192 bytes in all.",
	})
}

// redeemCode answers POST /tenant-codes/redeem.
func (s *server) redeemCode(ctx context.Context, c *kit.Call) error {
	var body redeemRequest
	unread, err := c.Read(&body)
	if err != nil {
		return err
	}
	redeemed, err := s.service.Redeem(ctx, &c.Actor, codes.RedeemRequest{
		Code: body.Code.OrZero(), UserID: body.UserID.OrZero(), Metadata: kit.Strings(body.Metadata.OrZero()),
		Unread: unread,
	})
	return answerRedeemed(c, redeemed, err)
}

// listRedemptions answers GET /redemptions.
func (s *server) listRedemptions(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, request := redemptionFilter(p), p.Page()
	if p.Err() != nil {
		return p.Err()
	}
	page, err := s.service.ListRedemptions(ctx, &c.Actor, filter, request)
	if err != nil {
		return err
	}
	return kit.AnswerList(c, page, showRedemption)
}

// redemptionFilter reads which redemptions are asked for.
func redemptionFilter(p *kit.Query) codes.RedemptionFilter {
	return codes.RedemptionFilter{
		Code: p.Text("code"), UserID: p.Text("userId"),
		CreatedAfter: p.Time("createdAfter"), CreatedBefore: p.Time("createdBefore"),
	}
}

// redemptionFilters are the parameters that redemptionFilter reads.
func redemptionFilters() []kit.Parameter {
	return []kit.Parameter{
		kit.InQuery("code", "Only redemptions of this code, however it is spelt.", kit.TextSchema()),
		kit.InQuery("userId", "Only redemptions by this user.", kit.TextSchema()),
		kit.InQuery("createdAfter",
			"Only redemptions that were made after this instant (RFC 3339).", kit.TimeSchema()),
		kit.InQuery("createdBefore",
			"Only redemptions that were made before this instant (RFC 3339).", kit.TimeSchema()),
	}
}

// redemptionList is a page of redemptions.
type redemptionList = kit.List[*redemptionFields]

type rollbackRequest struct {
	Reason kit.Optional[string] `json:"reason" required:"false" maxLength:"500" doc:"Why, for your own people."`
}

// rollBack answers POST /redemptions/{id}/rollback.
func (s *server) rollBack(ctx context.Context, c *kit.Call) error {
	var body rollbackRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	id, err := c.PathID("id", core.ReasonRedemptionNotFound, "there is no such redemption in this workspace")
	if err != nil {
		return err
	}
	redeemed, err := s.service.Rollback(ctx, &c.Actor, id, body.Reason.OrZero())
	return answerRedeemed(c, redeemed, err)
}

// redemptionRoutes are the routes that use codes up for good, and give uses back.
func (s *server) redemptionRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: "POST", Path: "/tenant-codes/redeem", Permission: core.PermissionRedeem,
			Endpoint: s.redeemCode, Tag: tagRedeeming,
			ID: "redeemCode", Summary: "Redeem a code for a user",
			Description: "Normal and Premium codes register a user who is unknown; Upgrade makes a registered " +
				"user premium. The same code and user again is the same redemption, so a request that " +
				"got no answer can be repeated. A refusal uses nothing up. A use that is reserved for " +
				"this user is the one that is taken.",
			Request: kit.JSON[redeemRequest]("RedeemCode"), Response: kit.JSON[redemptionFields]("Redemption"),
			Replays: true, Guessable: true,
			Reasons: append(unusable(), core.ReasonCodeNotFound),
		},
		{
			Method: "GET", Path: "/redemptions", Permission: core.PermissionRead,
			Endpoint: s.listRedemptions, Tag: tagRedemptions,
			ID: "listRedemptions", Summary: "List redemptions",
			Description: "Newest first, those that were rolled back among them.",
			Parameters:  append(redemptionFilters(), kit.Paging()...),
			Response:    kit.JSON[redemptionList]("RedemptionList"),
		},
		{
			Method: "POST", Path: "/redemptions/{id}/rollback", Permission: core.PermissionManage,
			Endpoint: s.rollBack, Tag: tagRedemptions,
			ID: "rollBackRedemption", Summary: "Undo a redemption",
			Description: "The code has its use back and the user is what they were before: not registered, or " +
				"Normal. Rolling back twice does nothing more.",
			Parameters: []kit.Parameter{kit.InPath("id", "The redemption's id.")},
			Request:    kit.JSON[rollbackRequest]("RollBack"), BodyOptional: true,
			Response: kit.JSON[redemptionFields]("Redemption"),
			Replays:  true,
			Reasons:  []core.Reason{core.ReasonRedemptionNotFound, core.ReasonRollbackOutOfOrder},
		},
	}
}

// unusable are the reasons for which a code cannot be redeemed by a user.
func unusable() []core.Reason {
	return []core.Reason{
		core.ReasonCodeRevoked, core.ReasonCodeExpired, core.ReasonCodeNotStarted, core.ReasonCodeExhausted,
		core.ReasonUserAlreadyRegistered, core.ReasonUserNotRegistered, core.ReasonUserAlreadyPremium,
	}
}
