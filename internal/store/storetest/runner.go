package storetest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// counter is a worker that counts, one by one.
type counter struct {
	store Store
	steps map[core.ID]int // by workspace
	fail  func(j *job.Job) error
}

func (c *counter) Step(ctx context.Context, lease job.Lease, _ job.Job, _ int) (job.Job, error) {
	return c.store.StepJob(ctx, lease, func(j *job.Job) ([]*event.Event, error) {
		if c.fail != nil {
			if err := c.fail(j); err != nil {
				return nil, err
			}
		}
		c.steps[j.WorkspaceID]++
		j.Failures = 0
		if j.Done++; j.Done == j.Total {
			j.End(job.Succeeded, now)
		}
		return nil, nil
	})
}

func (*counter) Failed(*job.Job) ([]*event.Event, error) { return nil, nil }

// runner is a runner whose turns have one step.
func (c *counter) runner() *job.Runner {
	return job.NewRunner(job.RunnerConfig{
		Store: c.store, Workers: map[job.Kind]job.Worker{counting: c}, Node: core.ID{15: 1},
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler), Turn: time.Nanosecond,
		Pause: time.Nanosecond,
	})
}

func takeTurn(t *testing.T, r *job.Runner) (worked bool) {
	t.Helper()
	worked, err := r.TakeTurn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return worked
}

func testRunner(t *testing.T, newStore Factory) {
	newCounter := func(t *testing.T) *counter {
		return &counter{store: open(t, newStore), steps: map[core.ID]int{}}
	}
	t.Run("it does jobs to their end, in turn", func(t *testing.T) {
		c := newCounter(t)
		large := insertJob(t, c.store, newJob(t, newWorkspace(t, c.store).ID, 1000))
		small := insertJob(t, c.store, newJob(t, newWorkspace(t, c.store).ID, 3))
		r := c.runner()
		for findJob(t, c.store, small).Status != job.Succeeded {
			if !takeTurn(t, r) {
				t.Fatal("there is nothing to do")
			}
		}
		if c.steps[large.WorkspaceID] > 4 || c.steps[small.WorkspaceID] != 3 {
			t.Errorf("%d steps of the large job, %d of the small one",
				c.steps[large.WorkspaceID], c.steps[small.WorkspaceID])
		}
	})
	t.Run("it runs until it is stopped", func(t *testing.T) {
		c := newCounter(t)
		ended := make(chan struct{})
		c.fail = func(j *job.Job) error {
			if j.Done == j.Total-1 {
				close(ended)
			}
			return nil
		}
		j := insertJob(t, c.store, newJob(t, newWorkspace(t, c.store).ID, 20))
		r := c.runner()
		r.Start()
		<-ended
		if err := errors.Join(r.Stop(), r.Stop()); err != nil {
			t.Error(err)
		}
		if got := findJob(t, c.store, j); got.Status != job.Succeeded || got.Done != 20 {
			t.Errorf("job %+v", got)
		}
	})
	t.Run("a step that fails is tried again", func(t *testing.T) {
		c := newCounter(t)
		c.fail = func(j *job.Job) error {
			if j.Failures < 2 {
				return errors.New("broken")
			}
			return nil
		}
		j := insertJob(t, c.store, newJob(t, newWorkspace(t, c.store).ID, 1))
		r := c.runner()
		eventuallyEnded(t, c.store, r, j)
		if got := findJob(t, c.store, j); got.Status != job.Succeeded || got.Failures != 0 {
			t.Errorf("job %+v", got)
		}
	})
	t.Run("a job that fails says why", func(t *testing.T) {
		for _, test := range []struct {
			err   error
			tries int
			words string
			said  string
		}{
			{core.Conflict(core.ReasonCodeSpaceExhausted, "no code is free"), 1, "no code is free", ""},
			{
				errors.New("secret"), 5,
				"a step failed 5 times: an internal error occurred; the server's log says more", "step_failed",
			},
		} {
			c, tries := newCounter(t), 0
			c.fail = func(*job.Job) error { tries++; return test.err }
			j := insertJob(t, c.store, newJob(t, newWorkspace(t, c.store).ID, 1))
			eventuallyEnded(t, c.store, c.runner(), j)
			got := findJob(t, c.store, j)
			if got.Status != job.Failed || got.Failure != test.words || strings.Contains(got.Failure, "secret") ||
				!strings.Contains(got.FailureSaid, test.said) {
				t.Errorf("job %+v", got)
			}
			if tries != test.tries {
				t.Errorf("%d tries, want %d", tries, test.tries)
			}
		}
	})
}

// eventuallyEnded takes turns until a job has ended. Between its tries a job waits.
func eventuallyEnded(t *testing.T, s Store, r *job.Runner, j job.Job) {
	t.Helper()
	for stop := time.Now().Add(time.Minute); !ended(t, s, j); {
		if takeTurn(t, r); time.Now().After(stop) {
			t.Fatal("the job does not end")
		}
	}
}

func ended(t *testing.T, s Store, j job.Job) bool {
	t.Helper()
	found := findJob(t, s, j)
	return found.IsEnded()
}
