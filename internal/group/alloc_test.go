package group_test

import (
	"context"
	"sync"
	"testing"

	"accesscodes/internal/group"
	"accesscodes/internal/memtest"
)

// manyCallers is how many hand an item over at once.
const manyCallers = 64

// What may be allocated. Nothing is: calls are recycled.
const (
	limitOfLoneCaller = 0
	// The race detector loses a fourth of what is recycled: half an allocation for each caller.
	limitOfManyCallers = manyCallers * 3 / 4
)

var hot = []memtest.Function{
	{Name: "LoneCaller", Start: loneCaller, Limit: limitOfLoneCaller},
	{Name: "ManyCallers", Start: callersAtOnce, Limit: limitOfManyCallers},
}

func TestHotFunctionsKeepToTheirAllocations(t *testing.T) { memtest.Hold(t, hot) }

func BenchmarkHot(b *testing.B) { memtest.Measure(b, hot) }

// startIdle starts a group whose flush does and allocates nothing.
func startIdle(t testing.TB) *group.Group[int, int] {
	outs := make([]int, manyCallers)
	g := group.Start(group.Config[int, int]{
		Flush:     func(_ context.Context, batch []int) ([]int, error) { return outs[:len(batch)], nil },
		Divisible: func(error) bool { return false },
		MaxBatch:  manyCallers,
		MaxQueue:  manyCallers,
	})
	t.Cleanup(g.Stop)
	return g
}

func loneCaller(t testing.TB) func() {
	g, ctx := startIdle(t), t.Context()
	return func() {
		if _, err := g.Do(ctx, 1); err != nil {
			t.Fatal(err)
		}
	}
}

// callersAtOnce lets each of many callers, who are there already, hand over an item.
func callersAtOnce(t testing.TB) func() {
	g, ctx := startIdle(t), t.Context()
	begin := make(chan struct{}, manyCallers)
	var callers, calls sync.WaitGroup
	for range manyCallers {
		callers.Go(func() {
			for range begin {
				if _, err := g.Do(ctx, 1); err != nil {
					t.Error(err)
				}
				calls.Done()
			}
		})
	}
	t.Cleanup(func() {
		close(begin)
		callers.Wait()
	})
	return func() {
		calls.Add(manyCallers)
		for range manyCallers {
			begin <- struct{}{}
		}
		calls.Wait()
	}
}
