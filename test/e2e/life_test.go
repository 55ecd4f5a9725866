package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// lifeAnswer is what a test looks at in an answer of the routes about what becomes of codes.
type lifeAnswer struct {
	answer
	ID           string  `json:"id"`
	Redemptions  int64   `json:"redemptions"`
	Reservations int64   `json:"reservations"`
	Max          *int64  `json:"maxRedemptions"`
	RevokedAt    *string `json:"revokedAt"`
}

func (a lifeAnswer) replayed() bool { return a.header.Get("Idempotent-Replayed") == "true" }

// life sends a request about a code's life. An error means that no answer came.
func (c *client) life(method, path string, fields any) (lifeAnswer, error) {
	request, err := c.request(method, path, fields)
	if err != nil {
		return lifeAnswer{}, err
	}
	a, err := c.do(request)
	if err != nil {
		return lifeAnswer{}, err
	}
	all := lifeAnswer{answer: a}
	return all, json.Unmarshal([]byte(a.body), &all)
}

// request makes a request with a body, if there are fields.
func (c *client) request(method, path string, fields any) (*http.Request, error) {
	body := []byte(nil)
	if fields != nil {
		var err error
		if body, err = json.Marshal(fields); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	return request, nil
}

func (c *client) redeem(code, user string) (lifeAnswer, error) {
	return c.life(http.MethodPost, "/tenant-codes/redeem", map[string]string{"code": code, "userId": user})
}

func (c *client) reserve(code, user string, ttl time.Duration) (lifeAnswer, error) {
	return c.life(http.MethodPost, "/tenant-codes/reserve",
		map[string]any{"code": code, "userId": user, "ttlSeconds": int(ttl.Seconds())})
}

// mustAddLimited adds a code with a limit of uses.
func (c *client) mustAddLimited(t testing.TB, code, kind string, limit any) {
	t.Helper()
	a, err := c.life(http.MethodPost, "/tenant-codes/add",
		map[string]any{"code": code, "type": kind, "maxRedemptions": limit})
	must(t, "add "+code, a.answer, err, http.StatusOK, "")
}

// accountFaults lists, in one look at the database, what does not add up: counters of codes
// against their rows, users against what they redeemed.
const accountFaults = `
SELECT fault FROM (
	SELECT 'code ' || canonical || ' counts ' || redemptions || ' and ' || reservations ||
		', its rows are ' || made || ' and ' || held AS fault
	FROM (
		SELECT c.*,
			(SELECT count(*) FROM redemptions r WHERE r.canonical = c.canonical AND r.rolled_back_at IS NULL) AS made,
			(SELECT count(*) FROM reservations r WHERE r.canonical = c.canonical AND r.state = 'held') AS held
		FROM codes c
	) AS counted
	WHERE redemptions <> made OR reservations <> held OR redemptions > coalesce(max_redemptions, redemptions)
	UNION ALL
	SELECT 'user ' || user_id || ' is ' || status || ', which is not what was redeemed'
	FROM (
		SELECT u.*,
			(SELECT count(*) FROM redemptions r WHERE r.workspace_id = u.workspace_id AND r.user_id = u.user_id
			AND r.rolled_back_at IS NULL AND r.before IS NULL) AS registered,
			(SELECT count(*) FROM redemptions r WHERE r.workspace_id = u.workspace_id AND r.user_id = u.user_id
			AND r.rolled_back_at IS NULL AND r.grants = 'Premium') AS raised
		FROM users u
	) AS known
	WHERE registered <> 1 OR raised <> CASE status WHEN 'Premium' THEN 1 ELSE 0 END
	UNION ALL
	SELECT 'user ' || user_id || ' has redeemed ' || canonical || ' and is not there'
	FROM redemptions r
	WHERE rolled_back_at IS NULL AND NOT EXISTS (SELECT 1 FROM users u WHERE u.workspace_id = r.workspace_id
	AND u.user_id = r.user_id)
) AS faults`

func TestOfAThousandUsersWhoRaceForAHundredUsesAHundredGetOne(t *testing.T) {
	const users, uses, connections = 1000, 100, 100
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		newClient(t, nodes[0].url, nodes[0].key).mustAddLimited(t, "SHARED", "Normal", uses)
		var next, redeemed, refused atomic.Int64
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range connections {
			c := newClient(t, nodes[i%len(nodes)].url, nodes[0].key)
			all.Go(func() {
				<-start
				for {
					n := next.Add(1)
					if n > users {
						return
					}
					for again := true; again; {
						a, err := c.redeem("SHARED", fmt.Sprint("user-", n))
						switch {
						case err == nil && a.isRefusal():
							continue
						case err == nil && a.status == http.StatusOK:
							redeemed.Add(1)
						case err == nil && a.status == http.StatusConflict && a.Reason == "code_exhausted":
							refused.Add(1)
						default:
							t.Errorf("redeem: %v, status %d: %s", err, a.status, a.body)
						}
						again = false
					}
				}
			})
		}
		close(start)
		all.Wait()
		if redeemed.Load() != uses || refused.Load() != users-uses {
			t.Errorf("%d users redeemed and %d were refused, want %d and %d", redeemed.Load(), refused.Load(), uses, users-uses)
		}
		if r, u := db.count(t, "redemptions"), db.count(t, "users"); r != uses || u != uses {
			t.Errorf("there are %d redemptions and %d users, want %d of both", r, u, uses)
		}
		if row := db.rows(t)["SHARED"]; row.redemptions != uses {
			t.Errorf("the code counts %d redemptions, want %d", row.redemptions, uses)
		}
		for _, fault := range db.texts(t, accountFaults) {
			t.Error(fault)
		}
	})
}
