package cached_test

import (
	"context"
	"encoding/binary"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/store/cached"
	"accesscodes/internal/store/storetest"
	"accesscodes/internal/tenancy"
)

var errAway = errors.New("away")

// below is the store under a cached one. It has every key that is not missing.
type below struct {
	storetest.Store
	mu      sync.Mutex
	missing bool
	err     error
	revoked *time.Time // of every key
	lookUps int
	during  func() // runs during a look-up, after the answer is fixed
}

func (b *below) CallerByHash(_ context.Context, hash tenancy.KeyHash) (*tenancy.Caller, error) {
	b.mu.Lock()
	b.lookUps++
	caller, err, during := &tenancy.Caller{Key: tenancy.Key{Hash: hash, RevokedAt: b.revoked}}, b.err, b.during
	if b.missing {
		caller, err = nil, core.ErrNotFound
	}
	b.mu.Unlock()
	if during != nil {
		during()
	}
	if err != nil {
		return nil, err
	}
	return caller, nil
}

func (b *below) RevokeKey(_ context.Context, _ core.ID, at time.Time, _ ...*event.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.revoked = &at
	return b.err
}

func (b *below) ReplaceKey(context.Context, core.ID, time.Time, tenancy.Key, ...*event.Event) error {
	return b.err
}

func (b *below) UpdateWorkspace(
	context.Context,
	string,
	tenancy.WorkspaceChange,
	time.Time,
	*event.Source,
) (tenancy.Workspace, error) {
	return tenancy.Workspace{Slug: "updated"}, b.err
}

// node is a cached store with a clock that a test moves.
type node struct {
	*cached.Store
	below *below
	now   time.Time
}

const life = 3 * time.Second

func newNode() *node {
	n := &node{below: &below{}, now: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)}
	n.Store = cached.New(n.below, life, func() time.Time { return n.now })
	return n
}

// lookUp looks a key up and checks that it is the one.
func (n *node) lookUp(t *testing.T, hash tenancy.KeyHash) *tenancy.Caller {
	t.Helper()
	caller, err := n.CallerByHash(t.Context(), hash)
	if err != nil || caller.Key.Hash != hash {
		t.Fatalf("CallerByHash = %+v, %v", caller, err)
	}
	return caller
}

// checkLookUps checks how often the store below was asked since the last check.
func (n *node) checkLookUps(t *testing.T, want int) {
	t.Helper()
	if n.below.lookUps != want {
		t.Errorf("the store below was asked %d times, want %d", n.below.lookUps, want)
	}
	n.below.lookUps = 0
}

// changes are the calls that change who may act.
func changes() map[string]func(context.Context, *cached.Store) error {
	return map[string]func(context.Context, *cached.Store) error{
		"RevokeKey": func(ctx context.Context, s *cached.Store) error {
			return s.RevokeKey(ctx, core.ID{1}, time.Now())
		},
		"ReplaceKey": func(ctx context.Context, s *cached.Store) error {
			return s.ReplaceKey(ctx, core.ID{1}, time.Now(), tenancy.Key{})
		},
		"UpdateWorkspace": func(ctx context.Context, s *cached.Store) error {
			w, err := s.UpdateWorkspace(ctx, "acme", tenancy.WorkspaceChange{}, time.Now(), nil)
			if err == nil && w.Slug != "updated" {
				return errors.New("the answer of the store below is lost")
			}
			return err
		},
	}
}

func TestAKeyIsLookedUpOnceInItsLife(t *testing.T) {
	n := newNode()
	one, two := tenancy.KeyHash{1}, tenancy.KeyHash{2}
	n.lookUp(t, one)
	n.lookUp(t, two)
	n.checkLookUps(t, 2)
	n.now = n.now.Add(life - time.Nanosecond)
	n.lookUp(t, one)
	n.lookUp(t, two)
	n.checkLookUps(t, 0)
	n.now = n.now.Add(time.Nanosecond)
	n.lookUp(t, one)
	n.lookUp(t, one)
	n.checkLookUps(t, 1)
}

// TestALifeBeginsWithTheLookUp: what the store below answers is as old as the question.
func TestALifeBeginsWithTheLookUp(t *testing.T) {
	n := newNode()
	n.below.during = func() { n.now = n.now.Add(2 * time.Second) }
	n.lookUp(t, tenancy.KeyHash{1})
	n.now = n.now.Add(life - 2*time.Second)
	n.lookUp(t, tenancy.KeyHash{1})
	n.checkLookUps(t, 2)
}

