package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// EndpointStatus says whether a webhook endpoint is told about events.
type EndpointStatus string

// The statuses of webhook endpoints.
const (
	EndpointUntested EndpointStatus = "untested" // no test has arrived at this address yet
	EndpointEnabled  EndpointStatus = "enabled"
	EndpointDisabled EndpointStatus = "disabled" // see DisabledReason
)

// WebhookEndpoint is an address that is told about events. Times are in UTC, to the microsecond.
type WebhookEndpoint struct {
	ID             string         `json:"id"` // a UUID
	URL            string         `json:"url"`
	Description    string         `json:"description"`
	Types          []EventType    `json:"types"` // exact, or all that begin alike: "code.*"; none: all
	Status         EndpointStatus `json:"status"`
	DisabledReason string         `json:"disabledReason"` // request, gone (it answered 410) or failing (for five days)
	CreatedAt      time.Time      `json:"createdAt"`
	TestedAt       *time.Time     `json:"testedAt"` // the first test that arrived
	DisabledAt     *time.Time     `json:"disabledAt"`
	OldSecretUntil *time.Time     `json:"oldSecretUntil"` // until then, the secret of before signs, too
	Position       int64          `json:"position"`       // up to it, wanted events were sent or wait to be sent again
	FailingSince   *time.Time     `json:"failingSince"`   // the first failure since the last success
	Last           *LastDelivery  `json:"last,omitempty"` // the last attempt; nil: there was none
}

// LastDelivery is the last attempt to reach a webhook endpoint.
type LastDelivery struct {
	At     time.Time `json:"at"`
	Status int       `json:"status"` // of the answer; 0: there was none
	Error  string    `json:"error"`  // why it is no success; empty: it is one
}

// WebhookEndpointWithSecret is a webhook endpoint with a new secret, which is shown only this once.
type WebhookEndpointWithSecret struct {
	Endpoint WebhookEndpoint `json:"endpoint"`
	Secret   string          `json:"secret"` // whsec_…
}

// CreateWebhookEndpointRequest says which address to tell about events. URL is required.
type CreateWebhookEndpointRequest struct {
	URL         string      `json:"url"`                   // https://…
	Description string      `json:"description,omitempty"` // for your own people, up to 200 characters
	Types       []EventType `json:"types,omitempty"`       // as [WebhookEndpoint].Types
}

// CreateWebhookEndpoint adds an address that is told about events. Nothing is sent before a test has arrived:
// see [Client.TestWebhookEndpoint].
func (c *Client) CreateWebhookEndpoint(
	ctx context.Context, r CreateWebhookEndpointRequest,
) (*WebhookEndpointWithSecret, error) {
	return fetch[WebhookEndpointWithSecret](ctx, c, call{
		operation: "createWebhookEndpoint", method: http.MethodPost, path: []string{"webhook-endpoints"}, body: r,
		effect: acts,
	})
}

// WebhookEndpointList is all webhook endpoints of a workspace, the oldest first.
type WebhookEndpointList struct {
	Data []WebhookEndpoint `json:"data"`
}

// ListWebhookEndpoints returns all webhook endpoints.
func (c *Client) ListWebhookEndpoints(ctx context.Context) (*WebhookEndpointList, error) {
	return fetch[WebhookEndpointList](ctx, c, call{
		operation: "listWebhookEndpoints", method: http.MethodGet, path: []string{"webhook-endpoints"},
	})
}

// GetWebhookEndpoint looks a webhook endpoint up.
func (c *Client) GetWebhookEndpoint(ctx context.Context, id string) (*WebhookEndpoint, error) {
	return fetch[WebhookEndpoint](ctx, c, aboutEndpoint("getWebhookEndpoint", http.MethodGet, id, reads))
}

// UpdateWebhookEndpointRequest says what to change. Fields that are left out stay.
type UpdateWebhookEndpointRequest struct {
	URL         string             `json:"url,omitempty"` // another address has to be tested again
	Description Field[string]      `json:"description,omitzero"`
	Types       Field[[]EventType] `json:"types,omitzero"`
	Enabled     Field[bool]        `json:"enabled,omitzero"` // switched on again, it is told what happens from then on
}

// UpdateWebhookEndpoint changes a webhook endpoint.
func (c *Client) UpdateWebhookEndpoint(
	ctx context.Context, id string, r UpdateWebhookEndpointRequest,
) (*WebhookEndpoint, error) {
	what := aboutEndpoint("updateWebhookEndpoint", http.MethodPatch, id, settles)
	what.body = r
	return fetch[WebhookEndpoint](ctx, c, what)
}

// DeleteWebhookEndpoint ends a webhook endpoint. Its deliveries are deleted, too.
func (c *Client) DeleteWebhookEndpoint(ctx context.Context, id string) error {
	_, err := c.do(ctx, aboutEndpoint("deleteWebhookEndpoint", http.MethodDelete, id, acts), nil)
	return err
}

// RotateWebhookSecretRequest says how a secret is replaced.
type RotateWebhookSecretRequest struct {
	// OverlapSeconds is for how long the secret of before signs, too, 0 to 2592000; left out: a day.
	OverlapSeconds Field[int64] `json:"overlapSeconds,omitzero"`
}

// RotateWebhookSecret gives a webhook endpoint a new secret.
func (c *Client) RotateWebhookSecret(
	ctx context.Context, id string, r RotateWebhookSecretRequest,
) (*WebhookEndpointWithSecret, error) {
	what := aboutEndpoint("rotateWebhookSecret", http.MethodPost, id, acts, "rotate-secret")
	what.body = r
	return fetch[WebhookEndpointWithSecret](ctx, c, what)
}

