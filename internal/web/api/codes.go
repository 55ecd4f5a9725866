package api

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// OptionFields are what a request for a new code may leave out.
type OptionFields struct {
	MaxRedemptions kit.Optional[int64]                 `json:"maxRedemptions" required:"false" minimum:"1" maximum:"9007199254740991" doc:"How often the code can be redeemed; null for no limit. Left out: no limit for an added code, 1 for a generated one."`
	StartsAt       kit.Optional[time.Time]             `json:"startsAt" required:"false" doc:"From when on the code can be redeemed; RFC 3339, kept to the microsecond."`
	ExpiresAt      kit.Optional[time.Time]             `json:"expiresAt" required:"false" doc:"From when on the code cannot be redeemed any more; in the future and later than startsAt."`
	Note           kit.Optional[string]                `json:"note" required:"false" maxLength:"500" doc:"For your own people. No control characters but tabs and line breaks, here and below, and none that turn the direction of writing."`
	Recipient      kit.Optional[string]                `json:"recipient" required:"false" maxLength:"320" doc:"Who the code was given to."`
	Metadata       kit.Optional[map[string]kit.String] `json:"metadata" required:"false" doc:"Up to 50 strings of your own; keys of 1 to 40 characters, values of up to 500, 8192 bytes in all."`
}

func (o *OptionFields) options() codes.Options {
	return codes.Options{
		MaxRedemptions: codes.Limit{Given: o.MaxRedemptions.Given, Max: o.MaxRedemptions.Value},
		StartsAt:       o.StartsAt.Value,
		ExpiresAt:      o.ExpiresAt.Value,
		Note:           o.Note.OrZero(),
		Recipient:      o.Recipient.OrZero(),
		Metadata:       kit.Strings(o.Metadata.OrZero()),
	}
}

// codeFields is a code as callers see it.
type codeFields struct {
	Code           string            `json:"code" doc:"The value as it was given or generated." example:"WELCOME2031"`
	Type           codes.Type        `json:"type" enum:"Normal,Premium,Upgrade" doc:"What the code grants."`
	Status         codes.Status      `json:"status" enum:"revoked,expired,scheduled,exhausted,active" doc:"What can be done with the code now; the first that applies, in this order."`
	MaxRedemptions *int64            `json:"maxRedemptions" nullable:"true" doc:"How often the code can be redeemed; null for no limit."`
	Redemptions    int64             `json:"redemptions" doc:"How often it has been."`
	Reservations   int64             `json:"reservations" doc:"How many uses are held for the moment."`
	StartsAt       *time.Time        `json:"startsAt" nullable:"true"`
	ExpiresAt      *time.Time        `json:"expiresAt" nullable:"true"`
	RevokedAt      *time.Time        `json:"revokedAt" nullable:"true"`
	Note           *string           `json:"note" nullable:"true"`
	Recipient      *string           `json:"recipient" nullable:"true"`
	Metadata       map[string]string `json:"metadata"`
	BatchID        *string           `json:"batchId" nullable:"true" format:"uuid" doc:"The batch that the code was generated in."`
	CreatedAt      time.Time         `json:"createdAt"`
	CreatedBy      string            `json:"createdBy" format:"uuid" doc:"The id of the API key that created the code."`
}

