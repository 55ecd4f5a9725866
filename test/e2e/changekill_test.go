package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"accesscodes/internal/campaign"
)

// TestCampaignAChangeSurvivesKills kills servers at random moments of changes and of their undoing. Each
// code is changed once, each redemption rolled back once, and after each undoing all is exactly as it was.
func TestCampaignAChangeSurvivesKills(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		k := newKilling(t, db, campaign.Length(t, 1, 10))
		count, people := campaign.Length(t, 4_000, 200_000), campaign.Length(t, 500, 40_000)
		batch := createBatch(t, k.client(), count)
		eventually(t, jobLimit, "the batch ends", func() bool { return batch.look(t, k.client()).Status == "succeeded" })
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
	look := func() wireChange { return readChange(k.t, k.client(), http.MethodGet, "/changes/"+change.ID, "") }
	k.until("the change", func() (int64, bool) {
		now := look()
		return int64(now.Changed + now.RolledBack), now.Status == "succeeded"
	})
	done := look()
	if done.Changed != want.Changed || done.RolledBack != want.RolledBack {
		k.t.Errorf("the change is %+v, want %+v", done, want)
	}
	check()
	readChange(k.t, k.client(), http.MethodPost, "/changes/"+change.ID+"/undo", "{}")
	k.until("its undoing", func() (int64, bool) {
		now := look()
		return int64(now.Undone.Changed + now.Undone.PutBack), now.Status == "undone"
	})
	undone := look()
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
	eventually(k.t, jobLimit, "all events are in the log", func() bool {
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

// wireChange is a change as the API shows it.
type wireChange struct {
	ID, Status                   string
	Matched, Changed, RolledBack int
	Undone                       struct{ Changed, PutBack int }
}

func readChange(t *testing.T, c *client, method, path, body string) (change wireChange) {
	t.Helper()
	if err := json.Unmarshal([]byte(batchAnswer(t, c, method, path, body)), &change); err != nil {
		t.Fatal(err)
	}
	return change
}
