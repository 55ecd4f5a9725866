package api

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/logtest"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/webhook"
)

// Paths of the two ways to get a new code.
const (
	addPath      = "/tenant-codes/add"
	generatePath = "/tenant-codes/generate"
)

// startTime has every digit that stores keep, so that lost precision shows.
var startTime = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

// fixture is a server over a fresh database with the workspaces acme (prefix ACME) and
// other, and one key of acme. Ids count from 1, the clock stands still, so that whole
// answers can be golden.
type fixture struct {
	server   *Server
	service  *codes.Services
	tenancy  *tenancy.Service
	batches  *bulk.Batches
	changes  *bulk.Changes
	imports  *bulk.Imports
	webhooks *webhook.Service
	runner   *job.Runner
	store    storetest.Store
	clock    *fakeClock
	log      *logtest.Output
	secret   string // of a key of acme with the role full
	key      tenancy.Key
	count    func() (int, error) // how many codes the database holds, without the store's help
	stall    time.Duration       // of the server's streams; 0: as usual
	beat     time.Duration       // of streams of events; 0: as usual
}

// newFixture starts a server over SQLite, for tests of what does not depend on the
// database. Each wrapping goes around the store below it.
func newFixture(t *testing.T, wrappings ...func(storetest.Store) storetest.Store) *fixture {
	t.Helper()
	return newFixtureOn(t, newSQLite, wrappings...)
}

// newFixtureOn starts a server over a new database.
func newFixtureOn(t *testing.T, database newDatabase, wrappings ...func(storetest.Store) storetest.Store) *fixture {
	t.Helper()
	f := &fixture{clock: &fakeClock{now: startTime}, log: new(logtest.Output)}
	var store storetest.Store
	store, f.count = database(t)
	f.use(store, wrappings)
	f.createWorkspace(t, "acme", "ACME")
	f.createWorkspace(t, "other", "OTHER")
	f.key, f.secret = f.createKey(t, "acme", tenancy.NewKey{Name: "backend", Role: tenancy.RoleFull})
	f.server = newServer(t, f)
	return f
}

