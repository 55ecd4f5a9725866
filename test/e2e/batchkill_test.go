package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

// TestCampaignABatchSurvivesKills kills servers at random moments of a batch. What the next ones make
// of it is exactly the codes that were asked for. On PostgreSQL two nodes work, and either is killed.
func TestCampaignABatchSurvivesKills(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("random seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		count, kills := campaign.Length(t, 20_000, 200_000), campaign.Length(t, 4, 10)
		nodes := []*server{startServer(t, db)}
		key := nodes[0].key
		if _, isPostgres := db.(postgresDatabase); isPostgres {
			nodes = append(nodes, startServer(t, db))
		}
		batch := createBatch(t, newClient(t, nodes[0].url, key), count)
		last, inTheMiddle := int64(0), 0
		for range kills {
			victim := random.IntN(len(nodes))
			c := newClient(t, nodes[len(nodes)-1-victim].url, key)
			eventually(t, workLimit, "the batch goes on", func() bool {
				progress := batch.look(t, c).Progress.Done
				return progress > last || progress == int64(count)
			})
			// When a process dies is the point here, so it is a time and no signal.
			<-time.After(time.Duration(random.Int64N(int64(60 * time.Millisecond))))
			nodes[victim].kill(t)
			killed := time.Now()
			nodes[victim] = startServer(t, db)
			if len(nodes) == 1 {
				db.awaitQuiet(t, killed)
			}
			if last = batch.look(t, newClient(t, nodes[victim].url, key)).Progress.Done; last == int64(count) {
				break
			}
			inTheMiddle++
		}
		t.Logf("%d kills in the middle; %d of %d codes were made at the last", inTheMiddle, last, count)
		if inTheMiddle == 0 {
			t.Error("the batch had ended before the first kill, which proves nothing")
		}
		c := newClient(t, nodes[0].url, key)
		eventually(t, workLimit, "the batch ends", func() bool { return batch.look(t, c).Status == "succeeded" })
		batch.check(t, c, count)
		batch.checkRows(t, db, count)
	})
}

// wireBatch is a batch as the API shows it.
type wireBatch struct {
	ID, Status string
	Progress   struct{ Done, Total int64 }
}

func createBatch(t *testing.T, c *client, count int) wireBatch {
	t.Helper()
	var b wireBatch
	b.read(t, c, http.MethodPost, "/batches", fmt.Sprintf(`{"count":%d,"type":"Premium"}`, count))
	return b
}

// look returns the batch as it is now.
func (b wireBatch) look(t *testing.T, c *client) (now wireBatch) {
	t.Helper()
	now.read(t, c, http.MethodGet, "/batches/"+b.ID, "")
	return now
}

func (b *wireBatch) read(t *testing.T, c *client, method, path, body string) {
	t.Helper()
	if err := json.Unmarshal([]byte(batchAnswer(t, c, method, path, body)), b); err != nil {
		t.Fatal(err)
	}
}

// check requires the codes, as the API gives them, to be as many as asked for, once each, with indexes
// without gaps, and their log to have two events.
func (b wireBatch) check(t *testing.T, c *client, count int) {
	t.Helper()
	text := batchAnswer(t, c, http.MethodGet, "/batches/"+b.ID+"/codes?format=csv", "")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")[1:]
	seen := map[string]bool{}
	for i, line := range lines {
		cells := strings.Split(line, ",")
		if cells[0] != fmt.Sprint(i) || seen[cells[1]] || !generatedCode.MatchString(cells[1]) {
			t.Fatalf("line %d is %q", i, line)
		}
		seen[cells[1]] = true
	}
	if len(seen) != count {
		t.Errorf("%d codes, want %d", len(seen), count)
	}
	eventually(t, workLimit, "both events are in the log", func() bool {
		log := batchAnswer(t, c, http.MethodGet, "/events?types=batch.*", "")
		return strings.Count(log, `"batch.created"`) == 1 && strings.Count(log, `"batch.completed"`) == 1
	})
}

// batchAnswer is the body of a good answer.
func batchAnswer(t *testing.T, c *client, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	a, err := c.send(request)
	if err != nil || a.status != http.StatusOK && a.status != http.StatusAccepted {
		t.Fatalf("%s %s: status %d, %v: %.300s", method, path, a.status, err, a.body)
	}
	return a.body
}

// checkRows requires the database to hold no other code.
func (b wireBatch) checkRows(t *testing.T, db database, count int) {
	t.Helper()
	if rows := db.count(t, "codes"); rows != count {
		t.Errorf("%d rows, want %d", rows, count)
	}
}
