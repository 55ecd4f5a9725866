package grouped_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// below is the store under a grouped one. It takes codes but for those whose value
// stands in fails, and holds each write back until the test lets it through.
type below struct {
	storetest.Store
	begun chan []string // the values of each write that has begun
	pass  chan struct{} // lets one write through
	fails map[string]error
}

func (b *below) InsertCodes(_ context.Context, list []*codes.NewCode) ([]codes.InsertResult, error) {
	values := valuesOf(list)
	b.begun <- values
	<-b.pass
	results := make([]codes.InsertResult, len(list))
	for i, value := range values {
		if err := b.fails[value]; err != nil {
			return nil, err
		}
		results[i] = resultOf(value)
	}
	return results, nil
}

// resultOf is a result that can be told from another value's.
func resultOf(value string) codes.InsertResult {
	return codes.InsertResult{Outcome: codes.RetryKeyUsed, Existing: &codes.RetriedCode{Code: codes.Code{Value: value}}}
}

func valuesOf(codes []*codes.NewCode) []string {
	values := make([]string, len(codes))
	for i, code := range codes {
		values[i] = code.Value
	}
	return values
}

// rig is a grouped store over a held one, and what Observe was told.
type rig struct {
	*below
	store *grouped.Store
	sizes []int
	took  []time.Duration
}

// startRig must be called inside a synctest bubble.
func startRig(t *testing.T, options grouped.Options) *rig {
	t.Helper()
	b := &rig{below: &below{begun: make(chan []string, 100), pass: make(chan struct{}, 100), fails: map[string]error{}}}
	options.Observe = func(size int, took time.Duration) {
		b.sizes, b.took = append(b.sizes, size), append(b.took, took)
	}
	b.store = grouped.New(b.below, options)
	return b
}

// end lets everything through and closes the store.
func (b *rig) end(t *testing.T) {
	t.Helper()
	close(b.pass)
	b.store.Close()
}

// answer is what one call returned.
type answer struct {
	results []codes.InsertResult
	err     error
}

// call inserts codes with these values and returns when the call waits.
func (b *rig) call(ctx context.Context, values ...string) <-chan answer {
	answers := make(chan answer, 1)
	list := make([]*codes.NewCode, len(values))
	for i, value := range values {
		list[i] = &codes.NewCode{Code: codes.Code{Value: value}}
	}
	go func() {
		var a answer
		a.results, a.err = b.store.InsertCodes(ctx, list)
		answers <- a
	}()
	synctest.Wait()
	return answers
}

// checkAnswer checks that a call got its own codes' results.
func checkAnswer(t *testing.T, got answer, values ...string) {
	t.Helper()
	want := make([]codes.InsertResult, len(values))
	for i, value := range values {
		want[i] = resultOf(value)
	}
	if diff := cmp.Diff(want, got.results); diff != "" || got.err != nil {
		t.Errorf("results for %v: %v (-want +got):\n%s", values, got.err, diff)
	}
}

func checkWrite(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("wrote %v, want %v", got, want)
	}
}

func TestCallsThatWaitShareOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{})
		alone := b.call(t.Context(), "A")
		two, one, none := b.call(t.Context(), "B", "C"), b.call(t.Context(), "D"), b.call(t.Context())
		b.end(t)
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "B", "C", "D")
		checkAnswer(t, <-alone, "A")
		checkAnswer(t, <-two, "B", "C")
		checkAnswer(t, <-one, "D")
		checkAnswer(t, <-none)
	})
}

func TestObserveIsToldOfEveryCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{})
		b.fails["BAD"] = core.Unavailable(nil)
		first, second := b.call(t.Context(), "A"), b.call(t.Context(), "B", "BAD")
		timer := time.AfterFunc(time.Second, func() { b.pass <- struct{}{} })
		defer timer.Stop()
		<-first // a second later on the bubble's clock
		b.end(t)
		<-second
		if want := []int{1, 2}; !slices.Equal(b.sizes, want) {
			t.Errorf("sizes %v, want %v: failed commits too", b.sizes, want)
		}
		if want := []time.Duration{time.Second, 0}; !slices.Equal(b.took, want) {
			t.Errorf("took %v, want %v", b.took, want)
		}
	})
}

func TestACommitTakesAtMostMaxBatchCalls(t *testing.T) {
	tests := []struct {
		name     string
		maxBatch int
		want     []int
	}{
		{"stated", 2, []int{1, 2, 2, 1}},
		{"default", 0, []int{1, 5}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := startRig(t, grouped.Options{MaxBatch: test.maxBatch})
				for i := range 6 {
					b.call(t.Context(), fmt.Sprint("V", i))
				}
				b.end(t)
				if !slices.Equal(b.sizes, test.want) {
					t.Errorf("sizes %v, want %v", b.sizes, test.want)
				}
			})
		})
	}
}

