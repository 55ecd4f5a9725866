package plain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

var jobs = newTable("jobs", []column[job.Job]{
	{"workspace_id", func(j *job.Job) any { return &j.WorkspaceID }},
	{"id", func(j *job.Job) any { return &j.ID }},
	{"kind", func(j *job.Job) any { return (*string)(&j.Kind) }},
	{"status", func(j *job.Job) any { return (*string)(&j.Status) }},
	{"spec", func(j *job.Job) any { return &j.Spec }},
	{"cursor", func(j *job.Job) any { return &j.Cursor }},
	{"done", func(j *job.Job) any { return &j.Done }},
	{"total", func(j *job.Job) any { return &j.Total }},
	{"created_at", func(j *job.Job) any { return &j.CreatedAt }},
	{"started_at", func(j *job.Job) any { return &j.StartedAt }},
	{"finished_at", func(j *job.Job) any { return &j.FinishedAt }},
	{"actor_kind", func(j *job.Job) any { return (*string)(&j.Actor.Kind) }},
	{"actor_id", func(j *job.Job) any { return &j.Actor.ID }},
	{"actor_name", func(j *job.Job) any { return &j.Actor.Name }},
	{"failure", func(j *job.Job) any { return &j.Failure }},
	{"failure_said", func(j *job.Job) any { return &j.FailureSaid }},
	{"failures", func(j *job.Job) any { return &j.Failures }},
	{"retry_key", func(j *job.Job) any { return &j.RetryKey }},
	{"retry_fingerprint", func(j *job.Job) any { return &j.Fingerprint }},
})

const (
	thatJob    = "workspace_id = ?1 AND id = ?2"
	unfinished = "finished_at IS NULL"
)

// inserted is the result of InsertJob.
type inserted struct {
	job job.Job
	new bool
}

// InsertJob implements [job.Store].
func (s Store) InsertJob(ctx context.Context, j job.Job, events ...*event.Event) (job.Job, bool, error) {
	result, err := write(ctx, s.db, Idempotent, func(tx Tx) (inserted, error) { return insertJob(tx, j, events) })
	return result.job, result.new, err
}

func insertJob(tx Tx, j job.Job, events []*event.Event) (inserted, error) {
	if j.RetryKey != nil {
		before, err := jobByRetryKey(tx, j.WorkspaceID, j.RetryKey)
		if !errors.Is(err, core.ErrNotFound) {
			return inserted{before, before.ID == j.ID}, err
		}
	}
	var count, own int
	var turn *time.Time
	err := one(tx, `
		SELECT (SELECT count(*) FROM jobs WHERE workspace_id = ?1 AND `+unfinished+`),
			(SELECT count(*) FROM jobs WHERE workspace_id = ?1 AND `+unfinished+` AND actor_id = ?2),
			(SELECT turn_at FROM jobs WHERE workspace_id = ?1 ORDER BY id DESC LIMIT 1)`,
		[]any{j.WorkspaceID, j.Actor.ID}, func(row Row) error { return row.Scan(&count, &own, &turn) })
	if err != nil {
		return inserted{}, err
	}
	if count >= job.MaxUnfinished || own >= job.MaxUnfinishedOfOne {
		return inserted{}, core.Overloaded()
	}
	added, err := jobs.insert(tx, &j, "ON CONFLICT DO NOTHING")
	if err != nil {
		return inserted{}, err
	}
	if !added { // another request was faster, or an earlier try of this one
		before, err := jobs.find(tx, thatJob, j.WorkspaceID, j.ID)
		if errors.Is(err, core.ErrNotFound) {
			before, err = jobByRetryKey(tx, j.WorkspaceID, j.RetryKey)
		}
		return inserted{before, before.ID == j.ID}, err
	}
	// A new job does not give its workspace a turn before others.
	if _, err := tx.Exec("UPDATE jobs SET turn_at = ?3 WHERE "+thatJob, j.WorkspaceID, j.ID, turn); err != nil {
		return inserted{}, fmt.Errorf("store the turn of a job: %w", err)
	}
	return inserted{j, true}, tx.AddEvents(events...)
}

