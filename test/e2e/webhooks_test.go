package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	accesscodes "accesscodes/client"
	"accesscodes/internal/campaign"
)

const (
	webhookWriters = 8 // of each node
	actsOfALife    = 2 // a code is generated, and used up
	partsOfActs    = 15
	speedRuns      = 3 // each of one part, without an endpoint that hangs, and with it
	lookEvery      = 100 * time.Millisecond
)

// webhookFlags let servers send to receivers on this machine, and again soon.
var webhookFlags = []string{
	"--webhook-allow", "127.0.0.0/8", "--webhook-retries", "500ms,500ms,1s,1s,2s,2s,5s,5s,10s",
}

// TestCampaignWebhooksReachEveryReceiver: servers send what happens to three receivers, of which one fails
// half of the time and one hangs. Servers are killed. The two that answer get every event, as the log has it,
// and those of each subject in its order; acts do not wait for the one that hangs.
func TestCampaignWebhooksReachEveryReceiver(t *testing.T) {
	forEachEngine(t, func(t *testing.T, db database) {
		acts := campaign.Number(t, "ACCESSCODES_TEST_ACTS", campaign.Length(t, 1_500, 200_000))
		kills := campaign.Number(t, "ACCESSCODES_TEST_KILLS", campaign.Length(t, 2, 20))
		begin := time.Now()
		s := newSending(t, db)
		s.compareSpeed(t, acts/partsOfActs)
		s.flaky.test(t, s.api(t))
		s.killWhileActing(t, acts-2*speedRuns*(acts/partsOfActs), kills)
		s.awaitLog(t)
		s.awaitArrivals(t, campaign.Length(t, workLimit, 2*time.Hour))
		s.hanging.release()
		for _, r := range []*receiver{s.fast, s.flaky, s.hanging} {
			r.check(t, s.log, r != s.hanging)
		}
		t.Logf("%d acts, %d events, %d kills, in %s",
			s.lives.Load()*actsOfALife, s.wantedBy(s.fast), kills, time.Since(begin).Round(time.Millisecond))
	})
}

// sending is servers, those who act through them, and who receives what happens.
type sending struct {
	db      database
	random  *rand.Rand
	key     string
	nodes   []*server
	clients []atomic.Pointer[client] // of the nodes that run now
	begun   atomic.Int64             // codes whose life began
	lives   atomic.Int64             // codes that were used up
	faults  chan string

	fast, flaky, hanging *receiver

	log  []logged // the events that endpoints want, and those about tests
	read int64    // up to where the log was read
	used int      // events about a code that was used up
}

// logged is an event as the log has it.
type logged struct {
	consumedEvent
	body [sha256.Size]byte
}

func newSending(t *testing.T, db database) *sending {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("random seed %d", seed)
	s := &sending{db: db, random: rand.New(rand.NewPCG(seed, 0)), nodes: make([]*server, 1)}
	if _, isPostgres := db.(postgresDatabase); isPostgres {
		s.nodes = make([]*server, 2)
	}
	s.clients = make([]atomic.Pointer[client], len(s.nodes))
	s.faults = make(chan string, len(s.nodes)*webhookWriters)
	for i := range s.nodes {
		s.start(t, i)
	}
	s.fast = newReceiver(t, "fast", func() bool { return true })
	s.flaky = newReceiver(t, "flaky", halfOfTheTime(seed))
	s.hanging = newReceiver(t, "hanging", nil)
	for _, r := range []*receiver{s.fast, s.flaky, s.hanging} {
		r.enroll(t, s.api(t))
	}
	s.fast.test(t, s.api(t))
	for i := range s.clients {
		s.awaitRecorded(t, s.clients[i].Load())
	}
	return s
}

func (s *sending) start(t *testing.T, node int) {
	t.Helper()
	s.nodes[node] = startServer(t, s.db, webhookFlags...)
	if s.key == "" {
		s.key = s.nodes[node].key
	}
	s.clients[node].Store(newClient(t, s.nodes[node].url, s.key))
}

// api returns the public client of a server.
func (s *sending) api(t *testing.T) *accesscodes.Client {
	t.Helper()
	api, err := accesscodes.New(s.nodes[0].url, s.key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.CloseIdleConnections)
	return api
}

// awaitRecorded waits until a server records what endpoints want.
func (s *sending) awaitRecorded(t *testing.T, c *client) {
	t.Helper()
	generated := map[string]bool{}
	eventually(t, requestLimit, "what endpoints want is recorded", func() bool {
		generated[c.mustGenerate(t, "Normal", http.StatusOK, "").Code] = true
		for _, e := range s.readOn(t) {
			if generated[e.Subject.ID] {
				return true
			}
		}
		return false
	})
}

// write lets codes live through all servers. The channel is closed when that is done.
func (s *sending) write(acts int) <-chan struct{} {
	until := s.begun.Load() + int64(acts/actsOfALife)
	written := make(chan struct{})
	var writers sync.WaitGroup
	for node := range s.clients {
		for range webhookWriters {
			writers.Go(func() {
				for life := s.begun.Add(1); life <= until; life = s.begun.Add(1) {
					if !s.live(node, fmt.Sprint("user-", life)) {
						return
					}
				}
			})
		}
	}
	go func() { writers.Wait(); close(written) }()
	return written
}

