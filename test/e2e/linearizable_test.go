package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/anishathalye/porcupine"
	"github.com/rs/zerolog"

	"accesscodes/internal/campaign"
)

// One round: so many clients, on codes that no other round knows, for so long. Each fault
// leaves calls without an answer, and each of those doubles what has to be tried to explain
// the history: rounds are short, and there are many codes.
const (
	historyClients = 9
	historyCodes   = 6
	historyUsers   = 5 // of each code
	historyLimit   = 2
	historyTime    = 400 * time.Millisecond
)

// TestCampaignHistoriesAreLinearizable records what callers of several servers were told while
// servers are killed and restarted, and requires that there is an order of the calls, each
// at some instant between its beginning and its end, in which a code and its users as the
// model has them would have said the same.
func TestCampaignHistoriesAreLinearizable(t *testing.T) {
	t.Parallel()
	forEachEngineAndItsNodes(t, func(t *testing.T, db database, nodes []*server) {
		requireLinearizable(t, db, nodes, func(random *rand.Rand) {
			victim := random.IntN(len(nodes))
			nodes[victim].kill(t)
			nodes[victim] = startServer(t, db)
		})
	})
}

// TestCampaignHistoriesAreLinearizableWhenConnectionsToPostgreSQLBreak does the same while every
// connection between servers and database is cut, at whatever moment.
func TestCampaignHistoriesAreLinearizableWhenConnectionsToPostgreSQLBreak(t *testing.T) {
	t.Parallel()
	db := newPostgres(t)
	cut, through := cuttable(t, db)
	nodes := []*server{startServer(t, through)}
	nodes = append(nodes, startServer(t, through), startServer(t, through))
	requireLinearizable(t, through, nodes, func(random *rand.Rand) {
		for range 5 {
			cut()
			<-time.After(time.Duration(random.IntN(60)) * time.Millisecond)
		}
	})
}

