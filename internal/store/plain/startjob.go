package plain

import (
	"context"
	"time"

	"accesscodes/internal/job"
)

// StartJob implements [job.Store].
func (s Store) StartJob(
	ctx context.Context, j job.Job, life time.Duration, again func(*job.Job) bool,
) (job.Job, job.Lease, error) {
	result, err := write(ctx, s.db, Once, func(tx Tx) (claimed, error) { return startJob(tx, j, life, again) })
	return result.job, result.lease, err
}

func startJob(tx Tx, j job.Job, life time.Duration, again func(*job.Job) bool) (claimed, error) {
	first, err := insertJob(tx, j, nil)
	if err != nil {
		return claimed{}, err
	}
	got := first.job
	if !first.new {
		if got, err = lockJob(tx, "", got.WorkspaceID, got.ID); err != nil {
			return claimed{}, err
		}
		if !got.IsEnded() || !again(&got) {
			return claimed{job: got}, nil
		}
	}
	now, err := tx.Now()
	if err != nil {
		return claimed{}, err
	}
	sql := `
		UPDATE jobs SET status = ?3, cursor = ?4, done = ?5, started_at = ?6, finished_at = NULL, failure = '',
			failures = 0, holder = ?7, fence = fence + 1, lease_until = ?8
		WHERE ` + thatJob + " RETURNING fence, " + jobs.list("")
	lease := job.Lease{WorkspaceID: got.WorkspaceID, JobID: got.ID, Holder: got.ID, Life: life}
	err = one(tx, sql, []any{
		got.WorkspaceID, got.ID, string(job.Running), got.Cursor, got.Done, now, lease.Holder, now.Add(lease.Life),
	}, func(row Row) error { return row.Scan(append([]any{&lease.Fence}, jobs.fields(&got)...)...) })
	return claimed{got, lease}, err
}
