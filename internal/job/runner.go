package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Worker does one kind of work.
type Worker interface {
	// Step does the next part of a job, about so many things, in one transaction with the change of
	// the job, and returns the job as it is then. The last step ends the job.
	//
	// Errors: [ErrLeaseLost]. A [core.Error] of KindConflict or KindInvalid ends the job at once;
	// its Detail says why to the owner. Any other step that fails is tried again.
	Step(ctx context.Context, lease Lease, j Job, size int) (Job, error)
	// Failed returns the events about a job that has failed.
	Failed(j *Job) ([]*event.Event, error)
}

// Limits of the runner.
const (
	// stepTime is how long a step should take: the size of the next one follows from the last. Commits
	// of other requests wait that long, at most, where only one can write.
	stepTime = 20 * time.Millisecond
	// DefaultTurn is how long a node works on one job before it looks whose turn it is.
	DefaultTurn = 300 * time.Millisecond
	// leaseLife is how long a job waits when its node has died.
	leaseLife = 3 * time.Second
	// lookInterval is how often an idle node looks for jobs that other nodes have left.
	lookInterval = time.Second
	// maxFailures is how often in a row a step may fail.
	maxFailures = 5
	// stopPatience is how long a step may still take when the runner is stopped.
	stopPatience = 2 * time.Second
	// releaseTimeout bounds giving a lease back.
	releaseTimeout = 2 * time.Second

	firstSize, minSize, maxSize = 200, 20, 2000
)

// Load says what else a node has to do.
type Load func() (done uint64, waiting int)

// RunnerConfig configures a [Runner].
type RunnerConfig struct {
	Store   Store
	Workers map[Kind]Worker
	Node    core.ID // unlike that of any other process
	Now     func() time.Time
	Log     *slog.Logger
	Load    Load          // of interactive requests; nil: none
	Turn    time.Duration // 0: DefaultTurn
	Life    time.Duration // of a lease; 0: as usual
	Pause   time.Duration // before a step that has failed is tried again; 0: a second
}

// Runner makes the steps of jobs, one at a time. Workspaces take turns. Interactive requests go
// first: after a step it pauses as long as the step took, and longer while requests wait. Without
// any it does not pause. What it remembers serves speed only.
type Runner struct {
	RunnerConfig
	paces map[core.ID]*Pace
	wake  chan struct{}
	quit  chan struct{}
	done  chan struct{}
	once  sync.Once
}

// NewRunner returns a runner that does not run yet.
func NewRunner(config RunnerConfig) *Runner {
	if config.Turn == 0 {
		config.Turn = DefaultTurn
	}
	if config.Life == 0 {
		config.Life = leaseLife
	}
	if config.Pause == 0 {
		config.Pause = time.Second // so that a fault that passes by itself has time to
	}
	return &Runner{
		RunnerConfig: config, paces: map[core.ID]*Pace{},
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
}

// Wake tells the runner that there is a new job.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it has been told already
	}
}

// Start runs until Stop.
func (r *Runner) Start() { go r.run() }

// Stop ends the step under way, gives its lease back and waits for that. It is safe to call twice,
// but only after Start.
func (r *Runner) Stop() error {
	r.once.Do(func() { close(r.quit) })
	<-r.done
	return nil
}

func (r *Runner) run() {
	defer close(r.done)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // a step with the database away would take its whole time
		select {
		case <-r.done:
		case <-r.quit:
			select {
			case <-r.done:
			case <-time.After(stopPatience):
				cancel()
			}
		}
	}()
	for !r.isStopping() {
		worked, err := r.TakeTurn(ctx)
		if err != nil {
			r.Log.Warn("jobs wait", "error", err.Error())
		}
		if !worked || err != nil {
			r.rest(r.wake, lookInterval)
		}
	}
}

// rest waits for a signal, for some time, or until the runner is stopped.
func (r *Runner) rest(signal <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-signal:
	case <-timer.C:
	case <-r.quit:
	}
}

