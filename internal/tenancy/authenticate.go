package tenancy

import (
	"context"
	"errors"

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
