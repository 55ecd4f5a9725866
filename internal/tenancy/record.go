package tenancy

import (
	"errors"
	"time"

	"accesscodes/internal/event"
)

// Changed returns the events about a workspace that was changed at an instant. The source may be one
// without a workspace; nil: no events are recorded.
func (w *Workspace) Changed(source *event.Source, before *Workspace, at time.Time) (events []*event.Event, err error) {
	if source == nil {
		return nil, nil
	}
	record := func(t event.Type, data event.Data) {
		e, makeErr := source.In(w.ID).Make(t, at, event.Thing(event.SubjectWorkspace, w.ID), "", data)
		events, err = append(events, e), errors.Join(err, makeErr)
	}
	if data := before.differences(w); len(data) > 0 {
		record(event.WorkspaceUpdated, data)
	}
	if before.SuspendedAt == nil && w.SuspendedAt != nil {
		record(event.WorkspaceSuspended, event.Data{})
	}
	if before.SuspendedAt != nil && w.SuspendedAt == nil {
		record(event.WorkspaceResumed, event.Data{})
	}
	return events, err
}

// differences returns what differs in another state of the workspace, except for the suspension.
func (w *Workspace) differences(to *Workspace) event.Data {
	data := event.Data{}
	for _, field := range []struct {
		name     string
		from, to any
	}{
		{"name", w.Name, to.Name},
		{"prefix", w.Format.Prefix, to.Format.Prefix},
		{"groups", w.Format.Groups, to.Format.Groups},
		{"groupLength", w.Format.GroupLength, to.Format.GroupLength},
		{"events", w.Events.orSome(), to.Events.orSome()},
		{"colour", string(w.ColourOrOwn()), string(to.ColourOrOwn())},
	} {
		if field.from != field.to {
			data.Change(field.name, field.from, field.to)
		}
	}
	return data
}

// created returns the event about a new workspace.
func (w *Workspace) created(source *event.Source) (*event.Event, error) {
	return source.Make(event.WorkspaceCreated, w.CreatedAt, event.Thing(event.SubjectWorkspace, w.ID), "", event.Data{
		"slug": w.Slug, "name": w.Name, "prefix": w.Format.Prefix,
		"groups": w.Format.Groups, "groupLength": w.Format.GroupLength,
	})
}

// created returns the event about a new key.
func (k *Key) created(source *event.Source) (*event.Event, error) {
	return k.event(source, event.KeyCreated, k.CreatedAt, event.Data{"expiresAt": event.TimeOrNone(k.ExpiresAt)})
}

// event returns an event about the key. It contains nothing of the secret.
func (k *Key) event(source *event.Source, t event.Type, at time.Time, data event.Data) (*event.Event, error) {
	data["name"], data["role"] = k.Name, string(k.Role)
	return source.Make(t, at, event.Thing(event.SubjectKey, k.ID), "", data)
}
