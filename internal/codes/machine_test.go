package codes_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// TestTheServiceAnswersLikeTheModel does the same random commands with a service and with the
// model, and compares every answer and everything that can be looked at. There are few
// codes, users and uses, so that commands get in one another's way, and times are multiples of
// ten seconds, so that things happen at the same instant.
func TestTheServiceAnswersLikeTheModel(t *testing.T) {
	newWorld := manyWorlds(t)
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			real:  newWorld(t),
			model: model{now: start, codes: map[string]*modelCode{}, users: map[string]modelUser{}},
		}
		for i, code := range machineCodes() {
			m.add(t, code, codes.Types()[i])
		}
		actions := map[string]func(*rapid.T){
			"":              m.check,
			"redeem":        m.redeemAny,
			"redeem a hold": m.redeemHold,
			"reserve":       m.reserve,
			"confirm":       m.confirm,
			"release":       m.release,
			"rollback":      m.rollback,
			"change":        m.change,
			"validate":      m.validate,
			"wait":          m.wait,
			"manage":        m.manage,
		}
		// These three run twice as often.
		actions["redeem, too"], actions["reserve, too"] = actions["redeem"], actions["reserve"]
		actions["manage, too"] = actions["manage"]
		for range 3 { // about thirty commands each
			t.Repeat(actions)
		}
	})
}

// machine is a service and the model of it.
type machine struct {
	real  *world
	model model
}

// machineCodes are so different that none is a typo of another.
func machineCodes() []string { return []string{"AAAA", "BBBB", "CCCC"} }

func machineUsers() []string { return []string{"ada", "bob", "cyd"} }

func drawCode(t *rapid.T) string { return rapid.SampledFrom(machineCodes()).Draw(t, "code") }

func drawUser(t *rapid.T) string { return rapid.SampledFrom(machineUsers()).Draw(t, "user") }

// drawTens draws a time of at least so many tens of seconds.
func drawTens(t *rapid.T, least int, what string) time.Duration {
	return time.Duration(rapid.IntRange(least, 4).Draw(t, what+", in tens of seconds")) * 10 * time.Second
}

// drawFrom draws one of the things that were made, or nil, which stands for none such.
func drawFrom[T any](t *rapid.T, made []*T, what string) *T {
	all := []int{-1}
	for i := range made {
		all = append(all, i)
	}
	slices.Reverse(all) // what is first is drawn when a failure is made smaller
	if i := rapid.SampledFrom(all).Draw(t, what); i >= 0 {
		return made[i]
	}
	return nil
}

// manage does something that gets in the way of the other commands, which are more frequent.
func (m *machine) manage(t *rapid.T) {
	actions := map[string]func(*rapid.T){
		"add": m.addAny, "delete": m.delete, "erase": m.erase, "list": m.list, "put": m.put, "revoke": m.revoke,
		"tidy": m.tidy,
	}
	actions[rapid.SampledFrom(slices.Sorted(maps.Keys(actions))).Draw(t, "action")](t)
}

func (m *machine) addAny(t *rapid.T) {
	m.add(t, drawCode(t), rapid.SampledFrom(codes.Types()).Draw(t, "type"))
}

func (m *machine) add(t *rapid.T, code string, kind codes.Type) {
	options := codes.Options{}
	made := &modelCode{kind: kind, limit: rapid.SampledFrom([]int64{1, 1, 2, 0}).Draw(t, "limit"), created: m.model.now}
	if made.limit > 0 {
		options.MaxRedemptions = limitOf(made.limit)
	}
	if rapid.IntRange(0, 3).Draw(t, "starts later") == 3 {
		made.starts = m.model.now.Add(drawTens(t, 0, "start"))
		options.StartsAt = &made.starts
	}
	if rapid.IntRange(0, 3).Draw(t, "expires") == 3 {
		made.expires = m.model.now.Add(5*10*time.Second + drawTens(t, 0, "expiry"))
		options.ExpiresAt = &made.expires
	}
	want := answer{}
	if m.model.codes[code] != nil {
		want = no(core.ReasonCodeAlreadyExists)
	} else {
		m.model.codes[code] = made
	}
	got, err := m.real.AddCode(t.Context(), m.real.acme, code, of(made.kind, options))
	if want.check(t, err); err == nil {
		checkSame(t, "added", codes.Issued{Code: *m.wantCode(code, m.model.now)}, got)
	}
}

