package member

import (
	"context"
	"errors"
	"slices"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// Members is about who has which role in a workspace.
type Members struct{ base }

func memberNotFound() *core.Error {
	return core.NotFound(core.ReasonMemberNotFound, "there is no such member")
}

// errLastOwner keeps a workspace from being without an owner.
var errLastOwner = core.Conflict(core.ReasonLastOwner,
	"the workspace would have no owner: make somebody else an owner first")

// errMayNot is for who has lost the role since their request began.
var errMayNot = &core.Error{
	Kind: core.KindForbidden, Reason: core.ReasonRoleNotAllowed, Detail: "your role may not do this any more",
}

// List returns the people of the actor's workspace. Errors: KindForbidden.
func (s *Members) List(ctx context.Context, actor *core.Actor) ([]Seated, error) {
	if err := actor.Require(core.PermissionRead); err != nil {
		return nil, err
	}
	return s.deps.Store.Seated(ctx, actor.WorkspaceID)
}

// Invitations returns the open invitations to the actor's workspace. Errors: KindForbidden.
func (s *Members) Invitations(ctx context.Context, actor *core.Actor) ([]Link, error) {
	if err := actor.Require(core.PermissionAdminister); err != nil {
		return nil, err
	}
	return s.deps.Store.Invitations(ctx, actor.WorkspaceID, s.now())
}

// Owners returns the names of a workspace's owners: whom to ask.
func (s *Members) Owners(ctx context.Context, workspace core.ID) (names []string, err error) {
	all, err := s.deps.Store.Seated(ctx, workspace)
	for i := range all {
		if all[i].Role == RoleOwner {
			names = append(names, all[i].Name)
		}
	}
	return names, err
}

// ChangeRole gives somebody in the actor's workspace another role.
//
// Errors: KindForbidden; KindInvalid; KindNotFound; KindConflict with ReasonLastOwner.
func (s *Members) ChangeRole(ctx context.Context, actor *core.Actor, member core.ID, role Role) error {
	var errs core.FieldErrors
	if checkRole(&errs, role); errs.Err() != nil {
		return errs.Err()
	}
	before, err := s.find(ctx, actor, member)
	if err != nil || before.Role == role {
		return err
	}
	data := event.Data{"name": before.Name}
	data.Change("role", string(before.Role), string(role))
	changed, err := s.eventIn(actor.WorkspaceID, actorOf(actor), actor.RequestID, event.MemberChanged, member, data)
	if err != nil {
		return err
	}
	done, err := s.deps.Store.UpdateSeat(ctx, actor.ID, actor.WorkspaceID, member, role, changed)
	return orLastOwner(done, err)
}

// find returns somebody in the actor's workspace, whom the actor may change.
func (s *Members) find(ctx context.Context, actor *core.Actor, member core.ID) (Seated, error) {
	if err := actor.Require(core.PermissionAdminister); err != nil {
		return Seated{}, err
	}
	all, err := s.deps.Store.Seated(ctx, actor.WorkspaceID)
	if err != nil {
		return Seated{}, err
	}
	for i := range all {
		if all[i].ID == member {
			return all[i], nil
		}
	}
	return Seated{}, memberNotFound()
}

func orLastOwner(done bool, err error) error {
	switch {
	case errors.Is(err, core.ErrNotFound):
		return memberNotFound()
	case errors.Is(err, ErrMayNot):
		return errMayNot
	case err == nil && !done:
		return errLastOwner
	default:
		return err
	}
}

// Remove takes somebody out of the actor's workspace. Their account stays.
//
// Errors: KindForbidden; KindNotFound; KindConflict with ReasonLastOwner.
func (s *Members) Remove(ctx context.Context, actor *core.Actor, member core.ID) error {
	found, err := s.find(ctx, actor, member)
	if err != nil {
		return err
	}
	return s.removeAs(ctx, actorOf(actor), actor.RequestID, actor.WorkspaceID, &found.Member, found.Role)
}

func (s *Members) removeAs(
	ctx context.Context, by event.Actor, requestID string, workspace core.ID, m *Member, role Role,
) error {
	removed, err := s.eventIn(workspace, by, requestID, event.MemberRemoved, m.ID,
		event.Data{"name": m.Name, "role": string(role)})
	if err != nil {
		return err
	}
	done, err := s.deps.Store.DeleteSeat(ctx, by.ID, workspace, m.ID, removed)
	return orLastOwner(done, err)
}

// Withdraw takes an invitation to the actor's workspace back. Errors: KindForbidden; KindNotFound.
func (s *Members) Withdraw(ctx context.Context, actor *core.Actor, invitation core.ID) error {
	if err := actor.Require(core.PermissionAdminister); err != nil {
		return err
	}
	return s.withdraw(ctx, actorOf(actor), actor.RequestID, actor.WorkspaceID, invitation)
}

// OperatorInvitations returns the open invitations to run the installation, for who runs it.
func (s *Members) OperatorInvitations(ctx context.Context) ([]Link, error) {
	return s.deps.Store.Invitations(ctx, core.ID{}, s.now())
}

// WithdrawOperator takes an invitation to run the installation back, for who runs it. Errors: KindNotFound.
func (s *Members) WithdrawOperator(ctx context.Context, by event.Actor, requestID string, invitation core.ID) error {
	return s.withdraw(ctx, by, requestID, core.ID{}, invitation)
}

// withdraw takes an invitation to a workspace back, or to run the installation.
func (s *Members) withdraw(
	ctx context.Context, by event.Actor, requestID string, workspace, invitation core.ID,
) error {
	open, err := s.deps.Store.Invitations(ctx, workspace, s.now())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(open, func(l Link) bool { return l.ID == invitation })
	if i < 0 {
		return errLink
	}
	events, err := s.eventsOfLink(&open[i], open[i].leadsTo(), by, requestID, event.MemberUninvited, invitation)
	if err != nil {
		return err
	}
	err = s.deps.Store.DeleteInvitation(ctx, workspace, invitation, events...)
	if errors.Is(err, core.ErrNotFound) {
		return errLink
	}
	return err
}

// Found stores a new workspace, of which created tells, and makes somebody its owner in the same step: there
// is never one that nobody can enter. Errors: KindConflict with ReasonWorkspaceExists.
func (s *Members) Found(ctx context.Context, who *Who, w tenancy.Workspace, created *event.Event) error {
	joined, err := s.eventIn(w.ID, who.actor(), "", event.MemberJoined, who.Member.ID,
		event.Data{"role": string(RoleOwner)})
	if err != nil {
		return err
	}
	founded, err := s.deps.Store.FoundWorkspace(ctx, w, who.Member.ID, created, joined)
	if err == nil && !founded {
		err = tenancy.WorkspaceExists(w.Slug)
	}
	return err
}

// All returns everybody, for who runs the installation.
func (s *Members) All(ctx context.Context) ([]Member, error) { return s.deps.Store.Members(ctx) }

// In returns the people of a workspace, for who runs the installation.
func (s *Members) In(ctx context.Context, workspace core.ID) ([]Seated, error) {
	return s.deps.Store.Seated(ctx, workspace)
}

// SeatsOf returns the seats of a person, for the command line. Errors: KindNotFound.
func (s *Members) SeatsOf(ctx context.Context, email string) (Member, []Seat, error) {
	m, err := s.deps.Store.MemberByEmail(ctx, normalEmail(email))
	if errors.Is(err, core.ErrNotFound) {
		return Member{}, nil, memberNotFound()
	}
	if err != nil {
		return Member{}, nil, err
	}
	seats, err := s.deps.Store.Seats(ctx, m.ID)
	return m, seats, err
}

// RemoveAs is Remove for the command line. Without a workspace it deletes the person.
//
// Errors: KindNotFound; KindConflict with ReasonLastOwner.
func (s *Members) RemoveAs(ctx context.Context, by event.Actor, email string, workspace core.ID) error {
	m, seats, err := s.SeatsOf(ctx, email)
	if err != nil {
		return err
	}
	var events []*event.Event
	for _, seat := range seats {
		if seat.Workspace.ID == workspace {
			return s.removeAs(ctx, by, "", workspace, &m, seat.Role)
		}
		e, err := s.eventIn(seat.Workspace.ID, by, "", event.MemberRemoved, m.ID,
			event.Data{"name": m.Name, "role": string(seat.Role)})
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	if !workspace.IsZero() {
		return memberNotFound()
	}
	if m.Operator {
		e, err := s.eventIn(event.Installation, by, "", event.MemberRemoved, m.ID,
			event.Data{"name": m.Name, "role": roleOperator})
		if err != nil {
			return err
		}
		events = append(events, e)
	}
	done, err := s.deps.Store.DeleteMember(ctx, m.ID, events...)
	return orLastOwner(done, err)
}
