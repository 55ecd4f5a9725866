package webhook

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Limits of rotating a secret.
const (
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 30 * 24 * time.Hour
)

// countLimit is how far deliveries that wait or have failed are counted.
const countLimit = 1000

// Deps is what [NewService] needs from outside.
type Deps struct {
	Store    Store
	Log      Log
	Client   *Client
	Secrets  *Secrets
	Schedule Schedule
	Render   func(*event.Event) ([]byte, error) // an event as the feed shows it
	Now      func() time.Time
	Entropy  io.Reader // a cryptographic source
	NewID    func() (core.ID, error)
	Observe  func(succeeded bool, took time.Duration) // each attempt; nil: not
	Wake     func(endpoint core.ID)                   // tells the sender that something about an endpoint is new
}

// Service manages endpoints and their deliveries. It is safe for concurrent use.
type Service struct {
	deps     Deps
	recorder *event.Recorder
	tests    *core.Lane
	reads    *core.Lane // of logs, for sending
}

// NewService returns the service.
func NewService(deps Deps) *Service {
	return &Service{
		deps: deps, recorder: event.NewRecorder(deps.Entropy),
		tests: core.NewLane(testsAtOnce, testsWaiting, testWait), reads: core.NewLane(1, 0, 0),
	}
}

func (s *Service) now() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// EndpointNotFound is the error of an endpoint that there is not.
func EndpointNotFound() *core.Error {
	return core.NotFound(core.ReasonEndpointNotFound, "the workspace has no such webhook endpoint")
}

// DeliveryNotFound is the error of a delivery that there is not.
func DeliveryNotFound() *core.Error {
	return core.NotFound(core.ReasonDeliveryNotFound, "the workspace has no such delivery; they are kept for "+
		strconv.Itoa(KeepDays)+" days")
}

func orNotFound(err error, missing *core.Error) error {
	if errors.Is(err, core.ErrNotFound) {
		return missing
	}
	return err
}

// NewEndpoint asks for an endpoint.
type NewEndpoint struct {
	URL, Description string
	Types            []string // patterns; none: all types
	Unread           core.FieldErrors
}

// Create adds an endpoint, and returns it with its secret, which is not shown again. It is told about
// events once a test delivery has arrived.
//
// Errors: KindInvalid; KindConflict with ReasonTooManyEndpoints.
func (s *Service) Create(ctx context.Context, actor *core.Actor, req NewEndpoint) (Endpoint, string, error) {
	if err := actor.Require(core.PermissionWebhooks); err != nil {
		return Endpoint{}, "", err
	}
	errs := &req.Unread
	if !errs.Names("/url") {
		checkURL(errs, req.URL, s.deps.Client.PlainHTTP())
	}
	core.CheckProse(errs, "/description", "description", req.Description, MaxDescriptionLength)
	types := joinPatterns(errs, req.Types)
	if err := errs.Err(); err != nil {
		return Endpoint{}, "", err
	}
	id, err := s.deps.NewID()
	if err != nil {
		return Endpoint{}, "", err
	}
	secret, err := NewSecret(s.deps.Entropy)
	if err != nil {
		return Endpoint{}, "", err
	}
	e := Endpoint{
		ID: id, WorkspaceID: actor.WorkspaceID, URL: req.URL, Description: req.Description, Types: types,
		Secret: s.deps.Secrets.seal(id, secret), CreatedAt: s.now(),
	}
	made, err := s.event(actor, event.EndpointCreated, &e, event.Data{"url": e.origin(), "types": e.Types})
	if err != nil {
		return Endpoint{}, "", err
	}
	inserted, err := s.deps.Store.InsertEndpoint(ctx, e, made)
	if err == nil && !inserted {
		err = &core.Error{
			Kind: core.KindConflict, Reason: core.ReasonTooManyEndpoints,
			Detail: "a workspace can have " + strconv.Itoa(MaxEndpoints) + " webhook endpoints; delete one first",
		}
	}
	return e, secret, err
}

func (s *Service) event(actor *core.Actor, t event.Type, e *Endpoint, data event.Data) (*event.Event, error) {
	return s.recorder.Of(actor).Make(t, s.now(), event.Thing(event.SubjectEndpoint, e.ID), "", data)
}

// List returns the endpoints of the actor's workspace, the oldest first.
func (s *Service) List(ctx context.Context, actor *core.Actor) ([]Endpoint, error) {
	if err := actor.Require(core.PermissionWebhooks); err != nil {
		return nil, err
	}
	return s.deps.Store.Endpoints(ctx, actor.WorkspaceID)
}

// Endpoint returns an endpoint.
//
// Errors: KindNotFound with ReasonEndpointNotFound.
func (s *Service) Endpoint(ctx context.Context, actor *core.Actor, id core.ID) (Endpoint, error) {
	if err := actor.Require(core.PermissionWebhooks); err != nil {
		return Endpoint{}, err
	}
	e, err := s.deps.Store.Endpoint(ctx, actor.WorkspaceID, id)
	return e, orNotFound(err, EndpointNotFound())
}

// Unsent returns how many deliveries wait, and how many have failed: at most 1000 each.
func (s *Service) Unsent(ctx context.Context, e *Endpoint) (pending, failed int, err error) {
	return s.deps.Store.CountUnsent(ctx, e.WorkspaceID, e.ID, countLimit)
}

// EndpointChange says what to change about an endpoint; nil leaves a field as it is.
type EndpointChange struct {
	URL, Description *string
	Types            *[]string
	Enabled          *bool
	Unread           core.FieldErrors
}

