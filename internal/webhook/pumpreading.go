package webhook

import (
	"context"
	"slices"
	"time"

	"accesscodes/internal/event"
)

// fill reads events and deliveries that are due.
func (p *pump) fill(ctx context.Context) error {
	if p.isPaused() {
		return nil
	}
	if len(p.fresh) < maxInFlight && p.head.Load() > p.taken {
		page, err := p.readLog(ctx)
		if err != nil {
			return err
		}
		now := p.service.now()
		for i := range page.Events {
			if p.isOwnTest(&page.Events[i]) {
				continue
			}
			d := newDelivery(&p.endpoint, &page.Events[i], now)
			p.fresh = append(p.fresh, item{about: page.Events[i], delivery: d})
		}
		p.taken = max(p.taken, page.Next)
		if p.taken < page.Head {
			p.head.Store(max(p.head.Load(), page.Head))
		}
	}
	if now := p.service.now(); len(p.retries) == 0 && p.endpoint.NextAt != nil && !now.Before(*p.endpoint.NextAt) {
		return p.fillRetries(ctx, now)
	}
	return nil
}

// readLog reads a part of the log. Of the endpoints of a workspace that have much to catch up with, one
// reads at a time, for half of the time, so that a long log costs others little: the others get nothing.
func (p *pump) readLog(ctx context.Context) (page event.Page, err error) {
	isLong := p.head.Load()-p.taken > 2*readAtOnce
	if isLong {
		leave, err := p.service.reads.Enter(ctx, p.lease.WorkspaceID)
		if err != nil {
			return event.Page{}, nil
		}
		defer leave()
	}
	begin := time.Now()
	page, err = p.service.deps.Log.Events(ctx, &event.Query{
		Workspace: p.endpoint.WorkspaceID, After: p.taken, Limit: readAtOnce, Types: p.endpoint.Wants(),
	})
	if isLong && err == nil && len(page.Events) == 0 {
		rest(ctx, min(time.Since(begin), longestRest))
	}
	return page, err
}

// rest waits for some time, or until the context ends.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// isOwnTest reports whether an event is a test of the endpoint, which was sent when it was recorded.
func (p *pump) isOwnTest(e *event.Event) bool {
	return e.Type == event.EndpointTested && e.Subject.ID == p.endpoint.ID.String()
}

func (p *pump) fillRetries(ctx context.Context, now time.Time) error {
	due, err := p.service.deps.Store.DueDeliveries(ctx, &p.endpoint, now, readAtOnce)
	if err != nil {
		return err
	}
	p.endpoint.NextAt = nil // until something is stored: more than these are not due
	for _, d := range due {
		if p.isInHand(d.Position) {
			continue
		}
		about, err := eventAt(ctx, p.service.deps.Log, d.WorkspaceID, d.Position)
		if err != nil {
			return err
		}
		if about == nil {
			p.retries = append(p.retries, item{delivery: d, isRetry: true, missing: true})
			continue
		}
		p.retries = append(p.retries, item{about: *about, delivery: d, isRetry: true})
	}
	return nil
}

// isInHand reports whether an event is sent anyway, is under way, or its result is to be stored.
func (p *pump) isInHand(position int64) bool {
	isIt := func(i item) bool { return i.delivery.Position == position }
	return position > p.taken || slices.ContainsFunc(p.fresh, isIt) || slices.ContainsFunc(p.underWay, isIt) ||
		slices.ContainsFunc(p.attempts, func(r result) bool { return isIt(r.item) })
}