func (m *machine) redeemAny(t *rapid.T) { m.redeem(t, drawCode(t), drawUser(t)) }

func (m *machine) redeem(t *rapid.T, code, user string) {
	got, err := m.real.Redeem(t.Context(), m.real.acme, codes.RedeemRequest{Code: code, UserID: user})
	m.model.redeem(code, user).checkRedeemed(t, got, err)
}

// redeemHold redeems what a user has reserved, or had.
func (m *machine) redeemHold(t *rapid.T) {
	if r := drawFrom(t, m.model.reservations, "reservation"); r != nil && r.user != "" {
		m.redeem(t, r.code, r.user)
	}
}

func (m *machine) reserve(t *rapid.T) {
	code, user, life := drawCode(t), drawUser(t), drawTens(t, 1, "life")
	got, err := m.real.Reserve(t.Context(), m.real.acme, codes.ReserveRequest{Code: code, UserID: user, Life: life})
	m.model.reserve(code, user, life).checkReserved(t, got, err)
}

func (m *machine) confirm(t *rapid.T) {
	r := drawFrom(t, m.model.reservations, "reservation")
	got, err := m.real.Confirm(t.Context(), m.real.acme, idOf(r))
	m.model.confirm(r).checkRedeemed(t, got, err)
}

func (m *machine) release(t *rapid.T) {
	r := drawFrom(t, m.model.reservations, "reservation")
	got, err := m.real.Release(t.Context(), m.real.acme, idOf(r))
	m.model.release(r).checkReserved(t, got, err)
}

func idOf(r *modelReservation) core.ID {
	if r == nil {
		return core.ID{1}
	}
	return r.id
}

func (m *machine) rollback(t *rapid.T) {
	r, id := drawFrom(t, m.model.redemptions, "redemption"), core.ID{1}
	if r != nil {
		id = r.id
	}
	got, err := m.real.Rollback(t.Context(), m.real.acme, id, "")
	m.model.rollback(r).checkRedeemed(t, got, err)
}

func (m *machine) revoke(t *rapid.T) {
	code, revoked := drawCode(t), rapid.Bool().Draw(t, "revoke")
	action := m.real.RestoreCode
	if revoked {
		action = m.real.RevokeCode
	}
	got, err := action(t.Context(), m.real.acme, code)
	m.checkCode(t, m.model.revoke(code, revoked), code, got, err)
}

func (m *machine) change(t *rapid.T) {
	code := drawCode(t)
	var want codes.CodeChange
	var apply func(*modelCode)
	fields := []string{"limit", "limit", "no limit", "start", "no start", "expiry", "no expiry"}
	switch rapid.SampledFrom(fields).Draw(t, "field") {
	case "limit":
		limit := int64(rapid.IntRange(1, 3).Draw(t, "limit"))
		want.MaxRedemptions, apply = limitOf(limit), func(c *modelCode) { c.limit = limit }
	case "no limit":
		want.MaxRedemptions.Given, apply = true, func(c *modelCode) { c.limit = 0 }
	case "start":
		at := m.model.now.Add(drawTens(t, -1, "start"))
		want.StartsAt, apply = given(at), func(c *modelCode) { c.starts = at }
	case "no start":
		want.StartsAt, apply = none[time.Time](), func(c *modelCode) { c.starts = time.Time{} }
	case "expiry":
		at := m.model.now.Add(drawTens(t, 0, "expiry"))
		want.ExpiresAt, apply = given(at), func(c *modelCode) { c.expires = at }
	case "no expiry":
		want.ExpiresAt, apply = none[time.Time](), func(c *modelCode) { c.expires = time.Time{} }
	}
	got, err := m.real.ChangeCode(t.Context(), m.real.acme, code, want)
	m.checkCode(t, m.model.change(code, apply), code, got, err)
}

