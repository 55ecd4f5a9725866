package plain

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// claimed is the result of ClaimJob.
type claimed struct {
	job   job.Job
	lease job.Lease
}

// ClaimJob implements [job.Store]. An idle node looks often, so it writes only if there is something to
// take.
func (s Store) ClaimJob(
	ctx context.Context, holder core.ID, kinds []job.Kind, life time.Duration,
) (job.Job, job.Lease, error) {
	candidates, err := read(ctx, s.db, func(tx Tx) ([]waiting, error) { return findWaiting(tx, holder, kinds) })
	if err != nil {
		return job.Job{}, job.Lease{}, err
	}
	for _, w := range candidates {
		got, err := write(ctx, s.db, Once, func(tx Tx) (claimed, error) { return w.claim(tx, holder, life) })
		if !errors.Is(err, core.ErrNotFound) { // another node was faster
			return got.job, got.lease, err
		}
	}
	return job.Job{}, job.Lease{}, core.ErrNotFound
}

// waiting is what is known of an unfinished job that may be claimed.
type waiting struct {
	workspace, id, holder core.ID
	fence                 int64
	kind                  job.Kind
	created               time.Time
	until, turn           *time.Time
}

// isFree reports whether nobody works on the job: its lease has ended, or was this node's own.
func (w *waiting) isFree(now time.Time, holder core.ID) bool {
	return w.until == nil || !now.Before(*w.until) || w.holder == holder
}

// findWaiting returns one free job of each workspace that no other node works for and that is not
// suspended, in the order of the workspaces' turns: the job that nobody has worked on for longest.
func findWaiting(tx Tx, holder core.ID, kinds []job.Kind) (candidates []waiting, err error) {
	now, err := tx.Now()
	if err != nil {
		return nil, err
	}
	const sql = "SELECT workspace_id, id, kind, holder, fence, created_at, lease_until, turn_at FROM jobs WHERE " +
		unfinished
	busy := map[core.ID]bool{}
	err = tx.Query(sql, nil, func(row Row) error {
		var w waiting
		err := row.Scan(&w.workspace, &w.id, (*string)(&w.kind), &w.holder, &w.fence, &w.created, &w.until, &w.turn)
		switch {
		case err != nil:
			return err
		case w.isFree(now, holder) && slices.Contains(kinds, w.kind):
			candidates = append(candidates, w)
		// Without a holder it waits for its next try. One that holds itself is worked on by its request: it
		// takes no turn.
		case !w.isFree(now, holder) && !w.holder.IsZero() && w.holder != w.id:
			busy[w.workspace] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	candidates = slices.DeleteFunc(candidates, func(w waiting) bool { return busy[w.workspace] })
	slices.SortFunc(candidates, func(a, b waiting) int {
		return cmp.Or(bytes.Compare(a.workspace[:], b.workspace[:]), core.OrZero(a.until).Compare(core.OrZero(b.until)),
			a.created.Compare(b.created), bytes.Compare(a.id[:], b.id[:]))
	})
	candidates = slices.CompactFunc(candidates, func(a, b waiting) bool { return a.workspace == b.workspace })
	slices.SortFunc(candidates, func(a, b waiting) int {
		return cmp.Or(core.OrZero(a.turn).Compare(core.OrZero(b.turn)), bytes.Compare(a.id[:], b.id[:]))
	})
	return withoutSuspended(tx, candidates)
}

// withoutSuspended leaves out the jobs of suspended workspaces.
func withoutSuspended(tx Tx, candidates []waiting) (left []waiting, err error) {
	for _, w := range candidates {
		found, err := workspaces.find(tx, "id = ?1", w.workspace)
		if err != nil {
			return nil, err
		}
		if found.SuspendedAt == nil {
			left = append(left, w)
		}
	}
	return left, nil
}

// claim takes the lease of a job, unless it has changed hands meanwhile.
func (w *waiting) claim(tx Tx, holder core.ID, life time.Duration) (claimed, error) {
	now, err := tx.Now()
	if err != nil {
		return claimed{}, err
	}
	got := claimed{lease: job.Lease{
		WorkspaceID: w.workspace, JobID: w.id, Holder: holder, Fence: w.fence + 1, Life: life,
	}}
	sql := `
		UPDATE jobs SET status = ?3, started_at = coalesce(started_at, ?4), holder = ?5, fence = ?6, lease_until = ?7
		WHERE ` + thatJob + " AND fence = ?8 AND " + unfinished + " RETURNING " + jobs.list("")
	args := []any{
		w.workspace, w.id, string(job.Running), now, holder, got.lease.Fence, now.Add(life), w.fence,
	}
	err = one(tx, sql, args, func(row Row) error { return row.Scan(jobs.fields(&got.job)...) })
	if err != nil {
		return claimed{}, err
	}
	_, err = tx.Exec("UPDATE jobs SET turn_at = ?2 WHERE workspace_id = ?1 AND "+unfinished, w.workspace, now)
	return got, err
}
