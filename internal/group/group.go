// Package group is group commit: many callers hand over one item each, one flush takes all that
// wait, and each caller gets its own item's result after the flush. A flush starts at once when none
// is running, so a single caller waits for no timer. Items gather only while a flush runs, so a
// thousand callers share one fsync.
//
// It knows nothing about the items. It never retries a flush that may have taken effect.
package group

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Errors that [Group.Do] itself returns. With ErrFull, ErrExpired and ErrStopped the item was not
// flushed. With ErrAbandoned it may have been.
var (
	ErrFull      = errors.New("group: too many items are waiting")
	ErrExpired   = errors.New("group: the item could not be flushed in time")
	ErrStopped   = errors.New("group: stopped")
	ErrAbandoned = errors.New("group: the caller stopped waiting during the flush")
)

// errBroken is the error of a flush that does not say whether it took effect.
var errBroken = errors.New("group: the flush is broken")

// Config configures a [Group].
type Config[In, Out any] struct {
	// Flush processes a batch and returns one result for each item, in order. An error means that
	// nothing was done for any of them.
	Flush func(ctx context.Context, batch []In) ([]Out, error)
	// Divisible reports whether a batch that failed with this error should be tried again item by
	// item, so that only the item that caused the error fails. It must be false for errors that each
	// item would get as well.
	Divisible func(error) bool
	MaxBatch  int // items in one flush
	MaxQueue  int // items that may wait
	// MaxWait is how long an item may wait for its flush to begin; 0: forever. An item that has
	// waited longer is refused when its turn comes.
	MaxWait time.Duration
}

// Group gathers items and flushes them in batches, in the order in which they came.
type Group[In, Out any] struct {
	config Config[In, Out]

	mu      sync.Mutex
	queue   []*call[In, Out]
	spare   []*call[In, Out]
	stopped bool

	wake chan struct{} // capacity 1: there is something to do
	done chan struct{} // closed when the flushing goroutine has ended

	calls sync.Pool // of *call[In, Out], none of them under way
}

// call is one caller's item and its result.
type call[In, Out any] struct {
	in       In
	since    time.Time // when it was handed over
	out      Out
	err      error
	finished chan struct{} // capacity 1, so that a caller who has left blocks nothing
}

// Start returns a running group. Stop it to end its goroutine.
func Start[In, Out any](config Config[In, Out]) *Group[In, Out] {
	g := &Group[In, Out]{config: config, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go g.run()
	return g
}

// Do hands over one item and waits for its result. If ctx ends while the item still waits, the item
// is withdrawn and the error is that of ctx. If ctx ends during the flush, the error wraps
// ErrAbandoned.
func (g *Group[In, Out]) Do(ctx context.Context, in In) (Out, error) {
	var none Out
	if err := ctx.Err(); err != nil {
		return none, err
	}
	c := g.newCall(in)
	if err := g.enqueue(c); err != nil {
		return none, err
	}
	select {
	case <-c.finished:
		out, err := c.out, c.err
		g.recycle(c)
		return out, err
	case <-ctx.Done():
		return g.withdraw(ctx, c)
	}
}

// Waiting returns how many items wait.
func (g *Group[In, Out]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.queue)
}

func (g *Group[In, Out]) newCall(in In) *call[In, Out] {
	c, ok := g.calls.Get().(*call[In, Out])
	if !ok {
		c = &call[In, Out]{finished: make(chan struct{}, 1)}
	}
	c.in, c.since = in, time.Now()
	return c
}

// recycle keeps a call for the next caller. Only a finished call may be recycled: nothing else
// refers to it.
func (g *Group[In, Out]) recycle(c *call[In, Out]) {
	*c = call[In, Out]{finished: c.finished}
	g.calls.Put(c)
}

func (g *Group[In, Out]) enqueue(c *call[In, Out]) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return ErrStopped
	}
	if len(g.queue) >= g.config.MaxQueue {
		return ErrFull
	}
	g.queue = append(g.queue, c)
	if len(g.queue) == 1 {
		g.signal()
	}
	return nil
}

func (g *Group[In, Out]) signal() {
	select {
	case g.wake <- struct{}{}:
	default: // a signal is pending already
	}
}

