package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// testEventOrder: events of one subject stand in the order in which its row changed.
func testEventOrder(t *testing.T, newStore Factory) {
	t.Run("whatever the clocks of the nodes", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "code")
		ahead := s.serveBy(t, s.open(), func() time.Time { return s.time().Add(10 * time.Minute) })
		var want []string
		for i := range 20 { // nobody gives positions meanwhile
			node := []*codes.Services{s.Services, ahead}[i%3%2]
			action, told := node.RevokeCode, "code.revoked code:code by key"
			if i%2 == 1 {
				action, told = node.RestoreCode, "code.restored code:code by key"
			}
			if _, err := action(t.Context(), s.mine, "code"); err != nil {
				t.Fatal(err)
			}
			want = append(want, told)
		}
		s.checkLog(t, "order", s.mine, 0, want...)
	})
	t.Run("while everybody writes and somebody follows", func(t *testing.T) {
		s := newSite(t, newStore)
		followWriters(t, s, 8, 12)
	})
}

// followWriters lets writers on two nodes change codes and a user together while a reader
// follows the log from another one, and checks that the reader has every event once, and that
// the states of each code alternate.
func followWriters(t *testing.T, s *site, writers, changes int) {
	t.Helper()
	stores := []Store{s.Store, s.open()}
	nodes := []*codes.Services{s.Services, s.serve(t, stores[1])}
	reader := s.open()
	for i := range writers / 2 {
		s.add(t, s.mine, fmt.Sprint("code", i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var work, background sync.WaitGroup
	for _, store := range stores { // each tries to be the one that gives positions
		background.Go(func() {
			for ctx.Err() == nil {
				if _, err := store.SequenceEvents(ctx); err != nil && ctx.Err() == nil {
					t.Errorf("SequenceEvents: %v", err)
					return
				}
			}
		})
	}
	made := make([]int, writers)
	for i := range writers {
		work.Go(func() {
			for n := range changes {
				node, code := nodes[(i+n)%2], fmt.Sprint("code", i/2) // two writers a code
				err := patiently(func() error {
					action := []func(context.Context, *core.Actor, string) (codes.Code, error){node.RevokeCode, node.RestoreCode}[n%2]
					_, err := action(ctx, s.mine, code)
					return err
				})
				if err != nil {
					t.Errorf("change %s: %v", code, err)
					return
				}
				made[i]++
			}
		})
	}
	finished := make(chan struct{})
	go func() { work.Wait(); close(finished) }()
	follower := event.NewService(reader, time.Now, 0)
	var seen []event.Event
	for after, done := int64(0), false; ; {
		select {
		case <-finished:
			done = true
		default:
		}
		page, err := follower.List(ctx, event.Query{Workspace: s.mine.WorkspaceID, After: after, Limit: 7}, 0)
		if err != nil {
			t.Fatalf("List: %v", err)
		}
		seen, after = append(seen, page.Events...), page.Next
		if done && len(page.Events) == 0 {
			sequence(t, stores[0])
			sequence(t, stores[1])
			if head, err := reader.EventHeads(ctx, []core.ID{s.mine.WorkspaceID}); err != nil ||
				head[s.mine.WorkspaceID] == after {
				break
			}
		}
	}
	cancel()
	background.Wait()
	checkFollowed(t, seen, s.log(t, s.mine))
}

// checkFollowed checks what a reader has seen against the log as it is in the end.
func checkFollowed(t *testing.T, seen, log []event.Event) {
	t.Helper()
	if len(seen) != len(log) {
		t.Errorf("the reader has seen %d events, the log has %d", len(seen), len(log))
	}
	last := map[string]event.Type{}
	for i, e := range seen {
		if e.Position != int64(i+1) {
			t.Fatalf("event %d has the position %d", i, e.Position)
		}
		if i < len(log) && log[i].ID != e.ID {
			t.Fatalf("event %d is another one in the end", i)
		}
		if last[e.Subject.Key] == e.Type {
			t.Errorf("event %d: %s twice in a row: it was recorded in another order than it happened", i, told(e))
		}
		last[e.Subject.Key] = e.Type
	}
	if len(seen) == 0 {
		t.Error("the reader has seen nothing")
	}
}

func testErasingEvents(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.listen(t, s.mine)
	s.listen(t, s.other)
	s.add(t, s.mine, "mine")
	s.add(t, s.other, "theirs")
	for _, caller := range []*core.Actor{s.mine, s.other} {
		code := map[*core.Actor]string{s.mine: "mine", s.other: "theirs"}[caller]
		s.redeem(t, caller, code, "zora")
		s.redeem(t, caller, code, "bob")
	}
	before := s.log(t, s.mine) // which have positions; the next has none yet when zora is erased
	s.reserve(t, s.mine, "mine", "eve", time.Minute)
	s.put(t, s.mine, "zora", codes.UserPremium)
	s.erase(t, s.mine, "zora")
	after := s.log(t, s.mine)
	checkSame(t, "what is told", []string{
		"redemption.created code:mine by key", "user.registered user: by key",
		"redemption.created code:mine bob by key", "user.registered user: bob by key",
		"reservation.created code:mine eve by key", "user.changed user: by key", "user.erased user: zora by key",
	}, toldAll(after))
	for i, e := range after {
		erased := i < 2 || i == 5
		if (e.Salt == nil) != erased {
			t.Errorf("event %d: salt %x", i, e.Salt)
		}
		if i < len(before) && e.Digest != before[i].Digest {
			t.Errorf("event %d has another digest", i)
		}
		if sum, err := e.Sum(); err != nil || (sum == e.Digest) == erased {
			t.Errorf("event %d: digest %x of %x, %v", i, e.Digest, sum, err)
		}
		if strings.Contains(fmt.Sprint(e), "zora") && i != 6 {
			t.Errorf("event %d still names the person: %+v", i, e)
		}
	}
	if found := s.logOf(t, event.Query{
		Workspace: s.mine.WorkspaceID,
		Subject:   &event.SubjectName{Kind: event.SubjectUser, Key: "zora"},
	}); len(
		found,
	) != 1 {
		t.Errorf("events about the person: %v", toldAll(found))
	}
	checkSame(t, "theirs", "redemption.created code:theirs zora by key", told(s.log(t, s.other)[0]))

	// Erased once more, the event about the first time keeps the id for its own time.
	s.put(t, s.mine, "zora", codes.UserNormal)
	s.pass(time.Hour)
	s.erase(t, s.mine, "zora")
	named := func() (positions []int64) {
		for _, e := range s.log(t, s.mine) {
			if e.UserID == "zora" {
				positions = append(positions, e.Position)
			}
		}
		return positions
	}
	checkSame(t, "named in", []int64{7, 9}, named())
	scrub := func(before time.Time, want int) {
		t.Helper()
		if got, err := s.Store.ScrubErased(t.Context(), before); got != want || err != nil {
			t.Errorf("ScrubErased = %d, %v; want %d", got, err, want)
		}
	}
	scrub(s.time(), 1)
	scrub(s.time(), 0)
	checkSame(t, "named in", []int64{9}, named())
	scrub(s.time().Add(instant), 1)
	checkSame(t, "named in", []int64(nil), named())
	if last := s.log(t, s.mine)[8]; last.Salt != nil || last.Type != event.UserErased {
		t.Errorf("the last event: %+v", last)
	}
}

func testPruningEvents(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.add(t, s.mine, "code")
	change := func(caller *core.Actor, user string) { s.put(t, caller, user, codes.UserNormal) }
	for i := range 4 {
		change(s.mine, fmt.Sprint("user", i))
		s.pass(time.Hour)
	}
	s.pass(-2 * time.Hour) // a node whose clock is behind
	change(s.mine, "late")
	s.pass(2 * time.Hour)
	change(s.other, "user")
	sequence(t, s.Store)
	prune := func(before time.Time, want int) {
		t.Helper()
		got := 0
		for {
			step, err := s.Store.PruneEvents(t.Context(), before.Add(time.Hour), event.Retention{All: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			if got += step; step == 0 {
				break
			}
		}
		if got != want {
			t.Errorf("%d events were deleted, want %d", got, want)
		}
	}
	page := func(after int64) event.Page {
		page, err := s.Store.Events(t.Context(), &event.Query{Workspace: s.mine.WorkspaceID, After: after, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	prune(now, 0)
	prune(now.Add(instant), 1)
	if p := page(0); p.Oldest != 2 || len(p.Events) != 4 || p.Events[0].Position != 2 {
		t.Errorf("from the oldest: %+v", p)
	}
	service := event.NewService(s.Store, s.time, 150*time.Minute) // keeps what is from 01:30 after now on
	if err := service.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The one from the clock that is behind stands after one that is kept, and stays.
	if p := page(0); p.Oldest != 3 || len(p.Events) != 3 {
		t.Errorf("from the oldest: %+v", p)
	}
	if _, err := service.List(t.Context(), event.Query{Workspace: s.mine.WorkspaceID, After: 2}, 0); err != nil {
		t.Errorf("behind the last that was deleted: %v", err)
	}
	_, err := service.List(t.Context(), event.Query{Workspace: s.mine.WorkspaceID, After: 1}, 0)
	var gone *core.Error
	if !errors.As(err, &gone) || gone.Reason != core.ReasonPositionExpired || gone.Kind != core.KindGone ||
		*gone.Oldest != 3 {
		t.Errorf("behind one that was deleted: %v", err)
	}
	prune(s.time().Add(time.Hour), 4) // everything, in both workspaces
	if p := page(0); p.Oldest != 6 || p.Head != 5 || p.Next != 5 || p.Events != nil {
		t.Errorf("from the oldest, when there is none: %+v", p)
	}
	_, err = service.List(t.Context(), event.Query{Workspace: s.mine.WorkspaceID, After: 4}, 0)
	if !errors.As(err, &gone) || gone.Oldest != nil || !strings.Contains(gone.Detail, "none is kept") {
		t.Errorf("behind one that was deleted, when none is kept: %+v", err)
	}
	change(s.mine, "new")
	if found := s.log(t, s.mine); len(found) != 1 || found[0].Position != 6 {
		t.Errorf("after everything was deleted: %v", found)
	}
}

func testEventIsolation(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.listen(t, s.mine)
	s.add(t, s.mine, "mine")
	s.redeem(t, s.mine, "mine", "ada")
	s.put(t, s.other, "ada", codes.UserNormal)
	s.redeem(t, s.mine, "mine", "bob")
	theirs := s.log(t, s.other)
	if len(theirs) != 1 || theirs[0].Position != 1 || theirs[0].Workspace != s.other.WorkspaceID {
		t.Errorf("their log: %+v", theirs) // whose positions tell nothing of others' events
	}
	for _, q := range []event.Query{
		{Subject: &event.SubjectName{Kind: event.SubjectCode, Key: "MINE"}},
		{Subject: &event.SubjectName{Kind: event.SubjectUser, Key: "bob"}},
		{Actor: &event.ActorName{Kind: core.ActorKey, ID: s.mine.ID}},
		{Types: []event.Type{event.RedemptionCreated}},
	} {
		q.Workspace = s.other.WorkspaceID
		if found := s.logOf(t, q); found != nil {
			t.Errorf("%+v finds %v", q, toldAll(found))
		}
	}
	before := s.log(t, s.mine)
	s.erase(t, s.other, "ada")
	checkSame(t, "mine, after they have erased theirs", before, s.log(t, s.mine))
}

// testEventsOfFailures: an event is stored with what it tells of or not at all.
func testEventsOfFailures(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	s.add(t, s.mine, "code")
	listening := *s.mine
	listening.Listens = event.AllHot
	broken := event.NewRecorder(iotest.ErrReader(errFailing)).Of(&listening)
	command := s.commands(t, s.toRevoke(t, "code"))[0]
	command.Source = broken
	if _, err := s.Store.Execute(t.Context(), []*codes.Command{command}); !errors.Is(err, errFailing) {
		t.Errorf("Execute: %v", err)
	}
	_, err := s.Store.PutUser(
		t.Context(),
		codes.User{
			WorkspaceID: s.mine.WorkspaceID,
			ID:          "ada",
			Status:      codes.UserNormal,
			CreatedAt:   now,
			UpdatedAt:   now,
		},
		broken,
	)
	if !errors.Is(err, errFailing) {
		t.Errorf("PutUser: %v", err)
	}
	s.checkUser(t, s.mine, "ada", codes.Unregistered)
	if code := s.code(t, s.mine, "code", now); code.RevokedAt != nil {
		t.Error("a code was revoked without its event")
	}
	ctx := cancelled()
	if _, err := s.RevokeCode(ctx, s.mine, "code"); err == nil {
		t.Error("no error from a caller who has gone")
	}
	if found := s.log(t, s.mine); found != nil {
		t.Errorf("events of what did not happen: %v", toldAll(found))
	}
	// Of two that contend for one change, one records it.
	var both sync.WaitGroup
	nodes := []*codes.Services{s.Services, s.serve(t, s.open())}
	errs := make([]error, 10)
	for i := range errs {
		both.Go(func() {
			errs[i] = patiently(
				func() error { _, err := nodes[i%2].RevokeCode(t.Context(), s.mine, "code"); return err },
			)
		})
	}
	both.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		t.Error(errs[i])
	}
	s.checkLog(t, "one of many", s.mine, 0, "code.revoked code:code by key")
}

var errFailing = errors.New("no more randomness")
