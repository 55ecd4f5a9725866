package access_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"accesscodes/internal/access"
)

// TestTheServiceAnswersLikeTheModel does the same random acts with a service and with the
// model, and compares every answer and everything that can be looked at. There are few
// codes, users and uses, so that acts get in one another's way, and times are multiples of
// ten seconds, so that things happen at the same instant.
func TestTheServiceAnswersLikeTheModel(t *testing.T) {
	newWorld := manyWorlds(t)
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{real: newWorld(t), model: model{now: start, codes: map[string]*modelCode{}, users: map[string]access.UserStatus{}}}
		for i, code := range machineCodes() {
			m.add(t, code, access.Types()[i])
		}
		acts := map[string]func(*rapid.T){
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
		acts["redeem, too"], acts["reserve, too"], acts["manage, too"] = acts["redeem"], acts["reserve"], acts["manage"] // twice as often
		for range 3 {                                                                                                    // about thirty acts each
			t.Repeat(acts)
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

// manage does something that gets in the way of the other acts, which are more frequent.
func (m *machine) manage(t *rapid.T) {
	acts := map[string]func(*rapid.T){
		"add": m.addAny, "delete": m.delete, "erase": m.erase, "list": m.list, "put": m.put, "revoke": m.revoke, "tidy": m.tidy,
	}
	acts[rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(t, "act")](t)
}

func (m *machine) addAny(t *rapid.T) {
	m.add(t, drawCode(t), rapid.SampledFrom(access.Types()).Draw(t, "type"))
}

func (m *machine) add(t *rapid.T, code string, kind access.Type) {
	options := access.Options{}
	made := &modelCode{kind: kind, limit: rapid.SampledFrom([]int64{1, 1, 2, 0}).Draw(t, "limit")}
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
		want = no(access.ReasonCodeAlreadyExists)
	} else {
		m.model.codes[code] = made
	}
	_, err := m.real.AddCode(t.Context(), m.real.acme, code, of(made.kind, options))
	want.check(t, err)
}

func (m *machine) redeemAny(t *rapid.T) { m.redeem(t, drawCode(t), drawUser(t)) }

func (m *machine) redeem(t *rapid.T, code, user string) {
	got, err := m.real.Redeem(t.Context(), m.real.acme, access.RedeemRequest{Code: code, UserID: user})
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
	got, err := m.real.Reserve(t.Context(), m.real.acme, access.ReserveRequest{Code: code, UserID: user, Life: life})
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

func idOf(r *modelReservation) access.ID {
	if r == nil {
		return access.ID{1}
	}
	return r.id
}

func (m *machine) rollback(t *rapid.T) {
	r, id := drawFrom(t, m.model.redemptions, "redemption"), access.ID{1}
	if r != nil {
		id = r.id
	}
	got, err := m.real.Rollback(t.Context(), m.real.acme, id, "")
	m.model.rollback(r).checkRedeemed(t, got, err)
}

func (m *machine) revoke(t *rapid.T) {
	code, revoked := drawCode(t), rapid.Bool().Draw(t, "revoke")
	act := m.real.RestoreCode
	if revoked {
		act = m.real.RevokeCode
	}
	_, err := act(t.Context(), m.real.acme, code)
	m.model.revoke(code, revoked).check(t, err)
}

func (m *machine) change(t *rapid.T) {
	code, pastExpiry := drawCode(t), false
	var want access.CodeChange
	var apply func(*modelCode)
	switch rapid.SampledFrom([]string{"limit", "limit", "no limit", "start", "no start", "expiry", "no expiry"}).Draw(t, "field") {
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
		pastExpiry = !at.After(m.model.now)
	case "no expiry":
		want.ExpiresAt, apply = none[time.Time](), func(c *modelCode) { c.expires = time.Time{} }
	}
	_, err := m.real.ChangeCode(t.Context(), m.real.acme, code, want)
	m.model.change(code, apply, pastExpiry).check(t, err)
}

func (m *machine) delete(t *rapid.T) {
	code := drawCode(t)
	err := m.real.DeleteCode(t.Context(), m.real.acme, code)
	m.model.remove(code).check(t, err)
}

func (m *machine) put(t *rapid.T) {
	user, status := drawUser(t), rapid.SampledFrom([]access.UserStatus{access.UserNormal, access.UserPremium}).Draw(t, "status")
	_, err := m.real.PutUser(t.Context(), m.real.acme, user, status)
	m.model.users[user] = status
	answer{}.check(t, err)
}

func (m *machine) erase(t *rapid.T) {
	user := drawUser(t)
	err := m.real.EraseUser(t.Context(), m.real.acme, user)
	m.model.erase(user).check(t, err)
}

func (m *machine) tidy(t *rapid.T) { m.real.tidy(t) }

// validate asks for now or for later: before now, nobody knows what was reserved then.
func (m *machine) validate(t *rapid.T) {
	code, user, at := drawCode(t), rapid.SampledFrom(append(machineUsers(), "")).Draw(t, "user"), m.model.now.Add(drawTens(t, 0, "later"))
	got, err := m.real.Validate(t.Context(), m.real.acme, access.ValidateRequest{Code: code, UserID: user, At: &at})
	if err != nil {
		t.Fatal(err)
	}
	want := m.model.validate(code, user, at)
	if got.Valid != (want == "") || got.Suggestion != "" || !got.At.Equal(at) {
		t.Fatalf("valid: %v, suggestion %q, at %v; want the reason %q", got.Valid, got.Suggestion, got.At, want)
	}
	if !got.Valid && got.Why.Reason != want {
		t.Fatalf("not valid: %v; want the reason %q", got.Why, want)
	}
}

// list reads the codes of a status.
func (m *machine) list(t *rapid.T) {
	status := rapid.SampledFrom(access.Statuses()).Draw(t, "status")
	page, err := m.real.ListCodes(t.Context(), m.real.acme, access.CodeFilter{Status: status}, access.PageRequest{})
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

// check compares everything that can be looked at with the model, and the counters with
// the rows that they count.
func (m *machine) check(t *rapid.T) {
	redeemed := m.checkRedemptions(t)
	reserved, held := m.checkReservations(t)
	checkSame(t, "reservations that are stored as held", held, m.real.heldAsStored(t, slices.Collect(maps.Keys(m.model.codes))))
	for _, name := range machineCodes() {
		got, err := m.real.GetCode(t.Context(), m.real.acme, name)
		c := m.model.codes[name]
		if c == nil {
			no(access.ReasonCodeNotFound).check(t, err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got.Redemptions != redeemed[name] || got.Reservations != reserved[name] {
			t.Errorf("%s counts %d redemptions and %d reservations, where there are %d and %d",
				name, got.Redemptions, got.Reservations, redeemed[name], reserved[name])
		}
		if got.MaxRedemptions != nil && got.Redemptions+got.Reservations > *got.MaxRedemptions {
			t.Errorf("%s is used more often than it can be: %d redeemed, %d reserved, of %d", name, got.Redemptions, got.Reservations, *got.MaxRedemptions)
		}
		if at := got.RevokedAt; (at != nil) != !c.revoked.IsZero() || at != nil && !at.Equal(c.revoked) {
			t.Errorf("%s was revoked at %v, want %v", name, at, c.revoked)
		}
		if status := m.real.StatusNow(&got); status != m.model.status(name, 0, m.model.now) {
			t.Errorf("%s is %s, want %s", name, status, m.model.status(name, 0, m.model.now))
		}
	}
	users, err := m.real.ListUsers(t.Context(), m.real.acme, access.UserFilter{}, access.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	registered := map[string]access.UserStatus{}
	for _, user := range users.Items {
		registered[user.ID] = user.Status
	}
	checkSame(t, "users", m.model.users, registered)
}

// checkRedemptions compares all redemptions and counts those that stand, by code.
func (m *machine) checkRedemptions(t *rapid.T) map[string]int64 {
	rows, standing := m.real.redemptions(t), map[string]int64{}
	if len(rows) != len(m.model.redemptions) {
		t.Fatalf("%d redemptions, want %d", len(rows), len(m.model.redemptions))
	}
	for i, want := range m.model.redemptions {
		got := &rows[len(rows)-1-i]
		want.check(t, got)
		if got.Stands() {
			standing[got.Code]++
		}
	}
	return standing
}

// checkReservations is the same of reservations that are live, and of those that are
// stored as held whether they have lapsed or not.
func (m *machine) checkReservations(t *rapid.T) (live, held map[string]int64) {
	live, held = map[string]int64{}, map[string]int64{}
	for _, want := range m.model.reservations {
		got := m.real.reservation(t, want.id)
		want.check(t, &got)
		if got.LiveAt(m.model.now) != want.live(m.model.now) {
			t.Errorf("a reservation of %s until %v is %s", want.code, want.until, got.State)
		}
		if got.LiveAt(m.model.now) {
			live[got.Code]++
		}
		if got.State == access.ReservationHeld {
			held[got.Code]++
		}
	}
	return live, held
}

// heldAsStored is how many reservations codes say are stored as held, of those that have any.
func (w *world) heldAsStored(t tester, codes []string) map[string]int64 {
	t.Helper()
	held := map[string]int64{}
	var acts []*access.Act
	for _, code := range codes {
		acts = append(acts, &access.Act{WorkspaceID: w.acme.Workspace.ID, Canonical: code, Rule: func(s *access.Scene) access.ActResult {
			if n := s.Held(); n != 0 {
				held[code] = n
			}
			return access.ActResult{}
		}})
	}
	if _, err := w.Store.Peek(t.Context(), acts); err != nil {
		t.Fatal(err)
	}
	return held
}

// check checks an act that answers with nothing but a refusal.
func (a answer) check(t *rapid.T, err error) {
	t.Helper()
	got := access.Reason("")
	if err != nil {
		got = access.AsError(err).Reason
	}
	if got != a.reason {
		t.Fatalf("refused with the reason %q (%v), want %q", got, err, a.reason)
	}
}

func (a answer) checkRedeemed(t *rapid.T, got access.Redeemed, err error) {
	t.Helper()
	if a.check(t, err); err != nil {
		return
	}
	if got.Replayed != a.replayed {
		t.Fatalf("replayed: %v, want %v", got.Replayed, a.replayed)
	}
	if a.redemption.id.IsZero() {
		a.redemption.id = got.Redemption.ID
	}
	a.redemption.check(t, &got.Redemption)
}

func (a answer) checkReserved(t *rapid.T, got access.Reserved, err error) {
	t.Helper()
	if a.check(t, err); err != nil {
		return
	}
	if got.Replayed != a.replayed {
		t.Fatalf("replayed: %v, want %v", got.Replayed, a.replayed)
	}
	if a.reservation.id.IsZero() {
		a.reservation.id = got.Reservation.ID
	}
	a.reservation.check(t, &got.Reservation)
}

func (r *modelRedemption) check(t *rapid.T, got *access.Redemption) {
	t.Helper()
	found := modelRedemption{
		id: got.ID, code: got.Code, user: got.UserID, before: got.Before, grants: got.Grants,
		undone: !got.Stands(), withReservationID: got.ReservationID,
	}
	if found != *r {
		t.Fatalf("redemption %+v, want %+v", found, *r)
	}
}

func (r *modelReservation) check(t *rapid.T, got *access.Reservation) {
	t.Helper()
	found := modelReservation{
		id: got.ID, code: got.Code, user: got.UserID, until: got.ExpiresAt,
		released: got.State == access.ReservationReleased, redemption: r.redemption,
	}
	confirmed := access.ID{}
	if r.redemption != nil {
		confirmed = r.redemption.id
	}
	if found != *r || got.RedemptionID != confirmed {
		t.Fatalf("reservation %+v that became %v, want %+v that became %v", found, got.RedemptionID, *r, confirmed)
	}
}
