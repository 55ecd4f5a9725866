package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	validator "github.com/pb33f/libopenapi-validator"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
)

// said is one answer that a route gives, and how it is brought about.
type said struct {
	name, method, path string
	body               string
	edits              []edit
	fault              func(*faultyStore)
	status             int
	reason             core.Reason // empty: a good answer
	goodRequest        bool        // the request is as the document wants it
}

// issuing are the answers of both ways to get a new code.
func issuing(path string, f *fixture, reader string) []said {
	body := func(template string) string {
		filled, _ := refusal{body: template}.on(path)
		return filled
	}
	good := body(`{@"type":"Normal"}`)
	failing := func(err error) func(*faultyStore) {
		return func(s *faultyStore) {
			s.insert = func(context.Context, []*codes.NewCode) ([]codes.InsertResult, error) { return nil, err }
		}
	}
	edits := func(all ...edit) []edit { return all }
	slow := func(r *http.Request) {
		r.Body = io.NopCloser(brokenBody{strings.NewReader(""), os.ErrDeadlineExceeded})
	}
	retried := with("Idempotency-Key", "k"+path)
	full := body(
		`{@"type":"Premium","maxRedemptions":3,"startsAt":"2031-02-03T05:05:06.5+01:00",` +
			`"expiresAt":"2032-01-01T00:00:00Z","note":"n","recipient":"r","metadata":{"k":"v"}}`,
	)
	nulls := body(
		`{@"type":"Upgrade","maxRedemptions":null,"startsAt":null,"expiresAt":null,"note":null,"recipient":null,` +
			`"metadata":null}`,
	)
	return []said{
		{"busy", "POST", path, good, nil, failing(core.Unavailable(nil)), 503, core.ReasonStoreUnavailable, true},
		{"overloaded", "POST", path, good, nil, failing(core.Overloaded()), 503, core.ReasonOverloaded, true},
		{
			"an unknown outcome",
			"POST",
			path,
			good,
			nil,
			failing(core.OutcomeUnknown(nil)),
			500,
			core.ReasonOutcomeUnknown,
			true,
		},
		{"a fault", "POST", path, good, nil, failing(errors.New("fault")), 500, core.ReasonInternal, true},
		{"nulls", "POST", path, strings.Replace(nulls, "WELCOME", "NULLS", 1), nil, nil, 200, "", true},
		{"every option", "POST", path, strings.Replace(full, "WELCOME", "FULL", 1), edits(retried), nil, 200, "", true},
		{"replayed", "POST", path, strings.Replace(full, "WELCOME", "FULL", 1), edits(retried), nil, 200, "", true},
		{"Idempotency-Key reused", "POST", path, good, edits(retried), nil, 409, core.ReasonIdempotencyKeyReused, true},
		{
			"Idempotency-Key wrong",
			"POST",
			path,
			good,
			edits(with("Idempotency-Key", "a b")),
			nil,
			400,
			core.ReasonInvalidIdempotencyKey,
			true,
		},
		{"nothing but what must be there", "POST", path, good, nil, nil, 200, "", true},
		{"no key", "POST", path, good, edits(without("X-Api-Key")), nil, 401, core.ReasonInvalidAPIKey, false},
		{"wrong key", "POST", path, good, edits(with("X-Api-Key", "wrong")), nil, 401, core.ReasonInvalidAPIKey, true},
		{"role", "POST", path, good, edits(with("X-Api-Key", reader)), nil, 403, core.ReasonRoleNotAllowed, true},
		{
			"media type",
			"POST",
			path,
			good,
			edits(with("Content-Type", "text/plain")),
			nil,
			415,
			kit.ReasonUnsupportedMediaType,
			false,
		},
		{"too large", "POST", path, good + strings.Repeat(" ", 64<<10), nil, nil, 413, kit.ReasonBodyTooLarge, true},
		{"too slow", "POST", path, "", edits(slow), nil, 408, kit.ReasonRequestTimeout, false},
		{"not JSON", "POST", path, "{", nil, nil, 400, kit.ReasonInvalidJSON, false},
		{
			"duplicate field",
			"POST",
			path,
			body(`{@"type":"Normal","type":"Normal"}`),
			nil,
			nil,
			400,
			kit.ReasonDuplicateField,
			true,
		},
		{"unknown field", "POST", path, body(`{@"type":"Normal","x":1}`), nil, nil, 400, kit.ReasonUnknownField, false},
		{"wrong type", "POST", path, body(`{@"type":1}`), nil, nil, 400, kit.ReasonWrongType, false},
		{"missing field", "POST", path, `{}`, nil, nil, 400, core.ReasonMissingField, false},
		{"wrong word", "POST", path, body(`{@"type":"normal"}`), nil, nil, 400, core.ReasonInvalidValue, false},
		{
			"too low",
			"POST",
			path,
			body(`{@"type":"Normal","maxRedemptions":0}`),
			nil,
			nil,
			400,
			core.ReasonInvalidValue,
			false,
		},
		{
			"too high",
			"POST",
			path,
			body(`{@"type":"Normal","maxRedemptions":9007199254740992}`),
			nil,
			nil,
			400,
			core.ReasonInvalidValue,
			false,
		},
		{
			"too long",
			"POST",
			path,
			body(`{@"type":"Normal","note":"` + strings.Repeat("n", 501) + `"}`),
			nil,
			nil,
			400,
			core.ReasonInvalidValue,
			false,
		},
		{
			"no time",
			"POST",
			path,
			body(`{@"type":"Normal","startsAt":"tomorrow"}`),
			nil,
			nil,
			400,
			core.ReasonInvalidValue,
			false,
		},
		{
			"past",
			"POST",
			path,
			body(`{@"type":"Normal","expiresAt":"2031-01-01T00:00:00Z"}`),
			nil,
			nil,
			400,
			core.ReasonInvalidValue,
			true,
		},
	}
}

