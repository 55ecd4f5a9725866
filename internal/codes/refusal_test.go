package codes_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// refusals are the states of the code CODE in which ada cannot have a use of it. Where
// several reasons apply, the row says which wins.
type refusal struct {
	name    string
	options codes.Options
	events  func(*testing.T, *world) // between adding CODE and asking for it
	reason  core.Reason
	detail  string
	user    bool // it is about the user, not the code
}

func refusals() []refusal {
	nothing := func(*testing.T, *world) {}
	revoke := func(t *testing.T, w *world) { w.revoke(t, "CODE") }
	register := func(t *testing.T, w *world) { w.put(t, "ada", codes.UserNormal) }
	redeem := func(t *testing.T, w *world) { w.redeem(t, "CODE", "bob") }
	reserve := func(t *testing.T, w *world) { w.reserve(t, "CODE", "cyd", time.Hour) }
	postpone := func(t *testing.T, w *world) {
		w.change(t, "CODE", codes.CodeChange{StartsAt: core.Field[time.Time]{Given: true, Value: after(24 * time.Hour)}})
	}
	hours := func(_ *testing.T, w *world) { w.pass(3 * time.Hour) }
	all := func(events ...func(*testing.T, *world)) func(*testing.T, *world) {
		return func(t *testing.T, w *world) {
			for _, event := range events {
				event(t, w)
			}
		}
	}
	ends := codes.Options{ExpiresAt: after(3 * time.Hour)}
	endsOnce := codes.Options{ExpiresAt: after(3 * time.Hour), MaxRedemptions: limitOf(1)}
	begins := codes.Options{StartsAt: after(time.Hour)}
	const (
		notFound   = "there is no such code in this workspace"
		revoked    = "this code was revoked at 2031-02-03T04:05:06Z"
		expired    = "this code expired at 2031-02-03T07:05:06Z"
		scheduled  = "this code cannot be used before 2031-02-03T05:05:06Z"
		registered = "this user is registered already; a Normal code registers a new user"
	)
	return []refusal{
		{"deleted", codes.Options{}, func(t *testing.T, w *world) {
			if err := w.DeleteCode(t.Context(), w.acme, "CODE"); err != nil {
				t.Fatal(err)
			}
		}, core.ReasonCodeNotFound, notFound, false},
		{"revoked", codes.Options{}, revoke, core.ReasonCodeRevoked, revoked, false},
		{"revoked some time ago", codes.Options{}, all(revoke, hours), core.ReasonCodeRevoked, revoked, false},
		{"revoked twice", codes.Options{}, all(revoke, hours, revoke), core.ReasonCodeRevoked, revoked, false},
		{"expired", ends, hours, core.ReasonCodeExpired, expired, false},
		{"scheduled", begins, nothing, core.ReasonCodeNotStarted, scheduled, false},
		{"used", uses(1), redeem, core.ReasonCodeExhausted, "this code has been used; it can be redeemed once", false},
		{
			"used twice", uses(2), all(redeem, func(t *testing.T, w *world) { w.redeem(t, "CODE", "cyd") }),
			core.ReasonCodeExhausted, "every use of this code is taken: it has been redeemed 2 of 2 times", false,
		},
		{
			"reserved",
			uses(1),
			reserve,
			core.ReasonCodeExhausted,
			"every use of this code is taken: of 1, 0 redeemed and 1 reserved for the moment",
			false,
		},
		{
			"used and reserved", uses(2), all(redeem, reserve), core.ReasonCodeExhausted,
			"every use of this code is taken: of 2, 1 redeemed and 1 reserved for the moment", false,
		},
		{"registered", codes.Options{}, register, core.ReasonUserAlreadyRegistered, registered, true},
		{
			"registered, and another redeemed it",
			uses(2),
			all(register, redeem),
			core.ReasonUserAlreadyRegistered,
			registered,
			true,
		},

		{"revoked and expired", ends, all(revoke, hours), core.ReasonCodeRevoked, revoked, false},
		{"revoked and scheduled", begins, revoke, core.ReasonCodeRevoked, revoked, false},
		{"revoked and used", uses(1), all(redeem, revoke), core.ReasonCodeRevoked, revoked, false},
		{"revoked and registered", codes.Options{}, all(revoke, register), core.ReasonCodeRevoked, revoked, false},
		{"expired and used", endsOnce, all(redeem, hours), core.ReasonCodeExpired, expired, false},
		{"expired and registered", ends, all(register, hours), core.ReasonCodeExpired, expired, false},
		{
			"scheduled and used",
			uses(1),
			all(redeem, postpone),
			core.ReasonCodeNotStarted,
			"this code cannot be used before 2031-02-04T04:05:06Z",
			false,
		},
		{"scheduled and registered", begins, register, core.ReasonCodeNotStarted, scheduled, false},
		{
			"used and registered",
			uses(1),
			all(redeem, register),
			core.ReasonCodeExhausted,
			"this code has been used; it can be redeemed once",
			false,
		},
		{
			"reserved and registered", uses(1), all(reserve, register), core.ReasonCodeExhausted,
			"every use of this code is taken: of 1, 0 redeemed and 1 reserved for the moment", false,
		},
		{
			"all there is", endsOnce, all(redeem, register, hours, func(t *testing.T, w *world) { w.revoke(t, "CODE") }),
			core.ReasonCodeRevoked, "this code was revoked at 2031-02-03T07:05:06Z", false,
		},
	}
}

