package codes

import (
	"maps"
	"slices"
	"time"

	"accesscodes/internal/core"
)

// Reversal takes back what a change has done to some fields of one code. A field that does not have
// the value any more that the change gave it stays as it is.
type Reversal struct {
	Fields  []string // names, see [Fields]
	Was, Is Code     // before and after the change; only the fields count
	// CreatedAt tells the code that was changed from a later one of the same value; zero: it was not noted.
	CreatedAt time.Time

	Changed bool     // whether the command has changed the code
	Left    []string // the fields that stay, because they have been changed since
	Refused error    // why other fields stay; a [core.Error]; nil: none do
}

// Command returns the command that takes it back. It sets Changed, Left and Refused. It records no
// event.
func (r *Reversal) Command(workspace core.ID, canonical string, at time.Time) *Command {
	return &Command{WorkspaceID: workspace, Canonical: canonical, At: at, Rule: r.rule}
}

func (r *Reversal) rule(x *Execution) Result {
	r.Changed, r.Left, r.Refused = false, nil, nil
	c := x.code()
	if c == nil || !r.CreatedAt.IsZero() && !c.CreatedAt.Equal(r.CreatedAt) {
		return refuse(errCodeNotFound())
	}
	next := r.reverted(&c.Code)
	if r.Changed = len(Differing(&c.Code, &next)) > 0; r.Changed {
		c.Code = next
		c.Change = c.Change.then(Changed)
	}
	return Result{Code: x.codeNow(), Replayed: !r.Changed}
}

// reverted returns the code as it is then.
func (r *Reversal) reverted(c *Code) Code {
	next := *c
	for i := range fields {
		if f := &fields[i]; slices.Contains(r.Fields, f.Name) && !f.revert(&next, &r.Was, &r.Is) {
			r.Left = append(r.Left, f.Name)
		}
	}
	r.keepPossible(c, &next)
	return next
}

// keepPossible gives fields of which the earlier value is not possible any more the present one.
func (r *Reversal) keepPossible(now, next *Code) {
	if now.RevokedAt != nil && next.RevokedAt == nil && now.hasSuccessor() {
		next.RevokedAt = now.RevokedAt
		r.Refused = core.Conflict(core.ReasonCodeRevoked, "another code has taken its place")
	}
	if limit := next.MaxRedemptions; limit != nil && *limit < next.Redemptions+next.Reservations &&
		!same(limit, now.MaxRedemptions) {
		next.MaxRedemptions = now.MaxRedemptions
		r.Refused = core.Conflict(core.ReasonCodeInUse, "more uses are taken than the earlier maxRedemptions")
	}
	isTurned := next.StartsAt != nil && next.ExpiresAt != nil && !next.StartsAt.Before(*next.ExpiresAt)
	if isTurned && !(sameTime(next.StartsAt, now.StartsAt) && sameTime(next.ExpiresAt, now.ExpiresAt)) {
		next.StartsAt, next.ExpiresAt = now.StartsAt, now.ExpiresAt
		r.Refused = core.Invalid(core.ReasonInvalidValue, expiresTooEarly)
	}
}

// revert gives a code's field the value from before a change, if it has the one from after it. Entries
// of metadata are looked at one by one. It reports whether all has been reverted.
func (f *Field) revert(c, was, is *Code) bool {
	switch to := f.Of(c).(type) {
	case **int64:
		return revertTo(to, *f.Of(was).(**int64), same(*to, *f.Of(is).(**int64)))
	case **time.Time:
		return revertTo(to, *f.Of(was).(**time.Time), sameTime(*to, *f.Of(is).(**time.Time)))
	case *core.OptionalText:
		return revertTo(to, *f.Of(was).(*core.OptionalText), *to == *f.Of(is).(*core.OptionalText))
	case *core.Metadata:
		next, isWhole := revertedMetadata(*to, *f.Of(was).(*core.Metadata), *f.Of(is).(*core.Metadata))
		*to = next
		return isWhole
	default:
		return false
	}
}

func revertTo[T any](to *T, was T, isSame bool) bool {
	if isSame {
		*to = was
	}
	return isSame
}

func revertedMetadata(now, was, is map[string]string) (next map[string]string, isWhole bool) {
	isWhole, next = true, maps.Clone(now)
	if next == nil {
		next = map[string]string{}
	}
	keys := maps.Clone(was)
	if keys == nil {
		keys = map[string]string{}
	}
	maps.Copy(keys, is)
	for key := range keys {
		before, there := was[key]
		after, stays := is[key]
		switch present, has := now[key]; {
		case there == stays && before == after: // the change left it alone
		case has != stays || present != after:
			isWhole = false
		case there:
			next[key] = before
		default:
			delete(next, key)
		}
	}
	if len(next) == 0 {
		return nil, isWhole
	}
	return next, isWhole
}

// Differing returns the names of the fields that can change and differ in two states of a code.
func Differing(a, b *Code) (names []string) {
	for i := range fields {
		if f := &fields[i]; f.Changes && !f.isSame(a, b) {
			names = append(names, f.Name)
		}
	}
	return names
}

func (f *Field) isSame(a, b *Code) bool {
	switch v := f.Of(a).(type) {
	case **int64:
		return same(*v, *f.Of(b).(**int64))
	case **time.Time:
		return sameTime(*v, *f.Of(b).(**time.Time))
	case *core.OptionalText:
		return *v == *f.Of(b).(*core.OptionalText)
	case *core.Metadata:
		return maps.Equal(*v, *f.Of(b).(*core.Metadata))
	default:
		return true
	}
}