// TestedWebhookEndpoint is what a test has come to.
type TestedWebhookEndpoint struct {
	Delivery WebhookDelivery `json:"delivery"`
	Endpoint WebhookEndpoint `json:"endpoint"`
}

// testPatience is how long the server may wait for the endpoint.
const testPatience = 30 * time.Second

// TestWebhookEndpoint sends an event of the type endpoint.tested and waits for the answer. The first that
// arrives switches a new endpoint on. That it does not arrive is no error: see the delivery.
func (c *Client) TestWebhookEndpoint(ctx context.Context, id string) (*TestedWebhookEndpoint, error) {
	what := aboutEndpoint("testWebhookEndpoint", http.MethodPost, id, settles, "test")
	what.patience = testPatience
	return fetch[TestedWebhookEndpoint](ctx, c, what)
}

func aboutEndpoint(operation, method, id string, effect effect, more ...string) call {
	path := append([]string{"webhook-endpoints", id}, more...)
	return call{operation: operation, method: method, path: path, effect: effect}
}

// DeliveryStatus is what becomes of a delivery.
type DeliveryStatus string

// The statuses of deliveries.
const (
	DeliveryPending   DeliveryStatus = "pending" // it is sent again at NextAt
	DeliverySucceeded DeliveryStatus = "succeeded"
	DeliveryFailed    DeliveryStatus = "failed" // for good, unless it is asked for again
)

// WebhookDelivery is an event that was sent to a webhook endpoint, or will be sent again.
type WebhookDelivery struct {
	ID         string            `json:"id"`
	EndpointID string            `json:"endpointId"`
	EventID    string            `json:"eventId"` // what the header webhook-id holds
	Type       EventType         `json:"type"`
	Position   int64             `json:"position"` // of the event in the workspace's log
	Subject    EventSubject      `json:"subject"`
	Status     DeliveryStatus    `json:"status"`
	NextAt     *time.Time        `json:"nextAt"` // when it is sent again; nil: it is not
	CreatedAt  time.Time         `json:"createdAt"`
	Attempts   []DeliveryAttempt `json:"attempts"` // the newest last; at most 20
	Answer     string            `json:"answer"`   // the first 2 KiB of the body of the last answer
	Request    *WebhookRequest   `json:"request"`  // only of one delivery, while its event is kept
}

// WebhookRequest is what a webhook endpoint would get now: the address may have been changed since.
type WebhookRequest struct {
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"` // but for the signature
	Body    string            `json:"body"`    // the event, in JSON
}

// DeliveryAttempt is one try to send an event.
type DeliveryAttempt struct {
	At           time.Time `json:"at"`
	Milliseconds int64     `json:"milliseconds"` // how long it took
	Status       int       `json:"status"`       // of the answer; 0: there was none
	Error        string    `json:"error"`        // why it is no success; empty: it is one
}

// ListWebhookDeliveries returns a page of the deliveries of an endpoint, of the newest events first; an
// empty status leaves none out. [Client.WebhookDeliveries] goes through all of them.
func (c *Client) ListWebhookDeliveries(
	ctx context.Context, endpoint string, status DeliveryStatus, page PageRequest,
) (*Page[WebhookDelivery], error) {
	what := aboutEndpoint("listWebhookDeliveries", http.MethodGet, endpoint, reads, "deliveries")
	what.query = values{"status": string(status), "cursor": page.Cursor}.given()
	if page.Limit != 0 {
		what.query.Set("limit", strconv.Itoa(page.Limit))
	}
	return fetch[Page[WebhookDelivery]](ctx, c, what)
}

// WebhookDeliveries goes through the deliveries of an endpoint, of the newest events first.
func (c *Client) WebhookDeliveries(
	ctx context.Context, endpoint string, status DeliveryStatus,
) iter.Seq2[*WebhookDelivery, error] {
	return pages(func(page PageRequest) (*Page[WebhookDelivery], error) {
		return c.ListWebhookDeliveries(ctx, endpoint, status, page)
	})
}

// GetWebhookDelivery looks a delivery up, with its request.
func (c *Client) GetWebhookDelivery(ctx context.Context, id string) (*WebhookDelivery, error) {
	return fetch[WebhookDelivery](ctx, c, call{
		operation: "getWebhookDelivery", method: http.MethodGet, path: []string{"webhook-deliveries", id},
	})
}

// ResendWebhookDelivery sends an event again, also one that has arrived.
func (c *Client) ResendWebhookDelivery(ctx context.Context, id string) (*WebhookDelivery, error) {
	return fetch[WebhookDelivery](ctx, c, call{
		operation: "resendWebhookDelivery", method: http.MethodPost,
		path: []string{"webhook-deliveries", id, "resend"}, effect: settles,
	})
}

// ResendToWebhookEndpointRequest says what to send again: one of the two is required.
type ResendToWebhookEndpointRequest struct {
	Since  time.Time `json:"since,omitzero"`   // everything that happened since, about
	Failed bool      `json:"failed,omitempty"` // what has failed or waits
}

// ResentToWebhookEndpoint is what is sent again.
type ResentToWebhookEndpoint struct {
	Endpoint WebhookEndpoint `json:"endpoint"`
	Resent   *int            `json:"resent"` // how many failed deliveries; nil with Since
}

// ResendToWebhookEndpoint sends again what has failed, or everything since a time.
func (c *Client) ResendToWebhookEndpoint(
	ctx context.Context, id string, r ResendToWebhookEndpointRequest,
) (*ResentToWebhookEndpoint, error) {
	what := aboutEndpoint("resendToWebhookEndpoint", http.MethodPost, id, settles, "resend")
	what.body = r
	return fetch[ResentToWebhookEndpoint](ctx, c, what)
}