func TestAnUnknownKeyIsNotRemembered(t *testing.T) {
	n := newNode()
	n.below.missing = true
	for range 2 {
		if caller, err := n.CallerByHash(t.Context(), tenancy.KeyHash{1}); !errors.Is(err, core.ErrNotFound) ||
			caller != nil {
			t.Errorf("CallerByHash = %+v, %v", caller, err)
		}
	}
	n.checkLookUps(t, 2)
	n.below.missing = false // the key exists now
	n.lookUp(t, tenancy.KeyHash{1})
}

func TestAFailedLookUpIsNotRemembered(t *testing.T) {
	n := newNode()
	n.lookUp(t, tenancy.KeyHash{1})
	n.now = n.now.Add(life)
	n.below.err = errAway
	if caller, err := n.CallerByHash(t.Context(), tenancy.KeyHash{1}); !errors.Is(err, errAway) || caller != nil {
		t.Errorf("CallerByHash = %+v, %v; what is too old must not be believed", caller, err)
	}
	n.below.err = nil
	n.lookUp(t, tenancy.KeyHash{1})
	n.checkLookUps(t, 3)
}

func TestAChangeThroughThisNodeIsSeenAtOnce(t *testing.T) {
	for name, change := range changes() {
		// A change that failed may have been made all the same.
		for outcome, err := range map[string]error{"done": nil, "failed": errAway} {
			t.Run(name+", "+outcome, func(t *testing.T) {
				n := newNode()
				for i := range byte(3) {
					n.lookUp(t, tenancy.KeyHash{i})
				}
				n.below.err = err
				if got := change(t.Context(), n.Store); !errors.Is(got, err) {
					t.Errorf("the change returned %v, want %v", got, err)
				}
				n.below.err = nil
				for i := range byte(3) {
					n.lookUp(t, tenancy.KeyHash{i})
				}
				n.checkLookUps(t, 6)
			})
		}
	}
}

// TestALookUpThatAChangeOvertookIsNotRemembered: its answer may be from before.
func TestALookUpThatAChangeOvertookIsNotRemembered(t *testing.T) {
	for name, change := range changes() {
		t.Run(name, func(t *testing.T) {
			n := newNode()
			n.below.during = func() {
				if err := change(t.Context(), n.Store); err != nil {
					t.Error(err)
				}
			}
			n.lookUp(t, tenancy.KeyHash{1})
			n.below.during = nil
			n.lookUp(t, tenancy.KeyHash{1})
			n.checkLookUps(t, 2)
			n.lookUp(t, tenancy.KeyHash{1})
			n.checkLookUps(t, 0)
		})
	}
}

func TestTheNumberOfRememberedKeysIsBounded(t *testing.T) {
	n := newNode()
	var hash tenancy.KeyHash
	for i := range cached.MaxEntries + 100 {
		binary.BigEndian.PutUint32(hash[:], uint32(i))
		n.lookUp(t, hash)
	}
	if got := n.Len(); got != cached.MaxEntries {
		t.Errorf("%d keys are remembered, want %d", got, cached.MaxEntries)
	}
	n.checkLookUps(t, cached.MaxEntries+100)
	n.lookUp(t, hash) // the newest is still among them
	n.checkLookUps(t, 0)
}

// TestARevokedKeyIsRevokedForEveryLookUpThatComesAfter lets look-ups and the revocation
// race each other.
func TestARevokedKeyIsRevokedForEveryLookUpThatComesAfter(t *testing.T) {
	for range 300 {
		n := newNode()
		n.below.during = runtime.Gosched // so that more of them overlap
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 10 {
					if _, err := n.CallerByHash(t.Context(), tenancy.KeyHash{1}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		if err := n.RevokeKey(t.Context(), core.ID{1}, n.now); err != nil {
			t.Fatal(err)
		}
		if n.lookUp(t, tenancy.KeyHash{1}).Key.RevokedAt == nil {
			t.Fatal("the key still works on the node that revoked it")
		}
		all.Wait()
		if n.lookUp(t, tenancy.KeyHash{1}).Key.RevokedAt == nil {
			t.Fatal("a look-up from before the revocation was remembered")
		}
	}
}
