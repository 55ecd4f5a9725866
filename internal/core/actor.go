package core

import (
	"fmt"
	"slices"
)

// ActorKind is the kind of an [Actor].
type ActorKind string

// The kinds of actor.
const (
	ActorKey    ActorKind = "key"    // an API key of a workspace
	ActorMember ActorKind = "member" // a person who signed in
	ActorCLI    ActorKind = "cli"    // the command line, directly on the database
	ActorSystem ActorKind = "system" // the program itself, in the background
)

// ActorKinds lists every kind of actor.
func ActorKinds() []ActorKind {
	return []ActorKind{ActorKey, ActorMember, ActorCLI, ActorSystem}
}

// EventSet is a set of types of events. Package event says what is in it.
type EventSet uint32

// Actor is who asks for something, in which workspace, and with which permissions.
type Actor struct {
	Kind        ActorKind
	ID          ID     // of the key or the member; zero: it has none
	Name        string // what people call it
	Display     string // how the log names it; never a secret or a person. Empty: by its kind alone
	Role        string // the name of its permissions, for messages
	Permissions []Permission
	WorkspaceID ID
	Workspace   string   // the workspace's slug
	Format      Format   // of the workspace's generated codes
	Listens     EventSet // the hot types of events that are recorded in the workspace
	RequestID   string   // the request that it makes; empty: none
	Reason      string   // why, in its own words: the events keep it; empty: it did not say
}

// May reports whether the actor has a permission.
func (a *Actor) May(p Permission) bool { return slices.Contains(a.Permissions, p) }

// Require returns an error of KindForbidden unless the actor has the permission.
func (a *Actor) Require(p Permission) error {
	if a.May(p) {
		return nil
	}
	return &Error{
		Kind: KindForbidden, Reason: ReasonRoleNotAllowed,
		Detail: fmt.Sprintf("a %s with the role %s may not do this", a.Kind, a.Role),
	}
}
