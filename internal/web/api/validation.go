package api

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

type validateRequest struct {
	Code   kit.Optional[string]    `json:"code" required:"true" nullable:"false" minLength:"1" example:"acme 7kqw m2xn"`
	UserID kit.Optional[string]    `json:"userId" required:"false"`
	At     kit.Optional[time.Time] `json:"at" required:"false" doc:"The instant to judge by; left out: now."`
}

// TransformSchema implements [huma.SchemaTransformer].
func (validateRequest) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	describeUserID(schema, "Who would redeem it; left out: only the code is judged.")
	return kit.Describe(schema, map[string]string{
		"code": typedCode,
	})
}

// validation is what a redemption would meet with.
type validation struct {
	Valid      bool               `json:"valid"`
	Reason     core.Reason        `json:"reason,omitempty" example:"code_expired"`
	Detail     string             `json:"detail,omitempty" example:"this code expired at 2031-02-03T04:05:06Z"`
	Code       *validatedCode     `json:"code,omitempty"`
	Redemption *earlierRedemption `json:"redemption,omitempty"`
	Grants     codes.UserStatus   `json:"grants,omitempty" enum:"Normal,Premium" doc:"If valid: what the user would be."`
	Suggestion string             `json:"suggestion,omitempty"`
}

// TransformSchema implements [huma.SchemaTransformer].
func (validation) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return kit.Describe(schema, map[string]string{
		"reason": "Unless valid: the reason that redeem would give; or already_redeemed, where redeem " +
			"would answer with that redemption.",
		"detail": "Unless valid: a sentence for a person, with the nearest facts.",
		"code": "The code as it is at that instant, unless there is no such code. Only keys with the " +
			"roles full and read see note, recipient, metadata, batchId, batchIndex and createdBy.",
		"redemption": "With already_redeemed: the redemption of the code by this user that stands at that " +
			"instant. Only keys with the roles full and read see its metadata.",
		"suggestion": "Of a code that was not found: the only code that can be redeemed now and is one " +
			"typo away. Only keys with the roles full and read see it.",
	})
}

// earlierRedemption is a redemption without what not every key that validates may see.
type earlierRedemption redemptionFields

// TransformSchema implements [huma.SchemaTransformer].
func (earlierRedemption) TransformSchema(registry huma.Registry, schema *huma.Schema) *huma.Schema {
	return notRequired(redemptionFields{}.TransformSchema(registry, schema), "metadata")
}

// notRequired is an object's schema of which some members may be missing.
func notRequired(schema *huma.Schema, names ...string) *huma.Schema {
	schema.Required = slices.DeleteFunc(schema.Required, func(name string) bool { return slices.Contains(names, name) })
	return schema
}

// validateCode answers POST /tenant-codes/validate.
func (s *server) validateCode(ctx context.Context, c *kit.Call) error {
	var body validateRequest
	unread, err := c.Read(&body)
	if err != nil {
		return err
	}
	if body.UserID.Value != nil && *body.UserID.Value == "" {
		unread.Add(core.ReasonInvalidValue, "/userId", core.Empty.With("field", "userId"))
	}
	v, err := s.service.Validate(ctx, &c.Actor, codes.ValidateRequest{
		Code: body.Code.OrZero(), UserID: body.UserID.OrZero(), At: body.At.Value, Unread: unread,
	})
	if err != nil {
		return err
	}
	if v.Why != nil {
		c.NoteRefusal(v.Why.Reason)
	}
	return answerObject(c, func(o *jsonObject) { o.validation(&v) })
}

// validationRoutes are the routes that judge codes.
func (s *server) validationRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: "POST", Path: "/tenant-codes/validate", Permission: core.PermissionValidate,
			Endpoint: s.validateCode, Tag: tagRedeeming,
			ID: "validateCode", Summary: "Ask what redeeming a code would do",
			Description: "It has no effect. That a code cannot be redeemed is a good answer, not an error. Of " +
				"a user who has redeemed the code already, the answer is that redemption.",
			Request: kit.JSON[validateRequest]("ValidateCode"), Response: kit.JSON[validation]("Validation"),
			Guessable: true,
		},
	}
}