func (r *Runner) isStopping() bool {
	select {
	case <-r.quit:
		return true
	default:
		return false
	}
}

// TakeTurn makes steps of one job, at least one, until its turn is over, and reports whether there
// was a job. A step that fails is no error of the runner, unless nothing can be stored now.
func (r *Runner) TakeTurn(ctx context.Context) (worked bool, err error) {
	j, lease, err := r.Store.ClaimJob(ctx, r.Node, slices.Collect(maps.Keys(r.Workers)), r.Life)
	if errors.Is(err, core.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for begin := time.Now(); ; {
		start := time.Now()
		j, err = r.step(ctx, lease, j)
		if err != nil {
			r.pace(j.ID).Failed()
			return true, r.failed(ctx, lease, j.Kind, err)
		}
		if j.IsEnded() {
			delete(r.paces, j.ID)
			return true, nil
		}
		took := time.Since(start)
		r.pace(j.ID).Took(took)
		r.pace(j.ID).GiveWay(took, func(d time.Duration) { r.rest(nil, d) })
		if r.isStopping() || time.Since(begin) >= r.Turn {
			return true, r.release(ctx, lease, 0, noChange)
		}
	}
}

// step makes one step. A panic in it is an error.
func (r *Runner) step(ctx context.Context, lease Lease, j Job) (after Job, err error) {
	defer func() {
		if p := recover(); p != nil {
			r.Log.Error("panic", "job", j.ID.String(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			after, err = j, fmt.Errorf("panic: %v", p)
		}
	}()
	after, err = r.Workers[j.Kind].Step(ctx, lease, j, r.pace(j.ID).Size())
	if err != nil {
		return j, err
	}
	return after, nil
}

// maxPaces is of how many jobs the pace is remembered. Jobs can end on other nodes.
const maxPaces = 1000

// pace returns the pace of a job.
func (r *Runner) pace(id core.ID) *Pace {
	if r.paces[id] == nil {
		if len(r.paces) >= maxPaces {
			clear(r.paces)
		}
		r.paces[id] = NewPace(r.Load)
	}
	return r.paces[id]
}

func noChange(*Job) ([]*event.Event, error) { return nil, nil }

// release gives a lease back, also when the runner is being stopped.
func (r *Runner) release(ctx context.Context, lease Lease, wait time.Duration, change Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	err := r.Store.ReleaseJob(ctx, lease, wait, change)
	if errors.Is(err, ErrLeaseLost) {
		return nil
	}
	return err
}

var stepFailed = core.NewSentence("step_failed", "a step failed {count} times: {why}; the server's log says more")

// failed sees to a job of which a step has failed.
func (r *Runner) failed(ctx context.Context, lease Lease, kind Kind, why error) error {
	switch {
	case errors.Is(why, ErrLeaseLost):
		return nil
	case ctx.Err() != nil: // the runner is being stopped
		return r.release(ctx, lease, 0, noChange)
	case core.IsKind(why, core.KindUnavailable): // no fault of the job's
		return errors.Join(why, r.release(ctx, lease, 0, noChange))
	}
	r.Log.Error("a step of a job failed", "job", lease.JobID.String(), "kind", string(kind), "error", why.Error())
	change := func(j *Job) ([]*event.Event, error) {
		j.Failures++
		known := core.AsError(why)
		isFinal := known.Kind == core.KindConflict || known.Kind == core.KindInvalid
		if !isFinal && j.Failures < maxFailures {
			return nil, nil
		}
		j.End(Failed, r.Now().UTC().Truncate(time.Microsecond))
		j.Failure, j.FailureSaid = known.Detail, core.WriteFieldErrors(known.AllSaid())
		if !isFinal {
			said := stepFailed.With("count", j.Failures, "why", known.Detail)
			j.Failure, j.FailureSaid = said.Detail, core.WriteFieldErrors([]core.FieldError{said.At("")})
		}
		return r.Workers[kind].Failed(j)
	}
	return r.release(ctx, lease, r.Pause, change)
}
