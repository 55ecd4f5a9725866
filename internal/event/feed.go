package event

import (
	"context"
	"time"
)

// Feed follows the log from a position on. It holds no database connection while it waits. One
// goroutine may use it at a time.
type Feed struct {
	service *Service
	query   Query
	waiter  *waiter
	atEnd   bool // the last look came to the end of the log
}

// Follow begins to follow the log behind the After of a query. A feed counts among the MaxWaiting of its
// workspace until it is closed.
//
// Errors: KindInvalid with ReasonInvalidParameter; KindUnavailable.
func (s *Service) Follow(q Query) (*Feed, error) {
	if err := check(&q, 0); err != nil {
		return nil, err
	}
	return s.join(q)
}

// join makes a feed of a query that was checked. It joins before its first look: what is added after
// that wakes it.
func (s *Service) join(q Query) (*Feed, error) {
	w, err := s.follow.join(q.Workspace, q.After)
	if err != nil {
		return nil, err
	}
	return &Feed{service: s, query: q, waiter: w}, nil
}

// Close ends the feed.
func (f *Feed) Close() { f.service.follow.leave(f.waiter) }

// Next returns the next events. If there are none it waits for some; the wait ends after wait, with the
// context, or when the service is drained. Then the page has no events, and its Next says how far was
// looked. An error does not move the feed: Next may be called again.
//
// Errors: as those of [Service.List].
func (f *Feed) Next(ctx context.Context, wait time.Duration) (Page, error) {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		if !f.atEnd {
			page, err := f.look(ctx)
			if err != nil || len(page.Events) > 0 {
				return page, err
			}
		}
		select {
		case <-f.waiter.woken:
			f.atEnd = false
		case <-timeout.C:
			return Page{Next: f.query.After}, nil
		case <-f.service.follow.drained:
			return Page{Next: f.query.After}, nil
		case <-ctx.Done():
			return Page{}, ctx.Err()
		}
	}
}

// look reads the next page.
func (f *Feed) look(ctx context.Context) (Page, error) {
	page, err := f.service.page(ctx, &f.query)
	if err != nil {
		return Page{}, err
	}
	f.query.After = page.Next
	f.service.follow.await(f.waiter, page.Next)
	if f.atEnd = page.Next >= page.Head; !f.atEnd {
		signal(f.waiter.woken) // there is more to look through
	}
	return page, nil
}
