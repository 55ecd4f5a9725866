package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// cursorSite is a site whose workspaces have a log of three events each, with a service over it.
func cursorSite(t *testing.T, newStore Factory) (*site, *event.Service) {
	t.Helper()
	s := newSite(t, newStore)
	for _, caller := range []*core.Actor{s.mine, s.other} {
		for i := range 3 {
			s.put(t, caller, fmt.Sprint("user", i), codes.UserNormal)
		}
	}
	sequence(t, s.Store)
	return s, event.NewService(s.Store, s.time, 0)
}

// put, to and from are moves of cursors.
func to(position int64) event.CursorMove { return event.CursorMove{Position: &position} }

func fromTo(from, position int64) event.CursorMove {
	return event.CursorMove{Position: &position, If: core.Field[int64]{Given: true, Value: &from}}
}

func newAt(position int64) event.CursorMove {
	return event.CursorMove{Position: &position, If: core.Field[int64]{Given: true}}
}

func testCursors(t *testing.T, newStore Factory) {
	t.Run("moving", func(t *testing.T) { testMovingCursors(t, newStore) })
	t.Run("isolation", func(t *testing.T) { testCursorIsolation(t, newStore) })
	t.Run("of two who move it, one does", func(t *testing.T) { testCursorRaces(t, newStore) })
	t.Run("there are at most so many", func(t *testing.T) { testManyCursors(t, newStore) })
}

func testMovingCursors(t *testing.T, newStore Factory) {
	s, service := cursorSite(t, newStore)
	mine := s.mine.WorkspaceID
	for _, step := range []struct {
		name string
		move event.CursorMove
		want core.Reason
		at   int64 // afterwards
	}{
		{"a", fromTo(0, 1), core.ReasonCursorNotFound, -1},
		{"a", to(4), core.ReasonInvalidValue, -1},
		{"a", to(-1), core.ReasonInvalidValue, -1},
		{"a", newAt(0), "", 0},
		{"a", newAt(2), core.ReasonCursorMoved, 0},
		{"a", fromTo(0, 2), "", 2},
		{"a", fromTo(0, 3), core.ReasonCursorMoved, 2},
		{"a", fromTo(2, 4), core.ReasonInvalidValue, 2},
		{"a", to(3), "", 3},
		{"a", fromTo(3, 1), "", 1}, // back
		{"a", to(0), "", 0},
		{"a", event.CursorMove{}, "", 0}, // stays
		{"b.c_d-e", event.CursorMove{}, "", 3},
		{"B", to(0), core.ReasonInvalidParameter, -1},
		{"-", to(0), core.ReasonInvalidParameter, -1},
		{"", to(0), core.ReasonInvalidParameter, -1},
	} {
		s.pass(time.Second)
		moved, err := service.MoveCursor(t.Context(), mine, step.name, step.move)
		what := fmt.Sprintf("%s %+v", step.name, step.move)
		checkReason(t, what, err, step.want)
		found, err := service.Cursor(t.Context(), mine, step.name)
		if step.at < 0 {
			checkReason(t, what, err, core.ReasonCursorNotFound)
			continue
		}
		if found.Position != step.at || found.Head != 3 || found.Behind() != 3-step.at {
			t.Errorf("%s: %+v", what, found)
		}
		if step.want == "" {
			want := event.Cursor{Workspace: mine, Name: step.name, Position: step.at, UpdatedAt: s.time(), Head: 3}
			checkSame(t, what, want, moved)
			checkSame(t, what+", as it is stored", want, found)
		}
	}
	all, err := service.Cursors(t.Context(), mine)
	if err != nil || len(all) != 2 || all[0].Name != "a" || all[1].Name != "b.c_d-e" || all[0].Head != 3 {
		t.Errorf("all: %+v, %v", all, err)
	}
	checkReason(t, "delete", service.DeleteCursor(t.Context(), mine, "a"), "")
	checkReason(t, "delete again", service.DeleteCursor(t.Context(), mine, "a"), core.ReasonCursorNotFound)
}

func testCursorIsolation(t *testing.T, newStore Factory) {
	s, service := cursorSite(t, newStore)
	mine, theirs := s.mine.WorkspaceID, s.other.WorkspaceID
	put := func(workspace core.ID, position int64) {
		t.Helper()
		_, err := service.MoveCursor(t.Context(), workspace, "same", to(position))
		checkReason(t, "put", err, "")
	}
	put(mine, 1)
	if found, err := service.Cursors(t.Context(), theirs); found != nil || err != nil {
		t.Errorf("theirs: %+v, %v", found, err)
	}
	checkReason(t, "delete", service.DeleteCursor(t.Context(), theirs, "same"), core.ReasonCursorNotFound)
	put(theirs, 2)
	put(mine, 3)
	checkReason(t, "delete mine", service.DeleteCursor(t.Context(), mine, "same"), "")
	if found, err := service.Cursor(t.Context(), theirs, "same"); found.Position != 2 || err != nil {
		t.Errorf("theirs: %+v, %v", found, err)
	}
}

// testCursorRaces: consumers of one name on two nodes make the cursor and then move it, each from where
// all have seen it.
func testCursorRaces(t *testing.T, newStore Factory) {
	s, _ := cursorSite(t, newStore)
	nodes := []*event.Service{event.NewService(s.Store, s.time, 0), event.NewService(s.open(), s.time, 0)}
	for _, move := range []event.CursorMove{newAt(0), fromTo(0, 1), fromTo(1, 3)} {
		var consumers sync.WaitGroup
		outcomes := new(tally)
		for i := range 6 {
			consumers.Go(func() {
				err := patiently(func() error {
					_, err := nodes[i%2].MoveCursor(t.Context(), s.mine.WorkspaceID, "one", move)
					return err
				})
				outcomes.add(string(reasonOf(err)))
			})
		}
		consumers.Wait()
		checkSame(t, fmt.Sprintf("%+v", move), map[string]int{"": 1, "cursor_moved": 5}, outcomes.times)
	}
}

func testManyCursors(t *testing.T, newStore Factory) {
	s, service := cursorSite(t, newStore)
	put := func(workspace core.ID, i int) error {
		_, err := service.MoveCursor(t.Context(), workspace, fmt.Sprint("cursor", i), to(1))
		return err
	}
	for i := range event.MaxCursors {
		if err := put(s.mine.WorkspaceID, i); err != nil {
			t.Fatal(err)
		}
	}
	checkReason(t, "one more", put(s.mine.WorkspaceID, event.MaxCursors), core.ReasonTooManyCursors)
	checkReason(t, "one that is there", put(s.mine.WorkspaceID, 0), "")
	checkReason(t, "of another workspace", put(s.other.WorkspaceID, 0), "")
	errRule := errors.New("the rule")
	_, err := s.Store.PutCursor(t.Context(), event.Cursor{Workspace: s.mine.WorkspaceID, Name: "cursor1", UpdatedAt: now},
		func(f event.CursorFacts) (int64, error) { return 3, errRule })
	found, findErr := service.Cursor(t.Context(), s.mine.WorkspaceID, "cursor1")
	if !errors.Is(err, errRule) || found.Position != 1 || findErr != nil {
		t.Errorf("a rule that fails: %v, then %+v, %v", err, found, findErr)
	}
}
