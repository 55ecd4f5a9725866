package app

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/overview"
)

// watchedStore counts reads that are dear.
type watchedStore struct {
	bareStore
	outcomes atomic.Int64
	lists    atomic.Int64 // of redemptions
	full     atomic.Bool  // no count can be kept
}

func (s *watchedStore) Redemptions(ctx context.Context, q *codes.RedemptionQuery) ([]codes.Redemption, error) {
	s.lists.Add(1)
	return s.bareStore.Redemptions(ctx, q)
}

func (s *watchedStore) NewestStanding(
	ctx context.Context, workspace core.ID, users []string,
) ([]codes.Redemption, error) {
	s.lists.Add(1)
	return s.bareStore.NewestStanding(ctx, workspace, users)
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

// TestTheListOfUsersAsksOnceForWhatTheyRedeemed, however many there are.
func TestTheListOfUsersAsksOnceForWhatTheyRedeemed(t *testing.T) {
	s := newSite(t)
	_, err := s.codes.AddCode(t.Context(), &s.acme.actor, "FOR-ALL", codes.IssueRequest{
		Type: codes.TypeNormal, Options: codes.Options{MaxRedemptions: codes.Limit{Given: true}},
	})
	check(t, err)
	for _, user := range []string{"ann", "ben", "cleo"} {
		_, err := s.codes.Redeem(t.Context(), &s.acme.actor, codes.RedeemRequest{Code: "FOR-ALL", UserID: user})
		check(t, err)
	}
	before := s.store.lists.Load()
	got := s.ask(t, s.people["owner"], http.MethodGet, "/console/w/acme/users", nil)
	if asked := s.store.lists.Load() - before; asked != 1 || strings.Count(got.body, "/codes/FOR-ALL") != 3 {
		t.Errorf("asked %d times; %d users have their code", asked, strings.Count(got.body, "/codes/FOR-ALL"))
	}
}
