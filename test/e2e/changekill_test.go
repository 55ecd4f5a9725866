package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

// TestCampaignAChangeSurvivesKills kills servers at random moments of a change and of its undoing. Each
// code is changed once, and in the end all are exactly as they were.
func TestCampaignAChangeSurvivesKills(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("random seed %d", seed)
		k := &killing{t: t, db: db, random: rand.New(rand.NewPCG(seed, 0)), kills: campaign.Length(t, 2, 10)}
		k.node = startServer(t, db)
		count := campaign.Length(t, 20_000, 200_000)
		batch := createBatch(t, k.client(), count)
		eventually(t, workLimit, "the batch ends", func() bool { return batch.look(t, k.client()).Status == "succeeded" })
		download := func() string {
			return batchAnswer(t, k.client(), http.MethodGet, "/batches/"+batch.ID+"/codes?format=ndjson", "")
		}
		before := download()
		change := readChange(t, k.client(), http.MethodPost, "/changes",
			`{"select":{"batchId":"`+batch.ID+`"},"do":{"set":{"note":"changed","maxRedemptions":null}}}`)
		done := k.until("succeeded", change.ID, func(c *wireChange) int { return c.Changed })
		if done.Matched != count || done.Changed != count {
			t.Errorf("the change is %+v, want %d", done, count)
		}
		if changed := strings.Count(download(), `"note":"changed"`); changed != count {
			t.Errorf("%d codes are changed, want %d", changed, count)
		}
		readChange(t, k.client(), http.MethodPost, "/changes/"+change.ID+"/undo", "{}")
		undone := k.until("undone", change.ID, func(c *wireChange) int { return c.Undone.Changed })
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

// killing is a server that is killed now and then.
type killing struct {
	t      *testing.T
	db     database
	random *rand.Rand
	kills  int
	node   *server
	key    string
}

func (k *killing) client() *client {
	if k.key == "" {
		k.key = k.node.key
	}
	return newClient(k.t, k.node.url, k.key)
}

// until kills servers until a change has a status, and returns the change.
func (k *killing) until(status, id string, progress func(*wireChange) int) wireChange {
	k.t.Helper()
	look := func() wireChange { return readChange(k.t, k.client(), http.MethodGet, "/changes/"+id, "") }
	last, inTheMiddle := 0, 0
	for range k.kills {
		eventually(k.t, workLimit, "the change goes on", func() bool {
			now := look()
			return progress(&now) > last || now.Status == status
		})
		// When a process dies is the point here, so it is a time and no signal.
		<-time.After(time.Duration(k.random.Int64N(int64(30 * time.Millisecond))))
		k.node.kill(k.t)
		killed := time.Now()
		k.node = startServer(k.t, k.db)
		k.db.awaitQuiet(k.t, killed)
		now := look()
		if now.Status == status {
			break
		}
		last = progress(&now)
		inTheMiddle++
	}
	k.t.Logf("%d kills before it was %s; %d at the last", inTheMiddle, status, last)
	if inTheMiddle == 0 {
		k.t.Error("it had ended before the first kill, which proves nothing")
	}
	eventually(k.t, workLimit, "the change is "+status, func() bool { return look().Status == status })
	return look()
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
