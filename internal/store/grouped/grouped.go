// Package grouped wraps a store so that concurrent hot writes share one commit: each caller waits
// for its own result, and all of them for one fsync. The hottest look-ups share a transaction, and
// the round trip to a server, in the same way. Everything else goes directly to the store below. It
// knows no rules and no SQL.
package grouped

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/group"
)

// Options limits how much is gathered.
type Options struct {
	MaxBatch int // calls in one commit; 0: 256
	MaxQueue int // calls that may wait before further ones are refused; 0: 16,384
	// MaxWait is how long a call may wait for its commit to begin before it is refused;
	// 0: 5 s.
	MaxWait time.Duration
	// Observe, if not nil, is called after every commit that was tried, with the number of codes or
	// commands in it and the time it took.
	Observe func(size int, took time.Duration)
	// DryRunLanes is how many shared look-ups may run at once; 0: one for every two processors.
	// Callers that wait share the next one. On few processors, many share one.
	DryRunLanes int
}

// maxDryRunWait is how long a look-up may wait for its turn, at most.
const maxDryRunWait = 2 * time.Second

// Store is a store that gathers hot calls: inserts of codes in one queue, idempotent commands in
// another, dry runs in further ones.
type Store struct {
	codes.Store
	inserts  *gatherer[*codes.NewCode, codes.InsertResult]
	commands *gatherer[*codes.Command, codes.Result]
	dryRuns  []*gatherer[*codes.Command, codes.Result] // each takes a part of the dry runs
	turn     atomic.Uint32                             // whose turn it is
}

// Load returns how many calls were handed over, and how many wait now, so that other work can give
// way to them.
func (s *Store) Load() (calls uint64, waiting int) {
	calls = s.inserts.calls.Load() + s.commands.calls.Load()
	waiting = s.inserts.group.Waiting() + s.commands.group.Waiting()
	for _, dryRuns := range s.dryRuns {
		calls, waiting = calls+dryRuns.calls.Load(), waiting+dryRuns.group.Waiting()
	}
	return calls, waiting
}

// New wraps a store.
func New(below codes.Store, options Options) *Store {
	if options.MaxBatch == 0 {
		options.MaxBatch = 256
	}
	if options.MaxQueue == 0 {
		options.MaxQueue = 16384
	}
	if options.MaxWait == 0 {
		options.MaxWait = 5 * time.Second
	}
	if options.DryRunLanes == 0 {
		options.DryRunLanes = max(1, runtime.NumCPU()/2)
	}
	if options.Observe == nil {
		options.Observe = func(int, time.Duration) {}
	}
	s := &Store{
		Store:    below,
		inserts:  gather(options, below.InsertCodes),
		commands: gather(options, below.Execute),
	}
	options.Observe = func(int, time.Duration) {} // a dry run is not a commit
	// A dry run need not wait long, because it can be repeated at once.
	options.MaxWait = min(options.MaxWait, maxDryRunWait)
	for range options.DryRunLanes {
		s.dryRuns = append(s.dryRuns, gather(options, below.DryRun))
	}
	return s
}

// Close writes what waits. Call it once, after the last other call, and before the store below is
// closed.
func (s *Store) Close() {
	s.inserts.group.Stop()
	s.commands.group.Stop()
	for _, dryRuns := range s.dryRuns {
		dryRuns.group.Stop()
	}
}

// InsertCodes implements [codes.CodeStore]. The codes of one call stay together.
func (s *Store) InsertCodes(ctx context.Context, codes []*codes.NewCode) ([]codes.InsertResult, error) {
	return s.inserts.do(ctx, codes)
}

// Execute implements [codes.RedemptionStore]. The commands of one call stay together. Commands that
// must not be repeated are not gathered: because of them, the outcome of all others in the batch
// would stay unknown when a connection breaks.
func (s *Store) Execute(ctx context.Context, commands []*codes.Command) ([]codes.Result, error) {
	for _, command := range commands {
		if !command.Idempotent {
			return s.Store.Execute(ctx, commands)
		}
	}
	return s.commands.do(ctx, commands)
}

// DryRun implements [codes.RedemptionStore]. A call sees a state from some time after it began.
func (s *Store) DryRun(ctx context.Context, commands []*codes.Command) ([]codes.Result, error) {
	if slices.ContainsFunc(commands, func(command *codes.Command) bool { return command.Hypothetical }) {
		return s.Store.DryRun(ctx, commands)
	}
	results, err := s.dryRuns[s.turn.Add(1)%uint32(len(s.dryRuns))].do(ctx, commands)
	if core.HasReason(err, core.ReasonOutcomeUnknown) {
		err = ctx.Err() // the caller has left; a dry run has no outcome
	}
	return results, err
}

// gatherer gathers the calls of one store method.
type gatherer[In, Out any] struct {
	group   *group.Group[[]In, []Out]
	write   func(context.Context, []In) ([]Out, error)
	observe func(size int, took time.Duration)
	calls   atomic.Uint64 // handed over so far
}

func gather[In, Out any](options Options, write func(context.Context, []In) ([]Out, error)) *gatherer[In, Out] {
	g := &gatherer[In, Out]{write: write, observe: options.Observe}
	g.group = group.Start(group.Config[[]In, []Out]{
		Flush:     g.flush,
		Divisible: divisible,
		MaxBatch:  options.MaxBatch,
		MaxQueue:  options.MaxQueue,
		MaxWait:   options.MaxWait,
	})
	return g
}

func (g *gatherer[In, Out]) do(ctx context.Context, items []In) ([]Out, error) {
	g.calls.Add(1)
	results, err := g.group.Do(ctx, items)
	switch {
	case errors.Is(err, group.ErrFull), errors.Is(err, group.ErrExpired), errors.Is(err, group.ErrStopped):
		return nil, core.Overloaded()
	case errors.Is(err, group.ErrAbandoned):
		return nil, core.OutcomeUnknown(err)
	}
	return results, err
}

// flush writes the items of several calls in one transaction.
func (g *gatherer[In, Out]) flush(ctx context.Context, calls [][]In) ([][]Out, error) {
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
	perCall := make([][]Out, len(calls))
	for i, call := range calls {
		perCall[i] = results[:len(call)]
		results = results[len(call):]
	}
	return perCall, nil
}

// divisible reports whether a batch may be tried again call by call. A store that is unavailable as
// a whole is so for each call, too, and a batch with an unknown outcome must not be written again.
func divisible(err error) bool {
	isAway := core.IsKind(err, core.KindUnavailable) && !core.IsPartial(err)
	return !isAway && !core.HasReason(err, core.ReasonOutcomeUnknown)
}
