package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// newBatch stores the job of a batch.
func newBatch(t *testing.T, s Store, workspace core.ID, count int64) job.Job {
	t.Helper()
	return newBatchOf(t, s, workspace, count, core.Format{Prefix: "ACME", Groups: 2, GroupLength: 6})
}

func newBatchOf(t *testing.T, s Store, workspace core.ID, count int64, format core.Format) job.Job {
	t.Helper()
	spec, err := json.Marshal(bulk.BatchSpec{
		Name: "fair", Count: count, Type: codes.TypePremium, Options: codes.Options{Note: "n"}, Format: format,
	})
	if err != nil {
		t.Fatal(err)
	}
	j := newJob(t, workspace, count)
	j.Kind, j.Spec = bulk.KindBatch, string(spec)
	return insertJob(t, s, j)
}

// step makes codes of a batch from an index on.
func step(t *testing.T, s Store, entropy io.Reader, size int) (job.Job, error) {
	t.Helper()
	j, lease := claim(t, s, core.ID{15: 1}, time.Hour)
	return batchWorker(s, entropy).Step(t.Context(), lease, j, size)
}

func batchWorker(s Store, entropy io.Reader) *bulk.BatchWorker {
	clock := func() time.Time { return now }
	source := codes.NewServices(codes.Deps{Store: s, Now: clock, Entropy: entropy, NewID: nextID})
	return bulk.NewBatchWorker(s, source, clock, entropy)
}

func codesOf(t *testing.T, s Store, j job.Job, from int64) []codes.Code {
	t.Helper()
	found, err := s.BatchCodes(t.Context(), j.WorkspaceID, j.ID, from, 1_000_000, now)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// requireBatch requires a batch to have so many codes, once each, with indexes without gaps.
func requireBatch(t *testing.T, s Store, j job.Job, count int) {
	t.Helper()
	seen := map[string]bool{}
	for i, code := range codesOf(t, s, j, 0) {
		if code.BatchIndex == nil || *code.BatchIndex != int64(i) || seen[code.Value] {
			t.Fatalf("code %d is %+v", i, code)
		}
		seen[code.Value] = true
	}
	if len(seen) != count {
		t.Errorf("%d codes, want %d", len(seen), count)
	}
}

// stutter is entropy that gives the values of a format of 12 symbols: each of them twice.
func stutter() io.Reader {
	var text []byte
	for i := range 200 {
		value := bytes.Repeat([]byte{byte(i / 2 % 32)}, 11)
		text = append(text, append(value, byte(i/64))...)
	}
	return io.MultiReader(bytes.NewReader(text), core.SystemEntropy()) // events need some, too
}

func testBatches(t *testing.T, newStore Factory) {
	t.Run("a step makes codes and moves the cursor", func(t *testing.T) {
		s := open(t, newStore)
		mine, other := newWorkspace(t, s), newWorkspace(t, s)
		j := newBatch(t, s, mine.ID, 5)
		for i, want := range []int64{3, 5} {
			after, err := step(t, s, core.SystemEntropy(), 3)
			if err != nil || after.Done != want || after.IsEnded() != (i == 1) {
				t.Fatalf("step %d: %+v, %v", i, after, err)
			}
			requireBatch(t, s, j, int(want))
		}
		third := codesOf(t, s, j, 2)[0]
		want := codes.Code{
			Value: third.Value, WorkspaceID: mine.ID, Type: codes.TypePremium, Note: "n", BatchID: j.ID,
			BatchIndex: new(int64(2)), CreatedAt: now, CreatedBy: j.Actor.ID,
		}
		if diff := cmp.Diff(want, third); diff != "" {
			t.Errorf("code (-want +got):\n%s", diff)
		}
		if found, err := s.Code(t.Context(), mine.ID, core.Canonical(third.Value), now); err != nil ||
			cmp.Diff(want, found) != "" {
			t.Errorf("the code by its value: %+v, %v", found, err)
		}
		if got := eventCount(t, s, mine.ID); got != 1 { // that it was completed
			t.Errorf("%d events, want 1", got)
		}
		if found, err := s.BatchCodes(t.Context(), other.ID, j.ID, 0, 10, now); err != nil || len(found) != 0 {
			t.Errorf("another workspace finds %v, %v", found, err)
		}
	})
	t.Run("values that are taken are drawn again", func(t *testing.T) {
		s := open(t, newStore)
		w, other := newWorkspace(t, s), newWorkspace(t, s)
		insert(t, s, newCode(other.ID, "ACME-AAAAAA-AAAAAA"), newCode(w.ID, "ACMEBBBBBBBBBBBA"))
		j := newBatch(t, s, w.ID, 20)
		if _, err := step(t, s, stutter(), 20); err != nil {
			t.Fatal(err)
		}
		requireBatch(t, s, j, 20)
	})
	t.Run("a batch without free values fails", func(t *testing.T) {
		s := open(t, newStore)
		j := newBatch(t, s, newWorkspace(t, s).ID, 2)
		zeros := bytes.NewReader(make([]byte, 100_000))
		if _, err := step(t, s, zeros, 2); !core.HasReason(err, core.ReasonCodeSpaceExhausted) {
			t.Errorf("error %v", err)
		}
		requireBatch(t, s, j, 0)
	})
	t.Run("a batch that loses its values fails in words", func(t *testing.T) { testLostSpace(t, open(t, newStore)) })
	t.Run("a batch of more codes than a format has left fails", func(t *testing.T) { testUsedUp(t, open(t, newStore)) })
	t.Run("a step whose lease is lost leaves nothing", func(t *testing.T) {
		s := open(t, newStore)
		w := newWorkspace(t, s)
		j := newBatch(t, s, w.ID, 5)
		claimed, lost := claim(t, s, core.ID{15: 2}, over)
		claim(t, s, core.ID{15: 3}, over)
		worker := batchWorker(s, core.SystemEntropy())
		if _, err := worker.Step(t.Context(), lost, claimed, 5); !errors.Is(err, job.ErrLeaseLost) {
			t.Errorf("error %v", err)
		}
		requireBatch(t, s, j, 0)
		if got := findJob(t, s, j); got.Done != 0 || eventCount(t, s, w.ID) != 0 {
			t.Errorf("job %+v", got)
		}
		// The new holder's first step finds the cursor where the work is, whatever it was told.
		claimed.Done = 3
		_, lease := claim(t, s, core.ID{15: 3}, time.Hour)
		if _, err := worker.Step(t.Context(), lease, claimed, 2); err == nil {
			t.Error("a step from another cursor was made")
		}
		requireBatch(t, s, j, 0)
	})
	t.Run("redeemed and revoked codes are counted", func(t *testing.T) {
		s := newSite(t, newStore)
		j := newBatch(t, s.Store, s.mine.WorkspaceID, 6)
		if _, err := step(t, s.Store, core.SystemEntropy(), 6); err != nil {
			t.Fatal(err)
		}
		made := codesOf(t, s.Store, j, 0)
		for i, user := range map[int]string{1: "ada", 4: "eve"} {
			if _, err := s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: made[i].Value, UserID: user}); err != nil {
				t.Fatal(err)
			}
		}
		s.revoke(t, made[4].Value)
		s.revoke(t, made[5].Value)
		for _, c := range []struct {
			from, below int64
			want        bulk.Outcomes
		}{
			{0, 6, bulk.Outcomes{Left: 6, Redeemed: 2, Revoked: 2}},
			{1, 4, bulk.Outcomes{Left: 3, Redeemed: 1}},
			{2, 4, bulk.Outcomes{Left: 2}},
			{5, 100, bulk.Outcomes{Left: 1, Revoked: 1}},
		} {
			got, err := s.Store.CountOutcomes(t.Context(), j.WorkspaceID, j.ID, c.from, c.below)
			if err != nil || got != c.want {
				t.Errorf("from %d below %d: %+v, %v", c.from, c.below, got, err)
			}
		}
	})
	t.Run("several nodes make several batches", func(t *testing.T) { testBatchNodes(t, newStore(t)) })
}

