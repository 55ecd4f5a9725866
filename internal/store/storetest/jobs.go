package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

const counting = job.Kind("counting")

// newJob is a job that is not stored yet.
func newJob(t *testing.T, workspace core.ID, total int64) job.Job {
	t.Helper()
	return job.Job{
		ID: newID(t), WorkspaceID: workspace, Kind: counting, Status: job.Queued, Spec: `{"a":1}`, Total: total,
		CreatedAt: now, Actor: event.Actor{Kind: core.ActorKey, ID: core.ID{15: 9}, Name: "backend"},
	}
}

func insertJob(t *testing.T, s Store, j job.Job) job.Job {
	t.Helper()
	stored, inserted, err := s.InsertJob(t.Context(), j)
	if err != nil || !inserted {
		t.Fatalf("InsertJob = %v, %v", inserted, err)
	}
	return stored
}

// jobEvent is an event about a job.
func jobEvent(t *testing.T, workspace core.ID) *event.Event {
	t.Helper()
	e, err := event.NewRecorder(core.SystemEntropy()).Source(workspace, event.System(), 0).
		Make(event.BatchCreated, now, event.Thing(event.SubjectWorkspace, workspace), "", event.Data{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// eventCount is how many events a workspace's log has.
func eventCount(t *testing.T, s Store, workspace core.ID) int {
	t.Helper()
	if _, err := s.SequenceEvents(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := s.Events(t.Context(), &event.Query{Workspace: workspace, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Events)
}

func findJob(t *testing.T, s Store, j job.Job) job.Job {
	t.Helper()
	found, err := s.Job(t.Context(), j.WorkspaceID, j.ID, j.Kind)
	if err != nil {
		t.Fatalf("Job: %v", err)
	}
	return found
}

func testJobs(t *testing.T, newStore Factory) {
	t.Run("a job comes back as it was stored", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		want := newJob(t, w.ID, 7)
		want.RetryKey, want.Fingerprint = []byte("key"), []byte("print")
		if _, _, err := s.InsertJob(t.Context(), want, jobEvent(t, w.ID)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, findJob(t, s, want)); diff != "" {
			t.Errorf("after it was inserted (-want +got):\n%s", diff)
		}
		changed, err := s.ChangeJob(t.Context(), w.ID, want.ID, counting, func(j *job.Job) ([]*event.Event, error) {
			j.Cursor, j.Done, j.Failure, j.FailureSaid, j.Failures = `{"b":2}`, 3, "why", `[{"name":"why"}]`, 2
			j.End(job.Failed, now.Add(time.Hour))
			return []*event.Event{jobEvent(t, w.ID)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want.Cursor, want.Done, want.Failure, want.FailureSaid, want.Failures = `{"b":2}`, 3, "why", `[{"name":"why"}]`, 2
		want.End(job.Failed, now.Add(time.Hour))
		if diff := cmp.Diff([]job.Job{want, want}, []job.Job{changed, findJob(t, s, want)}); diff != "" {
			t.Errorf("after it was changed (-want +got):\n%s", diff)
		}
		if got := eventCount(t, s, w.ID); got != 2 {
			t.Errorf("%d events, want 2", got)
		}
	})
	t.Run("how far the unfinished ones are", func(t *testing.T) {
		s := open(t, newStore)
		w, other := newWorkspace(t, s), newWorkspace(t, s)
		insertJob(t, s, newJob(t, other.ID, 6))
		insertJob(t, s, newJob(t, other.ID, 7))
		ended := insertJob(t, s, newJob(t, w.ID, 8))
		if _, err := s.ChangeJob(t.Context(), w.ID, ended.ID, counting, func(j *job.Job) ([]*event.Event, error) {
			j.End(job.Canceled, now)
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
		under := insertJob(t, s, newJob(t, w.ID, 9))
		got, err := s.UnfinishedJobs(t.Context(), w.ID)
		want := []job.Progress{{Kind: counting, Done: under.Done, Total: under.Total}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		newWorkspace(t, s) // without jobs
		counts, err := s.CountUnfinished(t.Context())
		if diff := cmp.Diff(map[core.ID]int{w.ID: 1, other.ID: 2}, counts); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	t.Run("a change that fails leaves nothing", func(t *testing.T) {
		s := open(t, newStore)
		j := insertJob(t, s, newJob(t, newWorkspace(t, s).ID, 7))
		broken := errors.New("broken")
		_, err := s.ChangeJob(t.Context(), j.WorkspaceID, j.ID, counting, func(j *job.Job) ([]*event.Event, error) {
			j.Done = 5
			return nil, broken
		})
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
		if diff := cmp.Diff(j, findJob(t, s, j)); diff != "" {
			t.Errorf("the job (-before +after):\n%s", diff)
		}
	})
	t.Run("a retry finds the first job", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		first := newJob(t, w.ID, 7)
		first.RetryKey = []byte("key")
		first = insertJob(t, s, first)
		again := newJob(t, w.ID, 8)
		again.RetryKey = []byte("key")
		stored, inserted, err := s.InsertJob(t.Context(), again, jobEvent(t, w.ID))
		if err != nil || inserted || stored.ID != first.ID {
			t.Errorf("InsertJob = %v, %v, %v", stored.ID, inserted, err)
		}
		if found, err := s.JobByRetryKey(t.Context(), w.ID, []byte("key")); err != nil || found.ID != first.ID {
			t.Errorf("JobByRetryKey = %v, %v", found.ID, err)
		}
		if got := eventCount(t, s, w.ID); got != 0 {
			t.Errorf("%d events, want 0", got)
		}
	})
	t.Run("a workspace has so many unfinished jobs", func(t *testing.T) {
		s := open(t, newStore)
		w, other := newWorkspace(t, s), newWorkspace(t, s)
		const actors = job.MaxUnfinished / job.MaxUnfinishedOfOne
		for actor := range actors + 1 {
			j := newJob(t, w.ID, 1)
			j.Actor.ID = core.ID{14: 1, 15: byte(actor + 1)}
			for i := range job.MaxUnfinishedOfOne + 1 {
				j.ID = newID(t)
				_, _, err := s.InsertJob(t.Context(), j)
				isFull := actor == actors || i == job.MaxUnfinishedOfOne
				if core.HasReason(err, core.ReasonOverloaded) != isFull || err != nil && !isFull {
					t.Fatalf("job %d of actor %d: %v", i, actor, err)
				}
			}
		}
		insertJob(t, s, newJob(t, other.ID, 1))
	})
	t.Run("lists, and isolation", func(t *testing.T) { testJobLists(t, open(t, newStore)) })
}

func testJobLists(t *testing.T, s Store) {
	mine, other := newWorkspace(t, s), newWorkspace(t, s)
	var want []core.ID
	for range 3 {
		want = append([]core.ID{insertJob(t, s, newJob(t, mine.ID, 1)).ID}, want...)
	}
	others := newJob(t, mine.ID, 1)
	others.Actor.ID = core.ID{15: 8}
	insertJob(t, s, others)
	another := newJob(t, mine.ID, 1)
	another.Kind = "another"
	insertJob(t, s, another)
	list := func(q job.Query) (ids []core.ID) {
		t.Helper()
		found, err := s.Jobs(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range found {
			ids = append(ids, j.ID)
		}
		return ids
	}
	all := append([]core.ID{others.ID}, want...)
	for _, c := range []struct {
		name  string
		query job.Query
		want  []core.ID
	}{
		{"all", job.Query{Limit: 10}, all},
		{"a page", job.Query{Limit: 2, After: all[0]}, all[1:3]},
		{"some of them", job.Query{IDs: []core.ID{all[2], {15: 6}, all[0]}, Limit: 9}, []core.ID{all[0], all[2]}},
		{"of one key", job.Query{ActorIDs: []core.ID{{15: 9}}, Limit: 10}, want},
		{"of two", job.Query{ActorIDs: []core.ID{{15: 8}, {15: 9}}, Limit: 10}, all},
		{"of neither", job.Query{ActorIDs: []core.ID{{15: 6}, {15: 7}}, Limit: 9}, nil},
		{
			"of two kinds",
			job.Query{Kinds: []job.Kind{counting, "another"}, Limit: 3},
			append([]core.ID{another.ID}, all[:2]...),
		},
		{"of few bytes, and one more", job.Query{MaxBytes: 1, Limit: 9}, all[:2]},
		{
			"of few bytes of two kinds",
			job.Query{Kinds: []job.Kind{counting, "another"}, MaxBytes: 1, Limit: 9},
			append([]core.ID{another.ID}, all[:2]...),
		},
		{"of another workspace", job.Query{WorkspaceID: other.ID, Limit: 10}, nil},
	} {
		if c.query.WorkspaceID.IsZero() {
			c.query.WorkspaceID = mine.ID
		}
		if c.query.Kinds == nil {
			c.query.Kinds = []job.Kind{"unheard of", counting}
		}
		if got := list(c.query); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		workspace core.ID
		kind      job.Kind
	}{{other.ID, counting}, {mine.ID, "another"}} {
		if _, err := s.Job(t.Context(), c.workspace, want[0], c.kind); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("Job: %v", err)
		}
		_, err := s.ChangeJob(t.Context(), c.workspace, want[0], c.kind, func(*job.Job) ([]*event.Event, error) {
			t.Error("it can be changed")
			return nil, nil
		})
		if !errors.Is(err, core.ErrNotFound) {
			t.Errorf("ChangeJob: %v", err)
		}
	}
}
