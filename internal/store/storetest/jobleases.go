package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/tenancy"
)

// over is the life of a lease that has ended when it begins.
const over = -time.Second

// everyKind is what a node of these tests can work on.
var everyKind = []job.Kind{counting, bulk.KindBatch, bulk.KindChange, bulk.KindImport, bulk.KindImportBatch}

func claim(t *testing.T, s Store, holder core.ID, life time.Duration) (job.Job, job.Lease) {
	t.Helper()
	j, lease, err := s.ClaimJob(t.Context(), holder, everyKind, life)
	if err != nil {
		t.Fatalf("ClaimJob: %v", err)
	}
	return j, lease
}

func mustBeTaken(t *testing.T, s Store, holder core.ID) {
	t.Helper()
	if j, _, err := s.ClaimJob(t.Context(), holder, everyKind, time.Hour); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("ClaimJob = %v, %v", j.ID, err)
	}
}

// advance is a change of a job that must not be made.
func advance(t *testing.T, workspace core.ID) job.Change {
	return func(j *job.Job) ([]*event.Event, error) {
		j.Done++
		return []*event.Event{jobEvent(t, workspace)}, nil
	}
}

func testJobLeases(t *testing.T, newStore Factory) {
	one, two := core.ID{15: 1}, core.ID{15: 2}
	t.Run("one node has a job", func(t *testing.T) {
		s := open(t, newStore)
		stored := insertJob(t, s, newJob(t, newWorkspace(t, s).ID, 7))
		j, lease := claim(t, s, one, time.Hour)
		if j.ID != stored.ID || j.Status != job.Running || j.StartedAt == nil || lease.JobID != j.ID {
			t.Errorf("job %+v, lease %+v", j, lease)
		}
		mustBeTaken(t, s, two)
		if _, err := s.StepJob(t.Context(), lease, advance(t, j.WorkspaceID)); err != nil {
			t.Fatal(err)
		}
		again, _ := claim(t, s, one, time.Hour) // whose answer to the first claim was lost
		if again.Done != 1 || !again.StartedAt.Equal(*j.StartedAt) {
			t.Errorf("job %+v", again)
		}
		if _, err := s.StepJob(t.Context(), lease, advance(t, j.WorkspaceID)); !errors.Is(err, job.ErrLeaseLost) {
			t.Errorf("a step with the first lease: %v", err)
		}
	})
	t.Run("a lease that is lost leaves nothing of the step", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		insertJob(t, s, newJob(t, w.ID, 7))
		_, lost := claim(t, s, one, over)
		j, held := claim(t, s, two, time.Hour)
		if _, err := s.StepJob(t.Context(), lost, advance(t, w.ID)); !errors.Is(err, job.ErrLeaseLost) {
			t.Errorf("StepJob: %v", err)
		}
		if err := s.ReleaseJob(t.Context(), lost, 0, advance(t, w.ID)); !errors.Is(err, job.ErrLeaseLost) {
			t.Errorf("ReleaseJob: %v", err)
		}
		if got := findJob(t, s, j); got.Done != 0 || eventCount(t, s, w.ID) != 0 {
			t.Errorf("done %d, %d events", got.Done, eventCount(t, s, w.ID))
		}
		if _, err := s.StepJob(t.Context(), held, advance(t, w.ID)); err != nil || findJob(t, s, j).Done != 1 {
			t.Errorf("the holder's step: %v", err)
		}
	})
	t.Run("a step renews the lease", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		insertJob(t, s, newJob(t, w.ID, 7))
		_, lease := claim(t, s, one, over)
		lease.Life = time.Hour
		if _, err := s.StepJob(t.Context(), lease, advance(t, w.ID)); err != nil {
			t.Fatal(err)
		}
		mustBeTaken(t, s, two)
	})
	t.Run("a job that has ended is nobody's", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		insertJob(t, s, newJob(t, w.ID, 7))
		j, lease := claim(t, s, one, time.Hour)
		end := func(j *job.Job) ([]*event.Event, error) { j.End(job.Canceled, now); return nil, nil }
		if _, err := s.ChangeJob(t.Context(), w.ID, j.ID, counting, end); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StepJob(t.Context(), lease, advance(t, w.ID)); !errors.Is(err, job.ErrLeaseLost) {
			t.Errorf("StepJob: %v", err)
		}
		mustBeTaken(t, s, one)
	})
	t.Run("a job that was given back waits", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		first := insertJob(t, s, newJob(t, w.ID, 7))
		second := newJob(t, w.ID, 7)
		second.CreatedAt = now.Add(time.Second)
		insertJob(t, s, second)
		_, lease := claim(t, s, one, time.Hour)
		if err := s.ReleaseJob(t.Context(), lease, time.Hour, advance(t, w.ID)); err != nil {
			t.Fatal(err)
		}
		if findJob(t, s, first).Done != 1 {
			t.Error("the change of the job is not stored")
		}
		if j, _ := claim(t, s, two, time.Hour); j.ID != second.ID { // does not wait for the first
			t.Errorf("claimed %v", j.ID)
		}
	})
}

