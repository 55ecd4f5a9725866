package codes

import (
	"cmp"
	"slices"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Act is one thing to be done to one code: what it concerns, which is what a store looks
// up and locks, and the rule that decides and says what changes.
type Command struct {
	WorkspaceID core.ID
	Canonical   string  // of the code
	UserID      string  // whom it concerns; empty: nobody
	Redemption  core.ID // the one that it is about or would make; zero: none
	Reservation core.ID // likewise
	Creates     bool    // Redemption or Reservation is there only if an earlier try of the act was done
	NeedsUsage  bool    // whether the code was ever used matters
	Idempotent  bool    // doing it a second time changes nothing more and says the same
	At          time.Time
	// Hypothetical: At is not the present. Such an act must not share a book with others,
	// which has one time for all of them.
	Hypothetical bool
	Source       *event.Source // of the events that the act causes; nil: none are recorded
	Rule         func(*Execution) Result
}

// ActResult is what became of an act. With an error, an [Error], nothing was changed.
type Result struct {
	Err         error
	Code        *Code        // as it is then
	Redemption  *Redemption  // that was made, found or rolled back
	Reservation *Reservation // that was made, found or ended
	Replayed    bool         // it had been done before
	At          time.Time    // the instant that the act was judged by
}

func refuse(err error) Result { return Result{Err: err} }

// UserRef names a user.
type UserRef struct {
	WorkspaceID core.ID
	ID          string
}

// Ref names a redemption or a reservation beside its code.
type Ref struct {
	Canonical string
	ID        core.ID
}

// Book is what a group of acts needs to know and what it changes. A store opens one for
// the acts, enters the facts that [Book.Codes] and its like ask for while it keeps
// everybody else from changing them, settles the acts, and stores what has changed: all
// in one transaction. So the rules are the same in every engine, and acts that share a
// commit see one another's effects.
type UnitOfWork struct {
	commands     []*Command
	retried      bool
	at           time.Time
	codes        map[string]*TrackedCode
	users        map[UserRef]*TrackedUser
	redemptions  map[core.ID]*TrackedRedemption
	reservations map[core.ID]*TrackedReservation
	events       []*event.Event
	err          error // of an event that could not be made
}

// Change is what has become of an entry since it was entered.
type Change int

// The changes.
const (
	Unchanged Change = iota
	Added
	Changed
	Removed
)

// then is the change that two changes make, one after the other.
func (c Change) then(next Change) Change {
	switch {
	case c == Added && next == Changed:
		return Added
	case c == Added && next == Removed:
		return Unchanged
	case c == Removed && next == Added:
		return Changed
	default:
		return next
	}
}

// CodeEntry is a code in a book.
type TrackedCode struct {
	Code             // its Reservations are those that are live at the book's time
	Canonical string // the entry's name
	Held      int64  // reservations that are stored as held, lapsed ones among them
	Used      bool   // it was redeemed or reserved at some time; only known where an act asks
	Change    Change // Changed: more than the counters has
	Counted   bool   // the counters have changed: Redemptions, Held
}

// UserEntry is a user in a book.
type TrackedUser struct {
	User         // its Status is Unregistered if there is no such user
	Change       Change
	redemptions  []*TrackedRedemption  // those that stand, and others that were entered, of whatever code
	reservations []*TrackedReservation // those that are held, of whatever code
}

// RedemptionEntry is a redemption in a book.
type TrackedRedemption struct {
	Redemption
	Canonical string // of its code
	Change    Change
}

// ReservationEntry is a reservation in a book.
type TrackedReservation struct {
	Reservation
	Canonical string // of its code
	Change    Change
}

// shown is a copy for the act's actor, which later acts do not change.
func (e *TrackedRedemption) snapshot() *Redemption {
	r := e.Redemption
	return &r
}

// shown is the same of a reservation.
func (e *TrackedReservation) snapshot() *Reservation {
	r := e.Reservation
	return &r
}

// NewUnitOfWork returns a book for acts. Its time is that of the latest act: none is judged
// by an instant at which a use was still held that another one of them was given.
// retried: an earlier try to carry them out may have been done.
func NewUnitOfWork(acts []*Command, retried bool) *UnitOfWork {
	b := &UnitOfWork{commands: acts, retried: retried}
	for _, act := range acts {
		if act.At.After(b.at) {
			b.at = act.At
		}
	}
	return b
}

// At is the instant at which the acts are judged.
func (b *UnitOfWork) At() time.Time { return b.at }

// Codes returns the canonical forms of the codes that the acts are about, sorted, each
// once.
func (b *UnitOfWork) CodesToLoad() []string {
	all := make([]string, len(b.commands))
	for i, act := range b.commands {
		all[i] = act.Canonical
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// CodeRef names a code in a workspace.
type CodeRef struct {
	WorkspaceID core.ID
	Canonical   string
}

// CodeRefs returns which codes the acts are about and in which workspaces, sorted by canonical
// form, each once. A code of another workspace must not be entered: of all that one asks for it,
// none learns anything of it.
func (b *UnitOfWork) CodeRefs() []CodeRef {
	all := make([]CodeRef, len(b.commands))
	for i, act := range b.commands {
		all[i] = CodeRef{act.WorkspaceID, act.Canonical}
	}
	slices.SortFunc(all, func(a, b CodeRef) int {
		return cmp.Or(cmp.Compare(a.Canonical, b.Canonical), slices.Compare(a.WorkspaceID[:], b.WorkspaceID[:]))
	})
	return slices.Compact(all)
}

// Workspaces returns the workspaces that the acts belong to, sorted, each once.
func (b *UnitOfWork) Workspaces() [][16]byte {
	all := make([][16]byte, len(b.commands))
	for i, act := range b.commands {
		all[i] = act.WorkspaceID
	}
	slices.SortFunc(all, func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}

// AskedUsed returns those of Codes of which Used must be known.
func (b *UnitOfWork) UsageToLoad() (canonicals []string) {
	for _, act := range b.commands {
		if act.NeedsUsage {
			canonicals = append(canonicals, act.Canonical)
		}
	}
	slices.Sort(canonicals)
	return slices.Compact(canonicals)
}

// Users returns the users whom the acts concern, sorted, each once. Their redemptions
// that stand and their reservations that are held must be entered, too, and where
// [Book.AsksRolledBack] says so, those of their redemptions that were rolled back.
func (b *UnitOfWork) UsersToLoad() []UserRef {
	var all []UserRef
	for _, act := range b.commands {
		if act.UserID != "" {
			all = append(all, UserRef{act.WorkspaceID, act.UserID})
		}
	}
	slices.SortFunc(all, func(a, b UserRef) int {
		return cmp.Or(slices.Compare(a.WorkspaceID[:], b.WorkspaceID[:]), cmp.Compare(a.ID, b.ID))
	})
	return slices.Compact(all)
}

// Redemptions returns the redemptions that acts are about or may have made in an
// earlier try.
func (b *UnitOfWork) RedemptionsToLoad() []Ref {
	return b.refs(func(act *Command) core.ID { return act.Redemption })
}

// Reservations is the same of reservations.
func (b *UnitOfWork) ReservationsToLoad() []Ref {
	return b.refs(func(act *Command) core.ID { return act.Reservation })
}

// AsksRolledBack reports whether it matters which redemptions of the users were rolled back: at
// another instant they may stand.
func (b *UnitOfWork) AsksRolledBack() bool {
	return slices.ContainsFunc(b.commands, func(act *Command) bool { return act.Hypothetical })
}

func (b *UnitOfWork) refs(of func(*Command) core.ID) (all []Ref) {
	for _, act := range b.commands {
		if id := of(act); !id.IsZero() && (b.retried || !act.Creates) {
			all = append(all, Ref{act.Canonical, id})
		}
	}
	return all
}

// EnterCode enters a code that exists.
func (b *UnitOfWork) LoadCode(e *TrackedCode) { load(&b.codes, e.Canonical, e) }

// enter enters something into a map, which is made when there is something to enter: most
// books hold little, and the hottest only one code.
func load[K comparable, E any](entries *map[K]E, name K, e E) {
	if *entries == nil {
		*entries = map[K]E{}
	}
	(*entries)[name] = e
}

// Owner returns the id of the workspace of a code that was entered; nil for another one.
func (b *UnitOfWork) Owner(canonical string) []byte {
	if e := b.codes[canonical]; e != nil {
		return e.WorkspaceID[:]
	}
	return nil
}

// EnterLapsed says how many reservations that a code is entered with as held have lapsed at the
// book's time: the others are live. It need not be said of a code that was entered with those.
func (b *UnitOfWork) EnterLapsed(canonical string, lapsed int64) {
	if e := b.codes[canonical]; e != nil {
		e.Reservations = e.Held - lapsed
	}
}

// EnterUsed says whether a code was ever used, which [Book.AskedUsed] asks.
func (b *UnitOfWork) LoadUsage(canonical string, used bool) {
	if e := b.codes[canonical]; e != nil {
		e.Used = used
	}
}

// EnterUser enters a user who is registered. Those whom nobody enters are not.
func (b *UnitOfWork) LoadUser(u User) { b.user(UserRef{u.WorkspaceID, u.ID}).User = u }

// EnterRedemption enters a redemption. To enter one twice does nothing.
func (b *UnitOfWork) LoadRedemption(canonical string, r Redemption) {
	if b.redemptions[r.ID] == nil {
		b.addRedemption(&TrackedRedemption{Redemption: r, Canonical: canonical})
	}
}

// EnterReservation enters a reservation. To enter one twice does nothing.
func (b *UnitOfWork) LoadReservation(canonical string, r Reservation) {
	if b.reservations[r.ID] == nil {
		b.addReservation(&TrackedReservation{Reservation: r, Canonical: canonical})
	}
}

func (b *UnitOfWork) addRedemption(e *TrackedRedemption) {
	load(&b.redemptions, e.ID, e)
	if e.UserID != "" {
		u := b.user(UserRef{e.WorkspaceID, e.UserID})
		u.redemptions = append(u.redemptions, e)
	}
}

func (b *UnitOfWork) addReservation(e *TrackedReservation) {
	load(&b.reservations, e.ID, e)
	if e.UserID != "" && e.State == ReservationHeld {
		u := b.user(UserRef{e.WorkspaceID, e.UserID})
		u.reservations = append(u.reservations, e)
	}
}

func (b *UnitOfWork) user(ref UserRef) *TrackedUser {
	u := b.users[ref]
	if u == nil {
		u = &TrackedUser{User: User{WorkspaceID: ref.WorkspaceID, ID: ref.ID}}
		load(&b.users, ref, u)
	}
	return u
}

// Settle carries out the acts, one after the other, and returns what became of each.
func (b *UnitOfWork) Run() []Result {
	results := make([]Result, len(b.commands))
	for i, act := range b.commands {
		results[i] = act.Rule(b.execution(act))
		results[i].At = b.at
	}
	return results
}

// Events returns the events to store with what has changed, in the order in which they
// happened. With an error nothing must be stored.
func (b *UnitOfWork) Events() ([]*event.Event, error) { return b.events, b.err }

// ChangedCodes returns the codes to store, in the order of their canonical forms.
func (b *UnitOfWork) ChangedCodes() []*TrackedCode {
	return changed(b.codes, func(e *TrackedCode) bool { return e.Change != Unchanged || e.Counted },
		func(x, y *TrackedCode) int { return cmp.Compare(x.Canonical, y.Canonical) })
}

// ChangedUsers returns the users to store, sorted as by [Book.Users].
func (b *UnitOfWork) ChangedUsers() []*TrackedUser {
	return changed(b.users, func(e *TrackedUser) bool { return e.Change != Unchanged },
		func(x, y *TrackedUser) int {
			return cmp.Or(slices.Compare(x.WorkspaceID[:], y.WorkspaceID[:]), cmp.Compare(x.ID, y.ID))
		})
}

// ChangedRedemptions returns the redemptions to store, in the order of their ids.
func (b *UnitOfWork) ChangedRedemptions() []*TrackedRedemption {
	return changed(b.redemptions, func(e *TrackedRedemption) bool { return e.Change != Unchanged },
		func(x, y *TrackedRedemption) int { return slices.Compare(x.ID[:], y.ID[:]) })
}

// ChangedReservations returns the reservations to store, in the order of their ids.
func (b *UnitOfWork) ChangedReservations() []*TrackedReservation {
	return changed(b.reservations, func(e *TrackedReservation) bool { return e.Change != Unchanged },
		func(x, y *TrackedReservation) int { return slices.Compare(x.ID[:], y.ID[:]) })
}

func changed[K comparable, E any](entries map[K]E, isChanged func(E) bool, order func(x, y E) int) (all []E) {
	for _, e := range entries {
		if isChanged(e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, order)
	return all
}
