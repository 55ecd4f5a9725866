package group_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"accesscodes/internal/group"
)

const poison = 13

var errPoisoned = errors.New("poisoned")

// failOn flushes a batch unless it holds the poisoned item.
func failOn(batch []int) ([]string, error) {
	if slices.Contains(batch, poison) {
		return nil, errPoisoned
	}
	return results(batch), nil
}

// flushTogether hands over items that are all flushed in one batch, and returns what
// each got and the batches that were flushed for it.
func flushTogether(
	t *testing.T,
	divisible bool,
	flush func([]int) ([]string, error),
	ins ...int,
) (map[int]answer, [][]int) {
	t.Helper()
	got := map[int]answer{}
	var batches [][]int
	synctest.Test(t, func(t *testing.T) {
		const first = -1 // keeps the group busy until all items wait
		pass := make(chan struct{})
		h := &held{}
		h.Group = group.Start(group.Config[int, string]{
			Flush: func(_ context.Context, batch []int) ([]string, error) {
				if batch[0] == first {
					<-pass
					return results(batch), nil
				}
				batches = append(batches, slices.Clone(batch))
				return flush(batch)
			},
			Divisible: func(error) bool { return divisible },
			MaxBatch:  100, MaxQueue: 100,
		})
		blocker := h.calls(t.Context(), first)
		answers := h.calls(t.Context(), ins...)
		close(pass)
		checkResults(t, blocker)
		for in, answer := range answers {
			got[in] = <-answer
		}
		// However the flush failed, the group goes on.
		checkResults(t, h.calls(t.Context(), first))
		h.Stop()
	})
	return got, batches
}

func checkBatches(t *testing.T, got [][]int, want ...[]int) {
	t.Helper()
	if !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Errorf("flushed %v, want %v", got, want)
	}
}

func TestAPoisonedItemFailsAlone(t *testing.T) {
	got, batches := flushTogether(t, true, failOn, 1, poison, 2)
	checkBatches(t, batches, []int{1, poison, 2}, []int{1}, []int{poison}, []int{2})
	for in, answer := range got {
		switch {
		case in == poison && (!errors.Is(answer.err, errPoisoned) || answer.out != ""):
			t.Errorf("the poisoned item got %q, %v", answer.out, answer.err)
		case in != poison && (answer.err != nil || answer.out != result(in)):
			t.Errorf("item %d got %q, %v", in, answer.out, answer.err)
		}
	}
}

func TestAnIndivisibleFailureIsEveryItemsAndIsTriedOnce(t *testing.T) {
	got, batches := flushTogether(t, false, failOn, 1, poison, 2)
	checkBatches(t, batches, []int{1, poison, 2})
	checkAllFailed(t, got, errPoisoned.Error())
}

func TestASingleItemThatFailsIsNotTriedAgain(t *testing.T) {
	got, batches := flushTogether(t, true, failOn, poison)
	checkBatches(t, batches, []int{poison})
	checkAllFailed(t, got, errPoisoned.Error())
}

// TestAFlushThatMayHaveActedIsNotRepeated: Divisible judges the errors by which a flush
// says that nothing was done. One that panicked or that lost count said no such thing.
func TestAFlushThatMayHaveActedIsNotRepeated(t *testing.T) {
	tests := []struct {
		name  string
		flush func([]int) ([]string, error)
		want  string // in the error
	}{
		{"panic", func([]int) ([]string, error) { panic("boom") }, "boom"},
		{"too few results", func(batch []int) ([]string, error) { return results(batch)[1:], nil }, "2 results for 3 items"},
		{
			"too many results",
			func(batch []int) ([]string, error) { return append(results(batch), "more"), nil },
			"4 results for 3 items",
		},
	}
	for _, test := range tests {
		for name, divisible := range map[string]bool{"divisible": true, "indivisible": false} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				got, batches := flushTogether(t, divisible, test.flush, 1, 2, 3)
				checkBatches(t, batches, []int{1, 2, 3})
				checkAllFailed(t, got, test.want)
			})
		}
	}
}

func checkAllFailed(t *testing.T, got map[int]answer, want string) {
	t.Helper()
	for in, answer := range got {
		if answer.err == nil || !strings.Contains(answer.err.Error(), want) || answer.out != "" {
			t.Errorf("item %d got %q, %v; want an error with %q", in, answer.out, answer.err, want)
		}
	}
}

// TestWhatWouldFailLikeItsNeighbourIsNotTried: when a batch is tried item by item and the
// store goes away meanwhile, the rest is refused at once instead of one after the other.
func TestWhatWouldFailLikeItsNeighbourIsNotTried(t *testing.T) {
	errAway := errors.New("away")
	synctest.Test(t, func(t *testing.T) {
		const first = -1 // keeps the group busy until all items wait
		pass := make(chan struct{})
		var batches [][]int
		h := &held{}
		h.Group = group.Start(group.Config[int, string]{
			Flush: func(_ context.Context, batch []int) ([]string, error) {
				switch {
				case batch[0] == first:
					<-pass
				case len(batch) > 1:
					batches = append(batches, slices.Clone(batch))
					return nil, errPoisoned
				default:
					batches = append(batches, slices.Clone(batch))
					if batch[0] == 2 {
						return nil, errAway
					}
				}
				return results(batch), nil
			},
			Divisible: func(err error) bool { return errors.Is(err, errPoisoned) },
			MaxBatch:  100, MaxQueue: 100,
		})
		blocker := h.calls(t.Context(), first)
		answers := h.calls(t.Context(), 1, 2, 3, 4)
		close(pass)
		checkResults(t, blocker)
		want := map[int]error{1: nil, 2: errAway, 3: group.ErrExpired, 4: group.ErrExpired}
		for in, answer := range answers {
			if got := <-answer; !errors.Is(got.err, want[in]) {
				t.Errorf("item %d got %q, %v; want %v", in, got.out, got.err, want[in])
			}
		}
		checkBatches(t, batches, []int{1, 2, 3, 4}, []int{1}, []int{2})
		h.Stop()
	})
}
