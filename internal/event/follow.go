package event

import (
	"context"
	"sync"
	"time"

	"accesscodes/internal/core"
)

// minGap is the shortest time between two looks at the log, however often events are added.
const minGap = 20 * time.Millisecond

// lookTimeout is the longest time that one look may take.
const lookTimeout = 5 * time.Second

// follower wakes requests that wait for events. While any request waits, one goroutine looks at the
// newest positions of the workspaces: one query for all of them.
type follower struct {
	store   Store
	drained chan struct{}
	once    sync.Once

	mu      sync.Mutex
	waiters map[core.ID]map[*waiter]struct{}
	runs    bool
	idle    chan struct{} // gets a value when the last waiter has left
}

// waiter is a request that waits.
type waiter struct {
	workspace core.ID
	seen      int64         // how far they have looked
	woken     chan struct{} // gets a value when there is more
}

func newFollower(store Store) *follower {
	return &follower{
		store: store, drained: make(chan struct{}),
		waiters: map[core.ID]map[*waiter]struct{}{}, idle: make(chan struct{}, 1),
	}
}

func (f *follower) drain() { f.once.Do(func() { close(f.drained) }) }

// join adds a waiter before its first look at the log: events added after that look wake it.
func (f *follower) join(workspace core.ID, seen int64) (*waiter, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiters[workspace]) >= MaxWaiting {
		return nil, core.Overloaded()
	}
	w := &waiter{workspace: workspace, seen: seen, woken: make(chan struct{}, 1)}
	if f.waiters[workspace] == nil {
		f.waiters[workspace] = map[*waiter]struct{}{}
	}
	f.waiters[workspace][w] = struct{}{}
	if !f.runs {
		f.runs = true
		go f.run()
	}
	return w, nil
}

// await notes how far a waiter has looked.
func (f *follower) await(w *waiter, seen int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w.seen = seen
}

func (f *follower) leave(w *waiter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiters[w.workspace], w)
	if len(f.waiters[w.workspace]) == 0 {
		delete(f.waiters, w.workspace)
	}
	if len(f.waiters) == 0 {
		signal(f.idle)
	}
}

// signal puts a value into a channel of capacity 1, unless it holds one already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run looks at the log as long as any request waits.
func (f *follower) run() {
	added, interval := f.store.EventSignal()
	for f.isAwaited() {
		f.look()
		if f.pause(nil, minGap) {
			f.pause(added, interval)
		}
	}
}

// pause waits for a time or a signal. It reports false when no request waits any more.
func (f *follower) pause(added <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-f.idle:
		return false
	case <-added:
	case <-timer.C:
	}
	return true
}

// isAwaited reports whether to go on. If it returns false, the next request to join starts a new
// goroutine.
func (f *follower) isAwaited() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs = len(f.waiters) > 0
	return f.runs
}

// look wakes the waiters for which there are new events. If the look fails it wakes all: each then
// sees the error itself.
func (f *follower) look() {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	heads, err := f.store.EventHeads(ctx, f.workspaces())
	f.mu.Lock()
	defer f.mu.Unlock()
	for workspace, all := range f.waiters {
		for w := range all {
			if err != nil || heads[workspace] > w.seen {
				signal(w.woken)
			}
		}
	}
}

func (f *follower) workspaces() []core.ID {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]core.ID, 0, len(f.waiters))
	for workspace := range f.waiters {
		all = append(all, workspace)
	}
	return all
}
