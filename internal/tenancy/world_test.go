package tenancy_test

import (
	"context"
	"encoding/binary"
	"io"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/tenancy"
)

// start is when the clock of every world stands at first. It has every digit that
// stores keep.
var start = time.Date(2031, 2, 3, 4, 5, 6, 789_012_000, time.UTC)

var acmeFormat = core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4}

// world is an installation: one database and the service over it, with the workspace acme.
type world struct {
	*tenancy.Service
	store   *sqlite.Store
	path    string
	now     atomic.Int64 // nanoseconds since start
	ids     atomic.Uint64
	entropy io.Reader
	acme    tenancy.Workspace
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := newEmptyWorld(t)
	w.join(t, "acme", acmeFormat)
	acme, err := w.Workspace(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	w.acme = acme
	w.key(t, "acme", tenancy.NewKey{Name: "full", Role: tenancy.RoleFull})
	return w
}

// newEmptyWorld is an installation before it has any workspace.
func newEmptyWorld(t *testing.T) *world {
	t.Helper()
	w := &world{entropy: core.SystemEntropy(), path: filepath.Join(t.TempDir(), "codes.db")}
	if _, err := sqlite.Migrate(t.Context(), w.path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(w.path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	w.store = store
	w.Service = tenancy.NewService(tenancy.Deps{Store: store, Now: w.clock, Entropy: w, NewID: w.newID})
	return w
}

// Read reads from what the test has for random bytes.
func (w *world) Read(p []byte) (int, error) { return w.entropy.Read(p) }

func (w *world) clock() time.Time { return start.Add(time.Duration(w.now.Load())) }

func (w *world) newID() (id core.ID, err error) {
	binary.BigEndian.PutUint64(id[8:], w.ids.Add(1))
	return id, nil
}

// pass moves the clock on.
func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

// after is an instant after the start.
func after(d time.Duration) *time.Time {
	at := start.Add(d)
	return &at
}

// join creates a workspace.
func (w *world) join(t *testing.T, slug string, format core.Format) {
	t.Helper()
	if _, err := w.CreateWorkspace(t.Context(), slug, slug, format); err != nil {
		t.Fatal(err)
	}
}

func (w *world) key(t *testing.T, slug string, req tenancy.NewKey) (tenancy.Key, string) {
	t.Helper()
	key, secret, err := w.CreateKey(t.Context(), slug, req)
	if err != nil {
		t.Fatal(err)
	}
	return key, secret
}

func (w *world) login(t *testing.T, secret string) core.Actor {
	t.Helper()
	actor, err := w.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return actor
}

// checkError checks that err is a [core.Error] of this kind, reason and fields.
func checkError(t *testing.T, err error, kind core.Kind, reason core.Reason, pointers ...string) {
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
	tenancy.Store
	callerByHash func(tenancy.KeyHash) (*tenancy.Caller, error)
	touchKeys    func(map[core.ID]time.Time) error
}

func (f *fakeStore) CallerByHash(_ context.Context, hash tenancy.KeyHash) (*tenancy.Caller, error) {
	return f.callerByHash(hash)
}

func (f *fakeStore) TouchKeys(_ context.Context, used map[core.ID]time.Time) error {
	return f.touchKeys(used)
}

// newFakeService returns a service over a fake store.
func newFakeService(t *testing.T, store *fakeStore) *tenancy.Service {
	t.Helper()
	return tenancy.NewService(
		tenancy.Deps{Store: store, Entropy: core.SystemEntropy(), Now: func() time.Time { return start }},
	)
}
