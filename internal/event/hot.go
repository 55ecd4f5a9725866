package event

import (
	"slices"
	"strings"

	"accesscodes/internal/core"
)

// hot are the types of events that come with every code that is made or used: they are recorded only
// where somebody wants them. The users' are not hot by themselves, but they are when a redemption
// causes them. A type's number in a [core.EventSet] is its place here.
var hot = []Type{
	CodeCreated, CodeExhausted, RedemptionCreated,
	ReservationCreated, ReservationConfirmed, ReservationReleased, ReservationLapsed,
	UserRegistered, UserUpgraded,
}

// AllHot is the set of all hot types.
var AllHot = core.EventSet(1<<len(hot) - 1)

// HotSet returns the set of the hot types among some.
func HotSet(types []Type) (set core.EventSet) {
	for _, t := range types {
		set |= bit(t)
	}
	return set
}

// ReadHotSet returns the set that WriteHotSet has written.
func ReadHotSet(text string) (set core.EventSet) {
	for name := range strings.FieldsSeq(text) {
		set |= bit(Type(name))
	}
	return set
}

// WriteHotSet writes a set as the names of its types, with spaces between them.
func WriteHotSet(set core.EventSet) string {
	var names []string
	for _, t := range hot {
		if set&bit(t) != 0 {
			names = append(names, string(t))
		}
	}
	return strings.Join(names, " ")
}

// bit is the set of one type; empty if it is never hot.
func bit(t Type) core.EventSet {
	if i := slices.Index(hot, t); i >= 0 {
		return 1 << i
	}
	return 0
}

// Hot reports whether events of the type are recorded only where somebody wants them. The event about
// the user of a redemption is hot, too, although its type is not: see [Source.RecordsCaused].
func (t Type) Hot() bool { return bit(t) != 0 && t != UserRegistered && t != UserUpgraded }

// MatchTypes returns the types that a pattern means: one exactly, or with .* at its end all that begin
// alike; none if there is no such type.
func MatchTypes(pattern string) []Type {
	prefix, isPrefix := strings.CutSuffix(pattern, ".*")
	return slices.DeleteFunc(Types(), func(t Type) bool {
		return string(t) != pattern && !(isPrefix && strings.HasPrefix(string(t), prefix+"."))
	})
}