func testJobTurns(t *testing.T, newStore Factory) {
	t.Run("workspaces take turns", func(t *testing.T) {
		s := open(t, newStore)
		busy, calm := newWorkspace(t, s), newWorkspace(t, s)
		for i := range 3 {
			j := newJob(t, busy.ID, 7)
			j.CreatedAt = now.Add(time.Duration(i) * time.Second)
			insertJob(t, s, j)
		}
		turn := func() core.ID {
			j, lease := claim(t, s, core.ID{15: 1}, time.Hour)
			if err := s.ReleaseJob(t.Context(), lease, 0, advance(t, j.WorkspaceID)); err != nil {
				t.Fatal(err)
			}
			return j.WorkspaceID
		}
		if turn() != busy.ID {
			t.Error("the only workspace has no turn")
		}
		insertJob(t, s, newJob(t, calm.ID, 7))
		for i, want := range []core.ID{calm.ID, busy.ID, calm.ID, busy.ID} {
			insertJob(t, s, newJob(t, busy.ID, 7)) // which gives no further turn
			if turn() != want {
				t.Errorf("turn %d is another workspace's", i)
			}
		}
	})
	t.Run("so do the jobs of a workspace", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		var jobs []core.ID
		turn := func(want int) {
			t.Helper()
			j, lease := claim(t, s, core.ID{15: 1}, time.Hour)
			if err := s.ReleaseJob(t.Context(), lease, -time.Second, advance(t, w.ID)); err != nil {
				t.Fatal(err)
			}
			if j.ID != jobs[want] {
				t.Errorf("not the turn of job %d", want)
			}
		}
		add := func() { jobs = append(jobs, insertJob(t, s, newJob(t, w.ID, 7)).ID) }
		add()
		turn(0)
		add() // it need not wait until the first has ended
		turn(1)
		turn(0)
		turn(1)
	})
	t.Run("a job that a node does not know is left to others", func(t *testing.T) {
		s := open(t, newStore)
		insertJob(t, s, newJob(t, newWorkspace(t, s).ID, 7))
		_, _, err := s.ClaimJob(t.Context(), core.ID{15: 1}, []job.Kind{"another"}, time.Hour)
		if !errors.Is(err, core.ErrNotFound) {
			t.Errorf("ClaimJob: %v", err)
		}
		claim(t, s, core.ID{15: 2}, time.Hour)
	})
	t.Run("a suspended workspace has no turn", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		insertJob(t, s, newJob(t, w.ID, 7))
		suspend := func(is bool) {
			if _, err := s.UpdateWorkspace(t.Context(), w.Slug, tenancy.WorkspaceChange{Suspended: &is}, now, nil); err != nil {
				t.Fatal(err)
			}
		}
		suspend(true)
		mustBeTaken(t, s, core.ID{15: 1})
		suspend(false)
		claim(t, s, core.ID{15: 1}, time.Hour)
	})
	t.Run("each job is claimed once", func(t *testing.T) {
		const jobs, nodes = 12, 4
		openStore := newStore(t)
		first := openStore()
		for range jobs {
			insertJob(t, first, newJob(t, newWorkspace(t, first).ID, 7))
		}
		var mu sync.Mutex
		seen := map[core.ID]int{}
		var all sync.WaitGroup
		for node := range nodes {
			s := openStore()
			all.Go(func() {
				for {
					j, lease, err := s.ClaimJob(t.Context(), core.ID{15: byte(node + 1)}, everyKind, time.Hour)
					if errors.Is(err, core.ErrNotFound) {
						return
					}
					if err == nil {
						_, err = s.StepJob(t.Context(), lease, func(j *job.Job) ([]*event.Event, error) {
							j.End(job.Succeeded, now)
							return nil, nil
						})
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					seen[j.ID]++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		for id, times := range seen {
			if times != 1 {
				t.Errorf("%v was claimed %d times", id, times)
			}
		}
		if len(seen) != jobs {
			t.Errorf("%d jobs were claimed, want %d", len(seen), jobs)
		}
	})
}