func (m *machine) delete(t *rapid.T) {
	code := drawCode(t)
	err := m.real.DeleteCode(t.Context(), m.real.acme, code)
	m.model.remove(code).check(t, err)
}

func (m *machine) put(t *rapid.T) {
	user, status := drawUser(
		t,
	), rapid.SampledFrom([]codes.UserStatus{codes.UserNormal, codes.UserPremium}).
		Draw(t, "status")
	got, err := m.real.PutUser(t.Context(), m.real.acme, user, status)
	m.model.become(user, status)
	answer{}.check(t, err)
	checkSame(t, "put", m.wantUser(user), got)
}

func (m *machine) erase(t *rapid.T) {
	user := drawUser(t)
	err := m.real.EraseUser(t.Context(), m.real.acme, user)
	m.model.erase(user).check(t, err)
}

func (m *machine) tidy(t *rapid.T) { m.real.tidy(t) }

// validate asks for now, for later and for before: then only for what the user had redeemed,
// because nobody knows what was reserved then.
func (m *machine) validate(t *rapid.T) {
	code, user := drawCode(t), rapid.SampledFrom(append(machineUsers(), "")).Draw(t, "user")
	at := m.model.now.Add(drawTens(t, -2, "later"))
	got, err := m.real.Validate(t.Context(), m.real.acme, codes.ValidateRequest{Code: code, UserID: user, At: &at})
	if err != nil {
		t.Fatal(err)
	}
	why := core.Reason("")
	if got.Why != nil {
		why, got.Why = got.Why.Reason, nil
	}
	reason := m.model.validate(code, user, at)
	if earlier := m.model.stood(code, user, at); user != "" && earlier != nil {
		if got.Redemption == nil {
			t.Fatalf("no redemption in %+v", got)
		}
		earlier.check(t, got.Redemption)
		got.Redemption = nil
	}
	if at.Before(m.model.now) {
		if (why == core.ReasonAlreadyRedeemed) != (reason == core.ReasonAlreadyRedeemed) {
			t.Fatalf("not valid before now for the reason %q; want %q", why, reason)
		}
		return
	}
	if why != reason {
		t.Fatalf("not valid for the reason %q; want %q", why, reason)
	}
	want := codes.Validation{Valid: reason == "", At: at, Code: m.wantCode(code, at)}
	if want.Valid {
		want.Grants = m.model.grants(code)
	}
	checkSame(t, "validated", want, got)
}

// list reads the codes of a status.
func (m *machine) list(t *rapid.T) {
	status := rapid.SampledFrom(codes.Statuses()).Draw(t, "status")
	page, err := m.real.ListCodes(t.Context(), m.real.acme, codes.CodeFilter{Status: status}, core.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got, want := map[string]bool{}, map[string]bool{}
	for _, code := range page.Items {
		got[code.Value] = true
	}
	for code := range m.model.codes {
		if m.model.status(code, 0, m.model.now) == status {
			want[code] = true
		}
	}
	checkSame(t, string(status), want, got)
}

// wait lets time pass: to an instant at which something ends or begins, to the last
// microsecond before it, or by some seconds.
func (m *machine) wait(t *rapid.T) {
	var instants []*time.Time
	for _, r := range m.model.reservations {
		instants = append(instants, &r.until)
	}
	for _, name := range machineCodes() { // in an order, so that a failure can be repeated
		if c := m.model.codes[name]; c != nil {
			instants = append(instants, &c.starts, &c.expires)
		}
	}
	passes := drawTens(t, 0, "wait")
	if to := drawFrom(t, instants, "until"); to != nil && to.After(m.model.now) {
		passes = to.Sub(m.model.now) - time.Duration(rapid.IntRange(0, 1).Draw(t, "microseconds before"))*time.Microsecond
	}
	m.model.now = m.model.now.Add(passes)
	m.real.pass(passes)
}
