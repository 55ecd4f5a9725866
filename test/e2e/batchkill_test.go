package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"accesscodes/internal/campaign"
)

// TestCampaignABatchSurvivesKills kills servers at random moments of a batch. What the next ones make
// of it is exactly the codes that were asked for.
func TestCampaignABatchSurvivesKills(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		count := campaign.Length(t, 20_000, 200_000)
		k := newKilling(t, db, campaign.Length(t, 3, 10))
		batch := createBatch(t, k.client(), count)
		k.until("the batch", func() (int64, bool) {
			now := batch.look(t, k.client())
			return now.Progress.Done, now.Status == "succeeded"
		})
		batch.check(t, k.client(), count)
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
