package webhook

import (
	"context"
	"slices"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Limits of test deliveries: each may take AttemptTimeout.
const (
	testsAtOnce   = 2 // of one workspace
	testsWaiting  = 10
	testWait      = 5 * time.Second
	positionWait  = 5 * time.Second
	positionPause = 50 * time.Millisecond
)

// Test sends an event of the type endpoint.tested to an endpoint and waits for the answer. After the first
// that is answered well, the endpoint is told about what happens from then on, and if it only has another
// address, about what waits. A node that waits because attempts have failed goes on at once.
//
// Errors: KindNotFound with ReasonEndpointNotFound; KindUnavailable.
func (s *Service) Test(ctx context.Context, actor *core.Actor, id core.ID) (Delivery, Endpoint, error) {
	e, err := s.Endpoint(ctx, actor, id)
	if err != nil {
		return Delivery{}, e, err
	}
	leave, err := s.tests.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return Delivery{}, e, err
	}
	defer leave()
	about, err := s.recordTest(ctx, actor, &e)
	if err != nil {
		return Delivery{}, e, err
	}
	l := s.deps.Client.line()
	defer l.close()
	a := s.attempt(ctx, l, &e, about)
	if ctx.Err() != nil {
		return Delivery{}, e, ctx.Err()
	}
	d := newDelivery(&e, about, a.At)
	d.attempted(a, nil)
	e, err = s.change(ctx, actor, id, func(stored *Endpoint) (Changed, error) {
		changed := Changed{Deliveries: []Delivery{d}}
		if stored.URL != e.URL { // it was changed meanwhile
			return changed, nil
		}
		before := stored.Status()
		changed.EndLease = a.Succeeded() && stored.Failures > 0
		stored.attempted(&a, s.deps.Schedule.quiet())
		if a.Succeeded() && stored.TestedAt == nil {
			stored.TestedAt = &a.At
			if stored.Position == 0 {
				stored.Position = about.Position
			}
		}
		if before == Enabled && stored.Status() == Disabled {
			made, err := s.disabled(stored)
			changed.Events = []*event.Event{made}
			return changed, err
		}
		return changed, nil
	})
	return d, e, err
}

// recordTest records the event of a test delivery and waits for its position.
func (s *Service) recordTest(ctx context.Context, actor *core.Actor, e *Endpoint) (*event.Event, error) {
	head, err := s.head(ctx, actor.WorkspaceID)
	if err != nil {
		return nil, err
	}
	made, err := s.event(actor, event.EndpointTested, e, event.Data{"url": e.origin()})
	if err != nil {
		return nil, err
	}
	if err := s.deps.Log.RecordEvents(ctx, made); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(positionWait); time.Now().Before(deadline); {
		if _, err := s.deps.Log.SequenceEvents(ctx); err != nil { // if this node gives positions, at once
			return nil, err
		}
		page, err := s.deps.Log.Events(ctx, &event.Query{
			Workspace: actor.WorkspaceID, After: head, Limit: event.MaxLimit,
			Subject: &event.SubjectName{Kind: event.SubjectEndpoint, Key: e.ID.String()},
		})
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(page.Events, func(e event.Event) bool { return e.ID == made.ID }); i >= 0 {
			return &page.Events[i], nil
		}
		select {
		case <-time.After(positionPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, core.Overloaded()
}
