package group_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"accesscodes/internal/group"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// held is a group whose flushes wait until the test lets them through. It must be used
// inside a synctest bubble: there, synctest.Wait returns when every caller waits.
type held struct {
	*group.Group[int, string]
	begun chan []int    // a copy of each batch whose flush has begun
	pass  chan struct{} // lets one flush through
}

func startHeld(t *testing.T, maxBatch, maxQueue int) *held {
	t.Helper()
	return startHeldWith(t, group.Config[int, string]{MaxBatch: maxBatch, MaxQueue: maxQueue})
}

// startHeldWith starts a group whose flush is the held one, whatever config says of it.
func startHeldWith(t *testing.T, config group.Config[int, string]) *held {
	t.Helper()
	h := &held{begun: make(chan []int, 100), pass: make(chan struct{}, 100)}
	config.Flush = func(_ context.Context, batch []int) ([]string, error) {
		h.begun <- slices.Clone(batch)
		<-h.pass
		return results(batch), nil
	}
	config.Divisible = func(error) bool { return false }
	h.Group = group.Start(config)
	t.Cleanup(func() {
		close(h.pass)
		h.Stop()
	})
	return h
}

// results are what the flushes of this file return, one for each item.
func results(batch []int) []string {
	outs := make([]string, len(batch))
	for i, in := range batch {
		outs[i] = result(in)
	}
	return outs
}

func result(in int) string { return fmt.Sprint("result ", in) }

// answer is what a call of Do returned.
type answer struct {
	out string
	err error
}

// call hands over an item and returns when it waits; its answer comes later.
func (h *held) call(ctx context.Context, in int) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		out, err := h.Do(ctx, in)
		answers <- answer{out, err}
	}()
	synctest.Wait()
	return answers
}

// calls hands over items one after the other, so that their order is known.
func (h *held) calls(ctx context.Context, ins ...int) map[int]<-chan answer {
	answers := map[int]<-chan answer{}
	for _, in := range ins {
		answers[in] = h.call(ctx, in)
	}
	return answers
}

func checkResults(t *testing.T, answers map[int]<-chan answer) {
	t.Helper()
	for in, ch := range answers {
		if got := <-ch; got.err != nil || got.out != result(in) {
			t.Errorf("item %d got %q, %v", in, got.out, got.err)
		}
	}
}

func checkBatch(t *testing.T, got []int, want ...int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("batch %v, want %v", got, want)
	}
}

func TestALoneCallerIsFlushedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 100, 100)
		h.pass <- struct{}{}
		begin := time.Now()
		out, err := h.Do(t.Context(), 1)
		if err != nil || out != result(1) {
			t.Errorf("Do = %q, %v", out, err)
		}
		// The bubble's clock moves only if somebody waits for a timer.
		if took := time.Since(begin); took != 0 {
			t.Errorf("the caller waited %v", took)
		}
	})
}

func TestCallersGatherWhileAFlushIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 100, 100)
		first := h.calls(t.Context(), 0)
		checkBatch(t, <-h.begun, 0)
		rest := h.calls(t.Context(), 5, 4, 3, 2, 1)
		if len(h.begun) != 0 {
			t.Error("a second flush began during the first")
		}
		h.pass <- struct{}{}
		checkResults(t, first)
		checkBatch(t, <-h.begun, 5, 4, 3, 2, 1)
		h.pass <- struct{}{}
		checkResults(t, rest)
	})
}

func TestABatchHasAtMostMaxBatchItems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 3, 100)
		answers := h.calls(t.Context(), 0, 1, 2, 3, 4, 5, 6, 7)
		for _, want := range [][]int{{0}, {1, 2, 3}, {4, 5, 6}, {7}} {
			checkBatch(t, <-h.begun, want...)
			h.pass <- struct{}{}
		}
		checkResults(t, answers)
	})
}

func TestAnItemBeyondMaxQueueIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 100, 2)
		answers := h.calls(t.Context(), 0, 1, 2) // one in the flush, two waiting
		if got := <-h.call(t.Context(), 3); !errors.Is(got.err, group.ErrFull) {
			t.Errorf("got %q, %v; want ErrFull", got.out, got.err)
		}
		checkBatch(t, <-h.begun, 0)
		h.pass <- struct{}{}
		checkBatch(t, <-h.begun, 1, 2)
		answers[4] = h.call(t.Context(), 4) // there is room again
		h.pass <- struct{}{}
		checkBatch(t, <-h.begun, 4)
		h.pass <- struct{}{}
		checkResults(t, answers)
	})
}

