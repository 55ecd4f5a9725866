package plain

import (
	"cmp"
	"context"
	"errors"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
)

var links = newTable("member_links", []column[storedLink]{
	{"id", func(l *storedLink) any { return &l.ID }},
	{"token", func(l *storedLink) any { return l.token[:] }},
	{"kind", func(l *storedLink) any { return (*string)(&l.Kind) }},
	{"email", func(l *storedLink) any { return &l.Email }},
	{"workspace_id", func(l *storedLink) any { return &l.WorkspaceID }},
	{"role", func(l *storedLink) any { return (*string)(&l.Role) }},
	{"operator", func(l *storedLink) any { return &l.Operator }},
	{"created_by", func(l *storedLink) any { return &l.CreatedBy }},
	{"created_by_name", func(l *storedLink) any { return &l.CreatedByName }},
	{"created_at", func(l *storedLink) any { return &l.CreatedAt }},
	{"expires_at", func(l *storedLink) any { return &l.ExpiresAt }},
})

// storedLink is a link with the hash by which it is found.
type storedLink struct {
	member.Link
	token member.TokenHash
}

// InsertLink implements [member.LinkStore].
func (s Store) InsertLink(
	ctx context.Context, l member.Link, token member.TokenHash, events ...*event.Event,
) (bool, error) {
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) {
		if err := checkMaker(tx, &l); err != nil {
			return false, err
		}
		if l.Kind == member.LinkSetup {
			if some, err := hasMembers(tx); err != nil || some {
				return false, err
			}
		} else if _, err := tx.Exec("DELETE FROM member_links WHERE kind = ?1 AND email = ?2 AND "+
			"(workspace_id = ?3 OR workspace_id IS NULL AND ?4)",
			string(l.Kind), l.Email, l.WorkspaceID, l.WorkspaceID.IsZero()); err != nil {
			return false, err
		}
		if _, err := links.insert(tx, &storedLink{l, token}, ""); err != nil {
			return false, err
		}
		return true, tx.AddEvents(events...)
	})
}

// checkMaker returns [member.ErrMayNot] unless the person who makes a link may let others in where it leads.
// They keep that until the link is stored.
func checkMaker(tx Tx, l *member.Link) error {
	if l.CreatedBy.IsZero() {
		return nil
	}
	if l.Operator {
		err := lockMember(tx, l.CreatedBy)
		if errors.Is(err, core.ErrNotFound) {
			return member.ErrMayNot
		}
		if err != nil {
			return err
		}
		if err := allowed(tx, "SELECT 1 FROM members WHERE id = ?1 AND operator = ?2", l.CreatedBy, true); err != nil {
			return err
		}
	}
	if l.WorkspaceID.IsZero() {
		return nil
	}
	return lockSeatsFor(tx, l.CreatedBy, l.WorkspaceID)
}

// LinkByToken implements [member.LinkStore].
func (s Store) LinkByToken(ctx context.Context, token member.TokenHash, at time.Time) (member.Link, error) {
	return read(ctx, s.db, func(tx Tx) (member.Link, error) {
		found, err := links.find(tx, "token = ?1 AND expires_at > ?2", token[:], at)
		if err != nil {
			return member.Link{}, err
		}
		if !found.WorkspaceID.IsZero() {
			w, err := workspaces.find(tx, "id = ?1", found.WorkspaceID)
			if err != nil {
				return member.Link{}, err
			}
			found.Workspace = w.Name
		}
		return found.Link, nil
	})
}

// AcceptLink implements [member.LinkStore]. Whoever deletes the link has won. Two people who set up with
// two links at once both take the row of the installation first.
func (s Store) AcceptLink(ctx context.Context, a *member.Acceptance) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		workspaces, err := takeLink(tx, a)
		if err != nil {
			return err
		}
		if a.New {
			err = insertMember(tx, &a.Member)
		} else {
			err = acceptAs(tx, a)
		}
		if err != nil {
			return err
		}
		role := a.Link.Role
		if a.Link.Kind == member.LinkSetup {
			role = member.RoleOwner
		}
		var joined []core.ID
		for _, workspace := range workspaces {
			raised, err := raiseSeat(tx, workspace, a.Member.ID, role, a.At)
			if err != nil {
				return err
			}
			if raised {
				joined = append(joined, workspace)
			}
		}
		if err := insertSession(tx, a.Session, a.SessionHash, a.DeviceHash); err != nil {
			return err
		}
		events, err := a.Events(joined)
		if err != nil {
			return err
		}
		return tx.AddEvents(events...)
	})
}

// takeLink uses a link up and returns the workspaces that it leads to.
func takeLink(tx Tx, a *member.Acceptance) ([]core.ID, error) {
	if a.Link.Kind == member.LinkSetup {
		return takeSetup(tx, a)
	}
	if err := change(tx, "DELETE FROM member_links WHERE token = ?1", a.Token[:]); err != nil {
		return nil, err
	}
	if a.Link.WorkspaceID.IsZero() {
		return nil, nil
	}
	return []core.ID{a.Link.WorkspaceID}, lockSeats(tx, a.Link.WorkspaceID)
}

// takeSetup uses a link for setting up, and with it all others.
func takeSetup(tx Tx, a *member.Acceptance) (all []core.ID, err error) {
	if err := change(tx, "UPDATE installation SET id = id"); err != nil {
		return nil, err
	}
	if some, err := hasMembers(tx); err != nil || some {
		return nil, cmp.Or(err, core.ErrNotFound)
	}
	if err := change(tx, "DELETE FROM member_links WHERE token = ?1", a.Token[:]); err != nil {
		return nil, err
	}
	if _, err := tx.Exec("DELETE FROM member_links WHERE kind = ?1", string(member.LinkSetup)); err != nil {
		return nil, err
	}
	err = tx.Query("SELECT id FROM workspaces ORDER BY created_at, id", nil, func(row Row) error {
		var id core.ID
		err := row.Scan(&id)
		all = append(all, id)
		return err
	})
	return all, err
}

// Invitations implements [member.SeatStore].
func (s Store) Invitations(ctx context.Context, workspace core.ID, at time.Time) ([]member.Link, error) {
	return read(ctx, s.db, func(tx Tx) (open []member.Link, err error) {
		which, leadsTo := invitedTo(workspace)
		found, err := links.all(tx, "WHERE "+which+" AND expires_at > ?2 ORDER BY created_at, id", leadsTo, at)
		for i := range found {
			open = append(open, found[i].Link)
		}
		return open, err
	})
}

// DeleteInvitation implements [member.SeatStore].
func (s Store) DeleteInvitation(ctx context.Context, workspace, link core.ID, events ...*event.Event) error {
	return s.db.Write(ctx, Once, func(tx Tx) error {
		which, leadsTo := invitedTo(workspace)
		if err := change(tx, "DELETE FROM member_links WHERE "+which+" AND id = ?2", leadsTo, link); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	})
}

// invitedTo is the condition for invitations to a workspace, or without one to run the installation, with
// its first argument.
func invitedTo(workspace core.ID) (condition string, first any) {
	if workspace.IsZero() {
		return "kind = 'invite' AND operator = ?1", true
	}
	return "kind = 'invite' AND workspace_id = ?1", workspace
}
