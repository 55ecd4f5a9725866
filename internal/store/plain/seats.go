package plain

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/member"
	"accesscodes/internal/tenancy"
)

// errOwnerless ends a transaction that would leave a workspace without an owner.
var errOwnerless = errors.New("a workspace would have no owner")

// unlessOwnerless reports false where a transaction has ended for that.
func unlessOwnerless(err error) (bool, error) {
	if errors.Is(err, errOwnerless) {
		return false, nil
	}
	return err == nil, err
}

// Seats implements [member.SessionStore].
func (s Store) Seats(ctx context.Context, id core.ID) ([]member.Seat, error) {
	return read(ctx, s.db, func(tx Tx) ([]member.Seat, error) { return seatsOf(tx, id) })
}

var seatsSQL = "SELECT m.role, " + workspaces.list("w.") +
	" FROM memberships m JOIN workspaces w ON w.id = m.workspace_id WHERE m.member_id = ?1"

// seatsOf returns a person's seats. They are sorted here: databases differ in the order of names.
func seatsOf(tx Tx, id core.ID) (seats []member.Seat, err error) {
	err = tx.Query(seatsSQL, []any{id}, func(row Row) error {
		var seat member.Seat
		err := row.Scan(append([]any{(*string)(&seat.Role)}, workspaces.fields(&seat.Workspace)...)...)
		seats = append(seats, seat)
		return err
	})
	slices.SortFunc(seats, func(a, b member.Seat) int {
		return cmp.Or(
			strings.Compare(a.Workspace.Name, b.Workspace.Name), strings.Compare(a.Workspace.Slug, b.Workspace.Slug))
	})
	return seats, err
}

var seatedSQL = "SELECT s.role, s.created_at, " + members.list("m.") +
	" FROM memberships s JOIN members m ON m.id = s.member_id WHERE s.workspace_id = ?1"

// Seated implements [member.SeatStore].
func (s Store) Seated(ctx context.Context, workspace core.ID) ([]member.Seated, error) {
	all, err := read(ctx, s.db, func(tx Tx) (all []member.Seated, err error) {
		err = tx.Query(seatedSQL, []any{workspace}, func(row Row) error {
			var seated member.Seated
			err := row.Scan(append([]any{(*string)(&seated.Role), &seated.JoinedAt}, members.fields(&seated.Member)...)...)
			all = append(all, seated)
			return err
		})
		return all, err
	})
	slices.SortFunc(all, func(a, b member.Seated) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Email, b.Email))
	})
	return all, err
}

// FoundWorkspace implements [member.SeatStore].
func (s Store) FoundWorkspace(
	ctx context.Context, w tenancy.Workspace, owner core.ID, events ...*event.Event,
) (bool, error) {
	return write(ctx, s.db, Once, func(tx Tx) (bool, error) {
		if inserted, err := insertWorkspace(tx, &w); err != nil || !inserted {
			return false, err
		}
		if err := insertSeat(tx, w.ID, owner, member.RoleOwner, w.CreatedAt); err != nil {
			return false, err
		}
		return true, tx.AddEvents(events...)
	})
}

// UpdateSeat implements [member.SeatStore].
func (s Store) UpdateSeat(
	ctx context.Context, by, workspace, id core.ID, role member.Role, events ...*event.Event,
) (bool, error) {
	return unlessOwnerless(s.db.Write(ctx, Once, func(tx Tx) error {
		if err := lockSeatsFor(tx, by, workspace); err != nil {
			return err
		}
		if err := updateSeat(tx, workspace, id, role); err != nil {
			return err
		}
		if !role.Allows(core.PermissionAdminister) {
			if err := deleteLinksOf(tx, workspace, id); err != nil {
				return err
			}
		}
		if err := requireOwner(tx, workspace); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	}))
}

