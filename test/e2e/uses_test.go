package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// use is a redemption that stands, as it lies in the database.
type use struct{ user, code, id string }

// uses is what callers who redeem asked for and what they were told, to be held against the
// database. Every request is for a user of its own; the codes are of the type Normal.
type uses struct {
	mu           sync.Mutex
	codes        map[string]bool   // those that are redeemed, by canonical form
	acknowledged map[string]use    // by user
	refused      map[string]string // user → the code that had no use left for them
	unknown      map[string]string // user → the code that they may have redeemed
	unexpected   []string
}

func newUses() *uses {
	return &uses{
		codes:        map[string]bool{},
		acknowledged: map[string]use{},
		refused:      map[string]string{},
		unknown:      map[string]string{},
	}
}

// add adds a code to redeem. A limit of nil is none.
func (u *uses) add(t testing.TB, c *client, code string, limit any) {
	t.Helper()
	c.mustAddLimited(t, code, "Normal", limit)
	u.codes[canonicalForm(code)] = true
}

// record enters what became of one user's request; err means that no answer came.
func (u *uses) record(code, user string, a lifeAnswer, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err != nil {
		u.unknown[user] = code
		return
	}
	_, mayBeDone := u.unknown[user]
	delete(u.unknown, user)
	switch {
	case a.status == http.StatusOK && a.Code == code && (mayBeDone || !a.replayed()):
		u.acknowledged[user] = use{user, code, a.ID}
	case a.status == http.StatusConflict && a.Reason == "code_exhausted":
		u.refused[user] = code
	default:
		u.unexpected = append(
			u.unexpected,
			fmt.Sprintf("%s redeems %s and is answered with %d %v: %s", user, code, a.status, a.header, a.body),
		)
	}
}

// successes is how many redemptions were acknowledged.
func (u *uses) successes() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.acknowledged)
}

// unanswered is how many requests got no answer.
func (u *uses) unanswered() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.unknown)
}

// startRedeeming starts clients that redeem codes in turn, some of them by way of a
// reservation, and enter every answer. A client that gets no answer stops.
func startRedeeming(t testing.TB, c *client, u *uses, clients int, label string, codes ...string) *load {
	t.Helper()
	return startClients(t, c, clients, func(ld *load, client int) {
		for i := 0; !ld.isOver(); i++ {
			code, user := codes[i%len(codes)], fmt.Sprintf("%s-C%d-N%d", label, client, i)
			redeem := ld.client.redeem
			if i/len(codes)%2 == 1 {
				redeem = ld.client.reserveAndConfirm
			}
			a, err := redeem(code, user)
			u.record(code, user, a, err)
			if err != nil {
				return
			}
		}
	})
}

// reserveAndConfirm redeems a code in two steps and returns the last answer.
func (c *client) reserveAndConfirm(code, user string) (lifeAnswer, error) {
	a, err := c.reserve(code, user, time.Hour)
	if err != nil || a.status != http.StatusOK {
		return a, err
	}
	return c.life(http.MethodPost, "/reservations/"+a.ID+"/confirm", nil)
}

// repeat sends the requests again that got no answer. They are done by now, or were not.
func (u *uses) repeat(t testing.TB, c *client) {
	t.Helper()
	for user, code := range maps.Clone(u.unknown) {
		a, err := c.redeem(code, user)
		if err != nil {
			t.Errorf("redeem %s for %s: %v", code, user, err)
		}
		u.record(code, user, a, err)
	}
}

// reservationFaults lists what does not add up with reservations.
const reservationFaults = `
SELECT 'code ' || canonical || ' counts ' || reservations || ' reservations, which are not its rows' FROM codes c
WHERE reservations <> (SELECT count(*) FROM reservations h WHERE h.canonical = c.canonical AND h.state = 'held')
UNION ALL
SELECT 'a reservation by ' || user_id || ' is confirmed without a redemption' FROM reservations h
WHERE state = 'confirmed' AND NOT EXISTS (SELECT 1 FROM redemptions r WHERE r.workspace_id = h.workspace_id
AND r.id = h.redemption_id)`

// check holds the database against what callers were told: their redemptions, the users
// whom those registered, the counters of the codes. It returns the rows of all other codes.
func (u *uses) check(t testing.TB, db database, rows map[string]row) map[string]row {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	faults := append(slices.Clone(u.unexpected), db.texts(t, reservationFaults)...)
	stored, times, byUser := db.uses(t), map[string]int64{}, map[string]use{}
	for _, s := range stored {
		if other, ok := byUser[s.user]; ok {
			faults = append(faults, fmt.Sprintf("one request made %+v and %+v", other, s))
		}
		byUser[s.user] = s
		times[canonicalForm(s.code)]++
		if u.acknowledged[s.user] != s && u.unknown[s.user] != s.code {
			faults = append(faults, fmt.Sprintf("nobody was told of %+v", s))
		}
	}
	for user, want := range u.acknowledged {
		if byUser[user] != want {
			faults = append(faults, fmt.Sprintf("%+v was acknowledged, there is %+v", want, byUser[user]))
		}
	}
	faults = append(faults, userFaults(byUser, db.texts(t, "SELECT user_id FROM users"))...)
	rest := maps.Clone(rows)
	for code := range u.codes {
		if r := rows[code]; r.redemptions != times[code] || r.maxRedemptions != 0 && r.redemptions > r.maxRedemptions {
			faults = append(faults, fmt.Sprintf("%s was redeemed %d times: %+v", code, times[code], r))
		}
		delete(rest, code)
	}
	if len(faults) > 0 {
		t.Errorf("%d faults of redemptions, such as:\n%s", len(faults), strings.Join(faults[:min(10, len(faults))], "\n"))
	}
	return rest
}

// userFaults lists users without a redemption and redemptions without their user.
func userFaults(byUser map[string]use, users []string) (faults []string) {
	registered := map[string]bool{}
	for _, user := range users {
		registered[user] = true
		if _, ok := byUser[user]; !ok {
			faults = append(faults, user+" is registered and has redeemed nothing")
		}
	}
	for user, made := range byUser {
		if !registered[user] {
			faults = append(faults, fmt.Sprintf("%+v has registered nobody", made))
		}
	}
	return faults
}
