package event

import (
	"context"
	"sync"
	"time"

	"accesscodes/internal/core"
)

// minGap is the time between two looks at the log at least, however often something is added.
const minGap = 20 * time.Millisecond

// lookTimeout is how long one look may take.
const lookTimeout = 5 * time.Second

// follower wakes those who wait for events. While anybody waits, one goroutine looks at the
// newest positions of their workspaces: one query for all of them.
type follower struct {
	store   Store
	drained chan struct{}
	once    sync.Once

	mu      sync.Mutex
	waiters map[core.ID]map[*waiter]struct{}
	runs    bool
	idle    chan struct{} // gets a value when the last waiter has left
}

// waiter is one who waits.
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

// join adds a waiter, before they look for the first time: what is added after that look
// wakes them.
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

// signal puts a value into a channel that holds one, unless it holds it already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// run looks for as long as anybody waits.
func (f *follower) run() {
	added, interval := f.store.EventSignal()
	for f.somebodyWaits() {
		f.look()
		if f.pause(nil, minGap) {
			f.pause(added, interval)
		}
	}
}

// pause waits for a time or a signal, and reports false when nobody waits any more.
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

// somebodyWaits reports whether to go on; with false, the next who joins begins anew.
func (f *follower) somebodyWaits() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs = len(f.waiters) > 0
	return f.runs
}

// look wakes those for whom there is more. If it cannot find out it wakes everybody: they
// see for themselves what is wrong.
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
