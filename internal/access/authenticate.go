package access

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Caller is who makes a request: a key and the workspace that it stands for.
type Caller struct {
	Workspace Workspace
	Key       Key
}

// Require returns an error of KindForbidden unless the caller's role has the
// permission.
func (c *Caller) Require(p Permission) error {
	if c.Key.Role.Allows(p) {
		return nil
	}
	return &Error{
		Kind: KindForbidden, Reason: ReasonRoleNotAllowed,
		Detail: fmt.Sprintf("a key with the role %s may not do this", c.Key.Role),
	}
}

// errUnauthenticated is one answer for every unusable key, so that nobody learns
// which keys exist.
var errUnauthenticated = &Error{
	Kind: KindUnauthenticated, Reason: ReasonInvalidAPIKey,
	Detail: "send a valid API key in the X-Api-Key header",
}

// Authenticate returns the caller whose key has this secret. Unknown, expired and
// revoked keys and keys of a suspended workspace get one and the same error of
// KindUnauthenticated.
func (s *Service) Authenticate(ctx context.Context, secret string) (*Caller, error) {
	hash, ok := hashSecret(secret)
	if !ok {
		return nil, errUnauthenticated
	}
	caller, err := s.Store.CallerByHash(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return nil, errUnauthenticated
	}
	if err != nil {
		return nil, err
	}
	now := s.now()
	if !caller.Key.ActiveAt(now) || caller.Workspace.SuspendedAt != nil {
		return nil, errUnauthenticated
	}
	s.usage.note(caller.Key.ID, now)
	return caller, nil
}

// FlushKeyUsage stores when keys were last used, for those used since the last
// flush. Call it every minute or so and once before the store is closed. What a failed
// flush would have stored is stored by the next.
func (s *Service) FlushKeyUsage(ctx context.Context) error {
	used := s.usage.take()
	if len(used) == 0 {
		return nil
	}
	if err := s.Store.TouchKeys(ctx, used); err != nil {
		s.usage.putBack(used)
		return err
	}
	return nil
}

// keyUsage remembers in memory when keys were last used, because a write for each
// request would cost more than the request.
type keyUsage struct {
	last sync.Map // ID → *atomic.Int64, microseconds since 1970
}

func (u *keyUsage) note(id ID, now time.Time) {
	last, ok := u.last.Load(id)
	if !ok {
		last, _ = u.last.LoadOrStore(id, new(atomic.Int64))
	}
	last.(*atomic.Int64).Store(now.UnixMicro())
}

func (u *keyUsage) take() map[ID]time.Time {
	used := map[ID]time.Time{}
	u.last.Range(func(id, last any) bool {
		if at := last.(*atomic.Int64).Swap(0); at != 0 {
			used[id.(ID)] = time.UnixMicro(at).UTC()
		}
		return true
	})
	return used
}

// putBack undoes take, but for keys that were used again since.
func (u *keyUsage) putBack(used map[ID]time.Time) {
	for id, at := range used {
		if last, ok := u.last.Load(id); ok {
			last.(*atomic.Int64).CompareAndSwap(0, at.UnixMicro())
		}
	}
}
