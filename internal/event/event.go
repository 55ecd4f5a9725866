package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"accesscodes/internal/core"
)

// Event is one thing that happened, as the log keeps it. It never changes, except that a person who
// is erased is removed from it.
type Event struct {
	ID        core.ID
	Workspace core.ID
	Position  int64 // in the workspace's log, from 1 on, without gaps; 0: it has none yet
	Type      Type
	At        time.Time // by the clock of the node that did it; UTC with microseconds
	Actor     Actor
	Subject   Subject
	UserID    string // the person it is about; empty: none, or erased
	RequestID string // empty: no request caused it
	Data      string // a JSON object with the members of the [Data] that it was made of
	Salt      []byte // goes into Digest; nil: the person was erased
	Digest    Digest // stays as it was when a person is erased
	Chain     Chain  // zero: it has no position yet, or is from before the chain began
}

// Digest is the SHA-256 of an event's salt followed by its canonical body. Without the salt it is
// not possible to find out by guessing whether a person was in the body.
type Digest [sha256.Size]byte

// saltLength is the length of a salt in bytes: too long to try all.
const saltLength = 16

// Actor is who did something.
type Actor struct {
	Kind core.ActorKind
	ID   core.ID // of the key or the member; zero: it has none
	Name string  // of the key, the member or the operating system's user
}

// System returns the actor for what the program does by itself.
func System() Actor { return Actor{Kind: core.ActorSystem} }

// Subject is the thing that an event is about. A user has neither ID nor Key: the user's id is only
// in [Event.UserID], so that it must be removed from one place only.
type Subject struct {
	Kind SubjectKind
	ID   string // as it is shown: a code's value, the UUID of another thing
	Key  string // the key for look-ups: a code's canonical form, else the same as ID
}

// User returns the subject of events about a user.
func User() Subject { return Subject{Kind: SubjectUser} }

// Code returns a code as a subject.
func Code(value, canonical string) Subject { return Subject{SubjectCode, value, canonical} }

// Thing returns something with an id as a subject.
func Thing(kind SubjectKind, id core.ID) Subject { return Subject{kind, id.String(), id.String()} }

// isWhole reports whether the key is that of the id: digests cover only the id.
func (s Subject) isWhole() bool {
	if s.Kind == SubjectCode && (s.Key == core.Canonical(s.ID) || s.Key == core.OldForm(s.ID)) {
		return true
	}
	return s.Kind != SubjectCode && s.Key == s.ID
}

// Data holds the details of an event: texts, numbers, times and nil. For a change it holds the new
// values, and the earlier ones under "previous". It must not hold secrets, metadata or user ids.
type Data map[string]any

// Members of data: the earlier values, and why it was done.
const (
	previous = "previous"
	reason   = "reason"
)

// Change adds a changed value.
func (d Data) Change(name string, from, to any) {
	d[name] = to
	if d[previous] == nil {
		d[previous] = Data{}
	}
	d[previous].(Data)[name] = from
}

// encode writes the data as canonical JSON: without spaces, members in the order of their
// names.
func (d Data) encode() (string, error) {
	text, err := canonicalJSON(d)
	if err != nil {
		return "", fmt.Errorf("encode the data of an event: %w", err)
	}
	return string(text), nil
}

func canonicalJSON(v any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// body is what a digest covers. Its members are in the order of their names.
type body struct {
	Actor     bodyActor       `json:"actor"`
	At        string          `json:"at"`
	Data      json.RawMessage `json:"data"`
	ID        string          `json:"id"`
	RequestID string          `json:"requestId"`
	Subject   bodySubject     `json:"subject"`
	Type      Type            `json:"type"`
	UserID    string          `json:"userId"`
	Workspace string          `json:"workspace"`
}

type bodyActor struct {
	ID   string         `json:"id"`
	Kind core.ActorKind `json:"kind"`
	Name string         `json:"name"`
}

type bodySubject struct {
	ID   string      `json:"id"`
	Kind SubjectKind `json:"kind"`
}

// Sum computes the event's digest from its present content. It equals Digest unless somebody has
// changed the event or a person was removed from it.
func (e *Event) Sum() (Digest, error) {
	text, err := canonicalJSON(body{
		Actor: bodyActor{e.Actor.ID.String(), e.Actor.Kind, e.Actor.Name}, At: e.At.UTC().Format(time.RFC3339Nano),
		Data: json.RawMessage(e.Data), ID: e.ID.String(), RequestID: e.RequestID,
		Subject: bodySubject{
			e.Subject.ID,
			e.Subject.Kind,
		}, Type: e.Type, UserID: e.UserID, Workspace: e.Workspace.String(),
	})
	if err != nil {
		return Digest{}, fmt.Errorf("encode an event: %w", err)
	}
	return sha256.Sum256(append(append(make([]byte, 0, len(e.Salt)+len(text)), e.Salt...), text...)), nil
}

// FullData returns the data. If the event is about a person whom the subject does not name, it adds
// the id as "userId"; null if the person was erased. An export is about one if it was of theirs alone.
func (e *Event) FullData() (string, error) {
	switch kind, _, _ := strings.Cut(string(e.Type), "."); {
	case kind == "redemption", kind == "reservation":
	case kind == "export" && (e.UserID != "" || e.Salt == nil):
	default:
		return e.Data, nil
	}
	var user any
	if e.UserID != "" {
		user = e.UserID
	}
	text, err := canonicalJSON(user)
	if err != nil {
		return "", fmt.Errorf("encode a user's id: %w", err)
	}
	rest := strings.TrimPrefix(e.Data, "{")
	if rest != "}" {
		rest = "," + rest
	}
	return `{"userId":` + string(text) + rest, nil
}
