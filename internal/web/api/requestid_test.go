package api

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/logtest"
)

func TestASaneRequestIDIsTakenOver(t *testing.T) {
	f := newFixture(t)
	for _, test := range []struct {
		name, sent string
		takenOver  bool
	}{
		{"a word", "abc", true},
		{"one character", "x", true},
		{"a UUID", "01a205ce-9b83-7b7e-9137-eff7b91d2d13", true},
		{"a trace", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true},
		{"an Amazon trace", "Root=1-67891233-abcdef012345678912345678", true},
		{"base64", "aGVsbG8+d29ybGQ/==", true},
		{"a question mark", "a?b", false},
		{"every special character", "a-._~:/+=@z", true},
		{"the longest", strings.Repeat("i", 128), true},
		{"too long", strings.Repeat("i", 129), false},
		{"empty", "", false},
		{"a space", "a b", false},
		{"only spaces", "   ", false},
		{"a tab", "a\tb", false},
		{"a quote", `a"b`, false},
		{"a comma", "a,b", false},
		{"markup", "<script>", false},
		{"a line break", "a\r\nSet-Cookie: b", false},
		{"a null character", "a\x00b", false},
		{"beyond ASCII", "grüße", false},
		{"a percent sign", "a%0ab", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := f.get(t, "/livez", with("X-Request-Id", test.sent)).header.Get("X-Request-Id")
			if taken := got == test.sent; taken != test.takenOver {
				t.Errorf("X-Request-Id %q became %q", test.sent, got)
			}
			if !regexp.MustCompile(`^[0-9A-Za-z._~:/+=@-]{1,128}$`).MatchString(got) {
				t.Errorf("X-Request-Id = %q", got)
			}
			if events := logtest.Requests(t, f.log.Take()); len(events) != 1 || events[0]["request_id"] != got {
				t.Errorf("events %v, X-Request-Id %q", events, got)
			}
		})
	}
}

// TestARequestIDThatLooksLikeAKeyIsReplaced: one that was put into the wrong header must not
// get into the log, whole or with something around it.
func TestARequestIDThatLooksLikeAKeyIsReplaced(t *testing.T) {
	f := newFixture(t)
	almost := f.secret[:len(f.secret)-1]
	for _, test := range []struct {
		name, sent string
		takenOver  bool
	}{
		{"a key", f.secret, false},
		{"a key that was never given out", "ack_" + strings.Repeat("0", 36), false},
		{"a key with more behind it", f.secret + "abc", false},
		{"a key within", "trace:" + f.secret + "/1", false},
		{"a key behind what begins like one", "ack_ack_x-" + f.secret, false},
		{"less than a key", almost, true},
		{"a key in two parts", almost[:20] + "-" + almost[20:], true},
		{"the prefix", "ack_", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := f.get(t, "/livez", with("X-Request-Id", test.sent)).header.Get("X-Request-Id")
			if taken := got == test.sent; taken != test.takenOver || got == "" {
				t.Errorf("X-Request-Id %q became %q", test.sent, got)
			}
			if logged := f.log.Take(); strings.Contains(logged, test.sent) != test.takenOver {
				t.Errorf("logged %s", logged)
			}
		})
	}
}

func TestEveryResponseHasARequestID(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	faulty.insert = func(context.Context, []*codes.NewCode) ([]codes.InsertResult, error) { return nil, errors.New("no") }
	requests := []struct{ method, path string }{
		{"GET", "/nowhere"}, {"PUT", addPath}, {"OPTIONS", "/docs"}, {"HEAD", "/livez"},
	}
	for _, rt := range f.server.Routes() {
		requests = append(requests, struct{ method, path string }{rt.Method, rt.Path})
	}
	for _, r := range requests {
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			body, json := `{"code":"A","type":"Normal"}`, with("Content-Type", "application/json")
			got := f.send(t, r.method, r.path, body, json, with("X-Request-Id", "mine"))
			if got.header.Get("X-Request-Id") != "mine" {
				t.Errorf("status %d, X-Request-Id %q", got.status, got.header.Get("X-Request-Id"))
			}
			got = f.send(t, r.method, r.path, body, json, with("X-Api-Key", f.secret))
			if got.header.Get("X-Request-Id") == "" {
				t.Errorf("status %d, no X-Request-Id", got.status)
			}
		})
	}
}

func TestRequestIDsAreUnique(t *testing.T) {
	first, second := newFixture(t), newFixture(t)
	seen := sync.Map{}
	var all sync.WaitGroup
	for i := range 400 {
		f := []*fixture{first, second}[i%2] // two processes
		all.Go(func() {
			id := f.get(t, "/livez").header.Get("X-Request-Id")
			if _, before := seen.LoadOrStore(id, true); before || id == "" {
				t.Errorf("X-Request-Id %q came twice", id)
			}
		})
	}
	all.Wait()
}

func TestTheFirstOfSeveralRequestIDsCounts(t *testing.T) {
	f := newFixture(t)
	got := f.get(t, "/livez", func(r *http.Request) { r.Header["X-Request-Id"] = []string{"one", "two"} })
	if ids := got.header.Values("X-Request-Id"); len(ids) != 1 || ids[0] != "one" {
		t.Errorf("X-Request-Id = %q", ids)
	}
}
