package member

import (
	"context"
	"errors"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// Store keeps people, their seats, sessions and links. Each method is one atomic operation: when it
// returns, all of it is done and durable, or nothing is.
type Store interface {
	SessionStore
	LinkStore
	SeatStore
}

// ErrAddressTaken says that there is an account with an address.
var ErrAddressTaken = errors.New("there is an account with this address")

// ErrMayNot says that a person may not do something, or not any more.
var ErrMayNot = errors.New("who does this may not, or not any more")

// SessionStore keeps people and their sessions. An e-mail and the hash of a token are unique.
type SessionStore interface {
	// MemberByEmail returns a person, or [core.ErrNotFound].
	MemberByEmail(ctx context.Context, email string) (Member, error)
	// Seats returns the seats of a person, in the order of the workspaces' names.
	Seats(ctx context.Context, member core.ID) ([]Seat, error)
	// KnowsDevice reports whether a person has signed in with a device.
	KnowsDevice(ctx context.Context, member core.ID, device TokenHash) (bool, error)
	// InsertSession stores a session, notes its device, and stores the events.
	InsertSession(ctx context.Context, s Session, token, device TokenHash, events ...*event.Event) error
	// SessionByToken returns a session with its person and their seats, or [core.ErrNotFound].
	SessionByToken(ctx context.Context, token TokenHash) (Who, error)
	// TouchSession stores when a session and its person were last seen.
	TouchSession(ctx context.Context, session, member core.ID, at time.Time) error
	// Sessions returns the sessions of a person that can be used at an instant, newest first.
	Sessions(ctx context.Context, member core.ID, at time.Time) ([]Session, error)
	// DeleteSession ends a session of a person, or returns [core.ErrNotFound].
	DeleteSession(ctx context.Context, member, session core.ID) error
	// DeleteOtherSessions ends all sessions of a person but one.
	DeleteOtherSessions(ctx context.Context, member, kept core.ID) error
	// UpdateProfile stores what a person is called and in which language they read, and the events.
	UpdateProfile(ctx context.Context, member core.ID, name, language string, events ...*event.Event) error
	// ChangePassword stores the hash of a new password and ends the other sessions, if the hash of the
	// old one is still this; or it reports false.
	ChangePassword(ctx context.Context, member core.ID, from, to string, kept core.ID) (bool, error)
	// RecordMemberEvents stores events that no change comes with.
	RecordMemberEvents(ctx context.Context, events ...*event.Event) error
	// PrunePeople deletes some of the sessions, links and devices that have ended, and returns how many.
	PrunePeople(ctx context.Context, now time.Time) (int, error)
}

// LinkStore keeps one-time links.
type LinkStore interface {
	// InsertLink stores a link and the events. An earlier link of the same kind, address and workspace
	// goes. It reports false, and stores nothing, for a link for setting up if there is anybody. Of a person who
	// neither owns the workspace that it leads to nor, if it lets operate, is an operator it is [ErrMayNot].
	InsertLink(ctx context.Context, l Link, token TokenHash, events ...*event.Event) (bool, error)
	// LinkByToken returns a link that has not expired at an instant, or [core.ErrNotFound].
	LinkByToken(ctx context.Context, token TokenHash, at time.Time) (Link, error)
	// AcceptLink uses a link up: it stores the person, if they are new, with a seat, begins a session
	// and stores the events; the link goes, and with one for setting up all of these. A seat that there is
	// keeps its role if that is as high, and then there is no event about it. Of a person who
	// exists it changes the password alone, by a link for that, which ends the sessions there are and
	// forgets their devices; any link can make them an operator.
	//
	// Errors: [core.ErrNotFound] if the link is gone, or is for setting up and there is somebody;
	// [ErrAddressTaken], and nothing is stored, if the person is new and somebody has their address.
	AcceptLink(ctx context.Context, a *Acceptance) error
	// HasMembers reports whether there is anybody.
	HasMembers(ctx context.Context) (bool, error)
}

// SeatStore keeps who has which role in which workspace.
type SeatStore interface {
	// Seated returns the people of a workspace, in the order of their names.
	Seated(ctx context.Context, workspace core.ID) ([]Seated, error)
	// Invitations returns the open invitations to a workspace; without one, those to run the installation.
	Invitations(ctx context.Context, workspace core.ID, at time.Time) ([]Link, error)
	// FoundWorkspace stores a new workspace with an owner, and the events. It reports false, and stores
	// nothing, if its slug is taken.
	FoundWorkspace(ctx context.Context, w tenancy.Workspace, owner core.ID, events ...*event.Event) (bool, error)
	// UpdateSeat gives a person who is in a workspace another role and stores the events; if it does not let
	// them invite others, the links go that they have made to it, and those for them. It reports false, and
	// stores nothing, if that would leave the workspace without an owner. Somebody without a seat is
	// [core.ErrNotFound]; if by is a person, who does not own the workspace, it is [ErrMayNot].
	UpdateSeat(ctx context.Context, by, workspace, member core.ID, role Role, events ...*event.Event) (bool, error)
	// DeleteSeat takes a person's role away, and these links, likewise.
	DeleteSeat(ctx context.Context, by, workspace, member core.ID, events ...*event.Event) (bool, error)
	// DeleteInvitation takes one of these back and stores the events, or returns [core.ErrNotFound].
	DeleteInvitation(ctx context.Context, workspace, link core.ID, events ...*event.Event) error
	// Members returns everybody, in the order of their addresses.
	Members(ctx context.Context) ([]Member, error)
	// DeleteMember deletes a person with all that is theirs and stores the events. It reports false, and
	// deletes nothing, if that would leave a workspace without an owner.
	DeleteMember(ctx context.Context, member core.ID, events ...*event.Event) (bool, error)
}
