package codes_test

import (
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// model says what must become of every command, by the documented rules alone. It remembers what
// happened and counts it anew whenever it is asked, where the program keeps counters.
type model struct {
	now          time.Time
	codes        map[string]*modelCode
	users        map[string]modelUser
	redemptions  []*modelRedemption // in the order in which they were made
	reservations []*modelReservation
}

type modelCode struct {
	kind            codes.Type
	limit           int64     // 0: none
	starts, expires time.Time // zero: none
	revoked         time.Time // zero: it is not
	created         time.Time
}

type modelUser struct {
	status           codes.UserStatus
	created, changed time.Time
	redeemed         int64 // since the user registered, those that were rolled back among them
}

type modelRedemption struct {
	id                core.ID
	code, user        string // a user who was erased has no id
	before, grants    codes.UserStatus
	undone            bool
	made, undoneAt    time.Time
	withReservationID core.ID
}

type modelReservation struct {
	id         core.ID
	code, user string
	until      time.Time
	released   bool
	redemption *modelRedemption // that it was confirmed by
}

// answer is what a command must be answered with.
type answer struct {
	reason      core.Reason // why it is refused; empty: it is not
	replayed    bool
	redemption  *modelRedemption
	reservation *modelReservation
}

func no(reason core.Reason) answer { return answer{reason: reason} }

func (r *modelReservation) live(at time.Time) bool {
	return !r.released && r.redemption == nil && at.Before(r.until)
}

// taken counts the uses of a code that are redeemed and those that are held.
func (m *model) taken(code string, at time.Time) (redeemed, held int64) {
	for _, r := range m.redemptions {
		if r.code == code && !r.undone {
			redeemed++
		}
	}
	for _, r := range m.reservations {
		if r.code == code && r.live(at) {
			held++
		}
	}
	return redeemed, held
}

func (m *model) standing(code, user string) *modelRedemption {
	for _, r := range m.redemptions {
		if r.code == code && r.user == user && !r.undone {
			return r
		}
	}
	return nil
}

// stood is the redemption that stands at an instant.
func (m *model) stood(code, user string, at time.Time) *modelRedemption {
	for _, r := range m.redemptions {
		if r.code == code && r.user == user && !at.Before(r.made) && (!r.undone || at.Before(r.undoneAt)) {
			return r
		}
	}
	return nil
}

func (m *model) hold(code, user string, at time.Time) *modelReservation {
	for _, r := range m.reservations {
		if r.code == code && r.user == user && r.live(at) {
			return r
		}
	}
	return nil
}

// status is a code's status, for a user who holds so many of the uses that are taken.
func (m *model) status(code string, own int64, at time.Time) codes.Status {
	c := m.codes[code]
	redeemed, held := m.taken(code, at)
	switch {
	case !c.revoked.IsZero():
		return codes.StatusRevoked
	case !c.expires.IsZero() && !at.Before(c.expires):
		return codes.StatusExpired
	case at.Before(c.starts):
		return codes.StatusScheduled
	case c.limit > 0 && redeemed+held-own >= c.limit:
		return codes.StatusExhausted
	default:
		return codes.StatusActive
	}
}

// judge says what the code would make of the user, or why not. Nobody is not judged.
func (m *model) judge(code, user string, own int64, at time.Time) (codes.UserStatus, core.Reason) {
	if m.codes[code] == nil {
		return "", core.ReasonCodeNotFound
	}
	switch m.status(code, own, at) {
	case codes.StatusRevoked:
		return "", core.ReasonCodeRevoked
	case codes.StatusExpired:
		return "", core.ReasonCodeExpired
	case codes.StatusScheduled:
		return "", core.ReasonCodeNotStarted
	case codes.StatusExhausted:
		return "", core.ReasonCodeExhausted
	}
	for _, c := range cells() {
		if user != "" && c.code == m.codes[code].kind && c.user == m.users[user].status {
			return c.becomes, c.reason
		}
	}
	return "", ""
}

// grants is what a code makes of those whom it makes something.
func (m *model) grants(code string) codes.UserStatus {
	for _, c := range cells() {
		if c.code == m.codes[code].kind && c.reason == "" {
			return c.becomes
		}
	}
	return ""
}

// become makes a user something else. Who becomes unregistered is forgotten.
func (m *model) become(user string, status codes.UserStatus) {
	was := m.users[user]
	switch status {
	case was.status:
	case codes.Unregistered:
		delete(m.users, user)
	default:
		if was.status == codes.Unregistered {
			was.created = m.now
		}
		m.users[user] = modelUser{status, was.created, m.now, was.redeemed}
	}
}

func (m *model) validate(code, user string, at time.Time) core.Reason {
	own := int64(0)
	if user != "" && m.stood(code, user, at) != nil {
		return core.ReasonAlreadyRedeemed
	}
	if user != "" && m.hold(code, user, at) != nil {
		own = 1
	}
	_, reason := m.judge(code, user, own, at)
	return reason
}

func (m *model) redeem(code, user string) answer {
	if earlier := m.standing(code, user); earlier != nil {
		return answer{replayed: true, redemption: earlier}
	}
	return m.take(code, user, m.hold(code, user, m.now))
}

func (m *model) take(code, user string, hold *modelReservation) answer {
	own := int64(0)
	if hold != nil {
		own = 1
	}
	becomes, reason := m.judge(code, user, own, m.now)
	if reason != "" {
		return no(reason)
	}
	made := &modelRedemption{code: code, user: user, before: m.users[user].status, grants: becomes, made: m.now}
	if hold != nil {
		made.withReservationID, hold.redemption = hold.id, made
	}
	m.redemptions = append(m.redemptions, made)
	m.become(user, becomes)
	now := m.users[user]
	now.redeemed++
	m.users[user] = now
	return answer{redemption: made}
}

func (m *model) reserve(code, user string, life time.Duration) answer {
	if hold := m.hold(code, user, m.now); hold != nil {
		return answer{replayed: true, reservation: hold}
	}
	if _, reason := m.judge(code, user, 0, m.now); reason != "" {
		return no(reason)
	}
	made := &modelReservation{code: code, user: user, until: m.now.Add(life)}
	if expires := m.codes[code].expires; !expires.IsZero() && expires.Before(made.until) {
		made.until = expires
	}
	m.reservations = append(m.reservations, made)
	return answer{reservation: made}
}

func (m *model) confirm(r *modelReservation) answer {
	switch {
	case r == nil:
		return no(core.ReasonReservationNotFound)
	case r.redemption != nil:
		return answer{replayed: true, redemption: r.redemption}
	case r.user == "":
		return no(core.ReasonReservationNotFound)
	case r.released:
		return no(core.ReasonReservationReleased)
	case !r.live(m.now):
		return no(core.ReasonReservationLapsed)
	default:
		return m.take(r.code, r.user, r)
	}
}

func (m *model) release(r *modelReservation) answer {
	switch {
	case r == nil:
		return no(core.ReasonReservationNotFound)
	case r.redemption != nil:
		return no(core.ReasonReservationConfirmed)
	case !r.live(m.now):
		return answer{replayed: true, reservation: r}
	default:
		r.released = true
		return answer{reservation: r}
	}
}

func (m *model) rollback(r *modelRedemption) answer {
	if r == nil {
		return no(core.ReasonRedemptionNotFound)
	}
	if r.undone {
		return answer{replayed: true, redemption: r}
	}
	if r.user != "" {
		for i := len(m.redemptions) - 1; m.redemptions[i] != r; i-- {
			if later := m.redemptions[i]; later.user == r.user && !later.undone {
				return no(core.ReasonRollbackOutOfOrder)
			}
		}
		m.become(r.user, r.before)
	}
	r.undone, r.undoneAt = true, m.now
	return answer{redemption: r}
}

// change changes one of a code's fields.
func (m *model) change(code string, apply func(*modelCode)) answer {
	c := m.codes[code]
	if c == nil {
		return no(core.ReasonCodeNotFound)
	}
	changed := *c
	apply(&changed)
	redeemed, held := m.taken(code, m.now)
	switch {
	case changed == *c:
		return answer{}
	case !changed.starts.IsZero() && !changed.expires.IsZero() && !changed.starts.Before(changed.expires):
		return no(core.ReasonInvalidValue)
	case changed.expires != c.expires && !changed.expires.IsZero() && !changed.expires.After(m.now):
		return no(core.ReasonInvalidValue)
	case changed.limit != c.limit && changed.limit > 0 && changed.limit < redeemed+held:
		return no(core.ReasonCodeInUse)
	}
	*c = changed
	return answer{}
}

func (m *model) revoke(code string, revoked bool) answer {
	switch c := m.codes[code]; {
	case c == nil:
		return no(core.ReasonCodeNotFound)
	case !revoked:
		c.revoked = time.Time{}
	case c.revoked.IsZero():
		c.revoked = m.now
	}
	return answer{}
}

func (m *model) remove(code string) answer {
	if m.codes[code] == nil {
		return no(core.ReasonCodeNotFound)
	}
	for _, r := range m.redemptions {
		if r.code == code {
			return no(core.ReasonCodeInUse)
		}
	}
	for _, r := range m.reservations {
		if r.code == code {
			return no(core.ReasonCodeInUse)
		}
	}
	delete(m.codes, code)
	return answer{}
}

func (m *model) erase(user string) answer {
	found := m.users[user].status != codes.Unregistered
	for _, r := range m.redemptions {
		if r.user == user {
			r.user, found = "", true
		}
	}
	for _, r := range m.reservations {
		if r.user == user {
			r.user, found = "", true
		}
	}
	delete(m.users, user)
	if !found {
		return no(core.ReasonUserNotFound)
	}
	return answer{}
}
