// Package cached wraps a store so that API keys are looked up once every few seconds instead of with
// every request. It caches only who may do what, for a short, fixed time. It caches nothing that
// could break a rule about codes when it is old.
package cached

import (
	"context"
	"sync"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// DefaultLife is how long a looked-up key stays valid. A key that is revoked, expired or suspended
// on another node works here at most that much longer; callers are promised 5 seconds.
const DefaultLife = 3 * time.Second

// maxEntries limits the memory: an entry takes about 1 KiB.
const maxEntries = 10_000

// Store is a store with a cache of API keys.
type Store struct {
	tenancy.Store
	life time.Duration
	now  func() time.Time

	mu      sync.RWMutex
	entries map[tenancy.KeyHash]*entry
	epoch   int // counts how often the cache was cleared
}

type entry struct {
	caller *tenancy.Caller
	loaded time.Time // when the look-up began
}

// New wraps a store. life is how long an entry is used; now must not run backwards.
func New(below tenancy.Store, life time.Duration, now func() time.Time) *Store {
	return &Store{Store: below, life: life, now: now, entries: map[tenancy.KeyHash]*entry{}}
}

// CallerByHash implements [tenancy.KeyStore]. Unknown keys are not cached: a new key works at once.
func (s *Store) CallerByHash(ctx context.Context, hash tenancy.KeyHash) (*tenancy.Caller, error) {
	s.mu.RLock()
	e, epoch := s.entries[hash], s.epoch
	s.mu.RUnlock()
	now := s.now()
	if e != nil && now.Sub(e.loaded) < s.life {
		return e.caller, nil
	}
	caller, err := s.Store.CallerByHash(ctx, hash)
	if err != nil {
		return nil, err
	}
	s.remember(hash, &entry{caller: caller, loaded: now}, epoch)
	return caller, nil
}

// remember keeps an entry, unless the cache was cleared after its look-up began: the entry may then
// be out of date.
func (s *Store) remember(hash tenancy.KeyHash, e *entry, epoch int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch != epoch {
		return
	}
	for other := range s.entries { // any entry: the map has no order
		if len(s.entries) < maxEntries {
			break
		}
		delete(s.entries, other)
	}
	s.entries[hash] = e
}

// forget drops every entry, so that this node sees its own changes at once.
func (s *Store) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	clear(s.entries)
}

// UpdateWorkspace implements [tenancy.WorkspaceStore].
func (s *Store) UpdateWorkspace(
	ctx context.Context, slug string, change tenancy.WorkspaceChange, now time.Time, source *event.Source,
) (tenancy.Workspace, error) {
	defer s.forget()
	return s.Store.UpdateWorkspace(ctx, slug, change, now, source)
}

// RevokeKey implements [tenancy.KeyStore].
func (s *Store) RevokeKey(ctx context.Context, id core.ID, at time.Time, events ...*event.Event) error {
	defer s.forget()
	return s.Store.RevokeKey(ctx, id, at, events...)
}

// ReplaceKey implements [tenancy.KeyStore].
func (s *Store) ReplaceKey(
	ctx context.Context, old core.ID, oldExpires time.Time, k tenancy.Key, events ...*event.Event,
) error {
	defer s.forget()
	return s.Store.ReplaceKey(ctx, old, oldExpires, k, events...)
}
