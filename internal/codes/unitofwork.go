package codes

import (
	"cmp"
	"slices"
	"time"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
)

// Command is one operation on one code. It says what it concerns, which is what a store looks up and
// locks. Its rule decides and says what changes.
type Command struct {
	WorkspaceID core.ID
	Canonical   string  // of the code
	UserID      string  // the user whom it concerns; empty: none
	Redemption  core.ID // the one that it names or would make; zero: none
	Reservation core.ID // the same for a reservation
	Creates     bool    // Redemption or Reservation exists only if an earlier try succeeded
	NeedsUsage  bool    // whether the code was ever used matters
	AddsCode    bool    // whether any workspace has the code matters
	// NeedsHistory: the user's redemptions of other codes matter, too.
	NeedsHistory bool
	Idempotent   bool // a second run changes nothing more and gives the same result
	At           time.Time
	// Hypothetical: At is not the present. Such a command must not share a unit of work with others,
	// because a unit of work has one time for all its commands.
	Hypothetical bool
	Source       *event.Source // of the events that the command causes; nil: none are recorded
	Rule         func(*Execution) Result
}

// Result is the outcome of a command. With an error, which is a [core.Error], nothing was changed.
type Result struct {
	Err         error
	Code        *Code        // as it is then
	Before      *RetriedCode // as it was before; only of the commands of an [Act]
	Redemption  *Redemption  // the one that was made, found or rolled back
	Reservation *Reservation // the one that was made, found or ended
	Replayed    bool         // an earlier request has done it already
	At          time.Time    // the instant that the command was judged by
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

// UnitOfWork holds what a group of commands needs to know and what it changes. A store makes one for
// the commands, loads the facts that [UnitOfWork.CodesToLoad] and similar methods ask for, runs the
// commands, and stores the changes: all in one transaction, in which nobody else can change these
// facts. So the rules are the same in every engine, and commands that share a commit see each
// other's effects.
type UnitOfWork struct {
	commands     []*Command
	retried      bool
	hypothetical bool // one of the commands is; kept, because it is asked for each command
	at           time.Time
	codes        map[string]*TrackedCode
	taken        map[string]bool // by canonical form: a code of any workspace has it
	users        map[UserRef]*TrackedUser
	redemptions  map[core.ID]*TrackedRedemption
	reservations map[core.ID]*TrackedReservation
	events       []*event.Event
	err          error // why an event could not be made
}

// Change says how an entry differs from what was loaded.
type Change int

// The changes.
const (
	Unchanged Change = iota
	Added
	Changed
	Removed
)

// then combines two changes, made one after the other.
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

// TrackedCode is a code in a unit of work.
type TrackedCode struct {
	Code             // its Reservations are those that are live at the unit of work's time
	Retry     Retry  // that made it
	Canonical string // the key of the entry
	Held      int64  // reservations that are stored as held, including lapsed ones
	Used      bool   // it was ever redeemed or reserved; loaded only where a command needs it
	Change    Change // Changed: more than the counters
	Counted   bool   // the counters have changed: Redemptions, Held
}

// TrackedUser is a user in a unit of work.
type TrackedUser struct {
	User         // its Status is Unregistered if there is no such user
	Change       Change
	redemptions  []*TrackedRedemption  // those that stand, and others that were loaded, of any code
	reservations []*TrackedReservation // those that are held, of any code
}

// TrackedRedemption is a redemption in a unit of work.
type TrackedRedemption struct {
	Redemption
	Canonical string // of its code
	Change    Change
}

// TrackedReservation is a reservation in a unit of work.
type TrackedReservation struct {
	Reservation
	Canonical string // of its code
	Change    Change
}

// snapshot returns a copy for a result, which later commands do not change.
func (e *TrackedRedemption) snapshot() *Redemption {
	r := e.Redemption
	return &r
}

// snapshot returns a copy for a result, which later commands do not change.
func (e *TrackedReservation) snapshot() *Reservation {
	r := e.Reservation
	return &r
}

// NewUnitOfWork returns a unit of work for commands. Its time is that of the latest command. So no
// command is judged by an earlier time, at which a use was still held that the group has already
// given to another command. retried: an earlier try to carry out the commands may have succeeded.
func NewUnitOfWork(commands []*Command, retried bool) *UnitOfWork {
	w := &UnitOfWork{commands: commands, retried: retried}
	for _, command := range commands {
		w.hypothetical = w.hypothetical || command.Hypothetical
		if command.At.After(w.at) {
			w.at = command.At
		}
	}
	return w
}

// At returns the instant at which the commands are judged.
func (w *UnitOfWork) At() time.Time { return w.at }

// LoadCode adds a code that exists.
func (w *UnitOfWork) LoadCode(e *TrackedCode) { load(&w.codes, e.Canonical, e) }

// load adds an entry to a map. It makes the map first if needed: most units of work hold little, and
// the hottest hold only one code.
func load[K comparable, E any](entries *map[K]E, name K, e E) {
	if *entries == nil {
		*entries = map[K]E{}
	}
	(*entries)[name] = e
}

// Owner returns the id of the workspace of a code that was loaded; nil for any other code.
func (w *UnitOfWork) Owner(canonical string) []byte {
	if e := w.codes[canonical]; e != nil {
		return e.WorkspaceID[:]
	}
	return nil
}

// LoadTaken says that a code of any workspace has a canonical form, of those of
// [UnitOfWork.FormsToLoad].
func (w *UnitOfWork) LoadTaken(canonical string) { load(&w.taken, canonical, true) }

// LoadLapsed says how many of a loaded code's held reservations have lapsed at the unit of work's
// time; the others are live. It is not needed for a code that was loaded with the number of live
// reservations.
func (w *UnitOfWork) LoadLapsed(canonical string, lapsed int64) {
	if e := w.codes[canonical]; e != nil {
		e.Reservations = e.Held - lapsed
	}
}

// LoadUsage says whether a code was ever used, for the codes of [UnitOfWork.UsageToLoad].
func (w *UnitOfWork) LoadUsage(canonical string, used bool) {
	if e := w.codes[canonical]; e != nil {
		e.Used = used
	}
}

// LoadUser adds a registered user. A user who is not loaded is not registered.
func (w *UnitOfWork) LoadUser(u User) { w.user(UserRef{u.WorkspaceID, u.ID}).User = u }

// LoadRedemption adds a redemption. Adding one twice does nothing more.
func (w *UnitOfWork) LoadRedemption(canonical string, r Redemption) {
	if w.redemptions[r.ID] == nil {
		w.addRedemption(&TrackedRedemption{Redemption: r, Canonical: canonical})
	}
}

// LoadReservation adds a reservation. Adding one twice does nothing more.
func (w *UnitOfWork) LoadReservation(canonical string, r Reservation) {
	if w.reservations[r.ID] == nil {
		w.addReservation(&TrackedReservation{Reservation: r, Canonical: canonical})
	}
}

func (w *UnitOfWork) addRedemption(e *TrackedRedemption) {
	load(&w.redemptions, e.ID, e)
	if e.UserID != "" {
		u := w.user(UserRef{e.WorkspaceID, e.UserID})
		u.redemptions = append(u.redemptions, e)
	}
}

func (w *UnitOfWork) addReservation(e *TrackedReservation) {
	load(&w.reservations, e.ID, e)
	if e.UserID != "" && e.State == ReservationHeld {
		u := w.user(UserRef{e.WorkspaceID, e.UserID})
		u.reservations = append(u.reservations, e)
	}
}

func (w *UnitOfWork) user(ref UserRef) *TrackedUser {
	u := w.users[ref]
	if u == nil {
		u = &TrackedUser{User: User{WorkspaceID: ref.WorkspaceID, ID: ref.ID}}
		load(&w.users, ref, u)
	}
	return u
}

// Run carries out the commands, one after the other, and returns the outcome of each.
func (w *UnitOfWork) Run() []Result {
	results := make([]Result, len(w.commands))
	for i, command := range w.commands {
		results[i] = command.Rule(w.execution(command))
		results[i].At = w.at
	}
	return results
}

// Events returns the events to store with the changes, in the order in which they happened. With an
// error nothing must be stored.
func (w *UnitOfWork) Events() ([]*event.Event, error) { return w.events, w.err }

// ChangedCodes returns the codes to store, in the order of their canonical forms.
func (w *UnitOfWork) ChangedCodes() []*TrackedCode {
	return changed(w.codes, func(e *TrackedCode) bool { return e.Change != Unchanged || e.Counted },
		func(x, y *TrackedCode) int { return cmp.Compare(x.Canonical, y.Canonical) })
}

// ChangedUsers returns the users to store, sorted as by [UnitOfWork.UsersToLoad].
func (w *UnitOfWork) ChangedUsers() []*TrackedUser {
	return changed(w.users, func(e *TrackedUser) bool { return e.Change != Unchanged },
		func(x, y *TrackedUser) int {
			return cmp.Or(slices.Compare(x.WorkspaceID[:], y.WorkspaceID[:]), cmp.Compare(x.ID, y.ID))
		})
}

// ChangedRedemptions returns the redemptions to store, in the order of their ids.
func (w *UnitOfWork) ChangedRedemptions() []*TrackedRedemption {
	return changed(w.redemptions, func(e *TrackedRedemption) bool { return e.Change != Unchanged },
		func(x, y *TrackedRedemption) int { return slices.Compare(x.ID[:], y.ID[:]) })
}

// ChangedReservations returns the reservations to store, in the order of their ids.
func (w *UnitOfWork) ChangedReservations() []*TrackedReservation {
	return changed(w.reservations, func(e *TrackedReservation) bool { return e.Change != Unchanged },
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
