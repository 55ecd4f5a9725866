package event_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// slow is a store in which reading the log of one workspace takes as long as the test says.
type slow struct {
	event.Store
	workspace core.ID
	reads     int // that have begun
	goOn      chan struct{}
}

func (s *slow) Events(ctx context.Context, q *event.Query) (event.Page, error) {
	if q.Workspace == s.workspace {
		s.reads++
		select {
		case <-s.goOn:
		case <-ctx.Done():
		}
	}
	return event.Page{}, ctx.Err()
}

// TestReadersOfOneWorkspaceTakeTurns: they neither pile up in the store nor keep others waiting.
func TestReadersOfOneWorkspaceTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &slow{workspace: core.ID{1}, goOn: make(chan struct{})}
		service := event.NewService(store, time.Now, 0)
		results := make(chan error, 3)
		for range cap(results) {
			go func() {
				_, err := service.List(t.Context(), event.Query{Workspace: store.workspace}, 0)
				results <- err
			}()
		}
		synctest.Wait()
		if store.reads != 1 {
			t.Errorf("%d reads have begun at once", store.reads)
		}
		start := time.Now()
		if _, err := service.List(t.Context(), event.Query{Workspace: core.ID{2}}, 0); err != nil || time.Since(start) != 0 {
			t.Errorf("another workspace: %v after %s", err, time.Since(start))
		}
		for range cap(results) - 1 { // whose turn does not come
			if err := <-results; !core.HasReason(err, core.ReasonOverloaded) {
				t.Errorf("a reader who waits in vain: %v", err)
			}
		}
		close(store.goOn)
		if err := <-results; err != nil {
			t.Error(err)
		}
	})
}
