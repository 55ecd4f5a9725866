package job

import (
	"context"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Limits of unfinished jobs.
const (
	MaxUnfinished      = 100 // of one workspace
	MaxUnfinishedOfOne = 50  // of one key or person: it cannot keep others of the workspace from working
)

// Change changes a job within a transaction that has locked it, and returns the events to store with
// that. It may be called several times, each time with the job as it is stored. After an error
// nothing has changed.
type Change func(j *Job) ([]*event.Event, error)

// Store keeps jobs. Each method is one atomic operation. Leases end by the database's clock.
//
// The steps of a kind of work are methods of other stores, which make their changes and those of the
// job in one transaction.
type Store interface {
	// InsertJob stores a job. If the workspace has a job with its RetryKey already, it stores nothing
	// and returns that one.
	//
	// Errors: [core.Overloaded] if the workspace has MaxUnfinished unfinished jobs, or the actor has
	// MaxUnfinishedOfOne.
	InsertJob(ctx context.Context, j Job, events ...*event.Event) (stored Job, inserted bool, err error)
	// StartJob is InsertJob for work that the caller does by itself: the job is [Running], and its lease is
	// the caller's, under the job's own id as its holder. If there is a job with its RetryKey, again may
	// change that one, if it has ended, to begin anew; otherwise, and if again returns false, it stays as
	// it is, and the lease that is returned has no holder.
	//
	// Errors: those of InsertJob.
	StartJob(ctx context.Context, j Job, life time.Duration, again func(*Job) bool) (Job, Lease, error)
	// Job returns a job of the workspace and one of the kinds, or [core.ErrNotFound].
	Job(ctx context.Context, workspace, id core.ID, kinds ...Kind) (Job, error)
	// JobByRetryKey returns the workspace's job with this RetryKey, or [core.ErrNotFound].
	JobByRetryKey(ctx context.Context, workspace core.ID, key []byte) (Job, error)
	// Jobs returns jobs, those with the highest ids first.
	Jobs(ctx context.Context, q *Query) ([]Job, error)
	// UnfinishedJobs returns how far the unfinished jobs of a workspace are.
	UnfinishedJobs(ctx context.Context, workspace core.ID) ([]Progress, error)
	// CountUnfinished returns how many unfinished jobs each workspace has that has any.
	CountUnfinished(ctx context.Context) (map[core.ID]int, error)
	// ClaimJob takes the lease of an unfinished job of one of the kinds that has none: it is [Running]
	// from then on. Of the workspaces it takes the one whose last turn is longest ago, and so of its
	// jobs. A workspace with a job that another node works on has its turn already (a job of StartJob takes
	// none), one that is suspended has none.
	//
	// Errors: [core.ErrNotFound] if there is none to take.
	ClaimJob(ctx context.Context, holder core.ID, kinds []Kind, life time.Duration) (Job, Lease, error)
	// StepJob makes a step that changes nothing but the job, and renews the lease.
	//
	// Errors: [ErrLeaseLost]; what change returns.
	StepJob(ctx context.Context, lease Lease, change Change) (Job, error)
	// ReleaseJob changes a job and gives its lease back. Nobody takes the job before the wait is over.
	//
	// Errors: [ErrLeaseLost].
	ReleaseJob(ctx context.Context, lease Lease, wait time.Duration, change Change) error
	// ChangeJob changes a job, whoever holds its lease. Once the job has ended, the lease is lost.
	//
	// Errors: [core.ErrNotFound]; what change returns.
	ChangeJob(ctx context.Context, workspace, id core.ID, kind Kind, change Change) (Job, error)
}