// withdraw takes back an item whose caller has left.
func (g *Group[In, Out]) withdraw(ctx context.Context, c *call[In, Out]) (Out, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, waiting := range g.queue {
		if waiting == c {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			return c.out, ctx.Err()
		}
	}
	select {
	case <-c.finished: // the flush was faster
		return c.out, c.err
	default:
		var none Out
		return none, fmt.Errorf("%w: %w", ErrAbandoned, ctx.Err())
	}
}

// Stop refuses further items, flushes those that wait, and returns when the last caller has its
// result. It may be called twice.
func (g *Group[In, Out]) Stop() {
	g.mu.Lock()
	g.stopped = true
	g.signal()
	g.mu.Unlock()
	<-g.done
}

func (g *Group[In, Out]) run() {
	defer close(g.done)
	items := make([]In, 0, g.config.MaxBatch)
	for range g.wake {
		for {
			// Let every caller that can run hand its item over first. This waits for no timer: the
			// flush of a single caller starts at once.
			runtime.Gosched()
			batch, stopped := g.take()
			if len(batch) == 0 {
				if stopped {
					return
				}
				break
			}
			batch = g.expire(batch)
			items = items[:0]
			for _, c := range batch {
				items = append(items, c.in)
			}
			if len(batch) > 0 {
				_ = g.flushAll(batch, items) // every caller has the error
			}
		}
	}
}

// take removes the next batch from the queue.
func (g *Group[In, Out]) take() ([]*call[In, Out], bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.queue), g.config.MaxBatch)
	batch := append(g.spare[:0], g.queue[:n]...)
	rest := copy(g.queue, g.queue[n:])
	clear(g.queue[rest:])
	g.queue, g.spare = g.queue[:rest], batch
	return batch, g.stopped
}

// expire refuses the items that have waited too long and returns the others.
func (g *Group[In, Out]) expire(batch []*call[In, Out]) []*call[In, Out] {
	oldest := time.Now().Add(-g.config.MaxWait)
	fresh := 0 // the index of the first that has not; items are in order of arrival
	for g.config.MaxWait > 0 && fresh < len(batch) && batch[fresh].since.Before(oldest) {
		fresh++
	}
	giveUp(batch[:fresh])
	return batch[fresh:]
}

// flushAll flushes a batch, gives each caller its result and returns the flush's error.
func (g *Group[In, Out]) flushAll(batch []*call[In, Out], items []In) error {
	outs, err := g.flush(items)
	if len(batch) > 1 && g.isDivisible(err) {
		g.divide(batch, items)
		return nil
	}
	for i, c := range batch {
		if err == nil {
			c.out = outs[i]
		}
		c.err = err
		c.finished <- struct{}{}
	}
	return err
}

func (g *Group[In, Out]) isDivisible(err error) bool {
	return err != nil && !errors.Is(err, errBroken) && g.config.Divisible(err)
}

// divide flushes a batch item by item until one fails with an error that the rest would get as well.
// The rest is refused untried.
func (g *Group[In, Out]) divide(batch []*call[In, Out], items []In) {
	for i := range batch {
		if err := g.flushAll(batch[i:i+1], items[i:i+1]); err != nil && !g.isDivisible(err) {
			giveUp(batch[i+1:])
			return
		}
	}
}

// giveUp refuses items that were not flushed.
func giveUp[In, Out any](batch []*call[In, Out]) {
	for _, c := range batch {
		c.err = ErrExpired
		c.finished <- struct{}{}
	}
}

// flush calls the flush function. A panic in it becomes an error, so that the callers do not wait
// forever.
func (g *Group[In, Out]) flush(items []In) (outs []Out, err error) {
	defer func() {
		if p := recover(); p != nil {
			outs, err = nil, fmt.Errorf("%w: it panicked: %v", errBroken, p)
		}
	}()
	// Not a caller's context: a caller may leave, the batch goes on.
	outs, err = g.config.Flush(context.Background(), items)
	if err == nil && len(outs) != len(items) {
		err = fmt.Errorf("%w: it returned %d results for %d items", errBroken, len(outs), len(items))
	}
	return outs, err
}
