package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

func testReadingEvents(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.add(t, s.mine, "A-1")
	s.add(t, s.mine, "b")
	s.put(t, s.mine, "ada", codes.UserNormal)
	for _, code := range []string{"a 1", "b"} {
		for _, action := range []func(context.Context, *core.Actor, string) (codes.Code, error){s.RevokeCode, s.RestoreCode} {
			if _, err := action(t.Context(), s.mine, code); err != nil {
				t.Fatal(err)
			}
		}
	}
	someone := *s.mine
	someone.ID = newID(t)
	s.put(t, &someone, "ada", codes.UserPremium)
	sequence(t, s.Store)
	all := toldAll(s.log(t, s.mine))
	checkSame(t, "all", []string{
		"user.registered user: ada by key", "code.revoked code:A-1 by key", "code.restored code:A-1 by key",
		"code.revoked code:b by key", "code.restored code:b by key", "user.changed user: ada by key",
	}, all)
	read := func(q event.Query) event.Page {
		q.Workspace = s.mine.WorkspaceID
		page, err := s.Store.Events(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	for _, c := range []struct {
		name  string
		query event.Query
		want  []int64
		next  int64
	}{
		{"the first", event.Query{Limit: 2}, []int64{1, 2}, 2},
		{"the next", event.Query{After: 2, Limit: 3}, []int64{3, 4, 5}, 5},
		{"the last", event.Query{After: 5, Limit: 3}, []int64{6}, 6},
		{"none", event.Query{After: 6, Limit: 3}, nil, 6},
		{"of types", event.Query{Limit: 9, Types: []event.Type{event.CodeRestored, event.UserChanged}}, []int64{3, 5, 6}, 6},
		{"of a type, the first", event.Query{Limit: 1, Types: []event.Type{event.CodeRestored}}, []int64{3}, 3},
		{"of a type that has none", event.Query{Limit: 9, Types: []event.Type{event.BatchCreated}}, nil, 6},
		{
			"of a code",
			event.Query{Limit: 9, Subject: &event.SubjectName{Kind: event.SubjectCode, Key: "A1"}},
			[]int64{2, 3},
			6,
		},
		{
			"of a code, from there on",
			event.Query{Limit: 9, After: 2, Subject: &event.SubjectName{Kind: event.SubjectCode, Key: "A1"}},
			[]int64{3},
			6,
		},
		{
			"of two codes, newest first",
			event.Query{Backwards: true, Limit: 9, Subject: &event.SubjectName{
				Kind: event.SubjectCode, Key: "none", Or: []string{"A1"},
			}},
			[]int64{3, 2},
			1,
		},
		{
			"of a user",
			event.Query{Limit: 9, Subject: &event.SubjectName{Kind: event.SubjectUser, Key: "ada"}},
			[]int64{1, 6},
			6,
		},
		{
			"of a key that is called as a code",
			event.Query{Limit: 9, Subject: &event.SubjectName{Kind: event.SubjectKey, Key: "A1"}},
			nil,
			6,
		},
		{"by a key", event.Query{Limit: 9, Actor: &event.ActorName{Kind: core.ActorKey, ID: someone.ID}}, []int64{6}, 6},
		{"by any key", event.Query{Limit: 2, Actor: &event.ActorName{Kind: core.ActorKey}}, []int64{1, 2}, 2},
		{"the newest", event.Query{Backwards: true, Limit: 2}, []int64{6, 5}, 5},
		{"those before", event.Query{Backwards: true, Before: 5, Limit: 3}, []int64{4, 3, 2}, 2},
		{"the first of all, backwards", event.Query{Backwards: true, Before: 2, Limit: 3}, []int64{1}, 1},
		{"none, backwards", event.Query{Backwards: true, Before: 1, Limit: 3}, nil, 1},
		{
			"of a user, backwards",
			event.Query{Backwards: true, Limit: 1, Subject: &event.SubjectName{Kind: event.SubjectUser, Key: "ada"}},
			[]int64{6},
			6,
		},
		{"of no request", event.Query{Limit: 9, RequestID: "none"}, nil, 6},
		{"by the program", event.Query{Limit: 9, Actor: &event.ActorName{Kind: core.ActorSystem}}, nil, 6},
	} {
		page := read(c.query)
		var got []int64
		for _, e := range page.Events {
			got = append(got, e.Position)
		}
		if !slices.Equal(got, c.want) || page.Next != c.next || page.Head != 6 || page.Oldest != 1 {
			t.Errorf(
				"%s: %v, next %d, head %d, oldest %d; want %v, %d, 6, 1",
				c.name,
				got,
				page.Next,
				page.Head,
				page.Oldest,
				c.want,
				c.next,
			)
		}
	}
	asked := []core.ID{s.mine.WorkspaceID, s.other.WorkspaceID}
	for _, count := range []int{0, 1, 2, 3, 300} { // more than one statement asks for
		for len(asked) < count {
			asked = append(asked, newID(t))
		}
		want := map[core.ID]int64{}
		if count > 0 {
			want[s.mine.WorkspaceID] = 6
		}
		heads, err := s.Store.EventHeads(t.Context(), asked[:count])
		checkSame(t, fmt.Sprint("heads of ", count, ", ", err), want, heads)
	}
}

func testPositionBefore(t *testing.T, newStore Factory) {
	h := newHooks(t, newStore)
	for i := range 20 {
		made, err := h.source.Make(event.CodeRevoked, *later(i), event.Code("A", "A"), "", event.Data{})
		must(t, err)
		must(t, h.RecordEvents(t.Context(), made))
	}
	head := h.head(t)
	for minute, want := range map[int]int64{-1: head - 20, 0: head - 20, 1: head - 19, 19: head - 1, 20: head, 90: head} {
		position, err := h.PositionBefore(t.Context(), h.workspace, *later(minute))
		if err != nil || position != want {
			t.Errorf("before minute %d: %d, want %d, %v", minute, position, want, err)
		}
	}
	revoked := event.Retention{Types: []event.TypeRetention{{Types: "code.revoked", Keep: time.Minute}}}
	for done := 1; done > 0; {
		var err error
		done, err = h.PruneEvents(t.Context(), later(300).Add(time.Hour), revoked)
		must(t, err)
	}
	position, err := h.PositionBefore(t.Context(), h.workspace, *later(90))
	if err != nil || position < head-20 {
		t.Errorf("where the newest were pruned: %d, %v", position, err)
	}
	position, err = h.PositionBefore(t.Context(), newWorkspace(t, h.Store).ID, now)
	if err != nil || position != 0 {
		t.Errorf("of an empty log: %d, %v", position, err)
	}
}