func testBatchNodes(t *testing.T, openStore func() Store) {
	const count = 1500
	s := openStore()
	var batches []job.Job
	for range 2 {
		w := newWorkspace(t, s)
		batches = append(batches, newBatch(t, s, w.ID, count), newBatch(t, s, w.ID, count))
	}
	clock := func() time.Time { return now }
	var nodes sync.WaitGroup
	for n := range 3 {
		store := openStore()
		r := job.NewRunner(job.RunnerConfig{
			Store: store, Node: core.ID{15: byte(n + 1)}, Now: clock, Log: slog.New(slog.DiscardHandler),
			Turn: time.Nanosecond, Life: over, // so that each takes jobs from the others at any time
			Workers: map[job.Kind]job.Worker{
				bulk.KindBatch: batchWorker(store, core.SystemEntropy()),
			},
		})
		nodes.Go(func() {
			for {
				worked, err := r.TakeTurn(t.Context())
				if err != nil {
					t.Error(err)
				}
				if err != nil || !worked {
					return
				}
			}
		})
	}
	nodes.Wait()
	for _, j := range batches {
		if got := findJob(t, s, j); got.Status != job.Succeeded || got.Done != count {
			t.Errorf("job %+v", got)
		}
		requireBatch(t, s, j, count)
	}
	page, err := s.Events(t.Context(), &event.Query{Workspace: batches[0].WorkspaceID, Limit: 10})
	if err != nil || len(page.Events) > 2 {
		t.Errorf("%d events, %v", len(page.Events), err)
	}
}