// Update changes an endpoint. With another address it has to be tested again; until then, events wait in
// the log. Switched on again, it is told about what happens from then on; see ResendSince for what
// happened meanwhile.
//
// Errors: KindInvalid; KindNotFound with ReasonEndpointNotFound.
func (s *Service) Update(
	ctx context.Context, actor *core.Actor, id core.ID, change EndpointChange,
) (Endpoint, error) {
	if err := actor.Require(core.PermissionWebhooks); err != nil {
		return Endpoint{}, err
	}
	errs := &change.Unread
	if change.URL != nil && !errs.Names("/url") {
		checkURL(errs, *change.URL, s.deps.Client.PlainHTTP())
	}
	if change.Description != nil {
		core.CheckProse(errs, "/description", "description", *change.Description, MaxDescriptionLength)
	}
	var types *string
	if change.Types != nil {
		types = new(joinPatterns(errs, *change.Types))
	}
	if err := errs.Err(); err != nil {
		return Endpoint{}, err
	}
	head, err := s.head(ctx, actor.WorkspaceID)
	if err != nil {
		return Endpoint{}, err
	}
	return s.change(ctx, actor, id, func(e *Endpoint) (Changed, error) {
		before, data := *e, event.Data{}
		core.Set(&e.URL, change.URL)
		core.Set(&e.Description, change.Description)
		core.Set(&e.Types, types)
		if e.URL != before.URL {
			e.TestedAt, e.FailingSince, e.Failures, e.LastAt, e.LastStatus, e.LastError = nil, nil, 0, nil, 0, ""
			e.PausedUntil = nil
		}
		switch {
		case change.Enabled == nil || *change.Enabled == (e.DisabledAt == nil):
		case *change.Enabled:
			e.DisabledAt, e.DisabledReason, e.Failures, e.FailingSince, e.PausedUntil = nil, "", 0, nil, nil
			if e.Position != 0 {
				e.Position = head
			}
		default:
			e.disable(ByRequest, s.now())
		}
		return s.changed(actor, &before, e, data)
	})
}

// change changes an endpoint, and lets the sender see that at once.
func (s *Service) change(ctx context.Context, actor *core.Actor, id core.ID, how Change) (Endpoint, error) {
	e, err := s.deps.Store.ChangeEndpoint(ctx, actor.WorkspaceID, id, how)
	if !errors.Is(err, core.ErrNotFound) { // it may be another workspace's
		s.deps.Wake(id)
	}
	return e, orNotFound(err, EndpointNotFound())
}

// changed returns the event about a change; none if nothing has changed.
func (s *Service) changed(actor *core.Actor, before, after *Endpoint, data event.Data) (Changed, error) {
	if before.URL != after.URL {
		data["addressChanged"] = true
		if from, to := before.origin(), after.origin(); from != to {
			data.Change("url", from, to)
		}
	}
	if before.Description != after.Description {
		data.Change("description", event.TextOrNone(before.Description), event.TextOrNone(after.Description))
	}
	if before.Types != after.Types {
		data.Change("types", before.Types, after.Types)
	}
	if was, is := before.DisabledAt == nil, after.DisabledAt == nil; was != is {
		data.Change("enabled", was, is)
	}
	if len(data) == 0 {
		return Changed{}, nil
	}
	made, err := s.event(actor, event.EndpointUpdated, after, data)
	return Changed{Events: []*event.Event{made}}, err
}

func (s *Service) head(ctx context.Context, workspace core.ID) (int64, error) {
	heads, err := s.deps.Log.EventHeads(ctx, []core.ID{workspace})
	return heads[workspace], err
}

// Delete ends an endpoint. Its deliveries are deleted, too, within minutes.
//
// Errors: KindNotFound with ReasonEndpointNotFound.
func (s *Service) Delete(ctx context.Context, actor *core.Actor, id core.ID) error {
	if err := actor.Require(core.PermissionWebhooks); err != nil {
		return err
	}
	_, err := s.change(ctx, actor, id, func(e *Endpoint) (Changed, error) {
		e.DeletedAt = new(s.now())
		made, err := s.event(actor, event.EndpointDeleted, e, event.Data{"url": e.origin()})
		return Changed{Events: []*event.Event{made}}, err
	})
	return err
}

// RotateSecret gives an endpoint a new secret, which is not shown again. The old one signs, too, until
// the overlap is over.
//
// Errors: KindInvalid; KindNotFound with ReasonEndpointNotFound.
func (s *Service) RotateSecret(
	ctx context.Context, actor *core.Actor, id core.ID, overlap time.Duration,
) (Endpoint, string, error) {
	if err := actor.Require(core.PermissionWebhooks); err != nil {
		return Endpoint{}, "", err
	}
	if overlap < 0 || overlap > MaxOverlap {
		var errs core.FieldErrors
		errs.Add(core.ReasonInvalidValue, "/overlapSeconds",
			core.InEnglish("overlapSeconds must be 0 to %d", int(MaxOverlap.Seconds())))
		return Endpoint{}, "", errs.Err()
	}
	secret, err := NewSecret(s.deps.Entropy)
	if err != nil {
		return Endpoint{}, "", err
	}
	until := s.now().Add(overlap)
	e, err := s.change(ctx, actor, id, func(e *Endpoint) (Changed, error) {
		e.OldSecret, e.OldUntil, e.Secret = e.Secret, &until, s.deps.Secrets.seal(e.ID, secret)
		if overlap == 0 {
			e.OldSecret, e.OldUntil = "", nil
		}
		made, err := s.event(actor, event.EndpointUpdated, e, event.Data{"secretRotated": true, "oldSecretUntil": until})
		return Changed{Events: []*event.Event{made}}, err
	})
	return e, secret, err
}
