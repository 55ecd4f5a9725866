package codes_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
)

// TestALaneLetsAFewOfAWorkspaceInAtOnce: the others wait, and no longer than is allowed; nobody
// waits for another workspace.
func TestALaneLetsAFewOfAWorkspaceInAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine, theirs := core.ID{1}, core.ID{2}
		lane := codes.NewLane(2, 1, time.Second)
		enter := func(workspace core.ID) func() {
			t.Helper()
			leave, err := lane.Enter(t.Context(), workspace)
			if err != nil {
				t.Fatal(err)
			}
			return leave
		}
		start := time.Now()
		first, second := enter(mine), enter(mine)
		enter(theirs)()
		if waited := time.Since(start); waited != 0 {
			t.Errorf("they waited for %v", waited)
		}
		third := make(chan func())
		go func() { third <- enter(mine) }()
		synctest.Wait()
		if _, err := lane.Enter(t.Context(), mine); !core.HasReason(err, core.ReasonOverloaded) || time.Since(start) != 0 {
			t.Errorf("one too many: %v after %v", err, time.Since(start))
		}
		first()
		first = <-third
		if _, err := lane.Enter(t.Context(), mine); !core.HasReason(err, core.ReasonOverloaded) ||
			time.Since(start) != time.Second {
			t.Errorf("nobody leaves: %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := lane.Enter(ctx, mine); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller goes: %v", err)
		}
		first()
		second()
		if n := lane.Workspaces(); n != 0 {
			t.Errorf("%d workspaces are kept in mind that nobody uses", n)
		}
	})
}

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
	if err := w.Store.Ping(t.Context()); err != nil {
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
