package grouped_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/grouped"
)

// DryRun returns the code that each command is about, unless its canonical form stands in fails.
func (b *below) DryRun(_ context.Context, commands []*codes.Command) ([]codes.Result, error) {
	canonicals := make([]string, len(commands))
	results := make([]codes.Result, len(commands))
	for i, command := range commands {
		canonicals[i] = command.Canonical
		results[i].Code = &codes.Code{Value: command.Canonical}
	}
	b.begun <- canonicals
	<-b.pass
	for _, canonical := range canonicals {
		if err := b.fails[canonical]; err != nil {
			return nil, err
		}
	}
	return results, nil
}

// dryRunAnswer is what a dry run returned: the value of its code.
type dryRunAnswer struct {
	value string
	err   error
}

// dryRun makes a dry run and returns when the call waits.
func (b *rig) dryRun(ctx context.Context, command *codes.Command) <-chan dryRunAnswer {
	answers := make(chan dryRunAnswer, 1)
	go func() {
		results, err := b.store.DryRun(ctx, []*codes.Command{command})
		p := dryRunAnswer{err: err}
		if len(results) == 1 {
			p.value = results[0].Code.Value
		}
		answers <- p
	}()
	synctest.Wait()
	return answers
}

func TestLookUpsThatWaitShareOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{DryRunLanes: 1})
		first := b.dryRun(t.Context(), &codes.Command{Canonical: "A"})
		second, third := b.dryRun(
			t.Context(),
			&codes.Command{Canonical: "B"},
		), b.dryRun(
			t.Context(),
			&codes.Command{Canonical: "C"},
		)
		b.end(t)
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "B", "C")
		for want, answer := range map[string]<-chan dryRunAnswer{"A": first, "B": second, "C": third} {
			if got := <-answer; got.err != nil || got.value != want {
				t.Errorf("got %v, want %s", got, want)
			}
		}
		if len(b.sizes) > 0 {
			t.Errorf("look-ups were observed as commits of %v", b.sizes)
		}
	})
}

func TestLookUpsInOtherLanesDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{DryRunLanes: 2})
		b.dryRun(t.Context(), &codes.Command{Canonical: "A"})
		b.dryRun(t.Context(), &codes.Command{Canonical: "B"})
		b.dryRun(t.Context(), &codes.Command{Canonical: "C"})
		first, second := <-b.begun, <-b.begun
		checkWrite(t, first, "A")
		checkWrite(t, second, "B")
		b.end(t)
		checkWrite(t, <-b.begun, "C")
	})
}

func TestALookUpIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{DryRunLanes: 1})
		b.dryRun(t.Context(), &codes.Command{Canonical: "A"})
		late := b.dryRun(t.Context(), &codes.Command{Canonical: "B"})
		time.Sleep(3 * time.Second)
		b.end(t)
		if got := <-late; !core.HasReason(got.err, core.ReasonOverloaded) {
			t.Errorf("got %v, want that it was refused", got)
		}
	})
}

// What is asked of another instant would make all others that share its unit of work be judged by
// that instant.
func TestALookUpOfAnotherInstantIsMadeAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{DryRunLanes: 1})
		b.dryRun(t.Context(), &codes.Command{Canonical: "A"})
		b.dryRun(t.Context(), &codes.Command{Canonical: "B"})
		b.dryRun(t.Context(), &codes.Command{Canonical: "THEN", Hypothetical: true})
		checkWrite(t, <-b.begun, "A")
		checkWrite(t, <-b.begun, "THEN") // at once, though A's is not done
		b.end(t)
		checkWrite(t, <-b.begun, "B")
	})
}

func TestALookUpWhoseCallerGoesHasNoOutcomeToReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{DryRunLanes: 1})
		ctx, cancel := context.WithCancel(t.Context())
		gone := b.dryRun(ctx, &codes.Command{Canonical: "A"})
		cancel()
		if got := <-gone; got.err != context.Canceled {
			t.Errorf("got %v", got.err)
		}
		b.end(t)
	})
}

func TestALookUpThatFailsFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startRig(t, grouped.Options{DryRunLanes: 1})
		errBad := errors.New("malformed")
		b.fails["BAD"] = errBad
		b.dryRun(t.Context(), &codes.Command{Canonical: "A"})
		good, bad := b.dryRun(
			t.Context(),
			&codes.Command{Canonical: "B"},
		), b.dryRun(
			t.Context(),
			&codes.Command{Canonical: "BAD"},
		)
		b.end(t)
		if got := <-good; got.err != nil || got.value != "B" {
			t.Errorf("the good one got %v", got)
		}
		if got := <-bad; !errors.Is(got.err, errBad) {
			t.Errorf("the bad one got %v", got)
		}
		var all []string
		for range 4 {
			all = append(all, <-b.begun...)
		}
		if want := []string{"A", "B", "BAD", "B", "BAD"}; !slices.Equal(all, want) {
			t.Errorf("looked up %v, want %v", all, want)
		}
	})
}
