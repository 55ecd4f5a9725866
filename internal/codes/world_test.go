package codes_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

// start is when the clock of every world stands at first. It has every digit that
// stores keep.
var start = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

var acmeFormat = core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4}

// world is an installation: one database and a server node on it, with the workspace
// acme and a caller who may do everything there. Two worlds have the same ids.
type world struct {
	*codes.Services
	*tenancy.Service
	Store   storetest.Store
	path    string
	now     *atomic.Int64 // nanoseconds since start
	entropy io.Reader     // nil: the system's
	ids     *atomic.Uint64
	acme    *core.Actor
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := newEmptyWorld(t)
	w.acme = w.join(t, "acme", acmeFormat)
	return w
}

// tester is a test, or one try of a property.
type tester interface {
	rapid.TB
	Cleanup(cleanup func())
	Context() context.Context
}

// newEmptyWorld is an installation before it has any workspace.
func newEmptyWorld(t *testing.T) *world {
	t.Helper()
	w := &world{path: filepath.Join(t.TempDir(), "codes.db"), now: new(atomic.Int64), ids: new(atomic.Uint64)}
	contents, err := migrated()
	if err == nil {
		err = os.WriteFile(w.path, contents, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.start(t, w.open(t))
	return w
}

// migrated is the contents of a migrated file: to copy it costs less than to migrate each.
var migrated = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "accesscodes-codes")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "codes.db")
	_, err = sqlite.Migrate(context.Background(), path)
	contents, errRead := os.ReadFile(path)
	return contents, errors.Join(err, errRead, os.RemoveAll(folder))
})

