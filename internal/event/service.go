package event

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// Limits of reading.
const (
	DefaultLimit = 50
	MaxLimit     = 1000
	MaxWait      = 30 * time.Second
	// MaxWaiting is how many requests of one workspace may wait or follow at once, so that none can
	// take up all of a server's connections.
	MaxWaiting = 100
	// readsAtOnce is how many pages of one workspace are read at once. Others wait, each for at most
	// readWait: whoever waited for the same event asks at once when it comes.
	readsAtOnce = 1
	readWait    = 5 * time.Second
	// maxPageBytes is how much data one page holds, about.
	maxPageBytes = 1 << 20
)

// ErasedDays is for how many days the event about an erased person keeps the id, so that whoever follows
// the log can erase the person, too.
const ErasedDays = 30

const erasedLife = ErasedDays * 24 * time.Hour

// Service reads and keeps the log. It is safe for concurrent use.
type Service struct {
	store  Store
	now    func() time.Time
	keep   Retention
	follow *follower
	reads  *core.Lane
}

// NewService returns a service over a store. keep is how long events are kept; 0: forever. For some types it
// may be another time.
func NewService(store Store, now func() time.Time, keep time.Duration, types ...TypeRetention) *Service {
	return &Service{
		store: store, now: now, keep: Retention{keep, types}.ordered(), follow: newFollower(store),
		reads: core.NewLane(readsAtOnce, MaxWaiting, readWait),
	}
}

// Keeps returns how long events are kept of whose types nothing else is said; 0: forever.
func (s *Service) Keeps() time.Duration { return s.keep.All }

// KeptFor returns for how long all events of the kinds are kept, which are what types begin with, such as
// "code"; 0: forever.
func (s *Service) KeptFor(kinds ...string) (shortest time.Duration) {
	for _, t := range Types() {
		kind, _, _ := strings.Cut(string(t), ".")
		if keep := s.keep.Keep(t); keep != 0 && slices.Contains(kinds, kind) && (shortest == 0 || keep < shortest) {
			shortest = keep
		}
	}
	return shortest
}

// List returns the events that a query asks for. If there are none it waits for some. The wait ends
// after wait, with the context, or when the service is drained. While it waits it holds no database
// connection.
//
// Errors: KindInvalid with ReasonInvalidParameter; KindGone with ReasonPositionExpired if events
// after the position were already deleted; KindUnavailable, also if MaxWaiting requests of the
// workspace wait already.
func (s *Service) List(ctx context.Context, q Query, wait time.Duration) (Page, error) {
	if err := check(&q, wait); err != nil {
		return Page{}, err
	}
	if wait == 0 {
		return s.page(ctx, &q)
	}
	feed, err := s.join(q)
	if err != nil {
		return Page{}, err
	}
	defer feed.Close()
	return feed.Next(ctx, wait)
}

// maxWindows is how many windows of positions one look at the newest events reads at most.
const maxWindows = 20

// Newest returns the newest events that a query asks for, or those before a position: the newest first.
// Next is the Before of the next query; where it is at most Oldest or After+1, there are none before. A page may
// be short although there are more: what has no index is looked for among so many positions.
//
// Errors: KindInvalid with ReasonInvalidParameter; KindUnavailable.
func (s *Service) Newest(ctx context.Context, q Query) (Page, error) {
	if err := check(&q, 0); err != nil {
		return Page{}, err
	}
	var all Page
	limit := q.Limit
	q.Backwards = true
	for range maxWindows {
		q.Limit = limit - len(all.Events)
		page, err := s.read(ctx, &q)
		if err != nil {
			return Page{}, err
		}
		page.Events = append(all.Events, page.Events...)
		all = page
		q.Before = page.Next
		if len(all.Events) >= limit || page.Next <= max(page.Oldest, q.After+1) {
			break
		}
	}
	all.shorten()
	return all, nil
}