// live generates a code for one use, and uses it.
func (s *sending) live(node int, user string) (ok bool) {
	once := map[string]any{"type": "Normal", "maxRedemptions": 1}
	generated, ok := untilDone(&s.clients[node], s.faults, "generate for "+user, func(c *client) (answer, error) {
		request, err := c.request(http.MethodPost, "/tenant-codes/generate", once)
		if err != nil {
			return answer{}, err
		}
		request.Header.Set("Idempotency-Key", user)
		return c.do(request)
	})
	if !ok {
		return false
	}
	_, ok = untilDone(&s.clients[node], s.faults, "redeem for "+user, func(c *client) (answer, error) {
		a, err := c.redeem(generated.Code, user)
		return a.answer, err
	})
	if ok {
		s.lives.Add(1)
	}
	return ok
}

// compareSpeed acts without and with an endpoint that hangs. The best of some runs counts: others use the
// machine, too.
func (s *sending) compareSpeed(t *testing.T, acts int) {
	t.Helper()
	without := s.speed(t, acts)
	s.hanging.test(t, s.api(t))
	<-s.write(actsOfALife)
	eventually(t, requestLimit, "an endpoint hangs", func() bool { return s.hanging.underWay.Load() > 0 })
	with := s.speed(t, acts)
	t.Logf("acts per second: %.0f, with an endpoint that hangs %.0f", without, with)
	if with < without/campaign.Length(t, 20.0, 2) { // a short run takes a moment: only waiting for it shows
		t.Error("an endpoint that hangs slows acts down")
	}
}

// speed returns how many acts are done in a second. Each run begins when the fast receiver has taken everything.
func (s *sending) speed(t *testing.T, acts int) (best float64) {
	t.Helper()
	for range speedRuns {
		s.awaitLog(t)
		want := s.wantedBy(s.fast)
		eventually(t, workLimit, "the fast receiver has all", func() bool { return s.fast.taken.Load() >= want })
		begin := time.Now()
		<-s.write(acts)
		best = max(best, float64(acts)/time.Since(begin).Seconds())
	}
	return best
}

// killWhileActing kills servers while others act. A lease ends some seconds after its node: only a full campaign
// waits for that, and for events that arrive between two kills.
func (s *sending) killWhileActing(t *testing.T, acts, kills int) {
	t.Helper()
	between := campaign.Length[int64](t, 0, 100)
	lives, arrived := s.lives.Load(), s.fast.taken.Load()
	written := s.write(acts)
	for kill := range kills {
		enough := lives + int64(acts/actsOfALife*(kill+1)/(kills+1))
		eventually(t, jobLimit, "acts and sending go on", func() bool {
			return s.lives.Load() >= enough && s.fast.taken.Load() >= arrived+between
		})
		// When a process dies is the point here, so it is a time and no signal.
		<-time.After(time.Duration(s.random.Int64N(int64(60 * time.Millisecond))))
		victim := s.random.IntN(len(s.nodes))
		s.nodes[victim].kill(t)
		arrived = s.fast.taken.Load()
		s.start(t, victim)
	}
	<-written
	close(s.faults)
	for fault := range s.faults {
		t.Error(fault)
	}
}

// readOn reads what has been added to the log.
func (s *sending) readOn(t *testing.T) []logged {
	t.Helper()
	begin := len(s.log)
	for {
		var page struct {
			Data []json.RawMessage
			Next int64
		}
		path := fmt.Sprintf("/events?types=code.*,redemption.*,endpoint.tested&limit=1000&after=%d", s.read)
		a := s.clients[0].Load().mustGet(t, path, http.StatusOK)
		if err := json.Unmarshal([]byte(a.body), &page); err != nil {
			t.Fatal(err)
		}
		for _, body := range page.Data {
			e := logged{body: sha256.Sum256(body)}
			if err := json.Unmarshal(body, &e.consumedEvent); err != nil {
				t.Fatal(err)
			}
			s.log = append(s.log, e)
			if e.Type == "code.exhausted" {
				s.used++
			}
		}
		if s.read = page.Next; len(page.Data) == 0 {
			return s.log[begin:]
		}
	}
}

// awaitLog waits until the log has all that was done. The last event of a code is that it is used up.
func (s *sending) awaitLog(t *testing.T) {
	t.Helper()
	eventually(t, workLimit, "the log has every act", func() bool {
		s.readOn(t)
		return s.used >= int(s.lives.Load())
	})
	if s.used != int(s.lives.Load()) {
		t.Errorf("%d codes were used up, and %d in the log", s.lives.Load(), s.used)
	}
}

// wantedBy returns how many events of the log a receiver wants.
func (s *sending) wantedBy(r *receiver) (events int64) {
	for i := range s.log {
		if r.wants(&s.log[i]) {
			events++
		}
	}
	return events
}

// awaitArrivals waits until the receivers that answer have taken every event. Once the log was sent and
// nothing comes, what has failed is sent again: some of it has failed too often.
func (s *sending) awaitArrivals(t *testing.T, limit time.Duration) {
	t.Helper()
	api, looked, tries := s.api(t), time.Now(), int64(0)
	ofFast, ofFlaky := s.wantedBy(s.fast), s.wantedBy(s.flaky)
	eventually(t, limit, "every event has arrived", func() bool {
		if s.fast.taken.Load() >= ofFast && s.flaky.taken.Load() >= ofFlaky {
			return true
		}
		if time.Since(looked) < lookEvery {
			return false
		}
		if now := s.flaky.tries.Load(); now > tries {
			looked, tries = time.Now(), now
			return false
		}
		endpoint, err := api.GetWebhookEndpoint(t.Context(), s.flaky.id)
		if err != nil {
			t.Fatal(err)
		}
		if endpoint.Position >= s.log[len(s.log)-1].Position {
			again := accesscodes.ResendToWebhookEndpointRequest{Failed: true}
			if _, err := api.ResendToWebhookEndpoint(t.Context(), s.flaky.id, again); err != nil {
				t.Fatal(err)
			}
		}
		looked = time.Now()
		return false
	})
}
