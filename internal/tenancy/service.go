package tenancy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Store keeps workspaces, keys and the data of the installation. Each method is one atomic
// operation: when it returns, all of it is done and durable, or nothing is.
type Store interface {
	WorkspaceStore
	KeyStore
	InstallationStore
}

// Deps is what a [Service] needs from outside.
type Deps struct {
	Store   Store
	Now     func() time.Time
	Entropy io.Reader               // a cryptographic source
	NewID   func() (core.ID, error) // UUIDv7
	Actor   event.Actor             // who asks; zero: the program itself
}

// Service is all operations on workspaces and keys. It is safe for concurrent use.
type Service struct {
	store   Store
	clock   func() time.Time
	entropy io.Reader
	newID   func() (core.ID, error)
	usage   *keyUsage

	recorder  *event.Recorder
	actor     event.Actor
	requestID string
	only      core.ID // the one workspace that it is for; zero: all
}

// NewService returns a service over a migrated store.
func NewService(deps Deps) *Service {
	return &Service{
		store: deps.Store, clock: deps.Now, entropy: deps.Entropy, newID: deps.NewID,
		usage: new(keyUsage), recorder: event.NewRecorder(deps.Entropy), actor: cmp.Or(deps.Actor, event.System()),
	}
}

// By returns the service for what somebody does: events name them. In a workspace it knows that one
// alone, and its keys: others are not found.
func (s *Service) By(actor *core.Actor) *Service {
	theirs := *s
	theirs.actor = event.Actor{Kind: actor.Kind, ID: actor.ID, Name: actor.Name}
	theirs.requestID, theirs.only = actor.RequestID, actor.WorkspaceID
	return &theirs
}

// knows reports whether the service is for a workspace.
func (s *Service) knows(workspace core.ID) bool { return s.only.IsZero() || s.only == workspace }

// source returns the source of the events of a call.
func (s *Service) source(workspace core.ID) *event.Source {
	source := s.recorder.Source(workspace, s.actor, 0)
	source.RequestID = s.requestID
	return source
}

// now returns the current time with the precision of stores.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// CreateWorkspace stores a new workspace. Errors: KindInvalid; KindConflict with
// ReasonWorkspaceExists.
func (s *Service) CreateWorkspace(ctx context.Context, slug, name string, format core.Format) (Workspace, error) {
	w, created, err := s.NewWorkspace(slug, name, format)
	if err != nil {
		return Workspace{}, err
	}
	inserted, err := s.store.InsertWorkspace(ctx, w, created)
	if err != nil {
		return Workspace{}, err
	}
	if !inserted {
		return Workspace{}, WorkspaceExists(slug)
	}
	return w, nil
}

// NewWorkspace returns a new workspace and the event about it, for whoever stores them together with more.
// Errors: KindInvalid.
func (s *Service) NewWorkspace(slug, name string, format core.Format) (Workspace, *event.Event, error) {
	w, err := s.newWorkspace(slug, name, format)
	if err != nil {
		return Workspace{}, nil, err
	}
	created, err := w.created(s.source(w.ID))
	return w, created, err
}

// WorkspaceExists is the error about a slug that is taken.
func WorkspaceExists(slug string) *core.Error {
	return core.Conflict(core.ReasonWorkspaceExists,
		fmt.Sprintf("a workspace with the slug %s exists already", slug))
}

// Workspaces returns all workspaces, oldest first.
func (s *Service) Workspaces(ctx context.Context) ([]Workspace, error) {
	return s.store.Workspaces(ctx)
}

// Workspace returns a workspace by its slug. Errors: KindNotFound.
func (s *Service) Workspace(ctx context.Context, slug string) (Workspace, error) {
	w, err := s.store.WorkspaceBySlug(ctx, slug)
	if err == nil && !s.knows(w.ID) {
		w, err = Workspace{}, core.ErrNotFound
	}
	return w, workspaceError(slug, err)
}

