package event

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"accesscodes/internal/core"
)

// Recorder makes events.
type Recorder struct{ entropy io.Reader }

// NewRecorder returns a recorder that reads random bytes from a cryptographic source.
func NewRecorder(entropy io.Reader) *Recorder { return &Recorder{entropy: entropy} }

// Source describes where the events of one request come from. A nil source records nothing.
type Source struct {
	recorder  *Recorder
	Workspace core.ID
	Actor     Actor
	RequestID string        // empty: no request
	Reason    string        // why, in the actor's words; empty: it is not known
	Hot       core.EventSet // the hot types that are recorded, too
}

// Of returns the source for what an actor does in its workspace.
func (r *Recorder) Of(a *core.Actor) *Source {
	return &Source{
		recorder: r, Workspace: a.WorkspaceID, RequestID: a.RequestID, Reason: a.Reason, Hot: a.Listens,
		Actor: Actor{Kind: a.Kind, ID: a.ID, Name: a.Name},
	}
}

// Source returns a source of events in a workspace that no request causes.
func (r *Recorder) Source(workspace core.ID, actor Actor, hot core.EventSet) *Source {
	return &Source{recorder: r, Workspace: workspace, Actor: actor, Hot: hot}
}

// Records reports whether events of a type are recorded.
func (s *Source) Records(t Type) bool { return s != nil && (!t.Hot() || s.Hot&bit(t) != 0) }

// RecordsCaused reports whether events of a type are recorded that a redemption causes.
func (s *Source) RecordsCaused(t Type) bool { return s != nil && s.Hot&bit(t) != 0 }

// By returns the same source with another actor.
func (s *Source) By(actor Actor) *Source {
	other := *s
	other.Actor = actor
	return &other
}

// In returns the same source with another workspace.
func (s *Source) In(workspace core.ID) *Source {
	other := *s
	other.Workspace = workspace
	return &other
}

// Make returns a new event. user is the person it is about; empty: none.
func (s *Source) Make(t Type, at time.Time, about Subject, user string, data Data) (*Event, error) {
	random := make([]byte, len(core.ID{})+saltLength)
	if _, err := io.ReadFull(s.recorder.entropy, random); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	e := &Event{
		ID: newID(
			at,
			[16]byte(random),
		), Workspace: s.Workspace, Type: t, At: at, Actor: s.Actor, Subject: about, UserID: user,
		RequestID: s.RequestID, Salt: random[len(core.ID{}):],
	}
	if s.Reason != "" {
		data[reason] = s.Reason
	}
	var err error
	if e.Data, err = data.encode(); err != nil {
		return nil, err
	}
	e.Digest, err = e.Sum()
	return e, err
}

// newID makes a UUIDv7 (RFC 9562 §5.7) of a time and random bytes.
func newID(at time.Time, random [16]byte) core.ID {
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(at.UnixMilli()))
	id := core.ID(random)
	copy(id[:6], millis[2:])
	id[6], id[8] = 0x70|id[6]&0x0f, 0x80|id[8]&0x3f // version and variant
	return id
}
