package member

import (
	"context"
	"sync"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// maxFailures is how many events about wrong passwords wait to be stored. Tries are paced, so there are
// hardly ever more than a few; further ones are not recorded.
const maxFailures = 10_000

// failures keeps events about wrong passwords until they are stored: a write takes time, by which it
// would show who has an account.
type failures struct {
	mu   sync.Mutex
	kept []*event.Event
}

func (f *failures) add(events ...*event.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, events[:min(len(events), maxFailures-len(f.kept))]...)
}

func (f *failures) take() []*event.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := f.kept
	f.kept = nil
	return kept
}

// failed notes a wrong password, if there is such an account, and returns the error about it.
func (s *base) failed(m *Member, seats []Seat) error {
	for _, seat := range seats {
		e, err := s.eventIn(seat.Workspace.ID, event.System(), "", event.SessionFailed, m.ID, event.Data{"name": m.Name})
		if err != nil {
			return err
		}
		s.failures.add(e)
	}
	return errSignIn
}

// RecordFailures stores the events about wrong passwords since the last time. Call it about every second,
// and once before the store is closed. After KindUnavailable the next call stores them; after any other
// error they are lost, as trying again would not help.
func (s *Sessions) RecordFailures(ctx context.Context) error {
	events := s.failures.take()
	if len(events) == 0 {
		return nil
	}
	err := s.deps.Store.RecordMemberEvents(ctx, events...)
	if core.IsKind(err, core.KindUnavailable) {
		s.failures.add(events...)
	}
	return err
}