// conversation is every answer that the documented routes give.
func conversation(f *fixture, reader string) []said {
	all := append(issuing(addPath, f, reader), issuing(generatePath, f, reader)...)
	away := func(s *faultyStore) { s.ping = func() error { return errors.New("away") } }
	return append(
		all,
		said{
			"code taken",
			"POST",
			addPath,
			`{"code":"WELCOME2025","type":"Normal"}`,
			nil,
			nil,
			400,
			core.ReasonCodeAlreadyExists,
			true,
		},
		said{"code empty", "POST", addPath, `{"code":"","type":"Normal"}`, nil, nil, 400, core.ReasonInvalidValue, false},
		said{
			"code too long",
			"POST",
			addPath,
			`{"code":"` + strings.Repeat("x", 129) + `","type":"Normal"}`,
			nil,
			nil,
			400,
			core.ReasonInvalidValue,
			false,
		},
		said{
			"used up",
			"POST",
			generatePath,
			`{"type":"Normal"}`,
			nil,
			func(s *faultyStore) { s.insert = fullStore{}.InsertCodes },
			409,
			core.ReasonCodeSpaceExhausted,
			true,
		},
		said{"events", "GET", "/events?types=key.*,code.created&actor=system&limit=1", "", nil, nil, 200, "", true},
		said{"events of a code", "GET", "/events?subject=code:x&wait=0&after=0", "", nil, nil, 200, "", true},
		said{"events, wrongly asked", "GET", "/events?types=unknown", "", nil, nil, 400, core.ReasonInvalidParameter, true},
		said{"events that were deleted", "GET", "/events?after=1", "", nil, func(s *faultyStore) {
			s.events = func() (event.Page, error) { return event.Page{Head: 9, Oldest: 5, Next: 9}, nil }
		}, 410, core.ReasonPositionExpired, true},
		said{
			"events behind a cursor", "GET", "/events?cursor=crm", "", nil, nil,
			404, core.ReasonCursorNotFound, true,
		},
		said{"an export", "GET", "/exports/codes?status=active&format=csv", "", nil, nil, 200, "", true},
		said{"an export of redemptions", "GET", "/exports/redemptions", "", nil, nil, 200, "", true},
		said{"an export of users", "GET", "/exports/users?q=a", "", nil, nil, 200, "", true},
		said{"an export of events", "GET", "/exports/events?types=code.*&format=csv", "", nil, nil, 200, "", true},
		said{
			"an export in no such format", "GET", "/exports/users?format=xlsx", "", nil, nil,
			400, core.ReasonInvalidParameter, false,
		},
		said{"live", "GET", "/livez", "", nil, nil, 200, "", true},
		said{"ready", "GET", "/readyz", "", nil, nil, 200, "", true},
		said{"not ready", "GET", "/readyz", "", nil, away, 503, core.ReasonStoreUnavailable, true},
		said{
			"draining",
			"GET",
			"/readyz",
			"",
			nil,
			func(*faultyStore) { f.server.Drain() },
			503,
			core.ReasonOverloaded,
			true,
		},
	)
}

