package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"accesscodes/internal/access"
)

// site is a server on an empty database with two workspaces that have nothing to do with
// each other. The rules of package access reach the store through it, as they do in the
// program.
type site struct {
	*access.Service
	*clock
	open        func() access.Store // the same database once more
	mine, other *access.Caller
}

func newSite(t *testing.T, newStore Factory) *site {
	t.Helper()
	s := &site{clock: new(clock), open: newStore(t)}
	s.Service = s.serve(t, s.open())
	s.mine, s.other = newCaller(t, s.Store), newCaller(t, s.Store)
	return s
}

// serve returns a server over a store, with the site's clock.
func (s *site) serve(t *testing.T, store access.Store) *access.Service {
	t.Helper()
	service, err := access.NewService(t.Context(), access.Deps{Store: store, Now: s.time, Entropy: access.SystemEntropy(), NewID: nextID})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// nextID makes ids that grow.
func nextID() (access.ID, error) {
	id, err := uuid.NewV7()
	return access.ID(id), err
}

// newCaller stores a workspace and returns somebody who may do everything in it.
func newCaller(t *testing.T, s access.Store) *access.Caller {
	t.Helper()
	w := newWorkspace(t, s)
	return &access.Caller{Workspace: w, Key: access.Key{ID: newID(t), WorkspaceID: w.ID, Role: access.RoleFull}}
}

// clock stands at now until its test moves it.
type clock struct{ passed atomic.Int64 } // nanoseconds

func (c *clock) time() time.Time      { return now.Add(time.Duration(c.passed.Load())) }
func (c *clock) pass(d time.Duration) { c.passed.Add(int64(d)) }
func (c *clock) set(at time.Time)     { c.passed.Store(int64(at.Sub(now))) }

// instant is the least time that stores tell from none.
const instant = time.Microsecond

// option changes a code that is to be stored.
type option func(*access.NewCode)

func of(kind access.Type) option        { return func(c *access.NewCode) { c.Type = kind } }
func times(limit int64) option          { return func(c *access.NewCode) { c.MaxRedemptions = &limit } }
func from(at time.Time) option          { return func(c *access.NewCode) { c.StartsAt = &at } }
func until(at time.Time) option         { return func(c *access.NewCode) { c.ExpiresAt = &at } }
func made(at time.Time) option          { return func(c *access.NewCode) { c.CreatedAt = at } }
func inBatch(id access.ID) option       { return func(c *access.NewCode) { c.BatchID = id } }
func noted(note string) option          { return func(c *access.NewCode) { c.Note = note } }
func addressed(recipient string) option { return func(c *access.NewCode) { c.Recipient = recipient } }

// coded is a code with options that is not stored yet.
func coded(caller *access.Caller, value string, options ...option) *access.NewCode {
	code := newCode(caller.Workspace.ID, value)
	for _, change := range options {
		change(code)
	}
	return code
}

// add stores a code of the caller's workspace.
func (s *site) add(t *testing.T, caller *access.Caller, value string, options ...option) {
	t.Helper()
	if got := insert(t, s.Store, coded(caller, value, options...))[0].Outcome; got != access.Inserted {
		t.Fatalf("inserting %q: outcome %v", value, got)
	}
}
