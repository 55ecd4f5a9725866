package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/memtest"
	"accesscodes/internal/store/cached"
	"accesscodes/internal/store/grouped"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// What may be allocated. A whole request takes 27 and 25, and up to 36 and 34 with the race
// detector, which loses a fourth of what is kept to be used again.
const (
	limitOfAuthentication = 1
	limitOfGenerate       = 38
	limitOfValidate       = 36
)

// Bodies of requests, each of the hottest form.
const (
	generateBody = `{"type":"Normal"}`
	redeemBody   = `{"code":"welcome 2031","userId":"user-4711"}`
)

var hot = []memtest.Function{
	{Name: "Authenticate", Start: authenticating, Limit: limitOfAuthentication},
	{Name: "Generate", Start: requesting(generatePath, generateBody), Limit: limitOfGenerate},
	{Name: "Validate", Start: requesting("/tenant-codes/validate", redeemBody), Limit: limitOfValidate},
}

func TestHotFunctionsKeepToTheirAllocations(t *testing.T) { memtest.Hold(t, hot) }

func BenchmarkHot(b *testing.B) { memtest.Measure(b, hot) }

// repeated is a request that can be sent again and again.
type repeated struct {
	*http.Request
	text   string
	reader *strings.Reader
}

func newRepeated(path, body, key string) *repeated {
	reader := strings.NewReader(body)
	r := httptest.NewRequest(http.MethodPost, path, reader)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Api-Key", key)
	return &repeated{r, body, reader}
}

// again is the request with its body unread.
func (r *repeated) again() *http.Request {
	r.reader.Reset(r.text)
	return r.Request
}

// authenticating finds out who sends a request, with a key that is in the cache.
func authenticating(t testing.TB) func() {
	_, people, key := newHotServer(t)
	request := newRepeated(generatePath, generateBody, key)
	return func() {
		if _, err := people.Authenticate(request.Context(), request.Header.Get("X-Api-Key")); err != nil {
			t.Fatal(err)
		}
	}
}

// requesting sends a whole request through everything but the network and the database.
func requesting(path, body string) func(testing.TB) func() {
	return func(t testing.TB) func() {
		server, _, key := newHotServer(t)
		request, w := newRepeated(path, body, key), &statusOnly{header: http.Header{}}
		return func() {
			server.ServeHTTP(w, request.again())
			if w.status != http.StatusOK {
				t.Fatalf("%s is answered with %d", path, w.status)
			}
		}
	}
}

// statusOnly is a ResponseWriter that allocates nothing of its own.
type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header            { return w.header }
func (w *statusOnly) WriteHeader(status int)         { w.status = status }
func (w *statusOnly) Write(text []byte) (int, error) { return len(text), nil }

// newHotServer starts a server with the wrappings that the program has around its store,
// and returns who knows its callers, and a key of a workspace.
func newHotServer(t testing.TB) (*Server, *tenancy.Service, string) {
	t.Helper()
	hot := &hotStore{code: codes.Code{Value: "WELCOME2031", Type: codes.TypePremium}}
	store := grouped.New(hot, grouped.Options{})
	t.Cleanup(store.Close)
	newID := func() (core.ID, error) { return core.ID{1}, nil }
	people := tenancy.NewService(tenancy.Deps{
		Store: cached.New(hot, cached.DefaultLife, time.Now), Now: time.Now, Entropy: core.SystemEntropy(), NewID: newID,
	})
	service := codes.NewServices(codes.Deps{
		Store: store, Now: time.Now, Entropy: core.SystemEntropy(),
		NewID: newID,
	})
	key, err := people.Bootstrap(t.Context(), "acme", "Acme", core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4})
	if err != nil {
		t.Fatal(err)
	}
	server, err := New(Deps{
		Codes: service, Tenancy: people, Events: event.NewService(hot, time.Now, 0),
		Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, people, key
}

// hotStore is a store in memory in which every value is free and every code that is looked
// for is the same. It allocates next to nothing.
type hotStore struct {
	storetest.Store
	caller tenancy.Caller
	code   codes.Code
}

func (s *hotStore) Close() error { return nil }

func (s *hotStore) Secret(_ context.Context, secret []byte) ([]byte, error) { return secret, nil }

func (s *hotStore) OldForms(context.Context) (map[string]core.ID, error) { return nil, nil }

func (s *hotStore) Bootstrap(_ context.Context, w tenancy.Workspace, k tenancy.Key, _ ...*event.Event) (bool, error) {
	s.caller = tenancy.Caller{Workspace: w, Key: k}
	s.code.WorkspaceID = w.ID
	return true, nil
}

func (s *hotStore) CallerByHash(context.Context, tenancy.KeyHash) (*tenancy.Caller, error) {
	return &s.caller, nil
}

func (s *hotStore) InsertCodes(_ context.Context, list []*codes.NewCode) ([]codes.InsertResult, error) {
	return make([]codes.InsertResult, len(list)), nil
}

func (s *hotStore) DryRun(_ context.Context, commands []*codes.Command) ([]codes.Result, error) {
	unit := codes.NewUnitOfWork(commands, false)
	unit.LoadCode(&codes.TrackedCode{Code: s.code, Canonical: commands[0].Canonical})
	return unit.Run(), nil
}