// UpdateWorkspace changes a workspace. Running servers follow within seconds: they generate codes in
// the new format, and refuse every key of a suspended workspace until it is resumed. Nothing is
// deleted. Errors: KindNotFound, KindInvalid.
func (s *Service) UpdateWorkspace(ctx context.Context, slug string, change WorkspaceChange) (Workspace, error) {
	if err := change.check(); err != nil {
		return Workspace{}, err
	}
	if _, err := s.Workspace(ctx, slug); err != nil {
		return Workspace{}, err
	}
	w, err := s.store.UpdateWorkspace(ctx, slug, change, s.now(), s.source(core.ID{}))
	return w, workspaceError(slug, err)
}

func (s *Service) newWorkspace(slug, name string, format core.Format) (Workspace, error) {
	id, err := s.newID()
	if err != nil {
		return Workspace{}, err
	}
	w := Workspace{ID: id, Slug: slug, Name: name, Format: format, CreatedAt: s.now(), Events: EventsSome}
	return w, w.check()
}

// NewKey describes a key to make.
type NewKey struct {
	Name      string
	Role      Role
	ExpiresAt *time.Time // nil: never
}

// CreateKey stores a new key of a workspace and returns it with its secret, which cannot be shown
// again. Errors: KindNotFound, KindInvalid.
func (s *Service) CreateKey(ctx context.Context, slug string, req NewKey) (Key, string, error) {
	w, err := s.Workspace(ctx, slug)
	if err != nil {
		return Key{}, "", err
	}
	key, secret, err := s.newKey(w.ID, req)
	if err != nil {
		return Key{}, "", err
	}
	if err := key.check(key.CreatedAt); err != nil {
		return Key{}, "", err
	}
	created, err := key.created(s.source(w.ID))
	if err != nil {
		return Key{}, "", err
	}
	if err := s.store.InsertKey(ctx, key, created); err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// Keys returns a workspace's keys, oldest first. Errors: KindNotFound.
func (s *Service) Keys(ctx context.Context, slug string) ([]Key, error) {
	w, err := s.Workspace(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.store.Keys(ctx, w.ID)
}

// FindKey returns a key by its id, or by its secret for whoever has found a leaked key. Errors:
// KindNotFound.
func (s *Service) FindKey(ctx context.Context, reference string) (Key, error) {
	if id, err := core.ParseID(reference); err == nil {
		return s.key(ctx, id)
	}
	hash, ok := hashSecret(reference)
	if !ok {
		return Key{}, core.NotFound(core.ReasonKeyNotFound, "that is neither the id of a key nor a key")
	}
	caller, err := s.store.CallerByHash(ctx, hash)
	if err == nil && !s.knows(caller.Key.WorkspaceID) {
		err = core.ErrNotFound
	}
	if err != nil {
		return Key{}, keyError("that you gave", err)
	}
	return caller.Key, nil
}

// key returns a key by its id.
func (s *Service) key(ctx context.Context, id core.ID) (Key, error) {
	key, err := s.store.Key(ctx, id)
	if err == nil && !s.knows(key.WorkspaceID) {
		key, err = Key{}, core.ErrNotFound
	}
	return key, keyError(id.String(), err)
}

// RevokeKey ends a key for good; running servers follow within seconds. Revoking twice keeps the
// first time. Errors: KindNotFound.
func (s *Service) RevokeKey(ctx context.Context, id core.ID) (Key, error) {
	key, err := s.key(ctx, id)
	if err != nil {
		return Key{}, err
	}
	now := s.now()
	revoked, err := key.event(s.source(key.WorkspaceID), event.KeyRevoked, now, event.Data{})
	if err != nil {
		return Key{}, err
	}
	if err := s.store.RevokeKey(ctx, id, now, revoked); err != nil {
		return Key{}, keyError(id.String(), err)
	}
	return s.key(ctx, id)
}

// RotateKey makes a key with the same name, role and expiry. The old key works until the end of the
// overlap, or until its own expiry if that is earlier. A key can be rotated only once: afterwards
// its expiry is the end of the overlap, which a further key must not inherit. Errors: KindNotFound;
// KindConflict with ReasonKeyNotActive; KindInvalid for a negative overlap.
func (s *Service) RotateKey(ctx context.Context, id core.ID, overlap time.Duration) (Key, string, error) {
	if overlap < 0 {
		return Key{}, "", core.Invalid(core.ReasonInvalidValue,
			core.InEnglish("the overlap must not be negative").At("/overlap"))
	}
	old, err := s.key(ctx, id)
	if err != nil {
		return Key{}, "", err
	}
	now := s.now()
	if !old.ActiveAt(now) {
		return Key{}, "", core.Conflict(core.ReasonKeyNotActive,
			fmt.Sprintf("the key %s has expired or was revoked; create a new one", id))
	}
	if !old.ReplacedBy.IsZero() {
		return Key{}, "", core.Conflict(core.ReasonKeyNotActive,
			fmt.Sprintf("the key %s was rotated already; rotate the one that replaced it, %s", id, old.ReplacedBy))
	}
	key, secret, err := s.newKey(old.WorkspaceID, NewKey{Name: old.Name, Role: old.Role, ExpiresAt: old.ExpiresAt})
	if err != nil {
		return Key{}, "", err
	}
	ends := now.Add(overlap)
	if old.ExpiresAt != nil && old.ExpiresAt.Before(ends) {
		ends = *old.ExpiresAt
	}
	data := event.Data{"replacedBy": key.ID.String()}
	data.Change("expiresAt", event.TimeOrNone(old.ExpiresAt), event.TimeOrNone(&ends))
	rotated, err := old.event(s.source(old.WorkspaceID), event.KeyRotated, now, data)
	if err != nil {
		return Key{}, "", err
	}
	if err := s.store.ReplaceKey(ctx, id, ends, key, rotated); err != nil {
		return Key{}, "", keyError(id.String(), err)
	}
	return key, secret, nil
}

// Predecessors returns the keys that the key of an actor has replaced, one after the other, the last
// first; none: it has replaced none, or the actor is no key.
func (s *Service) Predecessors(ctx context.Context, actor *core.Actor) ([]core.ID, error) {
	if actor.Kind != core.ActorKey {
		return nil, nil
	}
	keys, err := s.store.Keys(ctx, actor.WorkspaceID)
	if err != nil {
		return nil, err
	}
	replaced := map[core.ID]core.ID{} // by the key that has replaced them
	for i := range keys {
		if !keys[i].ReplacedBy.IsZero() {
			replaced[keys[i].ReplacedBy] = keys[i].ID
		}
	}
	var all []core.ID
	for before, found := replaced[actor.ID]; found; before, found = replaced[before] {
		all = append(all, before)
	}
	return all, nil
}

// Bootstrap stores the first workspace and a key with the role full, if there is no workspace yet,
// and returns the key's secret. Otherwise it returns "".
func (s *Service) Bootstrap(ctx context.Context, slug, name string, format core.Format) (string, error) {
	w, err := s.newWorkspace(slug, name, format)
	if err != nil {
		return "", err
	}
	key, secret, err := s.newKey(w.ID, NewKey{Name: "first key", Role: RoleFull})
	if err != nil {
		return "", err
	}
	source := s.source(w.ID)
	workspaceCreated, err := w.created(source)
	if err != nil {
		return "", err
	}
	keyCreated, err := key.created(source)
	if err != nil {
		return "", err
	}
	created, err := s.store.Bootstrap(ctx, w, key, workspaceCreated, keyCreated)
	if err != nil || !created {
		return "", err
	}
	return secret, nil
}

// newKey makes a key without checking it: the name of a rotated key may be older than a rule.
func (s *Service) newKey(workspace core.ID, req NewKey) (Key, string, error) {
	id, err := s.newID()
	if err != nil {
		return Key{}, "", err
	}
	secret, err := newSecret(s.entropy)
	if err != nil {
		return Key{}, "", err
	}
	hash, _ := hashSecret(secret)
	now := s.now()
	key := Key{
		ID: id, WorkspaceID: workspace, Name: req.Name, Role: req.Role, Hash: hash,
		Display: displayForm(secret), CreatedAt: now, ExpiresAt: core.StoredTime(req.ExpiresAt),
	}
	return key, secret, nil
}

func keyError(which string, err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return core.NotFound(core.ReasonKeyNotFound, fmt.Sprintf("there is no key %s", which))
	}
	return err
}

func workspaceError(slug string, err error) error {
	if errors.Is(err, core.ErrNotFound) {
		return core.NotFound(core.ReasonWorkspaceNotFound, fmt.Sprintf("there is no workspace with the slug %s", slug))
	}
	return err
}