func TestEveryRefusalTellsItsReasonAndTheNearestFacts(t *testing.T) {
	worlds := manyWorlds(t)
	for _, test := range refusals() {
		t.Run(test.name, func(t *testing.T) {
			w := worlds(t)
			w.add(t, w.acme, "CODE", of(codes.TypeNormal, test.options))
			test.events(t, w)
			before, user, made := countersOf(t, w, "CODE"), w.user(t, "ada"), w.redemptions(t)
			for _, asker := range askers() {
				t.Run(asker.name, func(t *testing.T) {
					err := asker.ask(w, t, "CODE", "ada")
					checkRefused(t, err, test.reason)
					checkSame(t, "detail", test.detail, core.AsError(err).Detail)
				})
			}
			t.Run("validate for nobody", func(t *testing.T) {
				v, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: "CODE"})
				if err != nil || v.Valid != test.user {
					t.Fatalf("%+v, %v", v, err)
				}
				if !test.user {
					checkRefused(t, v.Why, test.reason)
					checkSame(t, "detail", test.detail, v.Why.Detail)
				}
			})
			checkSame(t, "what is used", before, countersOf(t, w, "CODE"))
			checkSame(t, "redemptions", made, w.redemptions(t))
			w.checkUser(t, "ada", user)
		})
	}
}

// countersOf says how often a code is redeemed and reserved; of none it says so.
func countersOf(t *testing.T, w *world, code string) [2]int64 {
	t.Helper()
	got, err := w.GetCode(t.Context(), w.acme, code)
	if core.HasReason(err, core.ReasonCodeNotFound) {
		return [2]int64{-1, -1}
	}
	if err != nil {
		t.Fatal(err)
	}
	return [2]int64{got.Redemptions, got.Reservations}
}

func TestEveryRefusalOfAUserSaysWhatTheUserIs(t *testing.T) {
	details := map[core.Reason]map[codes.Type]string{
		core.ReasonUserAlreadyRegistered: {
			codes.TypeNormal:  "this user is registered already; a Normal code registers a new user",
			codes.TypePremium: "this user is registered already; a Premium code registers a new user",
		},
		core.ReasonUserNotRegistered: {
			codes.TypeUpgrade: "this user is not registered; an Upgrade code is for a registered user",
		},
		core.ReasonUserAlreadyPremium: {codes.TypeUpgrade: "this user is premium already"},
	}
	onEachCell(t, func(t *testing.T, w *world, c cell) {
		if c.reason == "" {
			return
		}
		w.put(t, "ada", c.user)
		for _, asker := range askers() {
			err := asker.ask(w, t, "Code-1", "ada")
			checkRefused(t, err, c.reason)
			checkSame(t, asker.name, details[c.reason][c.code], core.AsError(err).Detail)
		}
	})
}

func TestACodeThatIsNotThereIsNotFound(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, other, "THEIRS", normal(""))
	for name, value := range map[string]string{
		"unknown": "NONE", "another workspace's": "THEIRS", "another workspace's, spelt in another way": " theirs-",
		"longer than any": strings.Repeat("a", core.MaxCodeLength+1), "a line break": "a\nb", "null": "a\x00",
		"zero-width space": "a\u200b",
	} {
		t.Run(name, func(t *testing.T) {
			actions := askers()
			actions = append(actions,
				asker{"get", func(w *world, t *testing.T, code, _ string) error {
					_, err := w.GetCode(t.Context(), w.acme, code)
					return err
				}},
				asker{"change", func(w *world, t *testing.T, code, _ string) error {
					_, err := w.ChangeCode(t.Context(), w.acme, code, codes.CodeChange{})
					return err
				}},
				asker{"revoke", func(w *world, t *testing.T, code, _ string) error {
					_, err := w.RevokeCode(t.Context(), w.acme, code)
					return err
				}},
				asker{"restore", func(w *world, t *testing.T, code, _ string) error {
					_, err := w.RestoreCode(t.Context(), w.acme, code)
					return err
				}},
				asker{"delete", func(w *world, t *testing.T, code, _ string) error {
					return w.DeleteCode(t.Context(), w.acme, code)
				}},
			)
			for _, action := range actions {
				t.Run(action.name, func(t *testing.T) {
					checkRefused(t, action.ask(w, t, value, "ada"), core.ReasonCodeNotFound)
				})
			}
		})
	}
	if got, err := w.GetCode(t.Context(), other, "THEIRS"); err != nil || got.RevokedAt != nil {
		t.Errorf("the other workspace's code: %+v, %v", got, err)
	}
}

