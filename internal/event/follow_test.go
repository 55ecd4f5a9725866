package event_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// interval is how often to look for what other processes add to the memory below.
const interval = 100 * time.Millisecond

// memory is a log in memory. All of it belongs to one workspace.
type memory struct {
	event.Store
	added chan struct{}

	mu     sync.Mutex
	events []event.Event
	looks  int
	err    error
	onRead func() // called once, when a query has read
}

func newMemory() *memory { return &memory{added: make(chan struct{}, 1)} }

func (m *memory) add(t event.Type) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, event.Event{Position: int64(len(m.events) + 1), Type: t})
}

func (m *memory) Events(_ context.Context, q *event.Query) (event.Page, error) {
	m.mu.Lock()
	var found []event.Event
	for _, e := range m.events {
		if e.Position > q.After && len(found) < q.Limit && (q.Types == nil || slices.Contains(q.Types, e.Type)) {
			found = append(found, e)
		}
	}
	head, err, onRead := int64(len(m.events)), m.err, m.onRead
	m.onRead = nil
	m.mu.Unlock()
	if onRead != nil {
		onRead()
	}
	return q.NewPage(found, q.After, head, head, 1), err
}

func (m *memory) EventHeads(_ context.Context, workspaces []core.ID) (map[core.ID]int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks++
	heads := map[core.ID]int64{}
	for _, workspace := range workspaces {
		heads[workspace] = int64(len(m.events))
	}
	return heads, m.err
}

func (m *memory) EventSignal() (<-chan struct{}, time.Duration) { return m.added, interval }

var acme = core.ID{1}

// wait asks for events behind a position and reports what came and after how long.
func wait(ctx context.Context, s *event.Service, after int64, types ...event.Type) (event.Page, time.Duration, error) {
	begin := time.Now()
	page, err := s.List(ctx, event.Query{Workspace: acme, After: after, Types: types}, event.MaxWait)
	return page, time.Since(begin), err
}

// after does something when everybody waits and some time has passed.
func after(d time.Duration, do func()) {
	go func() {
		time.Sleep(d) // of the bubble, which takes no time
		do()
	}()
}

func TestAWaitEnds(t *testing.T) {
	away := errors.New("the database is away")
	for name, c := range map[string]struct {
		happens        func(m *memory, s *event.Service, leave func())
		soon           bool // else within an interval
		events         int
		next           int64
		err            error
		takesTheLimits bool
	}{
		"when another process has added something": {
			happens: func(m *memory, _ *event.Service, _ func()) { m.add(event.CodeRevoked) }, events: 1, next: 1,
		},
		"at once when this process has": {
			happens: func(m *memory, _ *event.Service, _ func()) { m.add(event.CodeRevoked); m.added <- struct{}{} },
			soon:    true, events: 1, next: 1,
		},
		"at once when the service is drained": {
			happens: func(_ *memory, s *event.Service, _ func()) { s.Drain() }, soon: true,
		},
		"at once when its caller goes": {
			happens: func(_ *memory, _ *event.Service, leave func()) { leave() }, soon: true, err: context.Canceled,
		},
		"when the database does not answer any more": {
			happens: func(m *memory, _ *event.Service, _ func()) { m.mu.Lock(); m.err = away; m.mu.Unlock() }, err: away,
		},
		"when its time is up": {
			happens: func(*memory, *event.Service, func()) {}, takesTheLimits: true,
		},
		"when its time is up, with how far it has looked, though nothing was meant": {
			happens: func(m *memory, _ *event.Service, _ func()) { m.add(event.KeyRevoked) }, takesTheLimits: true, next: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				s := event.NewService(m, time.Now, 0)
				ctx, leave := context.WithCancel(t.Context())
				defer leave()
				const before = 7*time.Second + 33*time.Millisecond
				after(before, func() { c.happens(m, s, leave) })
				page, took, err := wait(ctx, s, 0, event.CodeRevoked)
				if len(page.Events) != c.events || page.Next != c.next || !errors.Is(err, c.err) {
					t.Errorf("%+v, %v", page, err)
				}
				longest := before + 2*interval
				switch {
				case c.takesTheLimits:
					longest = event.MaxWait
				case c.soon:
					longest = before
				}
				if took < before || took > longest || c.takesTheLimits && took < longest {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestWhatIsAddedWhileAWaiterLooksIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.onRead = func() { // the signal is gone before the waiter waits
			m.add(event.CodeRevoked)
			m.added <- struct{}{}
			synctest.Wait()
		}
		page, took, err := wait(t.Context(), event.NewService(m, time.Now, 0), 0)
		if len(page.Events) != 1 || err != nil || took > interval {
			t.Errorf("%+v, %v after %s", page, err, took)
		}
	})
}

func TestManyWaitersShareOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		s := event.NewService(m, time.Now, 0)
		var waiters sync.WaitGroup
		for range event.MaxWaiting {
			waiters.Go(func() {
				if page, _, err := wait(t.Context(), s, 0); len(page.Events) != 1 || err != nil {
					t.Errorf("%+v, %v", page, err)
				}
			})
		}
		synctest.Wait()
		if _, _, err := wait(t.Context(), s, 0); !core.HasReason(err, core.ReasonOverloaded) {
			t.Errorf("one more: %v", err)
		}
		if _, err := s.List(t.Context(), event.Query{Workspace: acme}, 0); err != nil {
			t.Errorf("one more that does not wait: %v", err)
		}
		other := event.Query{Workspace: core.ID{2}}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := s.List(ctx, other, event.MaxWait); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one of another workspace: %v", err)
		}
		time.Sleep(10 * time.Second)
		m.add(event.CodeRevoked)
		waiters.Wait()
		if most := int(13 * time.Second / interval); m.looks > most {
			t.Errorf("%d looks, want at most %d", m.looks, most)
		}
		looks := m.looks
		time.Sleep(time.Minute)
		if m.looks > looks+1 {
			t.Errorf("%d looks for nobody", m.looks-looks)
		}
		after(time.Second, func() { m.add(event.CodeRevoked) })
		if page, _, err := wait(t.Context(), s, 1); len(page.Events) != 1 || err != nil {
			t.Errorf("somebody waits again: %+v, %v", page, err)
		}
	})
}

func TestManySignalsAreNotManyLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			for ctx.Err() == nil {
				select {
				case m.added <- struct{}{}:
				case <-ctx.Done():
				}
			}
		}()
		if _, took, err := wait(ctx, event.NewService(m, time.Now, 0), 0); took != event.MaxWait || err != nil {
			t.Errorf("%v after %s", err, took)
		}
		cancel()
		if most := int(event.MaxWait / (20 * time.Millisecond)); m.looks > most+2 {
			t.Errorf("%d looks, want at most %d", m.looks, most)
		}
	})
}
