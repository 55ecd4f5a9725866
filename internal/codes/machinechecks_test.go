package codes_test

import (
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// check compares everything that can be looked at with the model, and the counters with
// the rows that they count.
func (m *machine) check(t *rapid.T) {
	redeemed := m.checkRedemptions(t)
	reserved, held := m.checkReservations(t)
	checkSame(
		t,
		"reservations that are stored as held",
		held,
		m.real.heldAsStored(t, slices.Collect(maps.Keys(m.model.codes))),
	)
	for _, name := range machineCodes() {
		got, err := m.real.GetCode(t.Context(), m.real.acme, name)
		c := m.model.codes[name]
		if c == nil {
			no(core.ReasonCodeNotFound).check(t, err)
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
			t.Errorf(
				"%s is used more often than it can be: %d redeemed, %d reserved, of %d",
				name,
				got.Redemptions,
				got.Reservations,
				*got.MaxRedemptions,
			)
		}
		checkSame(t, name, *m.wantCode(name, m.model.now), got)
		if status := m.real.StatusNow(&got); status != m.model.status(name, 0, m.model.now) {
			t.Errorf("%s is %s, want %s", name, status, m.model.status(name, 0, m.model.now))
		}
	}
	users, err := m.real.ListUsers(t.Context(), m.real.acme, codes.UserFilter{}, core.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var registered []codes.User
	for _, id := range slices.Sorted(maps.Keys(m.model.users)) {
		registered = append(registered, m.wantUser(id))
	}
	checkSame(t, "users", registered, users.Items)
}

// wantCode is a code as the model has it, with what is held at an instant; nil: there is none.
func (m *machine) wantCode(name string, at time.Time) *codes.Code {
	c := m.model.codes[name]
	if c == nil {
		return nil
	}
	redeemed, held := m.model.taken(name, at)
	want := &codes.Code{
		Value: name, WorkspaceID: m.real.acme.WorkspaceID, Type: c.kind, Redemptions: redeemed, Reservations: held,
		StartsAt: orNil(
			c.starts,
		), ExpiresAt: orNil(c.expires), RevokedAt: orNil(c.revoked), CreatedAt: c.created, CreatedBy: m.real.acme.ID,
	}
	if c.limit > 0 {
		want.MaxRedemptions = &c.limit
	}
	return want
}

// orNil is a time, or nil for none.
func orNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// wantUser is a user as the model has it.
func (m *machine) wantUser(id string) codes.User {
	user := m.model.users[id]
	return codes.User{
		WorkspaceID: m.real.acme.WorkspaceID,
		ID:          id,
		Status:      user.status,
		CreatedAt:   user.created,
		UpdatedAt:   user.changed,
		LastOrdinal: user.redeemed,
	}
}

// checkCode checks a command that answers with the code as it is then.
func (m *machine) checkCode(t *rapid.T, a answer, name string, got codes.Code, err error) {
	t.Helper()
	if a.check(t, err); err == nil {
		checkSame(t, name, *m.wantCode(name, m.model.now), got)
	}
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

// checkReservations does this for reservations that are live, and for those that are
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
		if got.State == codes.ReservationHeld {
			held[got.Code]++
		}
	}
	return live, held
}

// heldAsStored is how many reservations codes say are stored as held, of those that have any.
func (w *world) heldAsStored(t tester, list []string) map[string]int64 {
	t.Helper()
	held := map[string]int64{}
	var commands []*codes.Command
	for _, code := range list {
		commands = append(
			commands,
			&codes.Command{WorkspaceID: w.acme.WorkspaceID, Canonical: code, Rule: func(s *codes.Execution) codes.Result {
				if n := s.Held(); n != 0 {
					held[code] = n
				}
				return codes.Result{}
			}},
		)
	}
	if _, err := w.Store.DryRun(t.Context(), commands); err != nil {
		t.Fatal(err)
	}
	return held
}

// check checks a command that answers with nothing but a refusal.
func (a answer) check(t *rapid.T, err error) {
	t.Helper()
	got := core.Reason("")
	if err != nil {
		got = core.AsError(err).Reason
	}
	if got != a.reason {
		t.Fatalf("refused with the reason %q (%v), want %q", got, err, a.reason)
	}
}

func (a answer) checkRedeemed(t *rapid.T, got codes.Redeemed, err error) {
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

func (a answer) checkReserved(t *rapid.T, got codes.Reserved, err error) {
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

func (r *modelRedemption) check(t *rapid.T, got *codes.Redemption) {
	t.Helper()
	found := modelRedemption{
		id: got.ID, code: got.Code, user: got.UserID, before: got.Before, grants: got.Grants,
		undone: !got.Stands(), made: got.CreatedAt, withReservationID: got.ReservationID,
	}
	if got.RolledBackAt != nil {
		found.undoneAt = *got.RolledBackAt
	}
	if found != *r {
		t.Fatalf("redemption %+v, want %+v", found, *r)
	}
}

func (r *modelReservation) check(t *rapid.T, got *codes.Reservation) {
	t.Helper()
	found := modelReservation{
		id: got.ID, code: got.Code, user: got.UserID, until: got.ExpiresAt,
		released: got.State == codes.ReservationReleased, redemption: r.redemption,
	}
	confirmed := core.ID{}
	if r.redemption != nil {
		confirmed = r.redemption.id
	}
	if found != *r || got.RedemptionID != confirmed {
		t.Fatalf("reservation %+v that became %v, want %+v that became %v", found, got.RedemptionID, *r, confirmed)
	}
}
