package member

import (
	"io"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Deps is what the services need from outside.
type Deps struct {
	Store   Store
	Now     func() time.Time
	Entropy io.Reader               // a cryptographic source
	NewID   func() (core.ID, error) // UUIDv7
}

// People are all operations on people, grouped by subject. They are safe for concurrent use.
type People struct {
	Sessions *Sessions
	Links    *Links
	Members  *Members
}

// New returns the services over a migrated store.
func New(deps Deps) (*People, error) {
	words, err := newPasswords()
	if err != nil {
		return nil, err
	}
	b := base{
		deps: deps, passwords: words, recorder: event.NewRecorder(deps.Entropy), throttle: newThrottle(),
		failures: new(failures),
	}
	return &People{Sessions: &Sessions{b}, Links: &Links{b}, Members: &Members{b}}, nil
}

// DeviceLife is how long a browser is known in which somebody has signed in.
const DeviceLife = 400 * 24 * time.Hour

// base is what the services have in common.
type base struct {
	deps      Deps
	passwords *passwords
	recorder  *event.Recorder
	throttle  *throttle
	failures  *failures
}

// now is the current time as stores keep it.
func (b *base) now() time.Time { return b.deps.Now().UTC().Truncate(time.Microsecond) }

// newSession makes a session with its token.
func (b *base) newSession(member core.ID, address, agent string) (s Session, token string, hash TokenHash, err error) {
	id, err := b.deps.NewID()
	if err != nil {
		return s, "", hash, err
	}
	token, hash, err = newToken(b.deps.Entropy)
	now := b.now()
	return Session{
		ID: id, MemberID: member, CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(SessionLife),
		Address: address, Agent: shortened(agent),
	}, token, hash, err
}

// maxAgentLength is how much of what a browser says it is is kept, in bytes.
const maxAgentLength = 300

func shortened(agent string) string {
	kept := []rune{}
	size := 0
	for _, r := range agent { // what is not UTF-8 becomes U+FFFD
		if size += len(string(r)); size > maxAgentLength || r < ' ' || r == 0x7f {
			break
		}
		kept = append(kept, r)
	}
	return string(kept)
}

// eventIn makes an event about a person, or an invitation, in a workspace.
func (b *base) eventIn(
	workspace core.ID, actor event.Actor, requestID string, t event.Type, about core.ID, data event.Data,
) (*event.Event, error) {
	source := b.recorder.Source(workspace, actor, 0)
	source.RequestID = requestID
	return source.Make(t, b.now(), event.Thing(event.SubjectMember, about), "", data)
}

// eventsOfSeats makes an event of a person in each of their workspaces.
func (b *base) eventsOfSeats(m *Member, seats []Seat, t event.Type, data event.Data) ([]*event.Event, error) {
	var all []*event.Event
	for _, seat := range seats {
		e, err := b.eventIn(seat.Workspace.ID, event.Actor{Kind: core.ActorMember, ID: m.ID, Name: m.Name}, "", t, m.ID, data)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func actorOf(a *core.Actor) event.Actor { return event.Actor{Kind: a.Kind, ID: a.ID, Name: a.Name} }
