package webhook_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"accesscodes/internal/webhook"
)

// received is a request that came to a receiver.
type received struct {
	header http.Header
	body   string
	ID     string
	Type   string

	Position int64
	Subject  struct{ Kind, ID string }
	Data     struct{ Number int }

	aborted <-chan struct{} // closed when the sender does not wait for the answer any more
}

// receiver is an endpoint over real HTTP, which checks what it gets.
type receiver struct {
	*httptest.Server
	bell   *bell
	secret atomic.Pointer[string] // that must have signed; nil: any
	hang   chan struct{}          // closed when requests need not hang any longer

	mu           sync.Mutex
	requests     []received
	now, most    int // requests that are being answered, and how many there were at most
	answer       func(http.ResponseWriter, *received)
	perSubject   map[string]int
	isDisordered bool // two requests about one subject at once
}

// newReceiver starts a receiver that answers 204, unless it is configured otherwise.
func newReceiver(t *testing.T, w *world, configure ...func(*http.Server)) *receiver {
	t.Helper()
	r := &receiver{bell: w.bell, hang: make(chan struct{}), perSubject: map[string]int{}}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, request *http.Request) {
		r.take(t, rw, request)
	}))
	for _, c := range configure {
		c(r.Config)
	}
	r.Start()
	t.Cleanup(r.Close)
	t.Cleanup(r.letGo())
	return r
}

// letGo ends every request that hangs.
func (r *receiver) letGo() func() { return sync.OnceFunc(func() { close(r.hang) }) }

// answers sets what is answered from now on.
func (r *receiver) answers(answer func(http.ResponseWriter, *received)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// fails lets the receiver answer a status to some.
func (r *receiver) fails(status int, which func(*received) bool) {
	r.answers(func(rw http.ResponseWriter, got *received) {
		if which(got) {
			rw.WriteHeader(status)
		}
	})
}

func always(*received) bool { return true }

func (r *receiver) take(t *testing.T, rw http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the sender was stopped
	}
	got := received{header: request.Header, body: string(body), aborted: request.Context().Done()}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Errorf("body %s: %v", body, err)
	}
	r.check(t, &got)
	r.mu.Lock()
	r.requests = append(r.requests, got)
	r.now++
	r.most = max(r.most, r.now)
	r.perSubject[got.Subject.ID]++
	r.isDisordered = r.isDisordered || r.perSubject[got.Subject.ID] > 1
	answer := r.answer
	r.mu.Unlock()
	r.bell.ring()
	if answer == nil {
		answer = func(rw http.ResponseWriter, _ *received) { rw.WriteHeader(http.StatusNoContent) }
	}
	answer(rw, &got)
	r.mu.Lock()
	r.now--
	r.perSubject[got.Subject.ID]--
	r.mu.Unlock()
}

// check requires a request to be signed.
func (r *receiver) check(t *testing.T, got *received) {
	if id := got.header.Get("Webhook-Id"); id != got.ID {
		t.Errorf("webhook-id is %s, want %s", id, got.ID)
	}
	if agent := got.header.Get("User-Agent"); agent != "accesscodes" {
		t.Errorf("User-Agent is %q", agent)
	}
	if secret := r.secret.Load(); secret != nil && !got.isSignedBy(t, *secret) {
		t.Errorf("%s is not signed: %v", got.ID, got.header)
	}
}

// isSignedBy reports whether a secret has signed the request.
func (got *received) isSignedBy(t *testing.T, secret string) bool {
	return slices.Contains(got.signatures(), got.signature(t, secret))
}

// awaits waits until there are as many requests.
func (r *receiver) awaits(t *testing.T, count int) []received {
	t.Helper()
	r.bell.await(t, "requests arrive", func() bool { return len(r.got()) >= count })
	return r.got()
}

// got returns the requests until now.
func (r *receiver) got() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

func (r *receiver) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
}

// of returns the numbers of the events about a subject, in the order in which they came.
func of(requests []received, subject string) (numbers []int) {
	for _, got := range requests {
		if got.Subject.ID == subject {
			numbers = append(numbers, got.Data.Number)
		}
	}
	return numbers
}

func (got *received) signatures() []string {
	var all []string
	for _, value := range got.header.Values("Webhook-Signature") {
		all = append(all, strings.Fields(value)...)
	}
	return all
}

func (got *received) signature(t *testing.T, secret string) string {
	t.Helper()
	signature, err := webhook.Signatures([]string{secret}, got.ID, got.at(t), []byte(got.body))
	if err != nil {
		t.Error(err)
	}
	return signature
}

// at is the time that the request says it was sent.
func (got *received) at(t *testing.T) time.Time {
	t.Helper()
	seconds, err := json.Number(got.header.Get("Webhook-Timestamp")).Int64()
	if err != nil {
		t.Error(err)
	}
	return time.Unix(seconds, 0)
}