// cuttable is a database behind a proxy, and what breaks every connection through it.
func cuttable(t *testing.T, db postgresDatabase) (cut func(), through postgresDatabase) {
	t.Helper()
	address, err := url.Parse(db.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := toxiproxy.NewProxy(
		toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
		t.Name(),
		"127.0.0.1:0",
		address.Host,
	)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	address.Host = proxy.Listen
	return func() {
		proxy.Stop()
		eventually(t, startLimit, "the proxy listens again", func() bool { return proxy.Start() == nil })
	}, postgresDatabase{address.String()}
}

// requireLinearizable records and checks rounds. Each has one fault in its middle.
func requireLinearizable(t *testing.T, db database, nodes []*server, fault func(*rand.Rand)) {
	t.Helper()
	key := nodes[0].key
	seed := uint64(time.Now().UnixNano())
	t.Logf("random seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	calls, unknown := 0, 0
	for round := range campaign.Length(t, 4, 100) {
		h := &history{start: time.Now(), ids: map[string][]string{}}
		admin := newClient(t, nodes[0].url, key)
		for i := range historyCodes {
			h.codes = append(h.codes, fmt.Sprintf("ROUND%dX%d", round, i))
			admin.mustAddLimited(t, h.codes[i], "Normal", historyLimit)
		}
		quit := make(chan struct{})
		var clients sync.WaitGroup
		for i := range historyClients {
			var all []*client
			for _, node := range nodes {
				all = append(all, newClient(t, node.url, key))
			}
			clients.Go(func() { h.run(all, i, rand.New(rand.NewPCG(seed, uint64(round*historyClients+i+1))), quit) })
		}
		<-time.After(historyTime / 2)
		fault(random)
		<-time.After(historyTime / 2)
		close(quit)
		clients.Wait()
		h.check(t)
		calls, unknown = calls+len(h.ops), unknown+h.unknown
		for _, fault := range db.texts(t, accountFaults) {
			t.Error(fault)
		}
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	if unknown == 0 {
		t.Error("no call was left without an answer, which proves little")
	}
	t.Logf("%d calls, %d of them without an answer", calls, unknown)
}

// history is calls and answers.
type history struct {
	start time.Time
	codes []string
	calls atomic.Int64

	mu      sync.Mutex
	ops     []porcupine.Operation
	ids     map[string][]string // verb, code and user → what was made
	unknown int
	faults  []string
}

// verbs are what clients do, as often as they stand here.
var verbs = []string{
	"redeem", "redeem", "redeem", "reserve", "reserve", "confirm", "confirm", "release",
	"rollback", "rollback", "revoke", "restore", "restore", "get", "get",
}

// madeBy is under which verb in [history.ids] stands what a verb makes.
var madeBy = map[string]string{"redeem": "redeem", "confirm": "redeem", "reserve": "reserve"}

// run is one client, who changes to another server when one does not answer.
func (h *history) run(servers []*client, number int, random *rand.Rand, quit <-chan struct{}) {
	at := number
	for {
		select {
		case <-quit:
			return
		default:
		}
		call := h.choose(random)
		if call.verb == "" {
			continue
		}
		began := time.Since(h.start)
		a, err := h.send(servers[at%len(servers)], call)
		if h.record(number, call, began, a, err); err != nil {
			at++
		}
	}
}

// choose returns a random call; without a verb if there is nothing that it could be about.
func (h *history) choose(random *rand.Rand) codeCall {
	call := codeCall{
		number: int(h.calls.Add(1)), verb: verbs[random.IntN(len(verbs))],
		code: h.codes[random.IntN(len(h.codes))], user: fmt.Sprint("u", random.IntN(historyUsers)),
	}
	made := map[string]string{"confirm": "reserve", "release": "reserve", "rollback": "redeem"}[call.verb]
	if made == "" {
		return call
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := h.ids[made+call.code+call.user]
	if len(ids) == 0 {
		return codeCall{}
	}
	call.id = ids[max(0, len(ids)-1-random.IntN(2))] // the last one, or the one before
	return call
}

func (h *history) send(c *client, call codeCall) (lifeAnswer, error) {
	user := call.code + "-" + call.user
	switch call.verb {
	case "redeem":
		return c.redeem(call.code, user)
	case "reserve":
		return c.reserve(call.code, user, time.Hour)
	case "confirm", "release":
		return c.life(http.MethodPost, "/reservations/"+call.id+"/"+call.verb, nil)
	case "rollback":
		return c.life(http.MethodPost, "/redemptions/"+call.id+"/rollback", nil)
	case "get":
		return c.life(http.MethodGet, "/tenant-codes/"+call.code, nil)
	default:
		return c.life(http.MethodPost, "/tenant-codes/"+call.code+"/"+call.verb, nil)
	}
}

// record enters a call and its answer. What was refused because the database was busy or
// away has not been done.
func (h *history) record(client int, call codeCall, began time.Duration, a lifeAnswer, err error) {
	ended := time.Since(h.start)
	got := codeAnswer{}
	switch {
	case err != nil || a.Reason == "outcome_unknown":
		got.unknown = true
	case a.isRefusal():
		return
	case a.status == http.StatusConflict:
		got.reason = a.Reason
	case a.status != http.StatusOK:
		h.mu.Lock()
		defer h.mu.Unlock()
		h.faults = append(h.faults, fmt.Sprintf("%+v: status %d: %s", call, a.status, a.body))
		return
	case call.verb == "get":
		got.redeemed, got.reserved, got.revoked = int(a.Redemptions), int(a.Reservations), a.RevokedAt != nil
	case call.verb == "revoke" || call.verb == "restore":
		got.revoked = a.RevokedAt != nil
	default:
		got.id = a.ID
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if got.unknown {
		if call.verb == "get" {
			return // which does nothing
		}
		h.unknown++
		ended = time.Hour // it may still be done, or be done never
	} else if made := madeBy[call.verb]; made != "" && got.id != "" {
		h.ids[made+call.code+call.user] = append(h.ids[made+call.code+call.user], got.id)
	}
	h.ops = append(
		h.ops,
		porcupine.Operation{ClientId: client, Input: call, Call: int64(began), Output: got, Return: int64(ended)},
	)
}

// check requires that the history can be explained.
func (h *history) check(t *testing.T) {
	t.Helper()
	for _, fault := range h.faults {
		t.Error(fault)
	}
	// A client has one call under way at a time; one without an answer never ends.
	for i := range h.ops {
		h.ops[i].ClientId = i
	}
	model := codeModel(historyLimit)
	result, info := porcupine.CheckOperationsVerbose(model, h.ops, workLimit)
	if result != porcupine.Ok {
		path := t.ArtifactDir() + "/history.html"
		if err := porcupine.VisualizePath(model, info, path); err != nil {
			t.Error(err)
		}
		t.Errorf("the history of %d calls is %s; a picture of it is in %s", len(h.ops), result, path)
	}
}
