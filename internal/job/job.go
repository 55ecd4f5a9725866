package job

import (
	"errors"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Status says how far a job is.
type Status string

// The statuses.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Canceled  Status = "canceled"
)

// Statuses lists every status, in the order in which documents show them.
func Statuses() []Status { return []Status{Queued, Running, Succeeded, Failed, Canceled} }

// Kind says what sort of work a job is.
type Kind string

// Job is work with its progress. Times are UTC with microseconds.
type Job struct {
	ID          core.ID
	WorkspaceID core.ID
	Kind        Kind
	Status      Status
	Spec        string // what to do: JSON, by kind; it never changes
	Cursor      string // how far it is: JSON, by kind; empty: at the beginning
	Done, Total int64
	CreatedAt   time.Time
	StartedAt   *time.Time
	FinishedAt  *time.Time // nil: it is queued or running
	Actor       event.Actor
	Failure     string // why it failed, in words for its owner
	FailureSaid string // the same for other languages: JSON, see [core.ReadFieldErrors]; empty: only in English
	Failures    int    // steps that have failed since the last that did not

	// RetryKey is the digest of the request's Idempotency-Key, Fingerprint that of the request; nil:
	// it had no key.
	RetryKey, Fingerprint []byte
}

// IsEnded reports whether nothing more will be done.
func (j *Job) IsEnded() bool { return j.FinishedAt != nil }

// End ends a job at an instant.
func (j *Job) End(status Status, at time.Time) {
	j.Status, j.FinishedAt = status, &at
}

// Lease lets one node work on a job for some time. The node that takes it next gets another fence,
// by which the store knows the work of a node that was thought dead.
type Lease struct {
	WorkspaceID core.ID
	JobID       core.ID
	Holder      core.ID // the node
	Fence       int64
	Life        time.Duration // after which it ends, unless a step renews it
}

// ErrLeaseLost ends the step of a node that does not hold the job's lease any more: another node has
// taken it, or the job has ended. Nothing of the step was done.
var ErrLeaseLost = errors.New("the lease of the job is lost")

// Query asks a store for a page of jobs.
type Query struct {
	WorkspaceID core.ID
	Kinds       []Kind
	IDs         []core.ID // which; none: any
	ActorIDs    []core.ID // who asked for them; none: anybody
	After       core.ID   // the last of the page before; zero: none
	Limit       int
	// MaxBytes is how many bytes of specs and cursors are read of each kind, and one job more; 0: any
	// number.
	MaxBytes int
}

// Size is about how many bytes a job takes.
func (j *Job) Size() int { return len(j.Spec) + len(j.Cursor) }