// closing closes something when its test has ended.
func closing(t *testing.T, closer func() error) {
	t.Helper()
	t.Cleanup(func() {
		if err := closer(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// use lets the fixture work on a store.
func (f *fixture) use(store storetest.Store, wrappings []func(storetest.Store) storetest.Store) {
	for _, wrap := range wrappings {
		store = wrap(store)
	}
	var ids atomic.Uint64
	newID := func() (core.ID, error) {
		id := core.ID{6: 0x70, 8: 0x80}
		binary.BigEndian.PutUint16(id[14:], uint16(ids.Add(1)))
		return id, nil
	}
	f.store = store
	f.tenancy = tenancy.NewService(
		tenancy.Deps{Store: store, Now: f.clock.read, Entropy: core.SystemEntropy(), NewID: newID},
	)
	f.service = codes.NewServices(codes.Deps{Store: store, Now: f.clock.read, Entropy: core.SystemEntropy(), NewID: newID})
	f.batches = bulk.NewBatches(bulk.Deps{
		Store: store, Jobs: store, Source: f.service, Taken: store.CodesTaken,
		Before: f.tenancy.Predecessors, Now: f.clock.read,
		Entropy: core.SystemEntropy(), NewID: newID, Wake: func() {},
	})
	f.changes = bulk.NewChanges(bulk.ChangesDeps{
		Store: store, Reads: store, Jobs: store, Forms: f.service.FormsOf, Now: f.clock.read,
		Entropy: core.SystemEntropy(), NewID: newID, Wake: func() {},
	})
	f.imports = bulk.NewImports(bulk.ImportsDeps{
		Store: store, DryRun: store.DryRun, Jobs: store, Forms: f.service.FormOfNew, Now: f.clock.read,
		Before:  f.tenancy.Predecessors,
		Entropy: core.SystemEntropy(), NewID: newID,
	})
	secrets, _ := webhook.NewSecrets([]byte("a secret of sixteen"))
	f.webhooks = webhook.NewService(webhook.Deps{
		Store: store, Log: store, Secrets: secrets, Schedule: webhook.Schedule{time.Hour}, Render: RenderEvent,
		Client: webhook.NewClient(webhook.ClientConfig{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}),
		Now:    f.clock.read, Entropy: core.SystemEntropy(), NewID: newID, Wake: func(core.ID) {},
	})
	f.runner = job.NewRunner(job.RunnerConfig{
		Store: store, Node: core.ID{15: 1}, Now: f.clock.read, Log: slog.New(slog.DiscardHandler),
		Workers: map[job.Kind]job.Worker{
			bulk.KindBatch:  bulk.NewBatchWorker(store, f.service, f.clock.read, core.SystemEntropy()),
			bulk.KindImport: bulk.NewImportWorker(store, f.clock.read, core.SystemEntropy()),
			bulk.KindChange: bulk.NewChangeWorker(store, store, f.clock.read, core.SystemEntropy()),
		},
	})
}

func newServer(t *testing.T, f *fixture) *Server {
	t.Helper()
	events := event.NewService(f.store, f.clock.read, 0)
	server, err := New(Deps{
		Codes: f.service, Tenancy: f.tenancy, Events: events,
		Batches: f.batches, Changes: f.changes, Imports: f.imports,
		Exports: bulk.NewExports(bulk.ExportDeps{
			Lists: f.service, Batches: f.batches, Events: events, Log: f.store, Now: f.clock.read,
			Entropy: core.SystemEntropy(),
		}),
		Webhooks: f.webhooks, Heartbeat: f.beat,
		Ping: f.store.Ping, Registry: prometheus.NewRegistry(), Version: "1.2.3", Stall: f.stall,
		Log: slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func (f *fixture) createWorkspace(t *testing.T, slug, prefix string) {
	t.Helper()
	format := core.Format{Prefix: prefix, Groups: core.DefaultGroups, GroupLength: core.DefaultGroupLength}
	if _, err := f.tenancy.CreateWorkspace(t.Context(), slug, slug, format); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) createKey(t *testing.T, slug string, key tenancy.NewKey) (tenancy.Key, string) {
	t.Helper()
	created, secret, err := f.tenancy.CreateKey(t.Context(), slug, key)
	if err != nil {
		t.Fatal(err)
	}
	return created, secret
}

// work does every job to its end.
func (f *fixture) work(t *testing.T) {
	t.Helper()
	for {
		worked, err := f.runner.TakeTurn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !worked {
			return
		}
	}
}

// keyOf is the secret of a new key.
func (f *fixture) keyOf(t *testing.T, slug string, role tenancy.Role) string {
	t.Helper()
	_, secret := f.createKey(t, slug, tenancy.NewKey{Name: "another", Role: role})
	return secret
}

// stored is how many codes the database holds.
func (f *fixture) stored(t *testing.T) int {
	t.Helper()
	count, err := f.count()
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// code is what the store has under a value in the workspace acme.
func (f *fixture) code(t *testing.T, value string) codes.Code {
	t.Helper()
	code, err := f.store.Code(t.Context(), f.key.WorkspaceID, core.Canonical(value), f.clock.read())
	if err != nil {
		t.Fatalf("code %s: %v", value, err)
	}
	return code
}

// edit changes a request that is otherwise what a good client sends.
type edit func(*http.Request)

func with(name, value string) edit { return func(r *http.Request) { r.Header.Set(name, value) } }

func without(name string) edit { return func(r *http.Request) { r.Header.Del(name) } }

// post sends JSON with the fixture's key.
func (f *fixture) post(t *testing.T, path, body string, edits ...edit) answer {
	t.Helper()
	return f.send(t, http.MethodPost, path, body, append([]edit{
		with("X-Api-Key", f.secret), with("Content-Type", "application/json"),
	}, edits...)...)
}

// get sends a request without a key.
func (f *fixture) get(t *testing.T, path string, edits ...edit) answer {
	t.Helper()
	return f.send(t, http.MethodGet, path, "", edits...)
}

func (f *fixture) send(t *testing.T, method, path, body string, edits ...edit) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for _, change := range edits {
		change(r)
	}
	w := httptest.NewRecorder()
	f.server.ServeHTTP(w, r)
	return answer{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// fakeClock stands still until it is moved.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// faultyStore fails where a test says so.
type faultyStore struct {
	storetest.Store
	mu sync.RWMutex // of faults, when requests are under way while they change
	faults
}

// faults are how a store fails.
type faults struct {
	insert  func(context.Context, []*codes.NewCode) ([]codes.InsertResult, error)
	execute func() error
	caller  func() error
	ping    func() error
	away    []string // with ping
	events  func() (event.Page, error)
}

// newFaultyFixture is a fixture whose store fails as soon as the test says how.
func newFaultyFixture(t *testing.T) (*fixture, *faultyStore) {
	t.Helper()
	faulty := new(faultyStore)
	return newFixture(t, func(below storetest.Store) storetest.Store {
		faulty.Store = below
		return faulty
	}), faulty
}

func (s *faultyStore) now() faults {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.faults
}

func (s *faultyStore) InsertCodes(ctx context.Context, codes []*codes.NewCode) ([]codes.InsertResult, error) {
	if now := s.now(); now.insert != nil {
		return now.insert(ctx, codes)
	}
	return s.Store.InsertCodes(ctx, codes)
}

func (s *faultyStore) Execute(ctx context.Context, commands []*codes.Command) ([]codes.Result, error) {
	if now := s.now(); now.execute != nil {
		return nil, now.execute()
	}
	return s.Store.Execute(ctx, commands)
}

func (s *faultyStore) CallerByHash(ctx context.Context, hash tenancy.KeyHash) (*tenancy.Caller, error) {
	if now := s.now(); now.caller != nil {
		return nil, now.caller()
	}
	return s.Store.CallerByHash(ctx, hash)
}

func (s *faultyStore) Events(ctx context.Context, q *event.Query) (event.Page, error) {
	if now := s.now(); now.events != nil {
		return now.events()
	}
	return s.Store.Events(ctx, q)
}

func (s *faultyStore) Ping(ctx context.Context) ([]string, error) {
	if now := s.now(); now.ping != nil {
		return now.away, now.ping()
	}
	return s.Store.Ping(ctx)
}
