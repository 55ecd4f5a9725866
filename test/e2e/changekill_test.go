package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"accesscodes/internal/campaign"
)

// TestCampaignAChangeSurvivesKills kills servers at random moments of a change and of its undoing. Each
// code is changed once, and in the end all are exactly as they were.
func TestCampaignAChangeSurvivesKills(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		count := campaign.Length(t, 20_000, 200_000)
		k := newKilling(t, db, campaign.Length(t, 2, 10))
		batch := createBatch(t, k.client(), count)
		eventually(t, jobLimit, "the batch ends", func() bool { return batch.look(t, k.client()).Status == "succeeded" })
		download := func() string {
			return batchAnswer(t, k.client(), http.MethodGet, "/batches/"+batch.ID+"/codes?format=ndjson", "")
		}
		before := download()
		change := readChange(t, k.client(), http.MethodPost, "/changes",
			`{"select":{"batchId":"`+batch.ID+`"},"do":{"set":{"note":"changed","maxRedemptions":null}}}`)
		look := func() wireChange { return readChange(t, k.client(), http.MethodGet, "/changes/"+change.ID, "") }
		k.until("the change", func() (int64, bool) {
			now := look()
			return int64(now.Changed), now.Status == "succeeded"
		})
		done := look()
		if done.Matched != count || done.Changed != count {
			t.Errorf("the change is %+v, want %d", done, count)
		}
		if changed := strings.Count(download(), `"note":"changed"`); changed != count {
			t.Errorf("%d codes are changed, want %d", changed, count)
		}
		readChange(t, k.client(), http.MethodPost, "/changes/"+change.ID+"/undo", "{}")
		k.until("its undoing", func() (int64, bool) {
			now := look()
			return int64(now.Undone.Changed), now.Status == "undone"
		})
		undone := look()
		if undone.Undone.Changed != count {
			t.Errorf("the undone change is %+v, want %d", undone, count)
		}
		if download() != before {
			t.Error("the codes are not what they were")
		}
		eventually(t, workLimit, "both events are in the log", func() bool {
			log := batchAnswer(t, k.client(), http.MethodGet, "/events?types=change.*,code.*", "")
			return strings.Count(log, `"type":"`) == 2
		})
	})
}

// wireChange is a change as the API shows it.
type wireChange struct {
	ID, Status       string
	Matched, Changed int
	Undone           struct{ Changed int }
}

func readChange(t *testing.T, c *client, method, path, body string) (change wireChange) {
	t.Helper()
	if err := json.Unmarshal([]byte(batchAnswer(t, c, method, path, body)), &change); err != nil {
		t.Fatal(err)
	}
	return change
}
