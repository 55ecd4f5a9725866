package webhook

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Deliveries returns a page of an endpoint's deliveries, of the newest events first.
//
// Errors: KindInvalid; KindNotFound with ReasonEndpointNotFound.
func (s *Service) Deliveries(
	ctx context.Context, actor *core.Actor, id core.ID, status DeliveryStatus, request core.PageRequest,
) (core.Page[Delivery], error) {
	if _, err := s.Endpoint(ctx, actor, id); err != nil {
		return core.Page[Delivery]{}, err
	}
	limit, err := request.CheckedLimit()
	if err != nil {
		return core.Page[Delivery]{}, err
	}
	q := DeliveryQuery{WorkspaceID: actor.WorkspaceID, EndpointID: id, Status: status, Limit: limit + 1}
	if request.Cursor != "" {
		if q.Before, err = strconv.ParseInt(request.Cursor, 10, 64); err != nil || q.Before < 1 {
			return core.Page[Delivery]{}, core.InvalidCursor()
		}
	}
	list, err := s.deps.Store.Deliveries(ctx, &q)
	if err != nil {
		return core.Page[Delivery]{}, err
	}
	size := func(d *Delivery) int { return len(d.Answer) + 100*len(d.Attempts) }
	return core.PageOf(list, limit, size, func(last *Delivery) string {
		return strconv.FormatInt(last.Position, 10)
	}), nil
}

// Delivery returns a delivery.
//
// Errors: KindNotFound with ReasonDeliveryNotFound.
func (s *Service) Delivery(ctx context.Context, actor *core.Actor, id string) (Delivery, error) {
	if err := actor.Require(core.PermissionWebhooks); err != nil {
		return Delivery{}, err
	}
	endpoint, position, err := ParseDeliveryID(id)
	if err != nil {
		return Delivery{}, DeliveryNotFound()
	}
	d, err := s.deps.Store.Delivery(ctx, actor.WorkspaceID, endpoint, position)
	return d, orNotFound(err, DeliveryNotFound())
}

// Request is what an endpoint gets.
type Request struct {
	URL    string
	Header http.Header
	Body   []byte
}

// Request returns the request of a delivery as it would be sent now, or nil if its event is not kept any
// more. The signature is left out.
func (s *Service) Request(ctx context.Context, actor *core.Actor, d *Delivery) (*Request, error) {
	e, err := s.Endpoint(ctx, actor, d.EndpointID)
	if err != nil {
		return nil, err
	}
	about, err := eventAt(ctx, s.deps.Log, d.WorkspaceID, d.Position)
	if err != nil || about == nil {
		return nil, err
	}
	return s.request(&e, about)
}

func (s *Service) request(e *Endpoint, about *event.Event) (*Request, error) {
	header, body, err := s.sign(e, about, s.now())
	if err != nil {
		return nil, err
	}
	header.Del("Webhook-Signature")
	return &Request{URL: e.URL, Header: header, Body: body}, nil
}

