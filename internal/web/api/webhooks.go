package api

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
	"accesscodes/internal/webhook"
)

// endpointFields is a webhook endpoint as callers see it.
type endpointFields struct {
	ID             string                 `json:"id" format:"uuid"`
	URL            string                 `json:"url" example:"https://example.com/webhooks"`
	Description    *string                `json:"description" nullable:"true"`
	Types          []string               `json:"types" nullable:"false" doc:"Such as code.*; none: all."`
	Status         webhook.Status         `json:"status" enum:"untested,enabled,disabled"`
	DisabledReason webhook.DisabledReason `json:"disabledReason,omitempty" enum:"request,gone,failing"`
	CreatedAt      time.Time              `json:"createdAt"`
	TestedAt       *time.Time             `json:"testedAt" nullable:"true" doc:"The first test delivery that arrived."`
	DisabledAt     *time.Time             `json:"disabledAt" nullable:"true"`
	OldSecretUntil *time.Time             `json:"oldSecretUntil" nullable:"true" doc:"The secret of before signs, too."`
	Position       int64                  `json:"position" doc:"Of the last event that was sent or waits."`
	FailingSince   *time.Time             `json:"failingSince" nullable:"true" doc:"Since the last success."`
	Last           *lastFields            `json:"last,omitempty" doc:"The last attempt; left out: there was none."`
}

// lastFields is the last attempt of an endpoint.
type lastFields struct {
	At     time.Time `json:"at"`
	Status *int      `json:"status" nullable:"true" doc:"Of the answer; null: there was none."`
	Error  *string   `json:"error" nullable:"true" doc:"Why it is no success; null: it is one."`
}

func showEndpoint(e *webhook.Endpoint) *endpointFields {
	shown := &endpointFields{
		ID: e.ID.String(), URL: e.URL, Description: orNull(e.Description), Types: e.Patterns(), Status: e.Status(),
		CreatedAt: e.CreatedAt, TestedAt: e.TestedAt, DisabledAt: e.DisabledAt, OldSecretUntil: e.OldUntil,
		Position: e.Position, FailingSince: e.FailingSince,
	}
	if shown.Types == nil {
		shown.Types = []string{}
	}
	if e.DisabledReason != "" {
		shown.DisabledReason = e.DisabledReason
	}
	if e.LastAt != nil {
		shown.Last = &lastFields{At: *e.LastAt, Status: statusOrNull(e.LastStatus), Error: orNull(e.LastError)}
	}
	return shown
}

func statusOrNull(status int) *int {
	if status == 0 {
		return nil
	}
	return &status
}

// endpointSecretFields is an endpoint with its new secret.
type endpointSecretFields struct {
	Endpoint *endpointFields `json:"endpoint"`
	Secret   string          `json:"secret" doc:"Shown only this once." example:"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"`
}

// endpointList is all endpoints of a workspace.
type endpointList struct {
	Data []*endpointFields `json:"data" nullable:"false"`
}

type createEndpointRequest struct {
	URL         kit.Optional[string]       `json:"url" required:"true" nullable:"false" maxLength:"2000"`
	Description kit.Optional[string]       `json:"description" required:"false" maxLength:"200" doc:"For your own people."`
	Types       kit.Optional[[]kit.String] `json:"types" required:"false" doc:"Such as code.*; none: all."`
}

// createEndpoint answers POST /webhook-endpoints.
func (s *server) createEndpoint(ctx context.Context, c *kit.Call) error {
	var body createEndpointRequest
	wrong, err := c.Read(&body)
	if err != nil {
		return err
	}
	e, secret, err := s.webhooks.Create(ctx, &c.Actor, webhook.NewEndpoint{
		URL: body.URL.OrZero(), Description: body.Description.OrZero(), Types: texts(body.Types.OrZero()), Unread: wrong,
	})
	if err != nil {
		return err
	}
	return c.Answer(&endpointSecretFields{showEndpoint(&e), secret})
}

// texts is a list of strings without the guard against null.
func texts(given []kit.String) []string {
	all := make([]string, len(given))
	for i := range given {
		all[i] = string(given[i])
	}
	return all
}