// TestWhatASearchForNothingFinds: a path may name a code by spaces and dashes only, which
// no code has; a body that does is a mistake.
func TestWhatASearchForNothingFinds(t *testing.T) {
	w := newWorld(t)
	for _, value := range []string{"", " ", "-–\u3000"} {
		_, err := w.GetCode(t.Context(), w.acme, value)
		checkRefused(t, err, core.ReasonCodeNotFound)
		_, err = w.RevokeCode(t.Context(), w.acme, value)
		checkRefused(t, err, core.ReasonCodeNotFound)
		for _, asker := range askers() {
			checkError(t, asker.ask(w, t, value, "ada"), core.KindInvalid, core.ReasonInvalidValue, "/code")
		}
	}
}

// TestACodeCanBeRedeemedFromItsStartUntilJustBeforeItsExpiry asks at the instants between
// which a code can be redeemed and at their neighbours.
func TestACodeCanBeRedeemedFromItsStartUntilJustBeforeItsExpiry(t *testing.T) {
	tests := []struct {
		name   string
		at     time.Duration
		reason core.Reason
		status codes.Status
	}{
		{"long before", 0, core.ReasonCodeNotStarted, codes.StatusScheduled},
		{"a microsecond before the start", time.Hour - time.Microsecond, core.ReasonCodeNotStarted, codes.StatusScheduled},
		{"a nanosecond before the start", time.Hour - time.Nanosecond, core.ReasonCodeNotStarted, codes.StatusScheduled},
		{"at the start", time.Hour, "", codes.StatusActive},
		{"a microsecond after the start", time.Hour + time.Microsecond, "", codes.StatusActive},
		{"a microsecond before the expiry", 2*time.Hour - time.Microsecond, "", codes.StatusActive},
		{"a nanosecond before the expiry", 2*time.Hour - time.Nanosecond, "", codes.StatusActive},
		{"at the expiry", 2 * time.Hour, core.ReasonCodeExpired, codes.StatusExpired},
		{"long after", 3 * time.Hour, core.ReasonCodeExpired, codes.StatusExpired},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(
				t,
				w.acme,
				"CODE",
				of(codes.TypeNormal, codes.Options{StartsAt: after(time.Hour), ExpiresAt: after(2 * time.Hour)}),
			)
			w.pass(test.at)
			code := w.code(t, "CODE")
			checkSame(t, "status", test.status, w.StatusNow(&code))
			for i, asker := range askers() {
				checkRefused(t, asker.ask(w, t, "CODE", []string{"ada", "bob", "cyd"}[i]), test.reason)
			}
		})
	}
}

func TestAStatusIsTheFirstThatApplies(t *testing.T) {
	past, future, limit := after(-time.Hour), after(time.Hour), int64(3)
	tests := []struct {
		name string
		code codes.Code
		want codes.Status
	}{
		{"nothing said", codes.Code{}, codes.StatusActive},
		{"without a limit", codes.Code{Redemptions: 1 << 40, Reservations: 9}, codes.StatusActive},
		{"a use is left", codes.Code{MaxRedemptions: &limit, Redemptions: 1, Reservations: 1}, codes.StatusActive},
		{"redeemed", codes.Code{MaxRedemptions: &limit, Redemptions: 3}, codes.StatusExhausted},
		{"reserved", codes.Code{MaxRedemptions: &limit, Reservations: 3}, codes.StatusExhausted},
		{"both", codes.Code{MaxRedemptions: &limit, Redemptions: 1, Reservations: 2}, codes.StatusExhausted},
		{"more than all", codes.Code{MaxRedemptions: &limit, Redemptions: 4}, codes.StatusExhausted},
		{"scheduled", codes.Code{StartsAt: future}, codes.StatusScheduled},
		{
			"scheduled and exhausted",
			codes.Code{StartsAt: future, MaxRedemptions: &limit, Redemptions: 3},
			codes.StatusScheduled,
		},
		{"expired", codes.Code{StartsAt: past, ExpiresAt: after(0)}, codes.StatusExpired},
		{"expired and exhausted", codes.Code{ExpiresAt: past, MaxRedemptions: &limit, Redemptions: 3}, codes.StatusExpired},
		{
			"revoked and everything else",
			codes.Code{RevokedAt: past, StartsAt: future, ExpiresAt: past, MaxRedemptions: &limit, Redemptions: 3},
			codes.StatusRevoked,
		},
		{"revoked in the future by another node's clock", codes.Code{RevokedAt: future}, codes.StatusRevoked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkSame(t, "status", test.want, test.code.StatusAt(start))
		})
	}
}

// TestARefusalDoesNotTellOfTheCause: what is refused is an [core.Error] and nothing else.
func TestARefusalDoesNotTellOfTheCause(t *testing.T) {
	w := newWorld(t)
	_, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "NONE", UserID: "ada"})
	if errors.Unwrap(core.AsError(err)) != nil || strings.Contains(err.Error(), "NONE") {
		t.Errorf("error %v", err)
	}
}
