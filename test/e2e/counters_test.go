package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/campaign"
)

// How the counters are put to the test.
const (
	mixClients = 24
	mixUsers   = 40
	mixTTL     = 10 * time.Second // the shortest: many reservations lapse meanwhile
)

// TestCampaignCountersEqualTheRowsWhateverIsDone does everything that changes them, at random, for
// a while, and looks at the database all the time.
func TestCampaignCountersEqualTheRowsWhateverIsDone(t *testing.T) {
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		admin := newClient(t, nodes[0].url, nodes[0].key)
		m := &mix{done: map[string]int{}}
		for code, limit := range map[string]any{"ONE": 1, "FEW": 4, "MANY": 30, "ANY": nil} {
			m.codes = append(m.codes, code)
			admin.mustAddLimited(t, code,
				map[string]string{"FEW": "Premium"}[code]+map[bool]string{true: "Normal"}[code != "FEW"], limit)
		}
		m.codes = append(m.codes, "UPGRADE")
		admin.mustAddLimited(t, "UPGRADE", "Upgrade", 5)

		quit := make(chan struct{})
		var clients, checker sync.WaitGroup
		for i := range mixClients {
			c := newClient(t, nodes[i%len(nodes)].url, nodes[0].key)
			clients.Go(func() { m.run(c, rand.New(rand.NewPCG(uint64(i), uint64(time.Now().UnixNano()))), quit) })
		}
		looks := 0
		checker.Go(func() {
			for ticker := time.NewTicker(50 * time.Millisecond); ; looks++ {
				for _, fault := range db.texts(t, accountFaults) {
					m.fault("%s", fault)
				}
				select {
				case <-quit:
					ticker.Stop()
					return
				case <-ticker.C:
				}
			}
		})
		<-time.After(campaign.Length(t, 3*time.Second, 5*time.Minute)) // how long is the point here
		close(quit)
		clients.Wait()
		checker.Wait()
		// Those that are held now lapse soon, if none has yet.
		eventually(t, workLimit, "a reservation that lapsed is tidied", func() bool {
			return len(db.texts(t, "SELECT code FROM reservations WHERE state = 'lapsed'")) > 0
		})
		for _, fault := range db.texts(t, accountFaults) {
			t.Error(fault)
		}
		for _, fault := range m.faults[:min(len(m.faults), 10)] {
			t.Error(fault)
		}
		for _, what := range []string{
			"redeem 200", "redeem 409", "reserve 200", "confirm 200", "confirm 409", "release 200",
			"rollback 200", "get 200",
		} {
			if m.done[what] == 0 {
				t.Errorf("it never happened: %s", what)
			}
		}
		t.Logf("%d looks at the database; %v", looks, m.done)
	})
}

// mix is a random mixture of everything that changes counters.
type mix struct {
	codes []string

	mu                        sync.Mutex
	redemptions, reservations []string // ids of some that were made
	done                      map[string]int
	faults                    []string
}

func (m *mix) run(c *client, random *rand.Rand, quit <-chan struct{}) {
	for {
		select {
		case <-quit:
			return
		default:
		}
		code, user := m.codes[random.IntN(len(m.codes))], fmt.Sprint("user-", random.IntN(mixUsers))
		switch n := random.IntN(100); {
		case n < 30:
			a, err := c.redeem(code, user)
			m.note("redeem", &m.redemptions, a, err)
		case n < 55:
			a, err := c.reserve(code, user, mixTTL)
			m.note("reserve", &m.reservations, a, err)
		case n < 65:
			m.about(c, "confirm", "/reservations/", &m.reservations, &m.redemptions, random)
		case n < 70:
			m.about(c, "release", "/reservations/", &m.reservations, nil, random)
		case n < 90:
			m.about(c, "rollback", "/redemptions/", &m.redemptions, nil, random)
		default:
			a, err := c.life(http.MethodGet, "/tenant-codes/"+code, nil)
			m.note("get", nil, a, err)
			if a.Max != nil && a.Redemptions+a.Reservations > *a.Max {
				m.fault("more uses are taken than there are: %s", a.body)
			}
		}
	}
}

// about does something with one of the ids.
func (m *mix) about(c *client, what, path string, ids, made *[]string, random *rand.Rand) {
	m.mu.Lock()
	if len(*ids) == 0 {
		m.mu.Unlock()
		return
	}
	at := random.IntN(len(*ids))
	id := (*ids)[at]
	if random.IntN(3) == 0 { // otherwise it may be tried again
		*ids = append((*ids)[:at], (*ids)[at+1:]...)
	}
	m.mu.Unlock()
	a, err := c.life(http.MethodPost, path+id+"/"+what, nil)
	m.note(what, made, a, err)
}

// note enters an answer; what it made is kept.
func (m *mix) note(what string, made *[]string, a lifeAnswer, err error) {
	if err != nil || a.status != http.StatusOK && a.status != http.StatusConflict && !a.isRefusal() {
		m.fault("%s: %v, status %d: %s", what, err, a.status, a.body)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done[fmt.Sprint(what, " ", a.status)]++
	if made != nil && a.status == http.StatusOK && !a.replayed() {
		*made = append(*made, a.ID)
	}
}

func (m *mix) fault(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}
