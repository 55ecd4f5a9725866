package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The race: every value is asked for this often, through this many connections.
const (
	raceValues      = 100
	raceAddsPer     = 100
	raceConnections = 256
)

func TestCampaignOfTenThousandAddsOfAHundredValuesAHundredSucceed(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		requireOneWinnerEach(t, db, startServer(t, db))
	})
}

func TestCampaignOfTenThousandAddsThroughSeveralServersAHundredSucceed(t *testing.T) {
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		requireOneWinnerEach(t, db, nodes...)
	})
}

// requireOneWinnerEach sends the adds to the servers in turn and requires of each
// value that one add succeeds and every other is told that the code exists.
func requireOneWinnerEach(t *testing.T, db database, nodes ...*server) {
	t.Helper()
	r := &race{}
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(raceConnections)
	for range raceConnections {
		clients := make([]*client, len(nodes))
		for i, s := range nodes {
			clients[i] = newClient(t, s.url, nodes[0].key)
		}
		done.Go(func() {
			r.connect(clients)
			ready.Done()
			<-start
			r.run(clients)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	for _, fault := range r.faults {
		t.Error(fault)
	}
	won := 0
	for value := range r.wins {
		if wins, losses := r.wins[value].Load(), r.losses[value].Load(); wins != 1 || losses != raceAddsPer-1 {
			t.Errorf("value %d: %d adds succeeded and %d were told that it exists, want 1 and %d", value, wins, losses,
				raceAddsPer-1)
		}
		won += int(r.wins[value].Load())
	}
	if rows := db.rows(t); won != raceValues || len(rows) != raceValues {
		t.Errorf("%d adds succeeded and %d codes are there, want %d of both", won, len(rows), raceValues)
	}
	t.Logf("%d requests were answered with 503 and sent again", r.retries.Load())
}

// race counts the outcomes of adds that compete.
type race struct {
	next         atomic.Int64 // the next request's number
	wins, losses [raceValues]atomic.Int64
	retries      atomic.Int64

	mu     sync.Mutex
	faults []string
}

// connect opens the connections, so that the adds come at once.
func (r *race) connect(clients []*client) {
	for _, c := range clients {
		if a, err := c.get("/livez"); err != nil || a.status != http.StatusOK {
			r.fault("connect: %v %s", err, a.body)
		}
	}
}

// run sends requests until all are sent. Those for one value follow each other, so that
// they meet in the server; two in three spell it in another way.
func (r *race) run(clients []*client) {
	for {
		n := int(r.next.Add(1)) - 1
		value := n / raceAddsPer
		if value >= raceValues {
			return
		}
		spellings := []string{"RACE-%d-X", "race %dx", " Race–%d–X "}
		r.add(clients[n%len(clients)], value, fmt.Sprintf(spellings[n%len(spellings)], value))
	}
}

// add asks for a value until the answer is not 503, which promises that nothing was done.
func (r *race) add(c *client, value int, spelling string) {
	for deadline := time.Now().Add(workLimit); ; {
		a, err := c.add(spelling, "Normal")
		switch {
		case err == nil && a.status == http.StatusServiceUnavailable && time.Now().Before(deadline):
			r.retries.Add(1)
			continue
		case err == nil && a.status == http.StatusOK:
			r.wins[value].Add(1)
		case err == nil && a.status == http.StatusBadRequest && a.Reason == "code_already_exists":
			r.losses[value].Add(1)
		default:
			r.fault("add %q: %v, status %d: %s", spelling, err, a.status, a.body)
		}
		return
	}
}

func (r *race) fault(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}