func jobByRetryKey(tx Tx, workspace core.ID, key []byte) (job.Job, error) {
	return jobs.find(tx, "workspace_id = ?1 AND retry_key = ?2", workspace, key)
}

// Job implements [job.Store].
func (s Store) Job(ctx context.Context, workspace, id core.ID, kinds ...job.Kind) (job.Job, error) {
	return read(ctx, s.db, func(tx Tx) (job.Job, error) {
		j, err := jobs.find(tx, thatJob, workspace, id)
		if err == nil && !slices.Contains(kinds, j.Kind) {
			return job.Job{}, core.ErrNotFound
		}
		return j, err
	})
}

// JobByRetryKey implements [job.Store].
func (s Store) JobByRetryKey(ctx context.Context, workspace core.ID, key []byte) (job.Job, error) {
	return read(ctx, s.db, func(tx Tx) (job.Job, error) { return jobByRetryKey(tx, workspace, key) })
}

// UnfinishedJobs implements [job.Store].
func (s Store) UnfinishedJobs(ctx context.Context, workspace core.ID) ([]job.Progress, error) {
	return read(ctx, s.db, func(tx Tx) (all []job.Progress, err error) {
		err = tx.Query("SELECT kind, done, total FROM jobs WHERE workspace_id = ?1 AND "+unfinished+
			" ORDER BY created_at, id", // as the index of unfinished jobs: else SQLite reads all of the workspace
			[]any{workspace}, func(row Row) error {
				var p job.Progress
				err := row.Scan((*string)(&p.Kind), &p.Done, &p.Total)
				all = append(all, p)
				return err
			})
		return all, err
	})
}

// CountUnfinished implements [job.Store].
func (s Store) CountUnfinished(ctx context.Context) (map[core.ID]int, error) {
	return read(ctx, s.db, func(tx Tx) (map[core.ID]int, error) {
		counts := map[core.ID]int{}
		err := tx.Query("SELECT workspace_id, count(*) FROM jobs WHERE "+unfinished+" GROUP BY workspace_id", nil,
			func(row Row) error {
				var workspace core.ID
				var count int
				err := row.Scan(&workspace, &count)
				counts[workspace] = count
				return err
			})
		return counts, err
	})
}

// Jobs implements [job.Store].
func (s Store) Jobs(ctx context.Context, q *job.Query) (list []job.Job, err error) {
	err = s.db.List(ctx, func(tx Tx) error {
		list = nil
		var end core.ID                // below it, jobs of some kind were not read
		for _, kind := range q.Kinds { // each has its part of the index
			some, isCut, err := jobsOfKind(tx, q, kind)
			if err != nil {
				return err
			}
			if isCut && bytes.Compare(some[len(some)-1].ID[:], end[:]) > 0 {
				end = some[len(some)-1].ID
			}
			list = append(list, some...)
		}
		list = slices.DeleteFunc(list, func(j job.Job) bool { return bytes.Compare(j.ID[:], end[:]) < 0 })
		return nil
	})
	slices.SortFunc(list, func(a, b job.Job) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return orZero(list[:min(len(list), q.Limit)], err)
}

// jobsOfKind returns the jobs of a kind. isCut: there are more than MaxBytes allows.
func jobsOfKind(tx Tx, q *job.Query, kind job.Kind) (list []job.Job, isCut bool, err error) {
	sql, args := "WHERE workspace_id = ?1 AND kind = ?2", []any{q.WorkspaceID, string(kind)}
	add := func(condition string, arg any) {
		args = append(args, arg)
		sql += fmt.Sprintf(condition, len(args))
	}
	isOneOf := func(column string, ids []core.ID) {
		for i, id := range ids {
			if i == 0 {
				add(" AND "+column+" IN (?%d", id)
			} else {
				add(", ?%d", id)
			}
		}
		if len(ids) > 0 {
			sql += ")"
		}
	}
	isOneOf("id", q.IDs)
	isOneOf("actor_id", q.ActorIDs)
	if !q.After.IsZero() {
		add(" AND id < ?%d", q.After)
	}
	add(" ORDER BY id DESC LIMIT ?%d", q.Limit)
	budget := core.NewBudget(q.MaxBytes)
	err = tx.Query("SELECT "+jobs.list("")+" FROM jobs "+sql, args, func(row Row) error {
		if isCut {
			return nil
		}
		var j job.Job
		err := row.Scan(jobs.fields(&j)...)
		list, isCut = append(list, j), budget.Spend(j.Size())
		return err
	})
	return list, isCut, err
}

// StepJob implements [job.Store].
func (s Store) StepJob(ctx context.Context, lease job.Lease, change job.Change) (job.Job, error) {
	return write(ctx, s.db, Once, func(tx Tx) (job.Job, error) { return JobStep(tx, lease, change) })
}

// ReleaseJob implements [job.Store].
func (s Store) ReleaseJob(ctx context.Context, lease job.Lease, wait time.Duration, change job.Change) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		if _, err := JobStep(tx, lease, change); err != nil {
			return err
		}
		now, err := tx.Now()
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE jobs SET holder = NULL, lease_until = ?3 WHERE "+thatJob,
			lease.WorkspaceID, lease.JobID, now.Add(wait))
		return err
	})
}