// listEndpoints answers GET /webhook-endpoints.
func (s *server) listEndpoints(ctx context.Context, c *kit.Call) error {
	all, err := s.webhooks.List(ctx, &c.Actor)
	if err != nil {
		return err
	}
	answer := endpointList{Data: make([]*endpointFields, len(all))}
	for i := range all {
		answer.Data[i] = showEndpoint(&all[i])
	}
	return c.Answer(&answer)
}

func endpointInPath(c *kit.Call) (core.ID, error) {
	missing := webhook.EndpointNotFound()
	return c.PathID("id", missing.Reason, missing.Detail)
}

// getEndpoint answers GET /webhook-endpoints/{id}.
func (s *server) getEndpoint(ctx context.Context, c *kit.Call) error {
	id, err := endpointInPath(c)
	if err != nil {
		return err
	}
	e, err := s.webhooks.Endpoint(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	return c.Answer(showEndpoint(&e))
}

type updateEndpointRequest struct {
	URL         kit.Optional[string]       `json:"url" required:"false" nullable:"false" maxLength:"2000"`
	Description kit.Optional[string]       `json:"description" required:"false" maxLength:"200"`
	Types       kit.Optional[[]kit.String] `json:"types" required:"false"`
	Enabled     kit.Optional[bool]         `json:"enabled" required:"false" nullable:"false"`
}

// updateEndpoint answers PATCH /webhook-endpoints/{id}.
func (s *server) updateEndpoint(ctx context.Context, c *kit.Call) error {
	var body updateEndpointRequest
	wrong, err := c.Read(&body)
	if err != nil {
		return err
	}
	id, err := endpointInPath(c)
	if err != nil {
		return err
	}
	change := webhook.EndpointChange{URL: body.URL.Value, Enabled: body.Enabled.Value, Unread: wrong}
	if body.Description.Given {
		change.Description = new(body.Description.OrZero())
	}
	if body.Types.Given {
		change.Types = new(texts(body.Types.OrZero()))
	}
	e, err := s.webhooks.Update(ctx, &c.Actor, id, change)
	if err != nil {
		return err
	}
	return c.Answer(showEndpoint(&e))
}

// deleteEndpoint answers DELETE /webhook-endpoints/{id}.
func (s *server) deleteEndpoint(ctx context.Context, c *kit.Call) error {
	id, err := endpointInPath(c)
	if err != nil {
		return err
	}
	if err := s.webhooks.Delete(ctx, &c.Actor, id); err != nil {
		return err
	}
	c.AnswerNothing()
	return nil
}

type rotateSecretRequest struct {
	OverlapSeconds kit.Optional[int64] `json:"overlapSeconds" required:"false" minimum:"0" maximum:"2592000"`
}

// rotateSecret answers POST /webhook-endpoints/{id}/rotate-secret.
func (s *server) rotateSecret(ctx context.Context, c *kit.Call) error {
	var body rotateSecretRequest
	if err := c.Decode(&body); err != nil {
		return err
	}
	id, err := endpointInPath(c)
	if err != nil {
		return err
	}
	overlap := webhook.DefaultOverlap
	if given := body.OverlapSeconds.Value; given != nil {
		overlap = time.Duration(max(min(*given, int64(webhook.MaxOverlap.Seconds())+1), -1)) * time.Second
	}
	e, secret, err := s.webhooks.RotateSecret(ctx, &c.Actor, id, overlap)
	if err != nil {
		return err
	}
	return c.Answer(&endpointSecretFields{showEndpoint(&e), secret})
}

// testFields is the result of a test delivery.
type testFields struct {
	Delivery *deliveryFields `json:"delivery"`
	Endpoint *endpointFields `json:"endpoint"`
}

// testEndpoint answers POST /webhook-endpoints/{id}/test.
func (s *server) testEndpoint(ctx context.Context, c *kit.Call) error {
	if err := c.Decode(new(nothing)); err != nil {
		return err
	}
	id, err := endpointInPath(c)
	if err != nil {
		return err
	}
	d, e, err := s.webhooks.Test(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	return c.Answer(&testFields{showDelivery(&d), showEndpoint(&e)})
}

// RenderEvent writes an event as the feed shows it.
func RenderEvent(e *event.Event) ([]byte, error) {
	shown, err := showEvent(e)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(shown, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write an event: %w", err)
	}
	return text, nil
}
