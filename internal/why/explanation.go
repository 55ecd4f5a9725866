package why

import (
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Question asks what becomes of a code.
type Question struct {
	Typed  string     // as somebody typed it: a code in any spelling, or a link that holds one
	UserID string     // who would redeem it; empty: only the code is judged
	At     *time.Time // when; nil: now
}

// Explanation is what becomes of a code that was typed, why, and what would help.
type Explanation struct {
	Typed   string // the code as it was typed; from a link, the part that holds the code
	Link    bool   // Typed is a part of a link
	Read    string // how it was read, in capitals
	Columns []Column
	// Code is the code that was typed, or the nearest one; nil: there is neither. It is as it is now:
	// a code as it was is in Answer.
	Code        *codes.Code
	Nearest     bool // Code is not the one that was typed
	Differences []Difference
	Deleted     *Deletion // the code was deleted; nil: nothing is known of that

	Answer Answer  // about what was typed
	Would  *Answer // with Nearest: about Code, if it were typed right
	// Now is what redeeming Code answers now; nil: the other answers are about now, or there is no code.
	Now *Answer

	// UsedBy are the newest redemptions of a code that is used up, and UsedByMore how many more stand.
	UsedBy     []codes.Redemption
	UsedByMore int64

	At       time.Time // the instant that the answers are about
	Past     *Past     // with [Question.At] before the present
	Remedies []Remedy  // one of each kind, in the order of [RemedyKinds]
}

// Answer is what redeeming answers.
type Answer struct {
	Valid  bool // it would be redeemed, or already was by this user
	Replay bool // this user redeemed it already: redeeming gives that redemption again
	// Reason, Kind and Detail are those of the refusal. web/kit says which HTTP status a kind is.
	Reason core.Reason
	Kind   core.Kind
	Detail string
	Status codes.Status // of the code at the instant; empty: there is no code
	Uses   Uses
	// StartsAt, ExpiresAt and RevokedAt are the code's at the instant.
	StartsAt, ExpiresAt, RevokedAt *time.Time
	User                           *codes.User       // at the instant; nil: not registered, or none was named
	Redemption                     *codes.Redemption // with Replay: the earlier one
	Effect                         Effect
}

// Uses are the uses of a code at an instant.
type Uses struct {
	Taken, Held int64
	Max         *int64 // nil: no limit
}

// Free returns how many uses are free; nil: there is no limit.
func (u *Uses) Free() *int64 {
	if u.Max == nil {
		return nil
	}
	return new(max(*u.Max-u.Taken-u.Held, 0))
}

// Effect is what redeeming a code does to its user.
type Effect string

// The effects.
const (
	EffectNone              Effect = ""
	EffectRegistersNormal   Effect = "registers_normal"
	EffectRegistersPremium  Effect = "registers_premium"
	EffectUpgradesToPremium Effect = "upgrades_to_premium"
)

// EffectOf returns what redeeming a code of a type does to whoever may redeem it.
func EffectOf(t codes.Type) Effect {
	switch t {
	case codes.TypeNormal:
		return EffectRegistersNormal
	case codes.TypePremium:
		return EffectRegistersPremium
	case codes.TypeUpgrade:
		return EffectUpgradesToPremium
	default:
		return EffectNone
	}
}

// Column is one character of what was typed beside what was read and what the code has.
type Column struct {
	Typed   string // empty with Missing
	Read    string // in capitals; empty with Dropped and Missing; more than one character for some letters
	Have    string // of the code; empty without one, and with Dropped and Extra
	Dropped bool   // it does not count: a space, a dash or the like
	Differs bool
	Missing bool // the code has a character here that was not typed
	Extra   bool // the code has no character here
}

// DifferenceKind is how the nearest code differs from what was typed.
type DifferenceKind string

// The kinds of difference.
const (
	DifferenceOther   DifferenceKind = "other"   // another character
	DifferenceMissing DifferenceKind = "missing" // the code has one more
	DifferenceExtra   DifferenceKind = "extra"   // the code has one less
	DifferenceSwapped DifferenceKind = "swapped" // two characters side by side change places
)

// Difference is where the nearest code differs from what was typed.
type Difference struct {
	Kind     DifferenceKind
	Position int    // from 1 on, counted in what was read; of a missing one: where it would be
	Typed    string // as it was read; empty: missing
	Have     string // what the code has there; empty: extra
}

// Deletion says that a code was deleted.
type Deletion struct {
	At     time.Time
	Kind   core.ActorKind
	By     core.ID
	ByName string
}

// Past says how sure an answer about an earlier time is.
type Past struct {
	CreatedAt time.Time     // of the code; zero: there is none. Before that there was no code
	Since     *time.Time    // from when on the log is kept; nil: it holds nothing
	Unsure    []UnsureCause // nil: the answer is exact
}

// UnsureCause is why an answer about an earlier time may differ from the one given then.
type UnsureCause string

// The causes.
const (
	// UnsureEvents: changes from the time may have been made of which no event is kept any more.
	UnsureEvents UnsureCause = "events_not_kept"
	// UnsureBulk: an import, or a change of many codes of which nothing is kept any more, has been made
	// since; which codes it has changed is not in the log.
	UnsureBulk UnsureCause = "bulk_change"
	// UnsureRedemptions: there are more redemptions and events than were looked through.
	UnsureRedemptions UnsureCause = "too_many"
	// UnsureReservations: uses that were held at the time are not known any more.
	UnsureReservations UnsureCause = "reservations"
	// UnsureUser: the user's status at the time is not known for sure.
	UnsureUser UnsureCause = "user"
)

// RemedyKind is a kind of help.
type RemedyKind string

// The remedies.
const (
	RemedyReplace RemedyKind = "replace"
	RemedyExtend  RemedyKind = "extend"
	RemedyRaise   RemedyKind = "raise"
	RemedyRestore RemedyKind = "restore"
)

// RemedyKinds lists every remedy, in the order in which pages show them.
func RemedyKinds() []RemedyKind {
	return []RemedyKind{RemedyReplace, RemedyExtend, RemedyRaise, RemedyRestore}
}

// WhyNot is why a remedy does not help.
type WhyNot string

// Why remedies do not help.
const (
	WhyNotNoCode     WhyNot = "no_code"
	WhyNotNotEnded   WhyNot = "not_ended"   // extend: it ends at ExpiresAt, or never
	WhyNotUsesFree   WhyNot = "uses_free"   // raise: Free uses are free
	WhyNotNoLimit    WhyNot = "no_limit"    // raise: any number of users may redeem it
	WhyNotNotRevoked WhyNot = "not_revoked" // restore
	WhyNotWorks      WhyNot = "works"       // replace: the code works, or worked for this user
	// WhyNotUser: the user, not the code, is what stands against it. Another code of the type would be
	// refused, too.
	WhyNotUser WhyNot = "user"
	// WhyNotReplaced: the code was replaced already; ReplacedBy is the replacement.
	WhyNotReplaced WhyNot = "replaced"
	// WhyNotNobody: nobody can redeem the shared code, and it is not for the actor to give more than it does.
	WhyNotNobody WhyNot = "nobody"
	// WhyNotWithdrawn: the code was a replacement that was taken back; Instead is the code that it replaced.
	WhyNotWithdrawn WhyNot = "withdrawn"
	// WhyNotMistyped: nobody has shown the code: it is only like the one that was typed. A replacement
	// would go to whoever comes near.
	WhyNotMistyped WhyNot = "mistyped"
)

// Remedy is one way to help.
type Remedy struct {
	Kind    RemedyKind
	Needed  bool // it would help
	Allowed bool // the actor may do it
	// Possible: it can be done, needed or not. Only a replacement is possible without need.
	Possible bool
	WhyNot   WhyNot // unless Needed
	// Shared, of replace: more than one user can redeem the old code, so it stays as it is. Otherwise
	// the old code is revoked.
	Shared bool

	Free       *int64     // uses that are free, or that extending makes free again; nil: without limit
	ExpiresAt  *time.Time // of extend without need: when the code ends; nil: never
	Until      *time.Time // of extend: until when; of replace: when the new code ends
	Limit      *int64     // of raise: the new limit
	ReplacedBy string     // the value of the code that replaced it
	Instead    string     // the value of the code that it had replaced
}
