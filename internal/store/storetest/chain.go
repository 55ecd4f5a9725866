package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// OpenDatabase is an empty store, and a way past it: exec runs a statement of both engines, with arguments
// $1, $2 … in this order.
type OpenDatabase struct {
	Open func() Store
	Exec func(t *testing.T, statement string, args ...any)
}

// RunChain holds an engine to what the hash chain over the logs must show.
func RunChain(t *testing.T, newDatabase func(t *testing.T) OpenDatabase) {
	t.Helper()
	db := newDatabase(t)
	w := &chained{site: newSite(t, func(*testing.T) func() Store { return db.Open }), exec: db.Exec}
	t.Run("a log that nobody touched is whole", w.testWhole)
	t.Run("what was tampered with is found", w.testTampered)
	t.Run("an anchor that was moved", w.testMovedAnchor)
	t.Run("a log of which only the events are left", w.testLost)
	t.Run("a log that was cut behind a noted value", w.testCutTail)
	t.Run("erasing somebody keeps it", w.testErased)
	t.Run("pruning by type and cutting keep it", w.testPruned)
	t.Run("a log from before the chain", w.testBefore)
	t.Run("each newest value is logged once a day", w.testLoggedOnce)
}

// chained is a site whose logs are tampered with.
type chained struct {
	*site
	exec func(t *testing.T, statement string, args ...any)
}

// recorded makes a workspace with so many events, in turn about redemptions and sessions.
func (w *chained) recorded(t *testing.T, count int) core.ID {
	t.Helper()
	caller := newCaller(t, w.Store)
	w.record(t, caller, count)
	return caller.WorkspaceID
}