func TestAnItemThatHasWaitedTooLongIsRefusedAndNotFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeldWith(t, group.Config[int, string]{MaxBatch: 100, MaxQueue: 100, MaxWait: time.Second})
		answers := h.calls(t.Context(), 0)
		checkBatch(t, <-h.begun, 0)
		expired := h.calls(t.Context(), 1, 2)
		time.Sleep(time.Second) // by the bubble's clock
		answers[3] = h.call(t.Context(), 3)
		time.Sleep(time.Nanosecond)
		h.pass <- struct{}{}
		for in, answer := range expired {
			if got := <-answer; !errors.Is(got.err, group.ErrExpired) {
				t.Errorf("item %d got %q, %v; want ErrExpired", in, got.out, got.err)
			}
		}
		checkBatch(t, <-h.begun, 3)
		h.pass <- struct{}{}
		checkResults(t, answers)
	})
}

func TestWhenEveryItemHasWaitedTooLongNothingIsFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeldWith(t, group.Config[int, string]{MaxBatch: 100, MaxQueue: 100, MaxWait: time.Second})
		answers := h.calls(t.Context(), 0)
		expired := h.calls(t.Context(), 1)
		time.Sleep(2 * time.Second)
		h.pass <- struct{}{}
		if got := <-expired[1]; !errors.Is(got.err, group.ErrExpired) {
			t.Errorf("got %q, %v; want ErrExpired", got.out, got.err)
		}
		answers[2] = h.call(t.Context(), 2)
		h.pass <- struct{}{}
		checkResults(t, answers)
		checkBatch(t, <-h.begun, 0)
		checkBatch(t, <-h.begun, 2)
	})
}

func TestACallerThatGoesWhileItWaitsIsNeverFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 100, 3)
		answers := h.calls(t.Context(), 0, 1)
		ctx, cancel := context.WithCancel(t.Context())
		gone := h.call(ctx, 2)
		answers[3] = h.call(t.Context(), 3)
		cancel()
		if got := <-gone; got.err != context.Canceled {
			t.Errorf("the caller that went got %q, %v", got.out, got.err)
		}
		answers[4] = h.call(t.Context(), 4) // its place in the queue is free
		for _, want := range [][]int{{0}, {1, 3, 4}} {
			checkBatch(t, <-h.begun, want...)
			h.pass <- struct{}{}
		}
		checkResults(t, answers)
	})
}

func TestTheLastWaitingCallerGoesAndTheNextIsStillFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 100, 100)
		answers := h.calls(t.Context(), 0)
		ctx, cancel := context.WithCancel(t.Context())
		gone := h.call(ctx, 1)
		cancel()
		<-gone
		h.pass <- struct{}{}
		synctest.Wait() // nothing waits: the group sleeps
		answers[2] = h.call(t.Context(), 2)
		h.pass <- struct{}{}
		checkResults(t, answers)
		checkBatch(t, <-h.begun, 0)
		checkBatch(t, <-h.begun, 2)
	})
}

func TestACallerThatGoesDuringItsFlushHasAbandonedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 100, 100)
		cancelled, cancel := context.WithCancel(t.Context())
		late, cancelLate := context.WithTimeout(t.Context(), time.Second)
		defer cancelLate()
		blocker := h.calls(t.Context(), 0)
		gone := map[error]<-chan answer{context.Canceled: h.call(cancelled, 1), context.DeadlineExceeded: h.call(late, 2)}
		stays := h.calls(t.Context(), 3)
		h.pass <- struct{}{}
		checkResults(t, blocker)
		synctest.Wait() // the flush of 1, 2 and 3 is under way
		cancel()
		for cause, answers := range gone { // the bubble's clock runs to the deadline
			if got := <-answers; !errors.Is(got.err, group.ErrAbandoned) || !errors.Is(got.err, cause) || got.out != "" {
				t.Errorf("got %q, %v; want ErrAbandoned and %v", got.out, got.err, cause)
			}
		}
		h.pass <- struct{}{}
		checkResults(t, stays)
	})
}

func TestStopFlushesWhatWaitsAndRefusesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := startHeld(t, 2, 100)
		answers := h.calls(t.Context(), 0, 1, 2, 3)
		stopped := make(chan struct{}, 2)
		for range cap(stopped) {
			go func() {
				h.Stop()
				stopped <- struct{}{}
			}()
		}
		synctest.Wait()
		if got := <-h.call(t.Context(), 4); !errors.Is(got.err, group.ErrStopped) {
			t.Errorf("got %q, %v; want ErrStopped", got.out, got.err)
		}
		for _, want := range [][]int{{0}, {1, 2}, {3}} {
			checkBatch(t, <-h.begun, want...)
			if synctest.Wait(); len(stopped) != 0 {
				t.Errorf("Stop returned during the flush of %v", want)
			}
			h.pass <- struct{}{}
		}
		<-stopped
		<-stopped
		checkResults(t, answers)
		h.Stop() // again, when all is over
		if got := <-h.call(t.Context(), 5); !errors.Is(got.err, group.ErrStopped) {
			t.Errorf("got %q, %v; want ErrStopped", got.out, got.err)
		}
	})
}
