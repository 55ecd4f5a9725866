// Package cached wraps a store so that API keys are looked up once every few seconds
// instead of with every request. It keeps nothing whose staleness could break a rule
// about codes: only who may act, and for a short, stated time.
package cached

import (
	"context"
	"sync"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// DefaultLife is how long a looked-up key is believed. A key revoked, expired or
// suspended elsewhere works at most that much longer on this node; callers are
// promised 5 seconds.
const DefaultLife = 3 * time.Second

// maxEntries bounds the memory: about 1 KiB each.
const maxEntries = 10_000

// Store is a store with a cache of API keys.
type Store struct {
	tenancy.Store
	life time.Duration
	now  func() time.Time

	mu      sync.RWMutex
	entries map[tenancy.KeyHash]*entry
	epoch   int // counts the times that everything was forgotten
}

type entry struct {
	caller *tenancy.Caller
	loaded time.Time // when the look-up began
}

// New wraps a store. life is how long a key is believed; now must not run backwards.
func New(below tenancy.Store, life time.Duration, now func() time.Time) *Store {
	return &Store{Store: below, life: life, now: now, entries: map[tenancy.KeyHash]*entry{}}
}

// CallerByHash implements [tenancy.KeyStore]. Unknown keys are not remembered: a new key
// works at once.
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

// remember keeps an entry unless everything was forgotten since its look-up began: it
// may be older than what was forgotten for.
func (s *Store) remember(hash tenancy.KeyHash, e *entry, epoch int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch != epoch {
		return
	}
	for other := range s.entries { // any entry will do: the map is in no order
		if len(s.entries) < maxEntries {
			break
		}
		delete(s.entries, other)
	}
	s.entries[hash] = e
}

// forget drops every entry: what this node changed, it sees at once.
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