// manyWorlds returns a function that makes worlds as newWorld does, only faster: each on
// its own copy of one database, in which what prepare does has happened.
func manyWorlds(t *testing.T, prepare ...func(*world)) func(tester) *world {
	t.Helper()
	first := &world{path: filepath.Join(t.TempDir(), "first.db"), now: new(atomic.Int64), ids: new(atomic.Uint64)}
	if _, err := sqlite.Migrate(t.Context(), first.path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(first.path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	first.start(t, store)
	first.acme = first.join(t, "acme", acmeFormat)
	for _, prepare := range prepare {
		prepare(first)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, end := range []string{"", "-wal"} { // what is not in the one may still be in the other
		file, err := os.ReadFile(first.path + end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		files[end] = file
	}
	folder := t.TempDir()
	made := 0
	return func(t tester) *world {
		t.Helper()
		made++
		w := &world{
			path: filepath.Join(folder, fmt.Sprint(made, ".db")),
			now:  new(atomic.Int64),
			ids:  new(atomic.Uint64),
			acme: first.acme,
		}
		w.ids.Store(first.ids.Load())
		w.now.Store(first.now.Load())
		for end, file := range files {
			if err := os.WriteFile(w.path+end, file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w.start(t, w.open(t))
		return w
	}
}

// node starts another server on the same database.
func (w *world) node(t *testing.T) *codes.Services {
	t.Helper()
	return w.serve(t, w.open(t))
}

func (w *world) open(t tester) storetest.Store {
	t.Helper()
	store, err := sqlite.Open(w.path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return store
}

// start lets the world work on a store.
func (w *world) start(t tester, store storetest.Store) {
	t.Helper()
	w.Store, w.Services = store, w.serve(t, store)
	w.Service = tenancy.NewService(tenancy.Deps{Store: store, Entropy: w, NewID: w.newID, Now: w.clock})
}

// serve returns the services of codes over a store.
func (w *world) serve(t tester, store codes.Store) *codes.Services {
	t.Helper()
	oldForms, err := store.OldForms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return codes.NewServices(codes.Deps{
		Store: store, Entropy: w, NewID: w.newID, Now: w.clock, OldForms: oldForms,
	})
}

// Read reads random bytes, or what the test has instead.
func (w *world) Read(p []byte) (int, error) {
	if w.entropy != nil {
		return w.entropy.Read(p)
	}
	return core.SystemEntropy().Read(p)
}

func (w *world) clock() time.Time { return start.Add(time.Duration(w.now.Load())) }

func (w *world) newID() (id core.ID, err error) {
	binary.BigEndian.PutUint64(id[8:], w.ids.Add(1))
	return id, nil
}

// pass moves the clock on.
func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

// join creates a workspace and returns a caller with the role full.
func (w *world) join(t *testing.T, slug string, format core.Format) *core.Actor {
	t.Helper()
	if _, err := w.CreateWorkspace(t.Context(), slug, slug, format); err != nil {
		t.Fatal(err)
	}
	_, secret := w.key(t, slug, tenancy.NewKey{Name: "full", Role: tenancy.RoleFull})
	return w.login(t, secret)
}

func (w *world) key(t *testing.T, slug string, req tenancy.NewKey) (tenancy.Key, string) {
	t.Helper()
	key, secret, err := w.CreateKey(t.Context(), slug, req)
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

func (w *world) login(t *testing.T, secret string) *core.Actor {
	t.Helper()
	caller, err := w.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return &caller
}

// stored reports whether any workspace has a code with this value.
func (w *world) stored(t *testing.T, value string) bool {
	t.Helper()
	taken, err := w.Store.CodesTaken(t.Context(), []string{core.Canonical(value)})
	if err != nil {
		t.Fatal(err)
	}
	return taken[0]
}

func (w *world) add(t tester, caller *core.Actor, value string, req codes.IssueRequest) codes.Issued {
	t.Helper()
	issued, err := w.AddCode(t.Context(), caller, value, req)
	if err != nil {
		t.Fatalf("AddCode %q: %v", value, err)
	}
	return issued
}

func (w *world) generate(t *testing.T, caller *core.Actor, req codes.IssueRequest) codes.Issued {
	t.Helper()
	issued, err := w.GenerateCode(t.Context(), caller, req)
	if err != nil {
		t.Fatalf("GenerateCode: %v", err)
	}
	return issued
}

// normal is the smallest request, with a key to find it again by unless it is empty.
func normal(idempotencyKey string) codes.IssueRequest {
	return codes.IssueRequest{Type: codes.TypeNormal, IdempotencyKey: idempotencyKey}
}

// checkError checks that err is an [core.Error] of this kind, reason and fields.
func checkError(t tester, err error, kind core.Kind, reason core.Reason, pointers ...string) {
	t.Helper()
	if !core.IsKind(err, kind) || !core.HasReason(err, reason) {
		t.Errorf("error %v, want kind %d with the reason %s", err, kind, reason)
		return
	}
	var got []string
	for _, field := range core.AsError(err).Fields {
		got = append(got, field.Pointer)
	}
	if diff := cmp.Diff(pointers, got); diff != "" {
		t.Errorf("pointers of %v (-want +got):\n%s", err, diff)
	}
}

// fakeStore is a store that can do only what a test gives it; anything else panics.
type fakeStore struct {
	storetest.Store
	insertCodes func([]*codes.NewCode) ([]codes.InsertResult, error)
	codesTaken  func(canonicals []string) ([]bool, error)
	dryRun      func([]*codes.Command) ([]codes.Result, error)
}

func (f *fakeStore) Secret(_ context.Context, secret []byte) ([]byte, error) { return secret, nil }

func (f *fakeStore) OldForms(context.Context) (map[string]core.ID, error) { return nil, nil }

func (f *fakeStore) InsertCodes(_ context.Context, codes []*codes.NewCode) ([]codes.InsertResult, error) {
	return f.insertCodes(codes)
}

func (f *fakeStore) CodesTaken(_ context.Context, canonicals []string) ([]bool, error) {
	return f.codesTaken(canonicals)
}

func (f *fakeStore) DryRun(_ context.Context, commands []*codes.Command) ([]codes.Result, error) {
	return f.dryRun(commands)
}

// newFakeService returns a service over a fake store, and a caller.
func newFakeService(t *testing.T, store *fakeStore, entropy ...io.Reader) (*codes.Services, *core.Actor) {
	t.Helper()
	service := codes.NewServices(codes.Deps{
		Store: store, Entropy: append(entropy, core.SystemEntropy())[0], Now: func() time.Time { return start },
	})
	return service, &core.Actor{WorkspaceID: core.ID{1}, Format: acmeFormat}
}

// brokenStore is a store that can look single things up and do nothing else.
type brokenStore struct{ storetest.Store }

func (brokenStore) Execute(context.Context, []*codes.Command) ([]codes.Result, error) {
	return nil, core.Unavailable(errDisk)
}

func (brokenStore) DryRun(context.Context, []*codes.Command) ([]codes.Result, error) {
	return nil, core.Unavailable(errDisk)
}

func (brokenStore) Codes(context.Context, *codes.CodeQuery) ([]codes.Code, error) {
	return nil, core.Unavailable(errDisk)
}

func (brokenStore) Redemptions(context.Context, *codes.RedemptionQuery) ([]codes.Redemption, error) {
	return nil, core.Unavailable(errDisk)
}

func (brokenStore) Users(context.Context, *codes.UserQuery) ([]codes.User, error) {
	return nil, core.Unavailable(errDisk)
}
