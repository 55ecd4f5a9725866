package e2e

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	accesscodes "accesscodes/client"
)

const testType = "endpoint.tested"

// receiver is told about events by webhooks. It notes those that are signed.
type receiver struct {
	name     string
	answers  func() bool // whether it takes what has come; nil: it hangs, but takes tests
	url, id  string
	from     int64         // the position behind which it wants events
	released chan struct{} // closed when it hangs no more
	release  func()
	taken    atomic.Int64 // events
	underWay atomic.Int64 // requests
	tries    atomic.Int64

	mu      sync.Mutex
	secret  string
	arrived map[int64]*arrival // by position
	again   int                // tries for events that it had taken
	faults  []string           // the first of them
}

// arrival is what came of an event.
type arrival struct {
	place int // among the first arrivals
	body  [sha256.Size]byte
	taken bool
}

func newReceiver(t *testing.T, name string, answers func() bool) *receiver {
	t.Helper()
	r := &receiver{
		name: name, answers: answers, released: make(chan struct{}), arrived: map[int64]*arrival{},
	}
	r.release = sync.OnceFunc(func() { close(r.released) })
	server := httptest.NewServer(r)
	t.Cleanup(func() { r.release(); server.Close() })
	r.url = server.URL
	return r
}

// halfOfTheTime says yes to half of what it is asked, by chance, and never often no in a row: an endpoint
// that only fails would be left alone for a while.
func halfOfTheTime(seed uint64) func() bool {
	random := rand.New(rand.NewPCG(seed, 1))
	var next []bool
	return func() (yes bool) {
		if len(next) == 0 {
			next = []bool{true, true, true, true, false, false, false, false}
			random.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
		}
		yes, next = next[0], next[1:]
		return yes
	}
}

// enroll makes an endpoint of the receiver, which gets nothing yet.
func (r *receiver) enroll(t *testing.T, api *accesscodes.Client) {
	t.Helper()
	made, err := api.CreateWebhookEndpoint(t.Context(), accesscodes.CreateWebhookEndpointRequest{
		URL: r.url, Types: []accesscodes.EventType{"code.*", "redemption.*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.id, r.secret = made.Endpoint.ID, made.Secret
	r.mu.Unlock()
}

// test tests the endpoint, which is told about everything from then on.
func (r *receiver) test(t *testing.T, api *accesscodes.Client) {
	t.Helper()
	for range 10 { // it may fail by chance
		tested, err := api.TestWebhookEndpoint(t.Context(), r.id)
		if err != nil {
			t.Fatal(err)
		}
		if tested.Endpoint.Status == accesscodes.EndpointEnabled {
			r.from = tested.Delivery.Position
			return
		}
	}
	t.Fatalf("the endpoint of the %s receiver is not enabled", r.name)
}

// wants reports whether the receiver is to be told about an event.
func (r *receiver) wants(e *logged) bool { return e.Type != testType && e.Position > r.from }

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.underWay.Add(1)
	defer r.underWay.Add(-1)
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the server was killed meanwhile
	}
	taken, err := r.note(request.Header, body)
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case !taken && r.answers == nil:
		select {
		case <-request.Context().Done():
		case <-r.released:
		}
		panic(http.ErrAbortHandler)
	case !taken:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// note notes what has come, and reports whether the receiver takes it.
func (r *receiver) note(header http.Header, body []byte) (take bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries.Add(1)
	e, err := accesscodes.VerifyWebhook([]string{r.secret}, header, body, time.Now())
	if err == nil && header.Get("Webhook-Id") != e.ID {
		err = fmt.Errorf("webhook-id is %s, the event is %s", header.Get("Webhook-Id"), e.ID)
	}
	if err != nil {
		r.fault("%v: %v %s", err, header, body)
		return false, err
	}
	if r.answers == nil {
		take = e.Type == testType
	} else {
		take = r.answers()
	}
	sum := sha256.Sum256(body)
	a := r.arrived[e.Position]
	if a == nil {
		a = &arrival{place: len(r.arrived), body: sum}
		r.arrived[e.Position] = a
	}
	if a.body != sum {
		r.fault("position %d comes with another body: %s", e.Position, body)
	}
	switch {
	case a.taken:
		r.again++
	case take && e.Type != testType:
		r.taken.Add(1)
	}
	a.taken = a.taken || take
	return take, nil
}

func (r *receiver) fault(format string, args ...any) {
	if len(r.faults) < 10 {
		r.faults = append(r.faults, fmt.Sprintf(format, args...))
	}
}

// check holds what has come against the log: nothing else came, what came first about a subject has happened
// first, and a receiver that answers has everything.
func (r *receiver) check(t *testing.T, log []logged, all bool) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	known, last := 0, map[string]int{} // the last first arrival, by subject
	for _, e := range log {
		a := r.arrived[e.Position]
		switch {
		case a == nil || !a.taken:
			if all && r.wants(&e) {
				r.fault("it has not got %+v", e.consumedEvent)
			}
		case e.Type == testType && e.Subject.ID != r.id:
			r.fault("it has got the test of another one: %+v", e.consumedEvent)
		}
		if a == nil {
			continue
		}
		known++
		if a.body != e.body {
			r.fault("%+v is unlike the log", e.consumedEvent)
		}
		if before, found := last[e.Subject.ID]; found && a.place < before {
			r.fault("%+v came before an earlier event of its subject", e.consumedEvent)
		}
		last[e.Subject.ID] = a.place
	}
	if known != len(r.arrived) {
		r.fault("it has got %d events, of which the log has %d", len(r.arrived), known)
	}
	if len(r.faults) > 0 {
		t.Errorf("the %s receiver: %s", r.name, strings.Join(r.faults, "\n"))
	}
	t.Logf("the %s receiver: %d tries, of which %d for events that it had", r.name, r.tries.Load(), r.again)
}
