// Package batched wraps a store so that concurrent hot writes share one commit: each
// caller waits for its own result, all of them for one fsync. The hottest look-ups share a
// transaction, and the round trip to a server, in the same way. Everything else goes
// straight to the store below.
package batched

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"accesscodes/internal/access"
	"accesscodes/internal/group"
)

// Options says how much is gathered.
type Options struct {
	MaxBatch int // calls in one commit; 0: 256
	MaxQueue int // calls that may wait before further ones are refused; 0: 16,384
	// MaxWait is how long a call may wait for its commit to begin before it is refused;
	// 0: 5 s.
	MaxWait time.Duration
	// Observe, if not nil, is told of every commit that was tried: how many codes or acts
	// it held and how long it took.
	Observe func(size int, took time.Duration)
	// PeekLanes is how many look-ups may be under way at once, each shared by those that
	// waited for it; 0: one for every two processors. On few, many share one.
	PeekLanes int
}

// maxPeekWait is how long a look-up may wait for its turn, at most.
const maxPeekWait = 2 * time.Second

// Store is a store whose hot calls are gathered: inserts of codes in one queue, acts that
// may be repeated in another, look-ups of what acts would do in a third.
type Store struct {
	access.Store
	inserts *gatherer[*access.NewCode, access.InsertResult]
	acts    *gatherer[*access.Act, access.ActResult]
	peeks   []*gatherer[*access.Act, access.ActResult] // each takes a part of the look-ups
	turn    atomic.Uint32                              // whose turn it is
}

// New wraps a store.
func New(below access.Store, options Options) *Store {
	if options.MaxBatch == 0 {
		options.MaxBatch = 256
	}
	if options.MaxQueue == 0 {
		options.MaxQueue = 16384
	}
	if options.MaxWait == 0 {
		options.MaxWait = 5 * time.Second
	}
	if options.PeekLanes == 0 {
		options.PeekLanes = max(1, runtime.NumCPU()/2)
	}
	if options.Observe == nil {
		options.Observe = func(int, time.Duration) {}
	}
	s := &Store{
		Store:   below,
		inserts: gather(options, below.InsertCodes),
		acts:    gather(options, below.Act),
	}
	options.Observe = func(int, time.Duration) {} // a look-up is no commit
	// Nobody waits long for what can be asked again at once.
	options.MaxWait = min(options.MaxWait, maxPeekWait)
	for range options.PeekLanes {
		s.peeks = append(s.peeks, gather(options, below.Peek))
	}
	return s
}

// Close writes what waits and closes the store below. It is called once, after the
// last other method.
func (s *Store) Close() error {
	s.inserts.group.Stop()
	s.acts.group.Stop()
	for _, peeks := range s.peeks {
		peeks.group.Stop()
	}
	return s.Store.Close()
}

// InsertCodes implements [access.CodeStore]. The codes of one call stay together.
func (s *Store) InsertCodes(ctx context.Context, codes []*access.NewCode) ([]access.InsertResult, error) {
	return s.inserts.do(ctx, codes)
}

// Act implements [access.LifeStore]. The acts of one call stay together. Those that must
// not be repeated are not gathered: for their sake, nobody knew what became of the others
// when a connection breaks.
func (s *Store) Act(ctx context.Context, acts []*access.Act) ([]access.ActResult, error) {
	for _, act := range acts {
		if !act.Repeatable {
			return s.Store.Act(ctx, acts)
		}
	}
	return s.acts.do(ctx, acts)
}

// Peek implements [access.LifeStore]. What a call sees was so at some time after it began.
func (s *Store) Peek(ctx context.Context, acts []*access.Act) ([]access.ActResult, error) {
	if slices.ContainsFunc(acts, func(act *access.Act) bool { return act.Hypothetical }) {
		return s.Store.Peek(ctx, acts)
	}
	results, err := s.peeks[s.turn.Add(1)%uint32(len(s.peeks))].do(ctx, acts)
	if access.HasReason(err, access.ReasonOutcomeUnknown) {
		err = ctx.Err() // the caller has gone; a look-up has no outcome
	}
	return results, err
}

// gatherer gathers the calls of one of the store's methods.
type gatherer[In, Out any] struct {
	group   *group.Group[[]In, written[Out]]
	write   func(context.Context, []In) ([]Out, error)
	observe func(size int, took time.Duration)
}

// written is what one call gets from a commit.
type written[Out any] struct {
	results   []Out
	batchSize int // items in the commit
}

func gather[In, Out any](options Options, write func(context.Context, []In) ([]Out, error)) *gatherer[In, Out] {
	g := &gatherer[In, Out]{write: write, observe: options.Observe}
	g.group = group.Start(group.Config[[]In, written[Out]]{
		Flush:     g.flush,
		Divisible: divisible,
		MaxBatch:  options.MaxBatch,
		MaxQueue:  options.MaxQueue,
		MaxWait:   options.MaxWait,
	})
	return g
}

func (g *gatherer[In, Out]) do(ctx context.Context, items []In) ([]Out, error) {
	done, err := g.group.Do(ctx, items)
	switch {
	case errors.Is(err, group.ErrFull), errors.Is(err, group.ErrExpired), errors.Is(err, group.ErrStopped):
		return nil, access.Overloaded()
	case errors.Is(err, group.ErrAbandoned):
		return nil, access.OutcomeUnknown(err)
	}
	access.ReportBatchSize(ctx, done.batchSize)
	return done.results, err
}

// flush writes the items of several calls in one act.
func (g *gatherer[In, Out]) flush(ctx context.Context, calls [][]In) ([]written[Out], error) {
	var items []In
	for _, call := range calls {
		items = append(items, call...)
	}
	start := time.Now()
	results, err := g.write(ctx, items)
	g.observe(len(items), time.Since(start))
	if err != nil {
		return nil, err
	}
	perCall := make([]written[Out], len(calls))
	for i, call := range calls {
		perCall[i] = written[Out]{results: results[:len(call)], batchSize: len(items)}
		results = results[len(call):]
	}
	return perCall, nil
}

// divisible: a store that is away is away for every call alone too, and a batch whose
// outcome is unknown must not be written again.
func divisible(err error) bool {
	return !access.IsKind(err, access.KindUnavailable) && !access.HasReason(err, access.ReasonOutcomeUnknown)
}
