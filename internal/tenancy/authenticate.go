package tenancy

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"accesscodes/internal/core"
)

// errUnauthenticated is the same answer for every unusable key, so that a caller cannot find out
// which keys exist.
var errUnauthenticated = &core.Error{
	Kind: core.KindUnauthenticated, Reason: core.ReasonInvalidAPIKey,
	Detail: "send a valid API key in the X-Api-Key header",
}

// Caller is an API key together with its workspace.
type Caller struct {
	Workspace Workspace
	Key       Key
}

// Actor returns the caller as the other areas know it.
func (c *Caller) Actor() core.Actor {
	return core.Actor{
		Kind: core.ActorKey, ID: c.Key.ID, Name: c.Key.Name, Display: c.Key.Display,
		Role: string(c.Key.Role), Permissions: c.Key.Role.Permissions(),
		WorkspaceID: c.Workspace.ID, Workspace: c.Workspace.Slug, Format: c.Workspace.Format,
		Listens: c.Workspace.Listens(),
	}
}

// Authenticate returns the actor whose key has this secret. Unknown, expired and revoked keys and
// keys of a suspended workspace all get the same error of KindUnauthenticated.
func (s *Service) Authenticate(ctx context.Context, secret string) (core.Actor, error) {
	hash, ok := hashSecret(secret)
	if !ok {
		return core.Actor{}, errUnauthenticated
	}
	caller, err := s.store.CallerByHash(ctx, hash)
	if errors.Is(err, core.ErrNotFound) {
		return core.Actor{}, errUnauthenticated
	}
	if err != nil {
		return core.Actor{}, err
	}
	now := s.now()
	if !caller.Key.ActiveAt(now) || caller.Workspace.SuspendedAt != nil {
		return core.Actor{}, errUnauthenticated
	}
	s.usage.note(caller.Key.ID, now)
	return caller.Actor(), nil
}

// FlushKeyUsage stores when keys were last used, for the keys used since the last flush. Call it
// about every minute, and once before the store is closed. If a flush fails, the next one stores its
// values.
func (s *Service) FlushKeyUsage(ctx context.Context) error {
	used := s.usage.take()
	if len(used) == 0 {
		return nil
	}
	if err := s.store.TouchKeys(ctx, used); err != nil {
		s.usage.putBack(used)
		return err
	}
	return nil
}

// keyUsage keeps in memory when keys were last used. A write for each request would cost more than
// the request.
type keyUsage struct {
	last sync.Map // ID → *atomic.Int64, microseconds since 1970
}

func (u *keyUsage) note(id core.ID, now time.Time) {
	last, ok := u.last.Load(id)
	if !ok {
		last, _ = u.last.LoadOrStore(id, new(atomic.Int64))
	}
	last.(*atomic.Int64).Store(now.UnixMicro())
}

func (u *keyUsage) take() map[core.ID]time.Time {
	used := map[core.ID]time.Time{}
	u.last.Range(func(id, last any) bool {
		if at := last.(*atomic.Int64).Swap(0); at != 0 {
			used[id.(core.ID)] = time.UnixMicro(at).UTC()
		}
		return true
	})
	return used
}

// putBack undoes take, except for keys that have been used again.
func (u *keyUsage) putBack(used map[core.ID]time.Time) {
	for id, at := range used {
		if last, ok := u.last.Load(id); ok {
			last.(*atomic.Int64).CompareAndSwap(0, at.UnixMicro())
		}
	}
}