// Near limits a query with From or To to the positions around that time, for [Service.Newest]. An event may be
// missed whose time is far from those of the Window events before and behind it, as when the clock of a node
// was wrong.
//
// Errors: KindUnavailable.
func (s *Service) Near(ctx context.Context, q *Query) error {
	if q.From.IsZero() && q.To.IsZero() {
		return nil
	}
	leave, err := s.reads.Enter(ctx, q.Workspace)
	if err != nil {
		return err
	}
	defer leave()
	if !q.To.IsZero() {
		newest, err := s.store.PositionBefore(ctx, q.Workspace, q.To)
		if err != nil {
			return err
		}
		if before := newest + Window + 1; q.Before == 0 || q.Before > before {
			q.Before = before
		}
	}
	if !q.From.IsZero() {
		oldest, err := s.store.PositionBefore(ctx, q.Workspace, q.From)
		if err != nil {
			return err
		}
		q.After = max(q.After, oldest-Window)
	}
	return nil
}

func check(q *Query, wait time.Duration) error {
	switch {
	case q.Limit == 0:
		q.Limit = DefaultLimit
	case q.Limit < 1 || q.Limit > MaxLimit:
		return core.InvalidParameter("limit must be a whole number from 1 to %d", MaxLimit)
	}
	if q.Subject != nil && !core.IsStorable(q.Subject.Key+strings.Join(q.Subject.Or, "")) {
		return core.InvalidParameter("subject must be UTF-8 without null characters")
	}
	if q.After < 0 || q.Before < 0 {
		return core.InvalidParameter("after must be a position: a whole number from 0 on")
	}
	if wait < 0 || wait > MaxWait {
		return core.InvalidParameter("wait must be a whole number of seconds from 0 to %d", MaxWait/time.Second)
	}
	return nil
}

// page reads one page without waiting.
func (s *Service) page(ctx context.Context, q *Query) (Page, error) {
	page, err := s.read(ctx, q)
	switch {
	case err != nil:
		return Page{}, err
	case q.After > page.Head: // a position of another database, or from before a restore: new events would be missed
		return Page{}, core.InvalidParameter("after is a position that this log has not reached: its newest is %d", page.Head)
	case q.After != 0 && q.After < page.Oldest-1:
		return Page{}, expired(&page)
	}
	page.shorten()
	return page, nil
}

// expired says that events behind a position were deleted, and from where on they are kept.
func expired(page *Page) *core.Error {
	err := &core.Error{Kind: core.KindGone, Reason: core.ReasonPositionExpired}
	if page.Oldest > page.Head {
		err.Detail = fmt.Sprintf("events behind this position were deleted, and none is kept; the newest had the position %d",
			page.Head)
		return err
	}
	err.Oldest = &page.Oldest
	err.Detail = fmt.Sprintf("events behind this position were deleted; the oldest that is kept has the position %d",
		page.Oldest)
	return err
}

// read reads a page when it is the workspace's turn.
func (s *Service) read(ctx context.Context, q *Query) (Page, error) {
	leave, err := s.reads.Enter(ctx, q.Workspace)
	if err != nil {
		return Page{}, err
	}
	defer leave()
	return s.store.Events(ctx, q)
}

// shorten ends a page early if it holds too much data.
func (p *Page) shorten() {
	size := 0
	for i := range p.Events {
		if size += len(p.Events[i].Data); size > maxPageBytes && i > 0 {
			p.Events = p.Events[:i]
			p.Next = p.Events[i-1].Position
			return
		}
	}
}

// Drain ends every wait, now and in future: the requests return what there is, which is nothing.
func (s *Service) Drain() { s.follow.drain() }

// Sequence gives positions to the events without one. It returns when none are left.
func (s *Service) Sequence(ctx context.Context) error {
	return untilNone("give positions to events", func() (int, error) { return s.store.SequenceEvents(ctx) })
}

// Prune deletes events whose time is over, and removes the ids of people from old
// events about their erasure. It returns when nothing is left to do.
func (s *Service) Prune(ctx context.Context) error {
	now := s.now()
	scrub := func() (int, error) { return s.store.ScrubErased(ctx, now.Add(-erasedLife)) }
	if err := untilNone("take ids out of events", scrub); err != nil {
		return err
	}
	if s.keep.Shortest() == 0 {
		return nil
	}
	return untilNone("delete events", func() (int, error) { return s.store.PruneEvents(ctx, now, s.keep) })
}

func untilNone(what string, step func() (int, error)) error {
	for {
		done, err := step()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if done == 0 {
			return nil
		}
	}
}
