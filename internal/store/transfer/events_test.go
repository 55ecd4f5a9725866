package transfer_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/transfer"
)

// queued is how many events have no position yet in a store that fill has filled, at least.
const queued = 3

// queuedAt is when those were written, by the clock of the source's database.
var queuedAt = time.Date(2025, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

// queueEvents gives what has no position one, and then adds events that have none: as they are
// in PostgreSQL when it stops, and in a file that they were copied into.
func queueEvents(t *testing.T, s store, c contents) {
	t.Helper()
	sequence(t, s)
	var rows []transfer.Row
	for i := range queued {
		id, workspace := newID(t), c.workspaces[0].ID
		// The last one comes first.
		row := transfer.Row{
			workspace[:], id[:], queuedAt.UnixMicro() - int64(i), int64(i), "code.revoked", now.UnixMicro(),
			"key", c.keys[0].ID[:], "key 0", "code", "Queued-1", "QUEUED1", nil, "request-7", `{"n": 1}`,
			[]byte("salt"), make([]byte, 32),
		}
		if i == 1 {
			row[9], row[10], row[11], row[12] = "user", nil, nil, "queued"
		}
		rows = append(rows, row)
	}
	must(t, s.WriteRows(t.Context(), tableNamed("event_queue"), rows))
	other := c.workspaces[1].ID
	must(t, s.WriteRows(t.Context(), tableNamed("event_digests"), []transfer.Row{
		{other[:], int64(1), make([]byte, 32), bytes.Repeat([]byte{1}, 32)},
	}))
	must(t, s.WriteRows(t.Context(), tableNamed("key_addresses"), []transfer.Row{
		{c.keys[0].ID[:], "192.0.2.1", now.UnixMicro()},
	}))
}

func sequence(t *testing.T, s event.Store) {
	t.Helper()
	must(t, event.NewService(s, time.Now, 0).Sequence(t.Context()))
}

// TestEventsGoOnWhereTheyWereCopied: those that had no position in the source get theirs in the
// target, behind those that had one and before those that come.
func TestEventsGoOnWhereTheyWereCopied(t *testing.T) {
	forEachPair(t, func(t *testing.T, from, to store) {
		want := fill(t, from)
		_, err := transfer.Copy(t.Context(), from, to, &seen{})
		must(t, err)
		caller := &core.Actor{Kind: core.ActorKey, WorkspaceID: want.workspaces[0].ID, ID: want.keys[0].ID}
		noted, err := from.LogOf(t.Context(), caller.WorkspaceID)
		must(t, err)
		service := codes.NewServices(codes.Deps{
			Store: to, Now: time.Now, Entropy: core.SystemEntropy(), NewID: func() (core.ID, error) { return newID(t), nil },
		})
		_, err = service.RevokeCode(t.Context(), caller, "MANY-1")
		must(t, err)
		sequence(t, to)
		page, err := to.Events(t.Context(), &event.Query{Workspace: caller.WorkspaceID, Limit: 1000})
		must(t, err)
		if int64(len(page.Events)) != want.rows["events"]+queued+1 {
			t.Fatalf("%d events, want %d", len(page.Events), want.rows["events"]+queued+1)
		}
		for i, e := range page.Events {
			if e.Position != int64(i+1) {
				t.Errorf("event %d has the position %d", i, e.Position)
			}
			if sum, err := e.Sum(); i < int(want.rows["events"]) && e.Salt != nil && (sum != e.Digest || err != nil) {
				t.Errorf("event %d: its digest is another one (%v): %+v", i, err, e)
			}
		}
		v, err := event.Verify(t.Context(), to, caller.WorkspaceID, []event.Mark{noted.Head}, func(int) {})
		must(t, err)
		if v.Log.Head.Position != int64(len(page.Events)) || len(v.Findings) != queued {
			t.Errorf("verified: %+v", v)
		}
		for i, f := range v.Findings { // whose digests are none
			if f.What != event.Changed || f.From != want.rows["events"]+1+int64(i) {
				t.Errorf("found %+v", f)
			}
		}
		var got []string
		for _, e := range page.Events[want.rows["events"]:] {
			got = append(got, fmt.Sprintf("%s %s%s %s", e.Type, e.Subject.ID, e.UserID, e.Data))
		}
		if diff := cmp.Diff([]string{
			`code.revoked Queued-1 {"n": 1}`, `code.revoked queued {"n": 1}`, `code.revoked Queued-1 {"n": 1}`,
		}, got[:queued]); diff != "" {
			t.Errorf("those without a position (-want +got):\n%s", diff)
		}
		if last := page.Events[len(page.Events)-1]; last.Subject.ID != "MANY-1" {
			t.Errorf("the last event: %+v", last)
		}
	})
}
