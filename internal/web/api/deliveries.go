package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
	"accesscodes/internal/webhook"
)

// deliveryFields is a delivery as callers see it.
type deliveryFields struct {
	ID         string                 `json:"id"`
	EndpointID string                 `json:"endpointId" format:"uuid"`
	EventID    string                 `json:"eventId" format:"uuid" doc:"What the header webhook-id holds."`
	Type       event.Type             `json:"type" example:"code.revoked"`
	Position   int64                  `json:"position" doc:"Of the event in the workspace's log."`
	Subject    eventSubjectFields     `json:"subject"`
	Status     webhook.DeliveryStatus `json:"status" enum:"pending,succeeded,failed"`
	NextAt     *time.Time             `json:"nextAt" nullable:"true" doc:"When it is sent again; null: it is not."`
	CreatedAt  time.Time              `json:"createdAt"`
	Attempts   []attemptFields        `json:"attempts" nullable:"false" doc:"The newest last; at most 20."`
	Answer     *string                `json:"answer" nullable:"true" doc:"The first 2 KiB of the body of the last answer."`
	Request    *sentFields            `json:"request,omitempty" doc:"Only of one delivery, while its event is kept."`
}

// sentFields is the request of a delivery, as it would be sent now.
type sentFields struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers" nullable:"false" doc:"But for the signature."`
	Body    string            `json:"body" doc:"The event, in JSON."`
}

// attemptFields is an attempt as callers see it.
type attemptFields struct {
	At           time.Time `json:"at"`
	Milliseconds int64     `json:"milliseconds" doc:"How long it took."`
	Status       *int      `json:"status" nullable:"true" doc:"Of the answer; null: there was none."`
	Error        *string   `json:"error" nullable:"true" doc:"Why it is no success; null: it is one."`
}

func showDelivery(d *webhook.Delivery) *deliveryFields {
	shown := &deliveryFields{
		ID: d.ID(), EndpointID: d.EndpointID.String(), EventID: d.EventID.String(), Type: d.Type, Position: d.Position,
		Subject: eventSubjectFields{Kind: d.Subject.Kind, ID: orNull(d.Subject.ID)},
		Status:  d.Status, NextAt: d.NextAt, CreatedAt: d.CreatedAt, Answer: orNull(d.Answer),
		Attempts: make([]attemptFields, len(d.Attempts)),
	}
	for i, a := range d.Attempts {
		shown.Attempts[i] = attemptFields{a.At, a.Took.Milliseconds(), statusOrNull(a.Status), orNull(a.Error)}
	}
	return shown
}

// listDeliveries answers GET /webhook-endpoints/{id}/deliveries.
func (s *server) listDeliveries(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	status, request := webhook.DeliveryStatus(p.Text("status")), p.Page()
	if status != "" && !slices.Contains(webhook.DeliveryStatuses(), status) {
		p.Fail("status must be " + core.Alternatives(webhook.DeliveryStatuses()))
	}
	if p.Err() != nil {
		return p.Err()
	}
	id, err := endpointInPath(c)
	if err != nil {
		return err
	}
	page, err := s.webhooks.Deliveries(ctx, &c.Actor, id, status, request)
	if err != nil {
		return err
	}
	return kit.AnswerList(c, page, showDelivery)
}

