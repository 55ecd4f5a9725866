package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"accesscodes/client"
)

// patient waits for nothing and notes how long it should have.
type patient struct{ waits []time.Duration }

func (p *patient) option() client.Option {
	return client.WithWait(func(ctx context.Context, length time.Duration) error {
		p.waits = append(p.waits, length)
		return ctx.Err()
	})
}

// front stands in front of a server. It answers the first requests by itself, with what it was given,
// and hands on the others. A nil handler hands on, too.
func front(t *testing.T, s *server, first ...http.HandlerFunc) string {
	t.Helper()
	address, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(address)
	behind.Transport = &http.Transport{DisableKeepAlives: true}
	var mu sync.Mutex
	f := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		var own http.HandlerFunc
		if len(first) > 0 {
			own, first = first[0], first[1:]
		}
		mu.Unlock()
		if own != nil {
			own(w, r)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f.URL
}

// says answers with a status, a reason and, unless it is empty, Retry-After.
func says(status int, reason client.Reason, retryAfter string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"reason":"` + string(reason) + `","detail":"a sentence"}`))
	}
}

func page(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", status) }
}

// calls are a call of each effect: one that reads, one that can be made twice, one that cannot.
var calls = map[string]func(context.Context, *client.Client) error{
	"reads":   func(ctx context.Context, c *client.Client) error { _, err := c.GetCode(ctx, "SPRING"); return err },
	"settles": func(ctx context.Context, c *client.Client) error { _, err := c.RevokeCode(ctx, "SPRING"); return err },
	"acts": func(ctx context.Context, c *client.Client) error {
		_, err := c.ChangeCode(ctx, "SPRING", client.ChangeCodeRequest{Note: client.Set("new")})
		return err
	},
}

func TestWhichAnswersAreRepeated(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	must(s.client(t).AddCode(t.Context(), client.AddCodeRequest{Code: "SPRING", Type: client.TypeNormal}))(t)
	cases := []struct {
		name     string
		answer   http.HandlerFunc
		repeated string // by which calls
		unknown  string // of which calls an error leaves the outcome open
	}{
		{"503 that says when", says(503, client.ReasonOverloaded, "1"), "reads settles acts", ""},
		{"429", says(429, "too_many_requests", ""), "reads settles acts", ""},
		{"503 of a proxy", page(503), "reads settles", "settles acts"},
		{"502", page(502), "reads settles", "settles acts"},
		{"504", page(504), "reads settles", "settles acts"},
		{"outcome unknown", says(500, client.ReasonOutcomeUnknown, ""), "reads settles", "settles acts"},
		{"internal error", says(500, client.ReasonInternal, ""), "", "settles acts"},
		{"501", page(501), "", "settles acts"},
		{"404", says(404, client.ReasonCodeNotFound, ""), "", ""},
		{"a redirection", http.RedirectHandler("/x", http.StatusFound).ServeHTTP, "", ""},
	}
	for _, test := range cases {
		for effect, call := range calls {
			c := newClient(t, front(t, s, test.answer), s.key, new(patient).option())
			want := slices.Contains(strings.Fields(test.repeated), effect)
			if err := call(t.Context(), c); (err == nil) != want {
				t.Errorf("%s, a call that %s: %v", test.name, effect, err)
			}
			once := newClient(t, front(t, s, test.answer), s.key, client.WithRetries(0))
			err := call(t.Context(), once)
			want = slices.Contains(strings.Fields(test.unknown), effect)
			if err == nil || client.OutcomeUnknown(err) != want {
				t.Errorf("%s, a call that %s: unknown is not %v of %v", test.name, effect, want, err)
			}
			if client.Temporary(err) != (test.repeated != "") {
				t.Errorf("%s: temporary is %v", test.name, client.Temporary(err))
			}
		}
	}
}

func TestWaitsGrowToALimit(t *testing.T) {
	t.Parallel()
	var p patient
	busy := httptest.NewServer(page(503))
	t.Cleanup(busy.Close)
	c := newClient(t, busy.URL, "", client.WithRetries(8), p.option(), client.WithLongestJitter())
	if _, err := c.GetCode(t.Context(), "X"); err == nil {
		t.Error("there is an answer")
	}
	const ms = time.Millisecond
	want := []time.Duration{200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 6400 * ms, 10_000 * ms, 10_000 * ms}
	if !slices.Equal(p.waits, want) {
		t.Errorf("waits %v, want %v", p.waits, want)
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := func(p *patient, first ...http.HandlerFunc) *client.Client {
		return newClient(t, front(t, s, first...), s.key, p.option())
	}
	var p patient
	seven := says(503, client.ReasonOverloaded, "7")
	must(c(&p, seven, seven).GenerateCode(t.Context(), client.GenerateCodeRequest{Type: client.TypeNormal}))(t)
	for _, wait := range p.waits {
		if wait < 7*time.Second || wait >= 7400*time.Millisecond {
			t.Errorf("waited for %s", wait)
		}
	}
	if len(p.waits) != 2 {
		t.Errorf("waits %v", p.waits)
	}
	var dated patient
	date := time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat)
	err := c(&dated, says(429, "too_many_requests", date)).DeleteCode(t.Context(), "NONE")
	if !errors.Is(err, client.ReasonCodeNotFound) || len(dated.waits) != 1 || dated.waits[0] < 20*time.Second {
		t.Errorf("until %s: waits %v, %v", date, dated.waits, err)
	}
	var long patient
	_, err = c(&long, says(503, client.ReasonStoreUnavailable, "600")).GetCode(t.Context(), "X")
	var e *client.Error
	if !asError(err, &e) || e.RetryAfter != 10*time.Minute || len(long.waits) != 0 {
		t.Errorf("for ten minutes: waits %v, %v", long.waits, err)
	}
}

func TestAContextEndsTheWaiting(t *testing.T) {
	t.Parallel()
	busy := httptest.NewServer(says(503, client.ReasonOverloaded, "30"))
	t.Cleanup(busy.Close)
	ctx, cancel := context.WithCancel(t.Context())
	c := newClient(t, busy.URL, "", client.WithObserver(func(a client.Attempt) {
		if !a.Again || a.Status != 503 || a.Number != 1 {
			t.Errorf("%+v", a)
		}
		cancel()
	}))
	_, err := c.GetCode(ctx, "X")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, client.ReasonOverloaded) {
		t.Errorf("canceled: %v", err)
	}
	near, cancelNear := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancelNear()
	var p patient
	_, err = newClient(t, busy.URL, "", p.option()).GetCode(near, "X")
	if !errors.Is(err, client.ReasonOverloaded) || len(p.waits) != 0 {
		t.Errorf("a deadline that comes first: waits %v, %v", p.waits, err)
	}
}

func TestATryThatTakesTooLongIsRepeated(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	stuck := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	var p patient
	c := newClient(t, front(t, s, stuck), s.key, p.option(), client.WithTimeout(2*time.Second))
	must(c.ListCodes(t.Context(), client.CodeFilter{}, client.PageRequest{}))(t)
	if len(p.waits) != 1 {
		t.Errorf("waits %v", p.waits)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c = newClient(t, front(t, s, func(w http.ResponseWriter, r *http.Request) { cancel(); stuck(w, r) }), s.key)
	_, err := c.RevokeCode(ctx, "X")
	if !errors.Is(err, context.Canceled) || !client.OutcomeUnknown(err) || client.Temporary(err) {
		t.Errorf("canceled: %v", err)
	}
}

func TestAnEarlierTryMayHaveDoneIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	busy, gone := says(503, client.ReasonOverloaded, "1"), says(404, client.ReasonCodeNotFound, "")
	unknown := says(500, client.ReasonOutcomeUnknown, "")
	for name, test := range map[string]struct {
		first []http.HandlerFunc
		want  bool
	}{
		"nothing was done each time":        {[]http.HandlerFunc{busy, busy}, false},
		"the second says that it did not":   {[]http.HandlerFunc{unknown, busy}, true},
		"the second finds nothing":          {[]http.HandlerFunc{unknown, gone}, false},
		"the second may not look":           {[]http.HandlerFunc{unknown, says(401, client.ReasonInvalidAPIKey, "")}, true},
		"the second may have done it, too":  {[]http.HandlerFunc{busy, unknown}, true},
		"the second is none of this server": {[]http.HandlerFunc{unknown, page(501)}, true},
	} {
		c := newClient(t, front(t, s, test.first...), s.key, new(patient).option(), client.WithRetries(1))
		if _, err := c.RevokeCode(t.Context(), "X"); err == nil || client.OutcomeUnknown(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRedirectionsDoNotGetTheKey(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the other server got %v", r.Header)
	}))
	t.Cleanup(other.Close)
	one := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(one.Close)
	for _, options := range [][]client.Option{nil, {client.WithHTTPClient(new(http.Client))}} {
		_, err := newClient(t, one.URL, "ack_secret", options...).GetCode(t.Context(), "X")
		if err == nil || !strings.Contains(err.Error(), "leads elsewhere") {
			t.Errorf("%v", err)
		}
	}
}

func TestAWrongServerIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	var p patient
	some := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>"))
	}))
	t.Cleanup(some.Close)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = quiet()
	t.Cleanup(secure.Close)
	for _, address := range []string{some.URL, secure.URL, "http://no-such-host.invalid"} {
		if _, err := newClient(t, address, "", p.option()).GetCode(t.Context(), "X"); err == nil || len(p.waits) > 0 {
			t.Errorf("%s: waits %v, %v", address, p.waits, err)
		}
	}
}

func TestAServerThatStartsLater(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	must(s.client(t).AddCode(t.Context(), client.AddCodeRequest{Code: "SPRING", Type: client.TypeNormal}))(t)
	c := newClient(t, "http://"+address, s.key, client.WithWait(func(context.Context, time.Duration) error {
		newBreaker(t, address, s)
		return nil
	}))
	if err := c.DeleteCode(t.Context(), "SPRING"); err != nil { // which had not been sent
		t.Error(err)
	}
	away := newClient(t, "http://127.0.0.1:1", "", client.WithRetries(0))
	if err := away.DeleteCode(t.Context(), "SPRING"); err == nil || client.OutcomeUnknown(err) {
		t.Errorf("no connection: %v", err)
	}
}
