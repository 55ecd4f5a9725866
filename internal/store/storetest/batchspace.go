package storetest

import (
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
)

// spaceless is a source after a restart with words that leave a format no value.
type spaceless struct{ bulk.Source }

func (spaceless) Space(core.Format) *big.Int { return new(big.Int) }

func testLostSpace(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	j := newBatch(t, s, w.ID, 5)
	claimed, lease := claim(t, s, core.ID{15: 1}, over)
	if _, err := batchWorker(s, core.SystemEntropy()).Step(t.Context(), lease, claimed, 3); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	source := codes.NewServices(codes.Deps{Store: s, Now: clock, Entropy: core.SystemEntropy(), NewID: nextID})
	takeTurn(t, job.NewRunner(job.RunnerConfig{
		Store: s, Node: core.ID{15: 2}, Now: clock, Log: slog.New(slog.DiscardHandler),
		Workers: map[job.Kind]job.Worker{
			bulk.KindBatch: bulk.NewBatchWorker(s, spaceless{source}, clock, core.SystemEntropy()),
		},
	}))
	got := findJob(t, s, j)
	const why = "every value of the format ACME-XXXXXX-XXXXXX holds a word"
	if got.Status != job.Failed || got.Done != 3 || !strings.HasPrefix(got.Failure, why) {
		t.Errorf("job %+v", got)
	}
	requireBatch(t, s, j, 3)
	if _, err := s.SequenceEvents(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := s.Events(t.Context(), &event.Query{Workspace: w.ID, Limit: 10})
	if err != nil || len(page.Events) != 1 || page.Events[0].Type != event.BatchFailed {
		t.Errorf("%d events, %v; want one that it has failed", len(page.Events), err)
	}
}

// testUsedUp makes more codes than a format has left: the step ends after a bounded number of draws.
func testUsedUp(t *testing.T, s Store) {
	w := newWorkspace(t, s)
	var taken []*codes.NewCode
	for _, first := range core.Alphabet {
		for _, second := range core.Alphabet {
			taken = append(taken, newCode(w.ID, string([]rune{first, second})))
		}
	}
	insert(t, s, taken[1:]...)
	j := newBatchOf(t, s, w.ID, 2, core.Format{Groups: 1, GroupLength: 2})
	_, err := step(t, s, core.SystemEntropy(), 2)
	if !core.HasReason(err, core.ReasonCodeSpaceExhausted) {
		t.Errorf("error %v", err)
	}
	requireBatch(t, s, j, 0)
}
