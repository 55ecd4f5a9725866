package batched_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"accesscodes/internal/access"
	"accesscodes/internal/store/batched"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// below is the store under a batched one. It takes codes but for those whose value
// stands in fails, and holds each write back until the test lets it through.
type below struct {
	access.Store
	begun  chan []string // the values of each write that has begun
	pass   chan struct{} // lets one write through
	fails  map[string]error
	closed bool
}

func (b *below) InsertCodes(_ context.Context, codes []*access.NewCode) ([]access.InsertResult, error) {
	values := valuesOf(codes)
	b.begun <- values
	<-b.pass
	results := make([]access.InsertResult, len(codes))
	for i, value := range values {
		if err := b.fails[value]; err != nil {
			return nil, err
		}
		results[i] = resultOf(value)
	}
	return results, nil
}

func (b *below) Close() error {
	b.closed = true
	return errClose
}

var errClose = errors.New("closed")

// resultOf is a result that can be told from another value's.
func resultOf(value string) access.InsertResult {
	return access.InsertResult{Outcome: access.RetryKeyUsed, Existing: &access.RetriedCode{Code: access.Code{Value: value}}}
}

func valuesOf(codes []*access.NewCode) []string {
	values := make([]string, len(codes))
	for i, code := range codes {
		values[i] = code.Value
	}
	return values
}

// rig is a batched store over a held one, and what Observe was told.
type rig struct {
	*below
	store *batched.Store
	sizes []int
	took  []time.Duration
}

// startRig must be called inside a synctest bubble.
func startRig(t *testing.T, options batched.Options) *rig {
	t.Helper()
	b := &rig{below: &below{begun: make(chan []string, 100), pass: make(chan struct{}, 100), fails: map[string]error{}}}
	options.Observe = func(size int, took time.Duration) {
		b.sizes, b.took = append(b.sizes, size), append(b.took, took)
	}
	b.store = batched.New(b.below, options)
	return b
}

// end lets everything through and closes the store.
func (b *rig) end(t *testing.T) {
	t.Helper()
	close(b.pass)
	if err := b.store.Close(); !errors.Is(err, errClose) {
		t.Errorf("Close: %v, want what the store below said", err)
	}
}

// answer is what one call returned.
type answer struct {
	results []access.InsertResult
	size    int
	err     error
}

// call inserts codes with these values and returns when the call waits.
func (b *rig) call(ctx context.Context, values ...string) <-chan answer {
	answers := make(chan answer, 1)
	codes := make([]*access.NewCode, len(values))
	for i, value := range values {
		codes[i] = &access.NewCode{Code: access.Code{Value: value}}
	}
	go func() {
		var a answer
		a.results, a.err = b.store.InsertCodes(access.WithBatchSize(ctx, &a.size), codes)
		answers <- a
	}()
	synctest.Wait()
	return answers
}

// checkAnswer checks that a call got its own codes' results.
func checkAnswer(t *testing.T, got answer, size int, values ...string) {
	t.Helper()
	want := make([]access.InsertResult, len(values))
	for i, value := range values {
		want[i] = resultOf(value)
	}
	if diff := cmp.Diff(want, got.results); diff != "" || got.err != nil {
		t.Errorf("results for %v: %v (-want +got):\n%s", values, got.err, diff)
	}
	if got.size != size {
		t.Errorf("the commit of %v was said to hold %d codes, want %d", values, got.size, size)
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
		b := startRig(t, batched.Options{})
		alone := b.call(t.Context(), "A")
		two, one, none := b.call(t.Context(), "B", "C"), b.call(t.Context(), "D"), b.call(t.Context())
		b.end(t)
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "B", "C", "D")
		checkAnswer(t, <-alone, 1, "A")
		checkAnswer(t, <-two, 3, "B", "C")
		checkAnswer(t, <-one, 3, "D")
		checkAnswer(t, <-none, 3)
	})
}

func TestObserveIsToldOfEveryCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, batched.Options{})
		b.fails["BAD"] = access.Unavailable(nil)
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
				b := startRig(t, batched.Options{MaxBatch: test.maxBatch})
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
		b := startRig(t, batched.Options{MaxQueue: 1})
		inCommit, waiting := b.call(t.Context(), "A"), b.call(t.Context(), "B")
		checkRefused(t, <-b.call(t.Context(), "C"), access.KindUnavailable, access.ReasonOverloaded)
		b.end(t)
		checkAnswer(t, <-inCommit, 1, "A")
		checkAnswer(t, <-waiting, 1, "B")
		checkRefused(t, <-b.call(t.Context(), "D"), access.KindUnavailable, access.ReasonOverloaded)
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "B")
	})
}

func checkRefused(t *testing.T, got answer, kind access.Kind, reason access.Reason) {
	t.Helper()
	if got.results != nil || !access.IsKind(got.err, kind) || !access.HasReason(got.err, reason) {
		t.Errorf("got %v, %v; want kind %d with the reason %s", got.results, got.err, kind, reason)
	}
}

func TestACallerThatGoesDuringTheCommitDoesNotKnowItsOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, batched.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		gone := b.call(ctx, "A")
		cancel()
		got := <-gone
		checkRefused(t, got, access.KindInternal, access.ReasonOutcomeUnknown)
		if !errors.Is(got.err, context.Canceled) {
			t.Errorf("%v has lost its cause", got.err)
		}
		b.end(t)
	})
}

func TestACallerThatGoesBeforeTheCommitIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, batched.Options{})
		first := b.call(t.Context(), "A")
		ctx, cancel := context.WithCancel(t.Context())
		gone, last := b.call(ctx, "B"), b.call(t.Context(), "C")
		cancel()
		if got := <-gone; got.err != context.Canceled {
			t.Errorf("the caller that went got %v", got.err)
		}
		b.end(t)
		checkAnswer(t, <-first, 1, "A")
		checkAnswer(t, <-last, 1, "C")
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "C")
	})
}

func TestACallThatNoCommitCanHoldFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, batched.Options{})
		errBad := errors.New("malformed")
		b.fails["BAD"] = errBad
		first := b.call(t.Context(), "A")
		good, bad, other := b.call(t.Context(), "B", "C"), b.call(t.Context(), "D", "BAD"), b.call(t.Context(), "E")
		b.end(t)
		checkAnswer(t, <-first, 1, "A")
		checkAnswer(t, <-good, 2, "B", "C")
		checkAnswer(t, <-other, 1, "E")
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
		kind   access.Kind
		reason access.Reason
	}{
		{"the store is away", access.Unavailable(nil), access.KindUnavailable, access.ReasonStoreUnavailable},
		{"the commit may have been done", access.OutcomeUnknown(nil), access.KindInternal, access.ReasonOutcomeUnknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := startRig(t, batched.Options{})
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

func TestCloseWritesWhatWaitsBeforeItClosesTheStoreBelow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, batched.Options{})
		first, second := b.call(t.Context(), "A"), b.call(t.Context(), "B")
		closed := make(chan error, 1)
		go func() { closed <- b.store.Close() }()
		for range 2 {
			if synctest.Wait(); b.closed || len(closed) != 0 {
				t.Error("closed during a commit")
			}
			b.pass <- struct{}{}
		}
		if err := <-closed; !errors.Is(err, errClose) || !b.closed {
			t.Errorf("Close: %v", err)
		}
		checkAnswer(t, <-first, 1, "A")
		checkAnswer(t, <-second, 1, "B")
	})
}
