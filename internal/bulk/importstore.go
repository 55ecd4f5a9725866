package bulk

import (
	"context"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// RejectedLine is a rejected line of a file. Those of an import have numbers from 0 on.
type RejectedLine struct {
	WorkspaceID core.ID
	ImportID    core.ID
	Number      int64
	Line        int64 // of the file
	Raw         []byte
	Reason      core.Reason
	Detail      string
	Said        string // JSON of what is said, see [core.ReadFieldErrors]; empty: only Detail
}

// Rejects keeps rejected lines, in the transaction of a step.
type Rejects interface {
	Keep(lines []RejectedLine) error
}

// FinishImport ends a step, see [ImportStore].
type FinishImport func(j *job.Job, results []codes.Result, rejects Rejects) ([]*event.Event, error)

// ImportStore keeps what imports need beside their jobs. Each method is one atomic operation.
type ImportStore interface {
	// StoreImport makes a step of an import. It asks who owns the codes of the set, inserts those that
	// the set has made then, carries out its commands as [codes.RedemptionStore.Execute] does, and calls
	// finish, all in one transaction. finish changes the job and returns the events to store. All of that
	// may be done several times, see [job.Change].
	//
	// Errors: [job.ErrLeaseLost]; what finish returns.
	StoreImport(ctx context.Context, lease job.Lease, set *ImportSet, finish FinishImport) (job.Job, error)
	// CodeOwners returns the workspaces of the codes with these canonical forms; those that there are.
	CodeOwners(ctx context.Context, canonicals []string) (map[string]core.ID, error)
	// RejectedLines returns rejected lines of an import in the order of their numbers, from one on.
	RejectedLines(ctx context.Context, workspace, id core.ID, from int64, limit int) ([]RejectedLine, error)
	// ForgetRejected deletes some of the rejected lines of an import, and returns how many; 0: none is left.
	ForgetRejected(ctx context.Context, workspace, id core.ID) (int, error)
	// PruneRejected deletes some of the rejected lines of imports with ids below one, and returns how many;
	// 0: none is left.
	PruneRejected(ctx context.Context, below core.ID) (int, error)
}
