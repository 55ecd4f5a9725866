package why_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/why"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// start is when the clock of every world stands at first.
var start = time.Date(2026, 11, 26, 14, 3, 0, 0, time.UTC)

// world is an installation with the workspace acme and a caller who may do everything there.
type world struct {
	*why.Service
	store   storetest.Store
	codes   *codes.Services
	log     *event.Service
	tenancy *tenancy.Service
	changes *bulk.Changes
	imports *bulk.Imports
	runner  *job.Runner
	now     atomic.Int64 // nanoseconds since start
	ids     atomic.Uint64
	acme    *core.Actor
}

// onBothEngines runs a test on a world of each engine.
func onBothEngines(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newWorld(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		store, err := postgres.Open(t.Context(), pgtest.Lent(t), postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		test(t, worldOn(t, store))
	})
}

func newWorld(t *testing.T) *world {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return worldOn(t, store)
}

func worldOn(t *testing.T, store storetest.Store) *world {
	t.Helper()
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	w := &world{store: store}
	w.log = event.NewService(store, w.clock, 0)
	w.tenancy = tenancy.NewService(tenancy.Deps{
		Store: store, Entropy: core.SystemEntropy(), NewID: w.newID, Now: w.clock,
	})
	w.serve(store)
	w.acme = w.join(t, "acme", core.Format{Prefix: "ACME", Groups: 2, GroupLength: 4})
	return w
}

// serve makes the services over a store of codes.
func (w *world) serve(store codes.Store) {
	w.codes = codes.NewServices(codes.Deps{
		Store: store, Entropy: core.SystemEntropy(), NewID: w.newID, Now: w.clock,
	})
	w.changes = bulk.NewChanges(bulk.ChangesDeps{
		Store: w.store, Reads: w.store, Jobs: w.store, Forms: w.codes.FormsOf,
		Now: w.clock, Entropy: core.SystemEntropy(), NewID: w.newID, Wake: func() {},
	})
	w.imports = bulk.NewImports(bulk.ImportsDeps{
		Store: w.store, DryRun: w.store.DryRun, Jobs: w.store, Forms: w.codes.FormOfNew,
		Before: w.tenancy.Predecessors, Now: w.clock, Entropy: core.SystemEntropy(), NewID: w.newID,
	})
	w.runner = job.NewRunner(job.RunnerConfig{
		Store: w.store, Node: core.ID{15: 1}, Now: w.clock, Log: slog.New(slog.DiscardHandler),
		Workers: map[job.Kind]job.Worker{
			bulk.KindChange: bulk.NewChangeWorker(w.store, w.store, w.clock, core.SystemEntropy()),
		},
	})
	w.Service = why.NewService(why.Deps{
		Codes: w.codes, Log: w.log, Changes: w.changes, Keys: w.tenancy, Now: w.clock,
		Batches: w.batches(),
		Imports: w.imports,
		Names: func(context.Context, core.ID) (why.Names, error) {
			return why.Names{w.acme.ID: {Kind: core.ActorKey, Name: "Checkout"}}, nil
		},
	})
}

// batches returns the service of batches.
func (w *world) batches() *bulk.Batches {
	return bulk.NewBatches(bulk.Deps{
		Store: w.store, Jobs: w.store, Source: w.codes.Service, Taken: w.store.CodesTaken,
		Before: w.tenancy.Predecessors, Now: w.clock, Entropy: core.SystemEntropy(), NewID: w.newID, Wake: func() {},
	})
}

func (w *world) clock() time.Time { return start.Add(time.Duration(w.now.Load())) }

func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

func (w *world) newID() (id core.ID, err error) {
	binary.BigEndian.PutUint64(id[8:], w.ids.Add(1))
	return id, nil
}

// join creates a workspace and returns a caller who may do everything there.
func (w *world) join(t *testing.T, slug string, format core.Format) *core.Actor {
	t.Helper()
	if _, err := w.tenancy.CreateWorkspace(t.Context(), slug, slug, format); err != nil {
		t.Fatal(err)
	}
	_, secret, err := w.tenancy.CreateKey(t.Context(), slug, tenancy.NewKey{Name: "full", Role: tenancy.RoleFull})
	if err != nil {
		t.Fatal(err)
	}
	actor, err := w.tenancy.Authenticate(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	return &actor
}

// as returns acme's caller with only some permissions.
func (w *world) as(permissions ...core.Permission) *core.Actor {
	actor := *w.acme
	actor.Permissions = permissions
	return &actor
}

// add adds a code; a limit of 0 is none.
func (w *world) add(
	t *testing.T, value string, kind codes.Type, limit int64, change ...func(*codes.Options),
) codes.Code {
	t.Helper()
	request := codes.IssueRequest{Type: kind}
	if limit > 0 {
		request.MaxRedemptions = codes.Limit{Given: true, Max: &limit}
	}
	for _, change := range change {
		change(&request.Options)
	}
	issued, err := w.codes.AddCode(t.Context(), w.acme, value, request)
	if err != nil {
		t.Fatal(err)
	}
	return issued.Code
}

func (w *world) redeem(t *testing.T, value, user string) codes.Redemption {
	t.Helper()
	redeemed, err := w.codes.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: value, UserID: user})
	if err != nil {
		t.Fatal(err)
	}
	return redeemed.Redemption
}

func (w *world) explain(t *testing.T, q why.Question) *why.Explanation {
	t.Helper()
	if err := w.log.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, err := w.Explain(t.Context(), w.acme, q)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// change changes many codes, until that is done.
func (w *world) change(t *testing.T, asked bulk.NewChange) bulk.Change {
	t.Helper()
	c, _, err := w.changes.Create(t.Context(), w.acme, asked)
	if err != nil {
		t.Fatal(err)
	}
	w.work(t)
	return c
}

// work does what there is to do.
func (w *world) work(t *testing.T) {
	t.Helper()
	for worked := true; worked; {
		var err error
		if worked, err = w.runner.TakeTurn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// must fails the test for an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
