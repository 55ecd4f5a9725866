package storetest

import (
	"strings"
	"testing"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// tamperings are statements about the log $1 of 12 events, and what they leave.
var tamperings = []struct{ name, want, sql string }{
	{"a changed text", "changed 5-5", "UPDATE events SET data = '{\"a\":1}' WHERE workspace_id = $1 AND position = 5"},
	{"a changed actor", "changed 12-12", "UPDATE events SET actor_name = 'x' WHERE workspace_id = $1 AND position = 12"},
	{"a changed type", "changed 1-1", "UPDATE events SET type = 'a.b' WHERE workspace_id = $1 AND position = 1"},
	{
		"salt taken from an event with a person", "changed 5-5",
		"UPDATE events SET salt = NULL WHERE workspace_id = $1 AND position = 5",
	},
	{
		"salt taken from an event without a person", "changed 6-6",
		"UPDATE events SET salt = NULL, data = '{\"a\":1}' WHERE workspace_id = $1 AND position = 6",
	},
	{
		"an event that another code's list shows", "changed 5-5",
		"UPDATE events SET subject_key = 'D' WHERE workspace_id = $1 AND position = 5",
	},
	{
		"an event that no list shows", "changed 6-6",
		"UPDATE events SET subject_key = NULL WHERE workspace_id = $1 AND position = 6",
	},
	{
		"a digest of another event", "changed 5-5",
		"UPDATE events SET digest = (SELECT e.digest FROM events e WHERE e.workspace_id = $1 AND e.position = 6), " +
			"salt = NULL, user_id = NULL WHERE workspace_id = $1 AND position = 5",
	},
	{"a removed row", "removed 5-5", "DELETE FROM events WHERE workspace_id = $1 AND position = 5"},
	{"removed rows", "removed 3-7", "DELETE FROM events WHERE workspace_id = $1 AND position BETWEEN 3 AND 7"},
	{"the oldest removed", "removed 1-2", "DELETE FROM events WHERE workspace_id = $1 AND position <= 2"},
	{"the newest removed", "cut tail 11-12", "DELETE FROM events WHERE workspace_id = $1 AND position > 10"},
	{"all removed", "cut tail 1-12", "DELETE FROM events WHERE workspace_id = $1"},
	{
		"a row removed and the others moved up", "order 5-11, cut tail 12-12",
		"DELETE FROM events WHERE workspace_id = $1 AND position = 5;" +
			"UPDATE events SET position = position + 100 WHERE workspace_id = $1 AND position > 5;" +
			"UPDATE events SET position = position - 101 WHERE workspace_id = $1 AND position > 100",
	},
	{
		"two swapped", "order 4-5, order 9-10",
		"UPDATE events SET position = 100 WHERE workspace_id = $1 AND position = 4;" +
			"UPDATE events SET position = 4 WHERE workspace_id = $1 AND position = 9;" +
			"UPDATE events SET position = 9 WHERE workspace_id = $1 AND position = 100",
	},
	{
		"one behind the newest", "inserted 13-13", copyOf("13") + " FROM events WHERE workspace_id = $1 AND position = 3",
	},
	{
		"one inserted, and the others moved down", "order 3-13",
		"UPDATE events SET position = position + 100 WHERE workspace_id = $1 AND position >= 3;" +
			"UPDATE events SET position = position - 99 WHERE workspace_id = $1 AND position > 100;" +
			copyOf("3") + " FROM events WHERE workspace_id = $1 AND position = 9;" +
			"UPDATE event_positions SET newest = 13 WHERE workspace_id = $1",
	},
	{
		"another newest value", "rewritten 12-12",
		"UPDATE event_positions SET chain = anchor_chain WHERE workspace_id = $1",
	},
	{
		"a digest in the place of an event", "order 5-6",
		"INSERT INTO event_digests (workspace_id, position, digest, chain) " +
			"SELECT workspace_id, 5, digest, chain FROM events WHERE workspace_id = $1 AND position = 3;" +
			"DELETE FROM events WHERE workspace_id = $1 AND position = 5",
	},
}

// copyOf begins a statement that stores a copy of an event at another position.
func copyOf(position string) string {
	const rest = `id, type, at, actor_kind, actor_id, actor_name, subject_kind, subject_id, subject_key, user_id,
		request_id, data, salt, digest, chain`
	return "INSERT INTO events (workspace_id, position, " + rest + ") SELECT workspace_id, " + position + ", " + rest
}

func (w *chained) testTampered(t *testing.T) {
	untouched := w.recorded(t, 12)
	for _, test := range tamperings {
		t.Run(test.name, func(t *testing.T) {
			workspace := w.recorded(t, 12)
			for statement := range strings.SplitSeq(test.sql, ";") {
				w.exec(t, statement, workspace)
			}
			v := w.check(t, workspace, test.want)
			for _, f := range v.Findings {
				there := f.What == event.Changed || f.What == event.Inserted
				if there && f.ID.IsZero() {
					t.Errorf("%+v does not name the event", f)
				}
			}
		})
	}
	w.check(t, untouched, "")
}

// testMovedAnchor lets somebody say that the log is older than the chain, so that nobody follows it.
func (w *chained) testMovedAnchor(t *testing.T) {
	workspace := w.recorded(t, 12)
	noted := w.marks(t, workspace)
	w.exec(t, "UPDATE event_positions SET anchor_position = 11 WHERE workspace_id = $1", workspace)
	w.exec(t, "DELETE FROM events WHERE workspace_id = $1 AND position <= 3", workspace)
	w.exec(t, "UPDATE events SET data = '[]', user_id = NULL, salt = NULL WHERE workspace_id = $1 AND position = 5",
		workspace)
	w.check(t, workspace, "rewritten 4-11")
	w.check(t, workspace, "rewritten 11-11, rewritten 4-11, rewritten 3-3, rewritten 5-5",
		noted[3], noted[5], noted[11], noted[12])
	// And then they take the values away, and make the rest anew.
	w.exec(t, `UPDATE events SET chain = (SELECT anchor_chain FROM event_positions WHERE workspace_id = $1)
		WHERE workspace_id = $1 AND position <= 11`, workspace)
	links, err := w.Store.Links(t.Context(), workspace, 11, 1)
	if err != nil || len(links) != 1 {
		t.Fatalf("%d links, %v", len(links), err)
	}
	made := event.Chain{}.Next(workspace, 12, links[0].Digest)
	w.exec(t, "UPDATE events SET chain = $1 WHERE workspace_id = $2 AND position = 12", made[:], workspace)
	w.exec(t, "UPDATE event_positions SET chain = $1 WHERE workspace_id = $2", made[:], workspace)
	if v := w.check(t, workspace, ""); v.Unlinked != 8 || v.Erased != 1 {
		t.Errorf("%+v", v)
	}
	for position, want := range map[int64]string{
		3: "rewritten 3-3", 5: "rewritten 5-5", 11: "rewritten 11-11", 12: "rewritten 12-12",
	} {
		if v := w.check(t, workspace, want, noted[position]); len(v.Expired) > 0 {
			t.Errorf("%d is not compared", position)
		}
	}
}

// testLost takes away what is kept of a log as a whole.
func (w *chained) testLost(t *testing.T) {
	events, digests := w.recorded(t, 3), w.recorded(t, 3)
	noted := w.marks(t, events)
	w.exec(t, "INSERT INTO event_digests (workspace_id, position, digest, chain) "+
		"SELECT workspace_id, position, digest, chain FROM events WHERE workspace_id = $1", digests)
	w.exec(t, "DELETE FROM events WHERE workspace_id = $1", digests)
	for _, workspace := range []core.ID{events, digests} {
		w.exec(t, "DELETE FROM event_positions WHERE workspace_id = $1", workspace)
		w.check(t, workspace, "rewritten 1-3")
	}
	w.check(t, events, "cut tail 1-3, rewritten 1-3", noted[3])
	logs, err := w.Store.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	times := map[core.ID]int{}
	for _, l := range logs {
		times[l.Workspace]++
	}
	if times[events] != 1 || times[digests] != 1 {
		t.Errorf("listed %d and %d times", times[events], times[digests])
	}
}