func (w *chained) record(t *testing.T, caller *core.Actor, count int) {
	t.Helper()
	var events []*event.Event
	for i := range count {
		kind, user := event.RedemptionCreated, fmt.Sprint("user", i%3)
		if i%2 == 1 {
			kind, user = event.SessionStarted, ""
		}
		events = append(events, w.note(t, caller, kind, event.Code("C", "C"), user))
	}
	if err := w.Store.RecordEvents(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	sequence(t, w.Store)
}

func (w *chained) verify(t *testing.T, workspace core.ID, expect ...event.Mark) event.Verification {
	t.Helper()
	v, err := event.Verify(t.Context(), w.Store, workspace, expect, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// found is what is wrong, each thing as its name and positions.
func found(v event.Verification) string {
	var all []string
	for _, f := range v.Findings {
		all = append(all, fmt.Sprintf("%s %d-%d", f.What, f.From, f.To))
	}
	return strings.Join(all, ", ")
}

// check checks what is found in a log.
func (w *chained) check(t *testing.T, workspace core.ID, want string, expect ...event.Mark) event.Verification {
	t.Helper()
	v := w.verify(t, workspace, expect...)
	if got := found(v); got != want {
		t.Errorf("found %q, want %q", got, want)
	}
	return v
}

// marks are the values of the chain at each position.
func (w *chained) marks(t *testing.T, workspace core.ID) map[int64]event.Mark {
	t.Helper()
	links, err := w.Store.Links(t.Context(), workspace, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	all := map[int64]event.Mark{}
	for _, l := range links {
		all[l.Position] = event.Mark{Position: l.Position, Chain: l.Chain}
	}
	return all
}

func (w *chained) testWhole(t *testing.T) {
	first, second := newCaller(t, w.Store), newCaller(t, w.Store)
	for i := range 8 { // in turn, and more than one part of the log
		w.record(t, first, 150)
		w.record(t, second, i)
	}
	installation := core.Actor{WorkspaceID: event.Installation}
	w.record(t, &installation, 3)
	for workspace, count := range map[core.ID]int64{
		first.WorkspaceID: 1200, second.WorkspaceID: 28, event.Installation: 3,
	} {
		v := w.check(t, workspace, "")
		if v.Events != count || v.Log.Head.Position != count || v.Log.IsCut() || v.Erased+v.Pruned+v.Unlinked != 0 {
			t.Errorf("%+v, want %d events", v, count)
		}
		if noted := w.marks(t, workspace)[count]; noted != v.Log.Head {
			t.Errorf("the newest is %v, the log says %v", noted, v.Log.Head)
		}
	}
	if logs, err := w.Store.Logs(t.Context()); err != nil || len(logs) < 3 {
		t.Errorf("%d logs, %v", len(logs), err)
	}
	if v := w.check(t, core.ID{9}, ""); v.Log.Head != (event.Mark{}) {
		t.Errorf("a log without events: %+v", v)
	}
}

// testCutTail lets somebody who knows the program make a log that is whole in itself.
func (w *chained) testCutTail(t *testing.T) {
	workspace := w.recorded(t, 12)
	noted := w.marks(t, workspace)
	other := event.Mark{Position: 10, Chain: noted[9].Chain}
	w.check(t, workspace, "", noted[12], noted[3])
	w.check(t, workspace, "rewritten 10-10", noted[12], other)
	w.exec(t, "DELETE FROM events WHERE workspace_id = $1 AND position > 10", workspace)
	w.exec(t, `UPDATE event_positions SET newest = 10,
		chain = (SELECT chain FROM events WHERE workspace_id = $1 AND position = 10) WHERE workspace_id = $1`, workspace)
	w.check(t, workspace, "")
	w.check(t, workspace, "cut tail 11-12", noted[3], noted[12])
	caller := core.Actor{WorkspaceID: workspace}
	w.record(t, &caller, 5)
	w.check(t, workspace, "rewritten 12-12", noted[12])
}

func (w *chained) testErased(t *testing.T) {
	caller := newCaller(t, w.Store)
	w.record(t, caller, 12)
	before := w.marks(t, caller.WorkspaceID)
	w.put(t, caller, "user1", codes.UserPremium)
	w.erase(t, caller, "user1")
	sequence(t, w.Store)
	if _, err := w.Store.ScrubErased(t.Context(), w.time().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	v := w.check(t, caller.WorkspaceID, "", before[12], before[2])
	if v.Events != 14 || v.Erased != 4 {
		t.Errorf("%d events, %d of them without their salt", v.Events, v.Erased)
	}
}

func (w *chained) prune(t *testing.T, keep event.Retention) {
	t.Helper()
	for {
		done, err := w.Store.PruneEvents(t.Context(), w.time(), keep)
		if err != nil {
			t.Fatal(err)
		}
		if done == 0 {
			return
		}
	}
}

// testPruned prunes sessions after an hour, and all others after ten.
func (w *chained) testPruned(t *testing.T) {
	keep := event.Retention{All: 10 * time.Hour, Types: []event.TypeRetention{{Types: "session.*", Keep: time.Hour}}}
	caller := newCaller(t, w.Store)
	w.record(t, caller, 1000) // more than two steps
	w.pass(5 * time.Hour)
	w.record(t, caller, 10)
	noted := w.marks(t, caller.WorkspaceID)
	w.prune(t, keep)
	state := func(after int64, want string) {
		t.Helper()
		v := w.check(t, caller.WorkspaceID, "", noted[after], noted[1010])
		page, err := w.Store.Events(t.Context(), &event.Query{Workspace: caller.WorkspaceID, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("%d events, %d pruned, anchor %d, oldest %d, %d expired",
			v.Events, v.Pruned, v.Log.Anchor.Position, page.Oldest, len(v.Expired))
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	state(1000, "510 events, 500 pruned, anchor 0, oldest 1, 0 expired")
	w.exec(t, "UPDATE event_digests SET digest = chain WHERE workspace_id = $1 AND position = 500", caller.WorkspaceID)
	w.check(t, caller.WorkspaceID, "changed 500-500")
	w.pass(5*time.Hour + instant)
	w.prune(t, keep)
	state(1000, "5 events, 5 pruned, anchor 1000, oldest 1001, 0 expired")
	state(999, "5 events, 5 pruned, anchor 1000, oldest 1001, 1 expired")
	w.exec(t, copyOf("7")+" FROM events WHERE workspace_id = $1 AND position = 1001", caller.WorkspaceID)
	w.check(t, caller.WorkspaceID, "inserted 7-7")
	w.exec(t, "DELETE FROM events WHERE workspace_id = $1 AND position = 7", caller.WorkspaceID)
	// With another policy, what was passed over is looked at again.
	keep.Types = append(keep.Types, event.TypeRetention{Types: "redemption.created", Keep: time.Hour})
	w.record(t, caller, 1)
	w.prune(t, keep)
	w.pass(10 * time.Hour)
	w.prune(t, keep)
	state(1010, "0 events, 0 pruned, anchor 1011, oldest 1012, 2 expired")
	w.record(t, caller, 2)
	state(1010, "2 events, 0 pruned, anchor 1011, oldest 1012, 2 expired")
}

// testBefore makes a log as a database from before the chain has it.
func (w *chained) testBefore(t *testing.T) {
	caller := newCaller(t, w.Store)
	w.record(t, caller, 6)
	w.exec(t, `UPDATE events SET chain = (SELECT anchor_chain FROM event_positions WHERE workspace_id = $1)
		WHERE workspace_id = $1`, caller.WorkspaceID)
	w.exec(t, "UPDATE event_positions SET chain = anchor_chain, anchor_position = newest WHERE workspace_id = $1",
		caller.WorkspaceID)
	w.check(t, caller.WorkspaceID, "")
	w.record(t, caller, 4)
	w.exec(t, "DELETE FROM events WHERE workspace_id = $1 AND position = 1", caller.WorkspaceID) // as it was pruned
	if v := w.check(t, caller.WorkspaceID, ""); v.Unlinked != 5 || v.Events != 9 {
		t.Errorf("%+v", v)
	}
	w.exec(t, "DELETE FROM events WHERE workspace_id = $1 AND position = 3", caller.WorkspaceID)
	w.exec(t, "UPDATE events SET data = '[]' WHERE workspace_id = $1 AND position = 5", caller.WorkspaceID)
	w.exec(t, "UPDATE events SET actor_name = 'x' WHERE workspace_id = $1 AND position = 8", caller.WorkspaceID)
	w.check(t, caller.WorkspaceID, "removed 3-3, changed 5-5, changed 8-8")
}

func (w *chained) testLoggedOnce(t *testing.T) {
	workspace := w.recorded(t, 2)
	day := func(n int) time.Time { return time.Date(2031, 1, n, 23, 0, 0, 0, time.UTC) }
	logged := func(day time.Time) (times int) {
		t.Helper()
		for last := (core.ID{}); ; {
			logs, err := w.Store.UnloggedHeads(t.Context(), last, day)
			if err != nil {
				t.Fatal(err)
			}
			if len(logs) == 0 {
				return times
			}
			for _, l := range logs {
				if err := w.Store.HeadLogged(t.Context(), l.Workspace, day); err != nil {
					t.Fatal(err)
				}
				if l.Workspace == workspace && l.Head == w.verify(t, workspace).Log.Head {
					times++
				}
				last = l.Workspace
			}
		}
	}
	for _, step := range []struct{ day, want int }{{1, 1}, {1, 0}, {2, 1}, {2, 0}, {1, 0}, {3, 1}} {
		if got := logged(day(step.day)); got != step.want {
			t.Errorf("on day %d it is logged %d times", step.day, got)
		}
	}
	w.exec(t, "UPDATE event_positions SET logged_on = '9999-12-31' WHERE workspace_id = $1", workspace)
	if got := logged(day(4)); got != 1 {
		t.Errorf("after a day in the far future it is logged %d times", got)
	}
}

// RunOldLog checks that a log from before the chain begins it behind its newest event. database is one
// from before, and migrate brings it up to date.
func RunOldLog(t *testing.T, database OpenDatabase, migrate func(t *testing.T)) {
	t.Helper()
	caller := &core.Actor{WorkspaceID: core.ID{7}}
	database.Exec(t, "INSERT INTO event_positions (workspace_id, newest) VALUES ($1, 5)", caller.WorkspaceID)
	migrate(t)
	w := &chained{site: &site{clock: new(clock), Store: database.Open()}, exec: database.Exec}
	v := w.check(t, caller.WorkspaceID, "")
	if want := (event.Mark{Position: 5}); v.Log.Head != want || v.Log.Anchor != want {
		t.Errorf("the log %+v", v.Log)
	}
	w.record(t, caller, 3)
	v = w.check(t, caller.WorkspaceID, "", event.Mark{Position: 5})
	if v.Log.Head.Position != 8 || v.Events != 3 || v.Unlinked != 0 {
		t.Errorf("with events: %+v", v)
	}
	w.exec(t, "DELETE FROM events WHERE workspace_id = $1 AND position = 6", caller.WorkspaceID)
	w.check(t, caller.WorkspaceID, "removed 6-6")
}
