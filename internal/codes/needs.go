package codes

import (
	"cmp"
	"slices"

	"accesscodes/internal/core"
)

// What a unit of work needs to know: a store loads it before the commands run.

// CodesToLoad returns the canonical forms of the codes that the commands are about, sorted, each
// once.
func (w *UnitOfWork) CodesToLoad() []string {
	all := make([]string, len(w.commands))
	for i, command := range w.commands {
		all[i] = command.Canonical
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// CodeRef names a code in a workspace.
type CodeRef struct {
	WorkspaceID core.ID
	Canonical   string
}

// CodeRefs returns the codes that the commands are about, with the workspaces that ask, sorted by
// canonical form, each once. A code of another workspace must not be loaded, so that who asks for it
// learns nothing about it.
func (w *UnitOfWork) CodeRefs() []CodeRef {
	all := make([]CodeRef, len(w.commands))
	for i, command := range w.commands {
		all[i] = CodeRef{command.WorkspaceID, command.Canonical}
	}
	slices.SortFunc(all, func(a, b CodeRef) int {
		return cmp.Or(cmp.Compare(a.Canonical, b.Canonical), slices.Compare(a.WorkspaceID[:], b.WorkspaceID[:]))
	})
	return slices.Compact(all)
}

// Workspaces returns the workspaces that the commands belong to, sorted, each once.
func (w *UnitOfWork) Workspaces() [][16]byte {
	all := make([][16]byte, len(w.commands))
	for i, command := range w.commands {
		all[i] = command.WorkspaceID
	}
	slices.SortFunc(all, func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// UsageToLoad returns those of CodesToLoad for which Used must be loaded.
func (w *UnitOfWork) UsageToLoad() (canonicals []string) {
	return w.formsOf(func(command *Command) bool { return command.NeedsUsage })
}

// FormsToLoad returns those of CodesToLoad for which must be loaded whether a code of any workspace
// has them.
func (w *UnitOfWork) FormsToLoad() (canonicals []string) {
	return w.formsOf(func(command *Command) bool { return command.AddsCode })
}

func (w *UnitOfWork) formsOf(isOne func(*Command) bool) (canonicals []string) {
	for _, command := range w.commands {
		if isOne(command) {
			canonicals = append(canonicals, command.Canonical)
		}
	}
	slices.Sort(canonicals)
	return slices.Compact(canonicals)
}

// UsersToLoad returns the users whom the commands concern, sorted, each once. Their redemptions of
// [UnitOfWork.CodesToLoad] that stand and their reservations of these codes that are held must be
// loaded, too. Where [UnitOfWork.NeedsRolledBack] says so, their redemptions that were rolled back
// must be loaded as well. Loading more of the user's does no harm.
func (w *UnitOfWork) UsersToLoad() []UserRef {
	return w.userRefs(func(*Command) bool { return true })
}

// RedeemersToLoad returns those of UsersToLoad who can have redemptions that must be loaded. It is
// called after users were loaded: only registered ones have redemptions that stand.
func (w *UnitOfWork) RedeemersToLoad() []UserRef {
	return w.userRefs(func(command *Command) bool { return w.hasRedemptions(command) })
}

// HistoriesToLoad returns those of RedeemersToLoad whose redemptions of any code must be loaded.
func (w *UnitOfWork) HistoriesToLoad() []UserRef {
	return w.userRefs(func(command *Command) bool { return command.NeedsHistory && w.hasRedemptions(command) })
}

func (w *UnitOfWork) hasRedemptions(command *Command) bool {
	u := w.users[UserRef{command.WorkspaceID, command.UserID}]
	return w.NeedsRolledBack() || u != nil && u.Status != Unregistered
}

// HeldToLoad returns the loaded codes that have reservations which are stored as held, sorted.
// Without them no user holds a use.
func (w *UnitOfWork) HeldToLoad() (canonicals []string) {
	for canonical, e := range w.codes {
		if e.Held > 0 {
			canonicals = append(canonicals, canonical)
		}
	}
	slices.Sort(canonicals)
	return canonicals
}

func (w *UnitOfWork) userRefs(isOne func(*Command) bool) []UserRef {
	var all []UserRef
	for _, command := range w.commands {
		if command.UserID != "" && isOne(command) {
			all = append(all, UserRef{command.WorkspaceID, command.UserID})
		}
	}
	slices.SortFunc(all, func(a, b UserRef) int {
		return cmp.Or(slices.Compare(a.WorkspaceID[:], b.WorkspaceID[:]), cmp.Compare(a.ID, b.ID))
	})
	return slices.Compact(all)
}

// RedemptionsToLoad returns the redemptions that the commands name, or may have made in an earlier
// try.
func (w *UnitOfWork) RedemptionsToLoad() []Ref {
	return w.refs(func(command *Command) core.ID { return command.Redemption })
}

// ReservationsToLoad returns the reservations that the commands name, or may have made in an earlier
// try.
func (w *UnitOfWork) ReservationsToLoad() []Ref {
	return w.refs(func(command *Command) core.ID { return command.Reservation })
}

// NeedsRolledBack reports whether the users' redemptions that were rolled back matter: a
// hypothetical command asks about another instant, at which they may stand.
func (w *UnitOfWork) NeedsRolledBack() bool { return w.hypothetical }

func (w *UnitOfWork) refs(of func(*Command) core.ID) (all []Ref) {
	for _, command := range w.commands {
		if id := of(command); !id.IsZero() && (w.retried || !command.Creates) {
			all = append(all, Ref{command.Canonical, id})
		}
	}
	return all
}