// getDelivery answers GET /webhook-deliveries/{id}.
func (s *server) getDelivery(ctx context.Context, c *kit.Call) error {
	d, err := s.webhooks.Delivery(ctx, &c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	shown := showDelivery(&d)
	request, err := s.webhooks.Request(ctx, &c.Actor, &d)
	if err != nil {
		return err
	}
	if request != nil {
		shown.Request = &sentFields{URL: request.URL, Headers: map[string]string{}, Body: string(request.Body)}
		for name, values := range request.Header {
			shown.Request.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	return c.Answer(shown)
}

// resendDelivery answers POST /webhook-deliveries/{id}/resend.
func (s *server) resendDelivery(ctx context.Context, c *kit.Call) error {
	if err := c.Decode(new(nothing)); err != nil {
		return err
	}
	d, err := s.webhooks.Resend(ctx, &c.Actor, c.Path("id"))
	if err != nil {
		return err
	}
	return c.Answer(showDelivery(&d))
}

type resendRequest struct {
	Since  kit.Optional[time.Time] `json:"since" required:"false" nullable:"false" doc:"Everything since, about."`
	Failed kit.Optional[bool]      `json:"failed" required:"false" nullable:"false" doc:"What has failed or waits."`
}

// resendFields is what is sent again.
type resendFields struct {
	Endpoint *endpointFields `json:"endpoint"`
	Resent   *int            `json:"resent" nullable:"true" doc:"Failed deliveries; null with since."`
}

// resendEndpoint answers POST /webhook-endpoints/{id}/resend.
func (s *server) resendEndpoint(ctx context.Context, c *kit.Call) error {
	var body resendRequest
	wrong, err := c.Read(&body)
	if err != nil {
		return err
	}
	if wrong.Err() == nil && (body.Since.Value != nil) == body.Failed.OrZero() {
		wrong.Add(core.ReasonMissingField, "/since", core.InEnglish(`either since or "failed": true must be given`))
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	id, err := endpointInPath(c)
	if err != nil {
		return err
	}
	var resent resendFields
	if body.Failed.OrZero() {
		count, err := s.webhooks.ResendFailed(ctx, &c.Actor, id)
		if err != nil {
			return err
		}
		resent.Resent = &count
	} else if _, err := s.webhooks.ResendSince(ctx, &c.Actor, id, *body.Since.Value); err != nil {
		return err
	}
	e, err := s.webhooks.Endpoint(ctx, &c.Actor, id)
	if err != nil {
		return err
	}
	resent.Endpoint = showEndpoint(&e)
	return c.Answer(&resent)
}

// deliveryRoutes are the routes about deliveries.
func (s *server) deliveryRoutes() []kit.Route {
	endpoint := []kit.Parameter{kit.InPath("id", "The id of the endpoint.")}
	delivery := []kit.Parameter{kit.InPath("id", "The id of the delivery.")}
	notEnabled := []core.Reason{core.ReasonEndpointNotFound, core.ReasonEndpointNotEnabled}
	return []kit.Route{
		{
			Method: "GET", Path: "/webhook-endpoints/{id}/deliveries", Permission: core.PermissionWebhooks,
			Endpoint: s.listDeliveries, Tag: tagWebhooks,
			ID: "listWebhookDeliveries", Summary: "See what was sent to an endpoint",
			Description: "Of the newest events first. Deliveries are kept for 30 days.",
			Parameters: append(append(endpoint, kit.InQuery("status", "Only deliveries with this status.",
				kit.WordSchema(webhook.DeliveryStatuses()))), kit.Paging()...),
			Response: kit.JSON[kit.List[*deliveryFields]]("WebhookDeliveryList"),
			Reasons:  []core.Reason{core.ReasonEndpointNotFound},
		},
		{
			Method: "GET", Path: "/webhook-deliveries/{id}", Permission: core.PermissionWebhooks,
			Endpoint: s.getDelivery, Tag: tagWebhooks,
			ID: "getWebhookDelivery", Summary: "See a delivery, with its request as it would be sent now",
			Parameters: delivery, Response: kit.JSON[deliveryFields]("WebhookDelivery"),
			Reasons: []core.Reason{core.ReasonDeliveryNotFound},
		},
		{
			Method: "POST", Path: "/webhook-deliveries/{id}/resend", Permission: core.PermissionWebhooks,
			Endpoint: s.resendDelivery, Tag: tagWebhooks,
			ID: "resendWebhookDelivery", Summary: "Send an event again",
			Description: "Also one that has arrived. The delivery says soon what came of it.",
			Parameters:  delivery,
			Request:     kit.JSON[nothing]("Nothing"), BodyOptional: true, Response: kit.JSON[deliveryFields]("WebhookDelivery"),
			Reasons: []core.Reason{core.ReasonDeliveryNotFound, core.ReasonEndpointNotEnabled},
		},
		{
			Method: "POST", Path: "/webhook-endpoints/{id}/resend", Permission: core.PermissionWebhooks,
			Endpoint: s.resendEndpoint, Tag: tagWebhooks,
			ID: "resendToWebhookEndpoint", Summary: "Send what has failed, or everything since a time, again",
			Description: "With since, events come again that have arrived already, as far as the log reaches.",
			Parameters:  endpoint, Request: kit.JSON[resendRequest]("ResendToWebhookEndpoint"),
			Response: kit.JSON[resendFields]("ResentToWebhookEndpoint"), Reasons: notEnabled,
		},
	}
}
