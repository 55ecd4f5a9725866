package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// codeNow shows a code as it is now.
func (s *Server) codeNow(code *codes.Code) *codeFields {
	return showCode(code, s.service.StatusNow(code))
}

// listCodes answers GET /tenant-codes.
func (s *Server) listCodes(ctx context.Context, c *call) error {
	p := c.parameters()
	filter := codes.CodeFilter{
		Type: codes.Type(p.text("type")), Status: codes.Status(p.text("status")), BatchID: p.id("batchId"), Query: p.text("q"),
		CreatedAfter: p.time("createdAfter"), CreatedBefore: p.time("createdBefore"),
	}
	request := p.page()
	if p.err != nil {
		return p.err
	}
	page, err := s.service.ListCodes(ctx, &c.actor, filter, request)
	if err != nil {
		return err
	}
	return listed(c, page, func(code *codes.Code) *codeFields { return showCode(code, code.StatusAt(page.At)) })
}

// codeList is a page of codes.
type codeList = list[*codeFields]

// getCode answers GET /tenant-codes/{code}.
func (s *Server) getCode(ctx context.Context, c *call) error {
	code, err := s.service.GetCode(ctx, &c.actor, c.request.PathValue("code"))
	if err != nil {
		return err
	}
	return c.answer(s.codeNow(&code))
}

// changeRequest is a JSON merge patch of a code's options.
type changeRequest struct {
	MaxRedemptions optional[int64]         `json:"maxRedemptions" required:"false" minimum:"1" maximum:"9007199254740991" doc:"How often the code can be redeemed; null for no limit. Not less than what is taken already."`
	StartsAt       optional[time.Time]     `json:"startsAt" required:"false" doc:"From when on the code can be redeemed; null: from now on."`
	ExpiresAt      optional[time.Time]     `json:"expiresAt" required:"false" doc:"From when on the code cannot be redeemed any more, in the future; null: never. To end a code now, revoke it."`
	Note           optional[string]        `json:"note" required:"false" maxLength:"500" doc:"For your own people; null for none."`
	Recipient      optional[string]        `json:"recipient" required:"false" maxLength:"320" doc:"Who the code was given to; null for none."`
	Metadata       optional[metadataPatch] `json:"metadata" required:"false" doc:"Strings to add or to replace; null in place of a string removes it, null in place of the object removes all."`
}

// metadataPatch is a JSON merge patch of metadata.
type metadataPatch map[string]*string

// Schema implements [huma.SchemaProvider].
func (metadataPatch) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString, Nullable: true}}
}

// changeCode answers PATCH /tenant-codes/{code}.
func (s *Server) changeCode(ctx context.Context, c *call) error {
	var body changeRequest
	if err := decode(c, &body); err != nil {
		return err
	}
	code, err := s.service.ChangeCode(ctx, &c.actor, c.request.PathValue("code"), codes.CodeChange{
		MaxRedemptions: codes.Limit{Given: body.MaxRedemptions.given, Max: body.MaxRedemptions.value},
		StartsAt:       fieldOf(body.StartsAt),
		ExpiresAt:      fieldOf(body.ExpiresAt),
		Note:           fieldOf(body.Note),
		Recipient:      fieldOf(body.Recipient),
		Metadata:       core.Field[map[string]*string]{Given: body.Metadata.given, Value: (*map[string]*string)(body.Metadata.value)},
	})
	if err != nil {
		return err
	}
	return c.answer(s.codeNow(&code))
}

func fieldOf[T any](o optional[T]) core.Field[T] {
	return core.Field[T]{Given: o.given, Value: o.value}
}

// deleteCode answers DELETE /tenant-codes/{code}.
func (s *Server) deleteCode(ctx context.Context, c *call) error {
	if err := s.service.DeleteCode(ctx, &c.actor, c.request.PathValue("code")); err != nil {
		return err
	}
	c.answerNothing()
	return nil
}

// answerNothing says that it was done and that there is nothing to show.
func (c *call) answerNothing() {
	c.writer.Header()["Cache-Control"] = noStore
	c.status = http.StatusNoContent
	c.writer.WriteHeader(c.status)
}

// nothing is the body of a request that has nothing to say. It may be left out.
type nothing struct{}

// revokeCode answers POST /tenant-codes/{code}/revoke.
func (s *Server) revokeCode(ctx context.Context, c *call) error {
	return s.switchCode(ctx, c, s.service.RevokeCode)
}

// restoreCode answers POST /tenant-codes/{code}/restore.
func (s *Server) restoreCode(ctx context.Context, c *call) error {
	return s.switchCode(ctx, c, s.service.RestoreCode)
}

func (s *Server) switchCode(ctx context.Context, c *call, do func(context.Context, *core.Actor, string) (codes.Code, error)) error {
	if err := decodeIfAny(c, new(nothing)); err != nil {
		return err
	}
	code, err := do(ctx, &c.actor, c.request.PathValue("code"))
	if err != nil {
		return err
	}
	return c.answer(s.codeNow(&code))
}
