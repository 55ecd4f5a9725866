package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"accesscodes/internal/bulk"
	"accesscodes/internal/core"
	"accesscodes/internal/overview"
)

// watchedStore counts reads that are dear.
type watchedStore struct {
	bareStore
	outcomes atomic.Int64
	full     atomic.Bool // no count can be kept
}

func (s *watchedStore) PutCount(ctx context.Context, k overview.Kept) (bool, error) {
	if s.full.Load() {
		return false, core.Unavailable(errors.New("the disk is full"))
	}
	return s.bareStore.PutCount(ctx, k)
}

func (s *watchedStore) CountOutcomes(
	ctx context.Context, workspace, batch core.ID, from, below int64,
) (bulk.Outcomes, error) {
	s.outcomes.Add(1)
	return s.bareStore.CountOutcomes(ctx, workspace, batch, from, below)
}

// TestPagesThatOnlyNameABatchDoNotCountWhatBecameOfIt opens the pages on which a batch is but a name.
func TestPagesThatOnlyNameABatchDoNotCountWhatBecameOfIt(t *testing.T) {
	s := newSite(t)
	id := s.acme.ids["batches/{id}"]
	batch, err := core.ParseID(id)
	check(t, err)
	made, err := s.batches.First(t.Context(), &s.acme.actor, batch, 1)
	check(t, err)
	visits := []struct {
		method, path string
		form         url.Values
	}{
		{http.MethodGet, "", nil},
		{http.MethodGet, "/codes?batch=" + id, nil},
		{http.MethodGet, "/codes/" + made[0].Value, nil},
		{http.MethodPost, "/search", url.Values{"q": {"batch"}}},
		{http.MethodPost, "/search", url.Values{"q": {id}}},
		{http.MethodPost, "/changes/preview", url.Values{"do": {"extend"}, "batch": {id}}},
	}
	for _, visit := range visits {
		before := s.store.outcomes.Load()
		got := s.ask(t, s.people["owner"], visit.method, "/console/w/acme"+visit.path, visit.form)
		if counted := s.store.outcomes.Load() - before; counted > 0 || got.status >= 400 {
			t.Errorf("%s %s: %d, counted %d times", visit.method, visit.path, got.status, counted)
		}
	}
	s.ask(t, s.people["owner"], http.MethodGet, "/console/w/acme/batches/"+id, nil)
	if s.store.outcomes.Load() == 0 {
		t.Error("the page of the batch has counted nothing")
	}
}

// TestPagesWithCountsAreShownWhileNothingCanBeStored: somebody must see what is going on.
func TestPagesWithCountsAreShownWhileNothingCanBeStored(t *testing.T) {
	s := newSite(t)
	s.store.full.Store(true)
	for _, path := range []string{"", "/users", "/settings"} {
		got := s.ask(t, s.people["owner"], http.MethodGet, "/console/w/acme"+path, nil)
		if got.status != http.StatusOK {
			t.Errorf("%q: %d", path, got.status)
		}
	}
}