func TestWhatIsSaidIsWhatTheDocumentSays(t *testing.T) {
	f, faulty := newFaultyFixture(t)
	v := newValidator(t, f)
	document := readDocument(t, f)
	seen := map[string]bool{}
	for _, test := range append(living(t, f), conversation(f, f.keyOf(t, "acme", tenancy.RoleRead))...) {
		route := document.route(test.path)
		t.Run(test.method+" "+route+" "+test.name, func(t *testing.T) {
			faulty.mu.Lock() // an import of an earlier case may still be under way
			faulty.faults = faults{}
			if test.fault != nil {
				test.fault(faulty)
			}
			faulty.mu.Unlock()
			got := converse(t, f, v, test)
			if got.status != test.status {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			if test.reason == "" {
				seen[test.method+" "+route] = true
				return
			}
			got.mustBe(t, test.status, test.reason)
			response, ok := document.Paths[route][strings.ToLower(test.method)].Responses[strconv.Itoa(test.status)]
			_, reasons, _ := strings.Cut(response.Description, ": ")
			if !ok || !slices.Contains(strings.Split(reasons, ", "), string(test.reason)) {
				t.Errorf("the document says of %d: %q", test.status, response.Description)
			}
			for _, header := range []string{"Retry-After", "WWW-Authenticate", "X-Request-Id"} {
				if _, documented := response.Headers[header]; ok && documented != (got.header.Get(header) != "") {
					t.Errorf("%s: %q, in the document: %v", header, got.header.Get(header), documented)
				}
			}
		})
	}
	want := map[string]bool{}
	for path, operations := range document.Paths {
		for method := range operations {
			want[strings.ToUpper(method)+" "+path] = true
		}
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("routes with a good answer (-in the document +seen):\n%s", diff)
	}
}

// route is the path as the document has it, with names in place of what is filled in.
func (d *openAPIDocument) route(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if d.Paths[path] != nil {
		return path
	}
	given := strings.Split(path, "/")
	for template := range d.Paths {
		parts := strings.Split(template, "/")
		for i, part := range parts {
			if strings.HasPrefix(part, "{") && i < len(given) {
				parts[i] = given[i]
			}
		}
		if slices.Equal(parts, given) {
			return template
		}
	}
	return path
}

// converse sends a request and holds it and its answer to the document.
func converse(t *testing.T, f *fixture, v validator.Validator, test said) answer {
	t.Helper()
	request := func() *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(test.body))
		if test.body != "" || test.method == http.MethodPost && strings.HasPrefix(test.path, "/batches") ||
			test.method == http.MethodPost && strings.HasPrefix(test.path, "/changes") ||
			test.method == http.MethodPost && strings.HasPrefix(test.path, "/imports/") ||
			test.method == http.MethodPost && strings.HasPrefix(test.path, "/tenant-codes/") {
			r.Header.Set("Content-Type", "application/json")
		}
		if !strings.HasSuffix(test.path, "z") {
			r.Header.Set("X-Api-Key", f.secret)
		}
		for _, change := range test.edits {
			change(r)
		}
		return r
	}
	if good, errs := v.ValidateHttpRequest(request()); good != test.goodRequest {
		t.Errorf("the request is as the document wants it: %v, want %v: %v", good, test.goodRequest, errs)
	}
	w := httptest.NewRecorder()
	f.server.ServeHTTP(w, request())
	got := answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	response := &http.Response{
		StatusCode: got.status,
		Header:     got.header,
		Body:       io.NopCloser(bytes.NewBufferString(got.body)),
	}
	if good, errs := v.ValidateHttpResponse(request(), response); !good {
		for _, err := range errs {
			t.Errorf("answer %d %s: %v", got.status, got.body, err)
		}
	}
	return got
}
