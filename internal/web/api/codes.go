package api

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// OptionFields are what a request for a new code may leave out.
type OptionFields struct {
	MaxRedemptions optional[int64]           `json:"maxRedemptions" required:"false" minimum:"1" maximum:"9007199254740991" doc:"How often the code can be redeemed; null for no limit. Left out: no limit for an added code, 1 for a generated one."`
	StartsAt       optional[time.Time]       `json:"startsAt" required:"false" doc:"From when on the code can be redeemed; RFC 3339, kept to the microsecond."`
	ExpiresAt      optional[time.Time]       `json:"expiresAt" required:"false" doc:"From when on the code cannot be redeemed any more; in the future and later than startsAt."`
	Note           optional[string]          `json:"note" required:"false" maxLength:"500" doc:"For your own people. No control characters but tabs and line breaks, here and below, and none that turn the direction of writing."`
	Recipient      optional[string]          `json:"recipient" required:"false" maxLength:"320" doc:"Who the code was given to."`
	Metadata       optional[map[string]text] `json:"metadata" required:"false" doc:"Up to 50 strings of your own; keys of 1 to 40 characters, values of up to 500, 8192 bytes in all."`
}

func (o *OptionFields) options() codes.Options {
	return codes.Options{
		MaxRedemptions: codes.Limit{Given: o.MaxRedemptions.given, Max: o.MaxRedemptions.value},
		StartsAt:       o.StartsAt.value,
		ExpiresAt:      o.ExpiresAt.value,
		Note:           o.Note.orZero(),
		Recipient:      o.Recipient.orZero(),
		Metadata:       stringsOf(o.Metadata.orZero()),
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
	Type optional[string] `json:"type" required:"true" nullable:"false" enum:"Normal,Premium,Upgrade" doc:"Normal registers a user, Premium registers a premium user, Upgrade makes a registered user premium."`
	OptionFields
}

func (f *IssueFields) request(c *call) (codes.IssueRequest, error) {
	key, err := c.idempotencyKey()
	return codes.IssueRequest{Type: codes.Type(f.Type.orZero()), Options: f.options(), IdempotencyKey: key}, err
}

// idempotencyKey returns the header as it was sent, or nothing if it was not. A header
// that is there and empty is a mistake that must not make a request unrepeatable.
func (c *call) idempotencyKey() (string, error) {
	sent := c.request.Header["Idempotency-Key"]
	switch {
	case len(sent) == 0:
		return "", nil
	case len(sent) > 1 || sent[0] == "":
		return "", codes.InvalidIdempotencyKey()
	default:
		return sent[0], nil
	}
}

// required returns an error about the fields that must be there and are not.
func required(fields ...requiredField) error {
	var missing []core.FieldError
	for _, f := range fields {
		if f.value == nil {
			missing = append(missing, core.FieldError{Pointer: "/" + f.name, Detail: f.name + " is required"})
		}
	}
	if missing == nil {
		return nil
	}
	return core.Invalid(core.ReasonMissingField, missing...)
}

type requiredField struct {
	name  string
	value *string
}

type addRequest struct {
	Code optional[string] `json:"code" required:"true" nullable:"false" minLength:"1" maxLength:"128" doc:"The value that people type. It is trimmed of outer white space; compared with others, case, spaces, dashes and what cannot be seen do not count. No control, invisible or blank-looking characters, but joined emoji are fine; not . or .. alone." example:"WELCOME2031"`
	IssueFields
}

// addCode answers POST /tenant-codes/add.
func (s *Server) addCode(ctx context.Context, c *call) error {
	var body addRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := required(requiredField{"code", body.Code.value}, requiredField{"type", body.Type.value}); err != nil {
		return err
	}
	req, err := body.request(c)
	if err != nil {
		return err
	}
	issued, err := s.service.AddCode(ctx, &c.actor, *body.Code.value, req)
	if err != nil {
		return err
	}
	c.markReplayed(issued.Replayed)
	return c.answerObject(func(o *jsonObject) { o.code(&issued.Code, issued.Code.StatusAt(issued.Code.CreatedAt)) })
}

type generateRequest struct {
	IssueFields
}

type generateAnswer struct {
	Code string `json:"code" doc:"The workspace's prefix, then random groups of A–Z and 2–9 without I and O." example:"ACME-7KQW-M2XN"`
}

// generateCode answers POST /tenant-codes/generate.
func (s *Server) generateCode(ctx context.Context, c *call) error {
	var body generateRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	if err := required(requiredField{"type", body.Type.value}); err != nil {
		return err
	}
	req, err := body.request(c)
	if err != nil {
		return err
	}
	issued, err := s.service.GenerateCode(ctx, &c.actor, req)
	if err != nil {
		return err
	}
	c.markReplayed(issued.Replayed)
	return c.answerObject(func(o *jsonObject) {
		o.open()
		o.string("code", issued.Code.Value)
		o.close()
	})
}

// markReplayed tells the caller that an earlier request with the same
// Idempotency-Key made what this one is answered with.
func (c *call) markReplayed(replayed bool) {
	if replayed {
		c.writer.Header()["Idempotent-Replayed"] = []string{"true"}
	}
}