func TestACallBeyondMaxQueueIsToldThatTheServerIsOverloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{MaxQueue: 1})
		inCommit, waiting := b.call(t.Context(), "A"), b.call(t.Context(), "B")
		checkRefused(t, <-b.call(t.Context(), "C"), core.KindUnavailable, core.ReasonOverloaded)
		b.end(t)
		checkAnswer(t, <-inCommit, "A")
		checkAnswer(t, <-waiting, "B")
		checkRefused(t, <-b.call(t.Context(), "D"), core.KindUnavailable, core.ReasonOverloaded)
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "B")
	})
}

func checkRefused(t *testing.T, got answer, kind core.Kind, reason core.Reason) {
	t.Helper()
	if got.results != nil || !core.IsKind(got.err, kind) || !core.HasReason(got.err, reason) {
		t.Errorf("got %v, %v; want kind %d with the reason %s", got.results, got.err, kind, reason)
	}
}

func TestACallerThatGoesDuringTheCommitDoesNotKnowItsOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		gone := b.call(ctx, "A")
		cancel()
		got := <-gone
		checkRefused(t, got, core.KindInternal, core.ReasonOutcomeUnknown)
		if !errors.Is(got.err, context.Canceled) {
			t.Errorf("%v has lost its cause", got.err)
		}
		b.end(t)
	})
}

func TestACallerThatGoesBeforeTheCommitIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{})
		first := b.call(t.Context(), "A")
		ctx, cancel := context.WithCancel(t.Context())
		gone, last := b.call(ctx, "B"), b.call(t.Context(), "C")
		cancel()
		if got := <-gone; got.err != context.Canceled {
			t.Errorf("the caller that went got %v", got.err)
		}
		b.end(t)
		checkAnswer(t, <-first, "A")
		checkAnswer(t, <-last, "C")
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "C")
	})
}

// TestACallThatNoCommitCanHoldFailsAlone: also one that needs a part of the store which is away.
func TestACallThatNoCommitCanHoldFailsAlone(t *testing.T) {
	for _, err := range []error{errors.New("malformed"), core.PartlyUnavailable(nil)} {
		t.Run(err.Error(), func(t *testing.T) { failsAlone(t, err) })
	}
}

func failsAlone(t *testing.T, errBad error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{})
		b.fails["BAD"] = errBad
		first := b.call(t.Context(), "A")
		good, bad, other := b.call(t.Context(), "B", "C"), b.call(t.Context(), "D", "BAD"), b.call(t.Context(), "E")
		b.end(t)
		checkAnswer(t, <-first, "A")
		checkAnswer(t, <-good, "B", "C")
		checkAnswer(t, <-other, "E")
		if got := <-bad; !errors.Is(got.err, errBad) || got.results != nil {
			t.Errorf("the bad call got %v, %v", got.results, got.err)
		}
		if want := []int{1, 5, 2, 2, 1}; !slices.Equal(b.sizes, want) {
			t.Errorf("commits of %v codes, want %v", b.sizes, want)
		}
	})
}

func TestAnErrorThatEachCallWouldGetTooIsNotTriedAgain(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		kind   core.Kind
		reason core.Reason
	}{
		{"the store is away", core.Unavailable(nil), core.KindUnavailable, core.ReasonStoreUnavailable},
		{"the commit may have been done", core.OutcomeUnknown(nil), core.KindInternal, core.ReasonOutcomeUnknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := startRig(t, grouped.Options{})
				b.fails["BAD"] = test.err
				b.call(t.Context(), "A")
				good, bad := b.call(t.Context(), "B"), b.call(t.Context(), "BAD")
				b.end(t)
				checkRefused(t, <-good, test.kind, test.reason)
				checkRefused(t, <-bad, test.kind, test.reason)
				if want := []int{1, 2}; !slices.Equal(b.sizes, want) {
					t.Errorf("commits of %v codes, want %v", b.sizes, want)
				}
			})
		})
	}
}

func TestCloseWritesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{})
		first, second := b.call(t.Context(), "A"), b.call(t.Context(), "B")
		var closed atomic.Bool
		done := make(chan struct{})
		go func() { b.store.Close(); closed.Store(true); close(done) }()
		for range 2 {
			if synctest.Wait(); closed.Load() {
				t.Error("closed during a commit")
			}
			b.pass <- struct{}{}
		}
		<-done
		checkAnswer(t, <-first, "A")
		checkAnswer(t, <-second, "B")
	})
}
