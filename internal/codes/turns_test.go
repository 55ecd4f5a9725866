package codes_test

import (
	"context"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
)

// TestListsOfOneWorkspaceTakeAFewTurns: of eight at once, two reach the store and the others wait;
// meanwhile another workspace's lists and everybody's look-ups go on.
func TestListsOfOneWorkspaceTakeAFewTurns(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "CODE", normal(""))
	store := &slowLists{Store: w.Store, slow: w.acme.WorkspaceID, begun: make(chan struct{}, 8), goOn: make(chan struct{})}
	w.Services = w.serve(t, store)
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := w.ListCodes(t.Context(), w.acme, codes.CodeFilter{Query: "c"}, core.PageRequest{})
			done <- err
		}()
	}
	for range codes.ListsAtOnce {
		<-store.begun
	}
	if _, err := w.ListCodes(t.Context(), other, codes.CodeFilter{Query: "c"}, core.PageRequest{}); err != nil {
		t.Errorf("another workspace's list: %v", err)
	}
	if got, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: "CODE"}); err != nil || !got.Valid {
		t.Errorf("Validate: %+v, %v", got, err)
	}
	if _, err := w.Store.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(store.begun); n != 0 {
		t.Errorf("%d more lists have reached the store", n)
	}
	close(store.goOn)
	for range 8 {
		if err := <-done; err != nil && !core.HasReason(err, core.ReasonOverloaded) {
			t.Errorf("a list: %v", err)
		}
	}
}

// slowLists is a store in which one workspace's lists of codes wait.
type slowLists struct {
	storetest.Store
	slow  core.ID
	begun chan struct{}
	goOn  chan struct{}
}

func (s *slowLists) Codes(ctx context.Context, q *codes.CodeQuery) ([]codes.Code, error) {
	if q.WorkspaceID == s.slow {
		s.begun <- struct{}{}
		<-s.goOn
	}
	return s.Store.Codes(ctx, q)
}
