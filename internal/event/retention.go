package event

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Retention says how long events are kept. A time of 0 is forever.
type Retention struct {
	All   time.Duration
	Types []TypeRetention
}

// TypeRetention says how long the events of one type are kept, or of all types that begin alike.
type TypeRetention struct {
	Types string // code.revoked, or code.*
	Keep  time.Duration
}

// Keep returns how long events of a type are kept: what is said of the type itself, else of the longest
// beginning of it, else of all events.
func (r Retention) Keep(t Type) time.Duration {
	longest, keep := -1, r.All
	for _, of := range r.Types {
		prefix, isPrefix := strings.CutSuffix(of.Types, "*")
		if length := len(of.Types); length > longest &&
			(of.Types == string(t) || isPrefix && strings.HasPrefix(string(t), prefix)) {
			longest, keep = length, of.Keep
			if !isPrefix {
				return keep
			}
		}
	}
	return keep
}

// Expired reports whether an event of a type is to be deleted.
func (r Retention) Expired(t Type, at, now time.Time) bool {
	keep := r.Keep(t)
	return keep != 0 && at.Before(now.Add(-keep))
}

// Shortest returns the shortest time for which any events are kept; 0: all are kept forever.
func (r Retention) Shortest() time.Duration {
	if all := r.times(); len(all) > 0 {
		return all[0]
	}
	return 0
}

// Early returns the times after which events are pruned although older ones are kept: all but the longest.
func (r Retention) Early() []time.Duration {
	all := r.times()
	forever := r.All == 0 || slices.ContainsFunc(r.Types, func(of TypeRetention) bool { return of.Keep == 0 })
	if len(all) > 0 && !forever {
		return all[:len(all)-1]
	}
	return all
}

// times returns the times that end, the shortest first.
func (r Retention) times() (all []time.Duration) {
	for _, of := range append([]TypeRetention{{"*", r.All}}, r.Types...) {
		if of.Keep != 0 {
			all = append(all, of.Keep)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// String returns the same text for retentions that say the same in the same order.
func (r Retention) String() string {
	text := r.All.String()
	for _, of := range r.Types {
		text += "," + of.Types + "=" + of.Keep.String()
	}
	return text
}

// Check returns what is wrong with it.
func (r Retention) Check() error {
	seen := map[string]bool{}
	for _, of := range r.Types {
		prefix, isPrefix := strings.CutSuffix(of.Types, ".*")
		known := slices.ContainsFunc(Types(), func(t Type) bool {
			return string(t) == of.Types || isPrefix && strings.HasPrefix(string(t), prefix+".")
		})
		switch {
		case !known:
			return fmt.Errorf("there are no events %q; types are such as code.revoked or session.*", of.Types)
		case seen[of.Types]:
			return fmt.Errorf("%s is named twice", of.Types)
		case of.Keep < 0:
			return errors.New("times must not be negative; 0 keeps events forever")
		}
		seen[of.Types] = true
	}
	return nil
}

// ordered returns the types in the order of their names, so that the order in which they are given does not
// matter.
func (r Retention) ordered() Retention {
	r.Types = slices.SortedFunc(slices.Values(r.Types), func(a, b TypeRetention) int {
		return cmp.Compare(a.Types, b.Types)
	})
	return r
}
