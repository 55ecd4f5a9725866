// Package batched wraps a store so that concurrent hot writes share one commit: each
// caller waits for its own result, all of them for one fsync. Everything else goes
// straight to the store below.
package batched

import (
	"context"
	"errors"
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
	// Observe, if not nil, is told of every commit that was tried: how many codes it
	// held and how long it took.
	Observe func(size int, took time.Duration)
}

// Store is a store whose hot writes are gathered. Stop it before the store below is
// closed.
type Store struct {
	access.Store
	inserts *group.Group[[]*access.NewCode, inserted]
	observe func(size int, took time.Duration)
}

// inserted is what one call gets from a commit.
type inserted struct {
	results   []access.InsertResult
	batchSize int // codes in the commit
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
	if options.Observe == nil {
		options.Observe = func(int, time.Duration) {}
	}
	s := &Store{Store: below, observe: options.Observe}
	s.inserts = group.Start(group.Config[[]*access.NewCode, inserted]{
		Flush:     s.flushInserts,
		Divisible: divisible,
		MaxBatch:  options.MaxBatch,
		MaxQueue:  options.MaxQueue,
		MaxWait:   options.MaxWait,
	})
	return s
}

// Close writes what waits and closes the store below. It is called once, after the
// last other method.
func (s *Store) Close() error {
	s.inserts.Stop()
	return s.Store.Close()
}

// InsertCodes implements [access.CodeStore]. The codes of one call stay together.
func (s *Store) InsertCodes(ctx context.Context, codes []*access.NewCode) ([]access.InsertResult, error) {
	done, err := s.inserts.Do(ctx, codes)
	switch {
	case errors.Is(err, group.ErrFull), errors.Is(err, group.ErrExpired), errors.Is(err, group.ErrStopped):
		return nil, access.Overloaded()
	case errors.Is(err, group.ErrAbandoned):
		return nil, access.OutcomeUnknown(err)
	}
	access.ReportBatchSize(ctx, done.batchSize)
	return done.results, err
}

// flushInserts stores the codes of several calls in one act.
func (s *Store) flushInserts(ctx context.Context, calls [][]*access.NewCode) ([]inserted, error) {
	var codes []*access.NewCode
	for _, call := range calls {
		codes = append(codes, call...)
	}
	start := time.Now()
	results, err := s.Store.InsertCodes(ctx, codes)
	s.observe(len(codes), time.Since(start))
	if err != nil {
		return nil, err
	}
	perCall := make([]inserted, len(calls))
	for i, call := range calls {
		perCall[i] = inserted{results: results[:len(call)], batchSize: len(codes)}
		results = results[len(call):]
	}
	return perCall, nil
}

// divisible: a store that is away is away for every call alone too, and a batch whose
// outcome is unknown must not be written again.
func divisible(err error) bool {
	return !access.IsKind(err, access.KindUnavailable) && !access.HasReason(err, access.ReasonOutcomeUnknown)
}