// Sample returns a request such as an endpoint gets: about the newest event of a type, or if there is
// none, about the endpoint itself.
func (s *Service) Sample(ctx context.Context, actor *core.Actor, id core.ID, t event.Type) (*Request, error) {
	e, err := s.Endpoint(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	page, err := s.deps.Log.Events(ctx, &event.Query{
		Workspace: actor.WorkspaceID, Types: []event.Type{t}, Backwards: true, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(page.Events) > 0 {
		return s.request(&e, &page.Events[0])
	}
	made, err := s.event(actor, event.EndpointTested, &e, event.Data{"url": e.origin()})
	if err != nil {
		return nil, err
	}
	made.Position = page.Head + 1
	return s.request(&e, made)
}

// eventAt returns the event with a position; nil if it is not kept any more.
func eventAt(ctx context.Context, log Log, workspace core.ID, position int64) (*event.Event, error) {
	page, err := log.Events(ctx, &event.Query{
		Workspace: workspace, Backwards: true, Before: position + 1, Limit: 1,
	})
	if err != nil || len(page.Events) == 0 || page.Events[0].Position != position {
		return nil, err
	}
	return &page.Events[0], nil
}

// Resend makes a delivery due now, also one that has arrived.
//
// Errors: KindNotFound with ReasonDeliveryNotFound; KindConflict with ReasonEndpointNotEnabled.
func (s *Service) Resend(ctx context.Context, actor *core.Actor, id string) (Delivery, error) {
	d, err := s.Delivery(ctx, actor, id)
	if err != nil {
		return d, err
	}
	if _, err := s.enabled(ctx, actor, d.EndpointID); err != nil {
		return d, err
	}
	if _, err := s.deps.Store.RetryDeliveries(ctx, actor.WorkspaceID, d.EndpointID, d.Position, s.now()); err != nil {
		return d, orNotFound(err, DeliveryNotFound())
	}
	s.deps.Wake(d.EndpointID)
	return s.Delivery(ctx, actor, id)
}

// ResendFailed makes all deliveries of an endpoint due now that have failed or wait, and returns how many.
//
// Errors: KindNotFound with ReasonEndpointNotFound; KindConflict with ReasonEndpointNotEnabled.
func (s *Service) ResendFailed(ctx context.Context, actor *core.Actor, id core.ID) (int, error) {
	if _, err := s.enabled(ctx, actor, id); err != nil {
		return 0, err
	}
	count, err := s.deps.Store.RetryDeliveries(ctx, actor.WorkspaceID, id, 0, s.now())
	s.deps.Wake(id)
	return count, orNotFound(err, EndpointNotFound())
}

// clockSlack is how far the clocks of nodes may differ where something is looked for by its time.
const clockSlack = time.Minute

// ResendSince lets an endpoint begin again with what happened since an instant, about, whether it has
// arrived or not. What happens meanwhile comes behind that.
//
// Errors: KindNotFound with ReasonEndpointNotFound; KindConflict with ReasonEndpointNotEnabled.
func (s *Service) ResendSince(
	ctx context.Context, actor *core.Actor, id core.ID, since time.Time,
) (Endpoint, error) {
	if _, err := s.enabled(ctx, actor, id); err != nil {
		return Endpoint{}, err
	}
	if since.After(s.now()) {
		var errs core.FieldErrors
		errs.Add(core.ReasonInvalidValue, "/since", core.InEnglish("since must not be in the future"))
		return Endpoint{}, errs.Err()
	}
	position, err := s.deps.Log.PositionBefore(ctx, actor.WorkspaceID, since.Add(-clockSlack))
	if err != nil {
		return Endpoint{}, err
	}
	return s.change(ctx, actor, id, func(e *Endpoint) (Changed, error) {
		e.Position = min(e.Position, position)
		made, err := s.event(actor, event.EndpointUpdated, e, event.Data{"resendSince": since.UTC()})
		// The position that is stored may be older than what the node has sent.
		return Changed{Events: []*event.Event{made}, EndLease: true}, err
	})
}

// enabled returns an endpoint that is told about events.
func (s *Service) enabled(ctx context.Context, actor *core.Actor, id core.ID) (Endpoint, error) {
	e, err := s.Endpoint(ctx, actor, id)
	if err == nil && e.Status() != Enabled {
		what := map[Status]string{Untested: "send it a test first", Disabled: "switch it on first"}
		err = &core.Error{
			Kind: core.KindConflict, Reason: core.ReasonEndpointNotEnabled,
			Detail: "the endpoint is " + string(e.Status()) + ": " + what[e.Status()],
		}
	}
	return e, err
}

// disabled returns the event about an endpoint that attempts have disabled.
func (s *Service) disabled(e *Endpoint) (*event.Event, error) {
	made, err := s.recorder.Source(e.WorkspaceID, event.System(), 0).Make(event.EndpointDisabled, *e.DisabledAt,
		event.Thing(event.SubjectEndpoint, e.ID), "", event.Data{
			"url": e.origin(), "why": string(e.DisabledReason), "lastError": e.LastError,
		})
	if err != nil {
		return nil, fmt.Errorf("record that an endpoint is disabled: %w", err)
	}
	return made, nil
}

// Prune deletes deliveries that are older than KeepDays, and those of endpoints that were deleted.
func (s *Service) Prune(ctx context.Context) error {
	before := s.now().Add(-KeepDays * 24 * time.Hour)
	for {
		pruned, err := s.deps.Store.PruneDeliveries(ctx, before)
		if err != nil || pruned == 0 {
			return err
		}
	}
}
