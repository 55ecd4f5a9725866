package bulk

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// ChangeItem is what a change has done to one code, or to one redemption. The items of a change have numbers from 0 on.
type ChangeItem struct {
	WorkspaceID core.ID
	ChangeID    core.ID
	Number      int64
	Canonical   string
	Was, Is     string // what differs, before and after: JSON; Is is empty: the code was deleted
}

// Person is the mark of a person who is affected by a change. It is deleted soon after the change has ended.
type Person [16]byte

// Ledger keeps what a step of a change has done, in the transaction of the step.
type Ledger interface {
	// Add adds items.
	Add(items []ChangeItem) error
	// Count adds people, and returns how many were new to the change.
	Count(people []Person) (added int64, err error)
}

// ChangeStore keeps what changes need beside their jobs. Each method is one atomic operation.
type ChangeStore interface {
	// StepChange makes a step of a job. It carries out commands as [codes.RedemptionStore.Execute] does,
	// and calls finish with their results, all in one transaction. finish changes the job and returns
	// the events to store; it may be called several times, see [job.Change].
	//
	// Errors: [job.ErrLeaseLost]; what finish returns.
	StepChange(ctx context.Context, lease job.Lease, commands []*codes.Command, finish Finish) (job.Job, error)
	// ListCodes stores the canonical forms of the codes that a change is about, as one text. It comes
	// before the change itself.
	ListCodes(ctx context.Context, workspace, change core.ID, list string) error
	// ListedCodes returns what ListCodes has stored, or [core.ErrNotFound].
	ListedCodes(ctx context.Context, workspace, change core.ID) (string, error)
	// ChangeItems returns items in the order of their numbers, from one on.
	ChangeItems(ctx context.Context, workspace, change core.ID, from int64, limit int) ([]ChangeItem, error)
	// ForgetChange deletes some of the people and the listed codes of a change that has ended, and returns
	// how many rows; 0: nothing is left.
	ForgetChange(ctx context.Context, workspace, change core.ID) (int, error)
	// Unforgotten returns the first change behind an id of which people or listed codes are there; or
	// [core.ErrNotFound].
	Unforgotten(ctx context.Context, after core.ID) (workspace, change core.ID, err error)
	// PruneChanges deletes some of what is kept of changes with ids below one, and returns how many rows.
	// It returns 0 when nothing is left.
	PruneChanges(ctx context.Context, below core.ID) (int, error)
}

// Finish ends a step, see [ChangeStore].
type Finish func(j *job.Job, results []codes.Result, ledger Ledger) ([]*event.Event, error)

// ChangeReads is what changes read of codes.
type ChangeReads interface {
	Codes(ctx context.Context, q *codes.CodeQuery) ([]codes.Code, error)
	FindCodes(ctx context.Context, workspace core.ID, canonicals []string, at time.Time) ([]codes.Code, error)
	Redemptions(ctx context.Context, q *codes.RedemptionQuery) ([]codes.Redemption, error)
	FindRedemptions(ctx context.Context, workspace core.ID, refs []codes.Ref) ([]codes.Redemption, error)
	DryRun(ctx context.Context, commands []*codes.Command) ([]codes.Result, error)
}
