package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

// TestCampaignAChangeSurvivesKills kills servers at random moments of changes and of their undoing. Each
// code is changed once, each redemption rolled back once, and after each undoing all is exactly as it was.
func TestCampaignAChangeSurvivesKills(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("random seed %d", seed)
		k := &killing{t: t, db: db, random: rand.New(rand.NewPCG(seed, 0)), kills: campaign.Length(t, 2, 10)}
		k.node = startServer(t, db)
		count, people := campaign.Length(t, 20_000, 200_000), campaign.Length(t, 1_000, 40_000)
		batch := createBatch(t, k.client(), count)
		eventually(t, workLimit, "the batch ends", func() bool { return batch.look(t, k.client()).Status == "succeeded" })
		upgraded := k.redeemMany(batch, people)
		ofBatch := `{"select":{"batchId":"` + batch.ID + `"},"do":`
		k.change(ofBatch+`{"set":{"note":"changed","maxRedemptions":null}}}`, wireChange{Changed: count}, func() {
			if changed := strings.Count(k.export("codes"), `"note":"changed"`); changed != count {
				t.Errorf("%d codes are changed, want %d", changed, count)
			}
		})
		k.change(ofBatch+`{"delete":true}}`, wireChange{Changed: count - people}, func() {
			if left := strings.Count(k.export("codes"), "\n"); left != people+2 {
				t.Errorf("%d codes are left, want %d", left, people+2)
			}
		})
		const all = `{"select":{"createdBefore":"2200-01-01T00:00:00Z"},"do":{"revoke":true},"rollBackRedemptions":true}`
		k.change(all, wireChange{Changed: count + 2, RolledBack: 2*people + upgraded}, func() {
			users, standing := k.export("users"), strings.Count(k.export("redemptions"), `"rolledBackAt":null`)
			if users != "" || standing != 0 {
				t.Errorf("%d redemptions stand, users are left: %.300s", standing, users)
			}
		})
		k.requireEvents(map[string]int{"change.completed": 3, "change.undone": 3}, "change.*,code.*")
		k.requireEvents(map[string]int{
			"redemption.rolled_back": 2*people + upgraded, "redemption.restored": 2*people + upgraded,
		}, "redemption.rolled_back,redemption.restored")
	})
}

// redeemMany redeems a shared code for so many people, a code of the batch for each of as many others, and
// an upgrade for some of both, and returns how many these are. The upgrades' code is the newest: a change
// comes to it first, although it was redeemed last.
func (k *killing) redeemMany(batch wireBatch, people int) (upgraded int) {
	k.t.Helper()
	c := k.client()
	c.mustAddLimited(k.t, "SHARED", "Normal", nil)
	c.mustAddLimited(k.t, "UPGRADES", "Upgrade", nil)
	text := batchAnswer(k.t, c, http.MethodGet, "/batches/"+batch.ID+"/codes?format=csv", "")
	lines := strings.Split(text, "\n")[1:]
	var all sync.WaitGroup
	const workers = 32
	for worker := range workers {
		all.Go(func() {
			for i := worker; i < people; i += workers {
				user := fmt.Sprint("shared-", i)
				k.redeem(c, "SHARED", user)
				k.redeem(c, strings.Split(lines[i], ",")[1], fmt.Sprint("each-", i))
				if i%10 == 0 {
					k.redeem(c, "UPGRADES", user)
				}
			}
		})
	}
	all.Wait()
	return (people + 9) / 10
}

func (k *killing) redeem(c *client, code, user string) {
	if a, err := c.redeem(code, user); err != nil || a.status != http.StatusOK {
		k.t.Errorf("redeem %s for %s: %v %s", code, user, err, a.body)
	}
}

// export is everything of one kind that the workspace has.
func (k *killing) export(what string) string {
	k.t.Helper()
	return batchAnswer(k.t, k.client(), http.MethodGet, "/exports/"+what+"?format=ndjson", "")
}

// change makes a change and undoes it, with kills in both. In between it calls check.
func (k *killing) change(body string, want wireChange, check func()) {
	k.t.Helper()
	before := [...]string{k.export("codes"), k.export("redemptions"), k.export("users")}
	change := readChange(k.t, k.client(), http.MethodPost, "/changes", body)
	done := k.until("succeeded", change.ID, func(c *wireChange) int { return c.Changed + c.RolledBack })
	if done.Changed != want.Changed || done.RolledBack != want.RolledBack {
		k.t.Errorf("the change is %+v, want %+v", done, want)
	}
	check()
	readChange(k.t, k.client(), http.MethodPost, "/changes/"+change.ID+"/undo", "{}")
	undone := k.until("undone", change.ID, func(c *wireChange) int { return c.Undone.Changed + c.Undone.PutBack })
	if undone.Undone.Changed != want.Changed || undone.Undone.PutBack != want.RolledBack {
		k.t.Errorf("the undone change is %+v, want %+v", undone, want)
	}
	for i, what := range []string{"codes", "redemptions", "users"} {
		if k.export(what) != before[i] {
			k.t.Errorf("the %s are not what they were", what)
		}
	}
}

// requireEvents requires the log to have so many events of types, about different things each.
func (k *killing) requireEvents(want map[string]int, types string) {
	k.t.Helper()
	got, seen, total := map[string]int{}, map[string]bool{}, 0
	for _, count := range want {
		total += count
	}
	after := 0
	eventually(k.t, workLimit, "all events are in the log", func() bool {
		path := fmt.Sprintf("/events?types=%s&limit=1000&after=%d", types, after)
		var page struct {
			Next int
			Data []struct {
				Type    string
				Subject struct{ ID string }
				Data    struct{ RedemptionID string }
			}
		}
		if err := json.Unmarshal([]byte(batchAnswer(k.t, k.client(), http.MethodGet, path, "")), &page); err != nil {
			k.t.Fatal(err)
		}
		for _, e := range page.Data {
			key := e.Type + " " + e.Subject.ID + " " + e.Data.RedemptionID
			if seen[key] {
				k.t.Errorf("twice in the log: %s", key)
			}
			seen[key] = true
			got[e.Type]++
		}
		after = page.Next
		return len(seen) >= total
	})
	for name, count := range want {
		if got[name] != count {
			k.t.Errorf("%d events %s, want %d", got[name], name, count)
		}
	}
}

// killing is a server that is killed now and then.
type killing struct {
	t      *testing.T
	db     database
	random *rand.Rand
	kills  int
	node   *server
	asking *client
}

// client is a client of the node, one for as long as it lives: it is asked very often.
func (k *killing) client() *client {
	if k.asking == nil || k.asking.url != k.node.url {
		key := k.node.key
		if k.asking != nil {
			key = k.asking.key
		}
		k.asking = newClient(k.t, k.node.url, key)
	}
	return k.asking
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
	ID, Status          string
	Changed, RolledBack int
	Undone              struct{ Changed, PutBack int }
}

func readChange(t *testing.T, c *client, method, path, body string) (change wireChange) {
	t.Helper()
	if err := json.Unmarshal([]byte(batchAnswer(t, c, method, path, body)), &change); err != nil {
		t.Fatal(err)
	}
	return change
}