func showCode(code *codes.Code, status codes.Status) *codeFields {
	return &codeFields{
		Code: code.Value, Type: code.Type, Status: status,
		MaxRedemptions: code.MaxRedemptions, Redemptions: code.Redemptions, Reservations: code.Reservations,
		StartsAt: code.StartsAt, ExpiresAt: code.ExpiresAt, RevokedAt: code.RevokedAt,
		Note: orNull(code.Note), Recipient: orNull(code.Recipient), Metadata: code.Metadata,
		BatchID: idOrNull(code.BatchID), CreatedAt: code.CreatedAt, CreatedBy: code.CreatedBy.String(),
	}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func idOrNull(id core.ID) *string {
	if id.IsZero() {
		return nil
	}
	text := id.String()
	return &text
}

// IssueFields is what both ways to get a new code have in common. It is exported, as
// OptionFields is, so that the JSON and OpenAPI libraries see into it.
type IssueFields struct {
	Type kit.Optional[string] `json:"type" required:"true" nullable:"false" enum:"Normal,Premium,Upgrade" doc:"Normal registers a user, Premium registers a premium user, Upgrade makes a registered user premium."`
	OptionFields
}

func (f *IssueFields) request(c *kit.Call) (codes.IssueRequest, error) {
	key, err := idempotencyKey(c)
	return codes.IssueRequest{Type: codes.Type(f.Type.OrZero()), Options: f.options(), IdempotencyKey: key}, err
}

// idempotencyKey returns the header as it was sent, or nothing if it was not. A header
// that is there and empty is a mistake that must not make a request unrepeatable.
func idempotencyKey(c *kit.Call) (string, error) {
	sent := c.Request.Header["Idempotency-Key"]
	switch {
	case len(sent) == 0:
		return "", nil
	case len(sent) > 1 || sent[0] == "":
		return "", codes.InvalidIdempotencyKey()
	default:
		return sent[0], nil
	}
}

type addRequest struct {
	Code kit.Optional[string] `json:"code" required:"true" nullable:"false" minLength:"1" maxLength:"128" doc:"The value that people type. It is trimmed of outer white space; compared with others, case, spaces, dashes and what cannot be seen do not count. No control, invisible or blank-looking characters, but joined emoji are fine; not . or .. alone." example:"WELCOME2031"`
	IssueFields
}

// addCode answers POST /tenant-codes/add.
func (s *server) addCode(ctx context.Context, c *kit.Call) error {
	var body addRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	req, err := body.request(c)
	if err != nil {
		return err
	}
	issued, err := s.service.AddCode(ctx, &c.Actor, *body.Code.Value, req)
	if err != nil {
		return err
	}
	c.MarkReplayed(issued.Replayed)
	return answerObject(c, func(o *jsonObject) { o.code(&issued.Code, issued.Code.StatusAt(issued.Code.CreatedAt)) })
}

type generateRequest struct {
	IssueFields
}

type generateAnswer struct {
	Code string `json:"code" doc:"The workspace's prefix, then random groups of A–Z and 2–9 without I and O." example:"ACME-7KQW-M2XN"`
}

// generateCode answers POST /tenant-codes/generate.
func (s *server) generateCode(ctx context.Context, c *kit.Call) error {
	var body generateRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	req, err := body.request(c)
	if err != nil {
		return err
	}
	issued, err := s.service.GenerateCode(ctx, &c.Actor, req)
	if err != nil {
		return err
	}
	c.MarkReplayed(issued.Replayed)
	return answerObject(c, func(o *jsonObject) {
		o.open()
		o.string("code", issued.Code.Value)
		o.close()
	})
}

// issuingRoutes are the routes that make codes.
func (s *server) issuingRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: "POST", Path: "/tenant-codes/add", Permission: core.PermissionIssue,
			Endpoint: s.addCode, Tag: tagIssuing,
			ID: "addCode", Summary: "Add a code with a value that you choose",
			Description: "The value must be unique over all workspaces of the installation, whatever its case, " +
				"spaces and dashes.",
			Parameters: []kit.Parameter{idempotencyKeyParameter()},
			Request:    kit.JSON[addRequest]("AddCode"), Response: kit.JSON[codeFields]("Code"),
			Replays: true,
			Reasons: append(retrying(), core.ReasonCodeAlreadyExists),
		},
		{
			Method: "POST", Path: "/tenant-codes/generate", Permission: core.PermissionIssue,
			Endpoint: s.generateCode, Tag: tagIssuing,
			ID: "generateCode", Summary: "Generate a unique random code",
			Description: "The value has the workspace's prefix and format. It is unique over all workspaces of " +
				"the installation.",
			Parameters: []kit.Parameter{idempotencyKeyParameter()},
			Request:    kit.JSON[generateRequest]("GenerateCode"),
			Response:   kit.JSON[generateAnswer]("GeneratedCode"),
			Replays:    true,
			Reasons:    append(retrying(), core.ReasonCodeSpaceExhausted),
		},
	}
}

// retrying are the reasons for which an Idempotency-Key does not lead to a code.
func retrying() []core.Reason {
	return []core.Reason{
		core.ReasonInvalidIdempotencyKey, core.ReasonIdempotencyKeyReused, core.ReasonCodeDeleted,
	}
}

func idempotencyKeyParameter() kit.Parameter {
	return kit.InHeader("Idempotency-Key",
		"1 to 255 visible ASCII characters, bare or quoted. Within a workspace the same key with the same "+
			"body gives the same code, with the header Idempotent-Replayed, for as long as the code exists, and code_deleted after "+
			"that; with another body, or on another route, it is refused.",
		codes.MaxIdempotencyKeyLength+2) // with quotes
}