// ChangeJob implements [job.Store].
func (s Store) ChangeJob(
	ctx context.Context, workspace, id core.ID, kind job.Kind, change job.Change,
) (job.Job, error) {
	return write(ctx, s.db, Once, func(tx Tx) (job.Job, error) {
		j, err := lockJob(tx, "AND kind = ?3", workspace, id, string(kind))
		if err != nil {
			return j, err
		}
		return changeJob(tx, j, change)
	})
}

// JobStep makes a step of a job within a transaction. It fails with [job.ErrLeaseLost] unless the
// lease is held; from then on until the transaction ends, nobody can take it. step does the work and
// changes the job. The lease is renewed.
func JobStep(tx Tx, lease job.Lease, step job.Change) (job.Job, error) {
	j, err := lockJob(tx, "AND holder = ?3 AND fence = ?4 AND "+unfinished,
		lease.WorkspaceID, lease.JobID, lease.Holder, lease.Fence)
	if errors.Is(err, core.ErrNotFound) {
		return j, job.ErrLeaseLost
	}
	if err != nil {
		return j, err
	}
	if j, err = changeJob(tx, j, step); err != nil {
		return j, err
	}
	now, err := tx.Now()
	if err != nil {
		return j, err
	}
	_, err = tx.Exec("UPDATE jobs SET lease_until = ?3 WHERE "+thatJob, j.WorkspaceID, j.ID, now.Add(lease.Life))
	return j, err
}

// lockJob returns a job and locks it by writing it unchanged.
func lockJob(tx Tx, and string, args ...any) (j job.Job, err error) {
	sql := "UPDATE jobs SET fence = fence WHERE " + thatJob + " " + and + " RETURNING " + jobs.list("")
	err = one(tx, sql, args, func(row Row) error { return row.Scan(jobs.fields(&j)...) })
	return j, err
}

// changeJob changes a job that is locked.
func changeJob(tx Tx, j job.Job, change job.Change) (job.Job, error) {
	events, err := change(&j)
	if err != nil {
		return j, err
	}
	_, err = tx.Exec(`
		UPDATE jobs SET status = ?3, cursor = ?4, done = ?5, total = ?6, finished_at = ?7, failure = ?8, failure_said = ?9,
			failures = ?10
		WHERE `+thatJob, j.WorkspaceID, j.ID, (*string)(&j.Status), j.Cursor, j.Done, j.Total,
		j.FinishedAt, j.Failure, j.FailureSaid, j.Failures)
	if err != nil {
		return j, fmt.Errorf("store a job: %w", err)
	}
	return j, tx.AddEvents(events...)
}
