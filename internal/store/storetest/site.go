package storetest

import (
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/tenancy"
)

// site is a server on an empty database with two workspaces that have nothing to do with
// each other. The rules of package codes reach the store through it, as they do in the
// program.
type site struct {
	*codes.Services
	*clock
	Store       Store
	open        func() Store // the same database once more
	mine, other *core.Actor
	ids         atomic.Uint64
	idSkew      time.Duration // by how much the times in ids are off
}

func newSite(t *testing.T, newStore Factory) *site {
	t.Helper()
	s := &site{clock: new(clock), open: newStore(t)}
	s.Store = s.open()
	s.Services = s.serve(t, s.Store)
	s.mine, s.other = newCaller(t, s.Store), newCaller(t, s.Store)
	return s
}

// serve returns a server over a store, with the site's clock.
func (s *site) serve(t *testing.T, store Store) *codes.Services {
	t.Helper()
	return s.serveBy(t, store, s.time)
}

// serveBy returns a server over a store, with a clock of its own.
func (s *site) serveBy(t *testing.T, store Store, now func() time.Time) *codes.Services {
	t.Helper()
	oldForms, err := store.OldForms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return codes.NewServices(
		codes.Deps{Store: store, Now: now, Entropy: core.SystemEntropy(), NewID: s.nextID, OldForms: oldForms},
	)
}

// nextID makes UUIDv7 of the site's clock that grow.
func (s *site) nextID() (id core.ID, err error) {
	binary.BigEndian.PutUint64(id[:8], uint64(s.time().Add(s.idSkew).UnixMilli())<<16|7<<12)
	binary.BigEndian.PutUint64(id[8:], 1<<63|s.ids.Add(1))
	return id, nil
}

// nextID makes ids that grow.
func nextID() (core.ID, error) {
	id, err := uuid.NewV7()
	return core.ID(id), err
}

// newCaller stores a workspace and returns an actor who may do everything in it.
func newCaller(t *testing.T, s Store) *core.Actor {
	t.Helper()
	w := newWorkspace(t, s)
	caller := tenancy.Caller{Workspace: w, Key: tenancy.Key{ID: newID(t), WorkspaceID: w.ID, Role: tenancy.RoleFull}}
	actor := caller.Actor()
	return &actor
}

// clock stands at now until its test moves it.
type clock struct{ passed atomic.Int64 } // nanoseconds

func (c *clock) time() time.Time      { return now.Add(time.Duration(c.passed.Load())) }
func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }
func (c *clock) set(at time.Time)     { c.passed.Store(int64(at.Sub(now))) }

// instant is the least time that stores tell from none.
const instant = time.Microsecond

// option changes a code that is to be stored.
type option func(*codes.NewCode)

func of(kind codes.Type) option         { return func(c *codes.NewCode) { c.Type = kind } }
func times(limit int64) option          { return func(c *codes.NewCode) { c.MaxRedemptions = &limit } }
func from(at time.Time) option          { return func(c *codes.NewCode) { c.StartsAt = &at } }
func until(at time.Time) option         { return func(c *codes.NewCode) { c.ExpiresAt = &at } }
func made(at time.Time) option          { return func(c *codes.NewCode) { c.CreatedAt = at } }
func inBatch(id core.ID) option         { return func(c *codes.NewCode) { c.BatchID = id } }
func noted(note string) option          { return func(c *codes.NewCode) { c.Note = note } }
func addressed(recipient string) option { return func(c *codes.NewCode) { c.Recipient = recipient } }

// coded is a code with options that is not stored yet.
func coded(caller *core.Actor, value string, options ...option) *codes.NewCode {
	code := newCode(caller.WorkspaceID, value)
	for _, change := range options {
		change(code)
	}
	return code
}

// add stores a code of the caller's workspace.
func (s *site) add(t *testing.T, caller *core.Actor, value string, options ...option) {
	t.Helper()
	if got := insert(t, s.Store, coded(caller, value, options...))[0].Outcome; got != codes.Inserted {
		t.Fatalf("inserting %q: outcome %v", value, got)
	}
}