// deleteLinksOf deletes the links to a workspace that a person has made, and those for them: nobody gets a
// role back by a link from the time when they had it.
func deleteLinksOf(tx Tx, workspace, id core.ID) error {
	for _, whose := range []string{"created_by = ?2", "email IN (SELECT email FROM members WHERE id = ?2)"} {
		if _, err := tx.Exec("DELETE FROM member_links WHERE workspace_id = ?1 AND "+whose, workspace, id); err != nil {
			return err
		}
	}
	return nil
}

func updateSeat(tx Tx, workspace, id core.ID, role member.Role) error {
	return change(tx, "UPDATE memberships SET role = ?3 WHERE workspace_id = ?1 AND member_id = ?2",
		workspace, id, string(role))
}

// raiseSeat gives a person a role in a workspace whose seats are locked, unless they have one there that is as
// high. It reports whether it did.
func raiseSeat(tx Tx, workspace, id core.ID, role member.Role, at time.Time) (raised bool, err error) {
	var has member.Role
	err = one(tx, "SELECT role FROM memberships WHERE workspace_id = ?1 AND member_id = ?2", []any{workspace, id},
		func(row Row) error { return row.Scan((*string)(&has)) })
	switch {
	case errors.Is(err, core.ErrNotFound):
		err = insertSeat(tx, workspace, id, role, at)
	case err != nil || !role.Above(has):
		return false, err
	default:
		err = updateSeat(tx, workspace, id, role)
	}
	return err == nil, err
}

func insertSeat(tx Tx, workspace, id core.ID, role member.Role, at time.Time) error {
	_, err := tx.Exec("INSERT INTO memberships (workspace_id, member_id, role, created_at) VALUES (?1, ?2, ?3, ?4)",
		workspace, id, string(role), at)
	return err
}

// DeleteSeat implements [member.SeatStore].
func (s Store) DeleteSeat(ctx context.Context, by, workspace, id core.ID, events ...*event.Event) (bool, error) {
	return unlessOwnerless(s.db.Write(ctx, Once, func(tx Tx) error {
		if err := deleteSeat(tx, by, workspace, id); err != nil {
			return err
		}
		return tx.AddEvents(events...)
	}))
}

func deleteSeat(tx Tx, by, workspace, id core.ID) error {
	if err := lockSeatsFor(tx, by, workspace); err != nil {
		return err
	}
	err := change(tx, "DELETE FROM memberships WHERE workspace_id = ?1 AND member_id = ?2", workspace, id)
	if err != nil {
		return err
	}
	if err := deleteLinksOf(tx, workspace, id); err != nil {
		return err
	}
	return requireOwner(tx, workspace)
}

// lockSeats keeps others from changing who is in a workspace.
func lockSeats(tx Tx, workspace core.ID) error {
	return change(tx, "UPDATE workspaces SET slug = slug WHERE id = ?1", workspace)
}

// lockSeatsFor is lockSeats for somebody who owns the workspace, or returns [member.ErrMayNot]: their request may
// have begun before they lost that role. Nobody may everything.
func lockSeatsFor(tx Tx, by, workspace core.ID) error {
	if err := lockSeats(tx, workspace); err != nil || by.IsZero() {
		return err
	}
	return allowed(tx, "SELECT 1 FROM memberships WHERE workspace_id = ?1 AND member_id = ?2 AND role = ?3",
		workspace, by, string(member.RoleOwner))
}

// allowed returns [member.ErrMayNot] if a query finds nothing.
func allowed(tx Tx, sql string, args ...any) error {
	err := one(tx, sql, args, func(row Row) error { return row.Scan(new(int)) })
	if errors.Is(err, core.ErrNotFound) {
		return member.ErrMayNot
	}
	return err
}

// requireOwner returns errOwnerless if a workspace has people, or had, but no owner.
func requireOwner(tx Tx, workspace core.ID) error {
	err := one(tx, "SELECT 1 FROM memberships WHERE workspace_id = ?1 AND role = 'owner' LIMIT 1", []any{workspace},
		func(row Row) error { return row.Scan(new(int)) })
	if errors.Is(err, core.ErrNotFound) {
		return errOwnerless
	}
	return err
}
