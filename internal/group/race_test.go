package group_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"accesscodes/internal/group"
)

// TestManyCallersEachGetTheirOwnResult lets some callers go at any moment and checks
// that each was told the truth about its item.
func TestManyCallersEachGetTheirOwnResult(t *testing.T) {
	const callers, itemsEach, maxBatch = 50, 100, 8
	flushed := map[int]int{} // only the group's one goroutine touches it until Stop
	g := group.Start(group.Config[int, string]{
		Flush: func(_ context.Context, batch []int) ([]string, error) {
			if len(batch) > maxBatch {
				t.Errorf("a batch of %d", len(batch))
			}
			for _, in := range batch {
				flushed[in]++
			}
			runtime.Gosched()
			return results(batch), nil
		},
		Divisible: func(error) bool { return false },
		MaxBatch:  maxBatch,
		MaxQueue:  callers,
	})
	answers := make([]answer, callers*itemsEach)
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := range itemsEach {
				in := caller*itemsEach + i
				ctx, cancel := context.WithCancel(t.Context())
				if caller%2 == 0 {
					all.Go(cancel)
				}
				answers[in].out, answers[in].err = g.Do(ctx, in)
				cancel()
			}
		})
	}
	all.Wait()
	g.Stop()
	for in, got := range answers {
		switch {
		case got.err == nil && (got.out != result(in) || flushed[in] != 1):
			t.Errorf("item %d got %q and was flushed %d times", in, got.out, flushed[in])
		case errors.Is(got.err, group.ErrAbandoned) && flushed[in] != 1:
			t.Errorf("item %d was abandoned during its flush but was flushed %d times", in, flushed[in])
		case got.err == context.Canceled && flushed[in] != 0:
			t.Errorf("item %d was withdrawn but was flushed %d times", in, flushed[in])
		case got.err != nil && !errors.Is(got.err, context.Canceled):
			t.Errorf("item %d: %v", in, got.err)
		}
	}
}
