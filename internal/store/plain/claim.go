package plain

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// claimed is the result of ClaimJob.
type claimed struct {
	job   job.Job
	lease job.Lease
}

// ClaimJob implements [job.Store].
func (s Store) ClaimJob(ctx context.Context, holder core.ID, life time.Duration) (job.Job, job.Lease, error) {
	// An idle node looks often. It writes only if there is something to take.
	if some, err := read(ctx, s.db, hasUnfinished); err != nil || !some {
		return job.Job{}, job.Lease{}, cmp.Or(err, core.ErrNotFound)
	}
	result, err := write(ctx, s.db, Once, func(tx Tx) (claimed, error) { return claimJob(tx, holder, life) })
	return result.job, result.lease, err
}

func hasUnfinished(tx Tx) (some bool, err error) {
	sql := "SELECT 1 FROM jobs WHERE " + unfinished + " LIMIT 1"
	err = tx.Query(sql, nil, func(Row) error { some = true; return nil })
	return some, err
}

// waiting is what is known of an unfinished job that may be claimed.
type waiting struct {
	workspace, id, holder core.ID
	fence                 int64
	kind                  string
	until, turn           *time.Time
}

// isFree reports whether nobody works on the job: its lease has ended, or was this node's own.
func (w *waiting) isFree(now time.Time, holder core.ID) bool {
	return w.until == nil || !now.Before(*w.until) || w.holder == holder
}

func claimJob(tx Tx, holder core.ID, life time.Duration) (claimed, error) {
	now, err := tx.Now()
	if err != nil {
		return claimed{}, err
	}
	candidates, err := findWaiting(tx, now, holder)
	if err != nil {
		return claimed{}, err
	}
	for _, w := range candidates {
		got, err := w.claim(tx, now, holder, life)
		if !errors.Is(err, core.ErrNotFound) { // another node was faster
			return got, err
		}
	}
	return claimed{}, core.ErrNotFound
}

// findWaiting returns the oldest free job of each workspace that no other node works for, in the
// order of their turns.
func findWaiting(tx Tx, now time.Time, holder core.ID) (candidates []waiting, err error) {
	const sql = "SELECT workspace_id, id, kind, holder, fence, lease_until, turn_at FROM jobs WHERE " + unfinished +
		" ORDER BY workspace_id, created_at, id"
	busy := map[core.ID]bool{}
	err = tx.Query(sql, nil, func(row Row) error {
		var w waiting
		if err := row.Scan(&w.workspace, &w.id, &w.kind, &w.holder, &w.fence, &w.until, &w.turn); err != nil {
			return err
		}
		switch {
		case w.isFree(now, holder):
			candidates = append(candidates, w)
		// Without a holder it waits for its next try. An import is worked on by its own request: it takes
		// no turn.
		case !w.holder.IsZero() && !bulk.IsImport(job.Kind(w.kind)):
			busy[w.workspace] = true
		}
		return nil
	})
	candidates = slices.DeleteFunc(candidates, func(w waiting) bool { return busy[w.workspace] })
	candidates = slices.CompactFunc(candidates, func(a, b waiting) bool { return a.workspace == b.workspace })
	slices.SortStableFunc(candidates, func(a, b waiting) int {
		return cmp.Or(core.OrZero(a.turn).Compare(core.OrZero(b.turn)), bytes.Compare(a.id[:], b.id[:]))
	})
	return candidates, err
}

// claim takes the lease of a job, unless it has changed hands meanwhile.
func (w *waiting) claim(tx Tx, now time.Time, holder core.ID, life time.Duration) (claimed, error) {
	got := claimed{lease: job.Lease{
		WorkspaceID: w.workspace, JobID: w.id, Holder: holder, Fence: w.fence + 1, Life: life,
	}}
	sql := `
		UPDATE jobs SET status = ?3, started_at = coalesce(started_at, ?4), holder = ?5, fence = ?6, lease_until = ?7
		WHERE ` + thatJob + " AND fence = ?8 AND " + unfinished + " RETURNING " + jobs.list("")
	args := []any{
		w.workspace, w.id, string(job.Running), now, holder, got.lease.Fence, now.Add(life), w.fence,
	}
	err := one(tx, sql, args, func(row Row) error { return row.Scan(jobs.fields(&got.job)...) })
	if err != nil {
		return claimed{}, err
	}
	_, err = tx.Exec("UPDATE jobs SET turn_at = ?2 WHERE workspace_id = ?1 AND "+unfinished, w.workspace, now)
	return got, err
}
