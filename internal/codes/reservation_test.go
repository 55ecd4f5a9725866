package codes_test

import (
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func TestReservingIsAllowedToWhoMayRedeem(t *testing.T) {
	onEachCell(t, func(t *testing.T, w *world, c cell) {
		w.put(t, "ada", c.user)
		w.pass(time.Minute)
		got, err := w.Reserve(t.Context(), w.acme, codes.ReserveRequest{Code: " code 1", UserID: "ada"})
		checkRefused(t, err, c.reason)
		w.checkUser(t, "ada", c.user) // a reservation makes nobody anything
		if c.reason != "" {
			w.checkUses(t, "Code-1", 0, 0)
			return
		}
		want := codes.Reservation{
			ID: got.Reservation.ID, WorkspaceID: w.acme.WorkspaceID, Code: "Code-1", UserID: "ada", State: codes.ReservationHeld,
			ExpiresAt: *after(time.Minute + codes.DefaultReservation), CreatedAt: *after(time.Minute), CreatedBy: w.acme.ID,
		}
		checkSame(t, "answer", codes.Reserved{Reservation: want}, got)
		checkSame(t, "stored", want, w.reservation(t, want.ID))
		w.checkUses(t, "Code-1", 0, 1)
	})
}

// TestConfirmingDoesWhatTheTypeSaysForTheUser holds a use for a user who may have it then,
// and who has become what the cell says when it is confirmed.
func TestConfirmingDoesWhatTheTypeSaysForTheUser(t *testing.T) {
	onEachCell(t, func(t *testing.T, w *world, c cell) {
		undo := func() {}
		if c.code == codes.TypeUpgrade {
			w.add(t, w.acme, "SIGN-UP", normal(""))
			signUp := w.redeem(t, "SIGN-UP", "ada")
			undo = func() { w.rollback(t, signUp) }
		}
		held := w.reserve(t, "Code-1", "ada", 0)
		if c.user == codes.Unregistered {
			undo()
		}
		w.put(t, "ada", c.user)
		w.pass(time.Minute)
		got, err := w.Confirm(t.Context(), w.acme, held.ID)
		checkRefused(t, err, c.reason)
		w.checkUser(t, "ada", c.becomes)
		if c.reason != "" {
			checkSame(t, "reservation", held, w.reservation(t, held.ID))
			w.checkUses(t, "Code-1", 0, 1)
			return
		}
		want := codes.Redemption{
			ID: got.Redemption.ID, WorkspaceID: w.acme.WorkspaceID, Code: "Code-1", Type: c.code, UserID: "ada",
			Grants: c.becomes, Before: c.user, Ordinal: got.Redemption.Ordinal, ReservationID: held.ID,
			CreatedAt: *after(time.Minute), CreatedBy: w.acme.ID,
		}
		checkSame(t, "answer", codes.Redeemed{Redemption: want}, got)
		checkSame(t, "redemption", want, w.redemptions(t)[0])
		held.State, held.RedemptionID = codes.ReservationConfirmed, want.ID
		checkSame(t, "reservation", held, w.reservation(t, held.ID))
		w.checkUses(t, "Code-1", 1, 0)
	})
}

func TestHowLongAReservationHolds(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "EVER", normal(""))
	w.add(t, w.acme, "HOUR", of(codes.TypeNormal, codes.Options{ExpiresAt: after(time.Hour)}))
	w.add(t, w.acme, "SOON", of(codes.TypeNormal, codes.Options{ExpiresAt: after(time.Second)}))
	tests := []struct {
		name, code string
		life, want time.Duration
	}{
		{"left out", "EVER", 0, 5 * time.Minute},
		{"the shortest", "EVER", 10 * time.Second, 10 * time.Second},
		{"the longest", "EVER", time.Hour, time.Hour},
		{"as long as the code lives", "HOUR", time.Hour, time.Hour},
		{"cut short by the code's expiry", "SOON", time.Hour, time.Second},
		{"shorter than the shortest if the code ends sooner", "SOON", 10 * time.Second, time.Second},
		{"the default, cut short", "SOON", 0, time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := w.reserve(t, test.code, test.name, test.life)
			checkSame(t, "expires", *after(test.want), got.ExpiresAt)
		})
	}
}

func TestAReserveRequestThatIsWrongHoldsNothing(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	good := codes.ReserveRequest{Code: "CODE", UserID: "ada"}
	life := func(d time.Duration) codes.ReserveRequest { req := good; req.Life = d; return req }
	tests := []struct {
		name     string
		req      codes.ReserveRequest
		pointers []string
	}{
		{"too short", life(10*time.Second - time.Nanosecond), []string{"/ttlSeconds"}},
		{"too long", life(time.Hour + time.Nanosecond), []string{"/ttlSeconds"}},
		{"backwards", life(-time.Minute), []string{"/ttlSeconds"}},
		{"no user", codes.ReserveRequest{Code: "CODE"}, []string{"/userId"}},
		{"a control character in the user id", codes.ReserveRequest{Code: "CODE", UserID: "\x7f"}, []string{"/userId"}},
		{"only dashes", codes.ReserveRequest{Code: "--", UserID: "ada"}, []string{"/code"}},
		{"everything", codes.ReserveRequest{Life: 1}, []string{"/userId", "/ttlSeconds", "/code"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.Reserve(t.Context(), w.acme, test.req)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
		})
	}
	w.checkUses(t, "CODE", 0, 0)
}

// TestAReservationHoldsItsUseUntilTheInstantItLapses looks at the last microsecond of a
// reservation and at the first without it.
func TestAReservationHoldsItsUseUntilTheInstantItLapses(t *testing.T) {
	worlds := manyWorlds(t)
	for _, tidied := range []string{"left as it is", "tidied"} {
		t.Run(tidied, func(t *testing.T) {
			w := worlds(t)
			w.add(t, w.acme, "ONE", of(codes.TypeNormal, uses(1)))
			held := w.reserve(t, "ONE", "ada", 10*time.Second)
			look := func() {
				if tidied == "tidied" {
					w.tidy(t)
				}
			}

			w.pass(10*time.Second - time.Microsecond)
			look()
			w.checkUses(t, "ONE", 0, 1)
			for _, asker := range askers() {
				checkRefused(t, asker.ask(w, t, "ONE", "bob"), core.ReasonCodeExhausted)
			}

			w.pass(time.Microsecond)
			look()
			w.checkUses(t, "ONE", 0, 0)
			_, err := w.Confirm(t.Context(), w.acme, held.ID)
			checkRefused(t, err, core.ReasonReservationLapsed)
			want := "this reservation lapsed at 2031-02-03T04:05:16Z; its use of the code was given back"
			if core.AsError(err).Detail != want {
				t.Errorf("detail %q, want %q", core.AsError(err).Detail, want)
			}
			w.redeem(t, "ONE", "bob")
			_, err = w.Confirm(t.Context(), w.acme, held.ID)
			checkRefused(t, err, core.ReasonReservationLapsed)
			w.checkUses(t, "ONE", 1, 0)
		})
	}
}

func TestAReservationIsConfirmedInItsLastMicrosecond(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "ONE", of(codes.TypeNormal, codes.Options{MaxRedemptions: limitOf(1), ExpiresAt: after(time.Minute)}))
	held := w.reserve(t, "ONE", "ada", 0)
	w.pass(time.Minute - time.Microsecond)
	w.confirm(t, held)
	w.checkUses(t, "ONE", 1, 0)
}

func TestReservingAgainKeepsTheReservationAsItIs(t *testing.T) {
	tests := []struct {
		name      string
		meanwhile func(*testing.T, *world)
	}{
		{"at once", func(*testing.T, *world) {}},
		{"in the last microsecond", func(_ *testing.T, w *world) { w.pass(time.Minute - time.Microsecond) }},
		{"after the code was revoked", func(t *testing.T, w *world) { w.revoke(t, "ONE") }},
		{"after the user was registered otherwise", func(t *testing.T, w *world) { w.put(t, "ada", codes.UserNormal) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, w.acme, "ONE", of(codes.TypeNormal, uses(1)))
			held := w.reserve(t, "ONE", "ada", time.Minute)
			test.meanwhile(t, w)
			for _, service := range []*codes.Services{w.Services, w.node(t)} {
				got, err := service.Reserve(t.Context(), w.acme,
					codes.ReserveRequest{Code: "o-n-e", UserID: "ada", Life: time.Hour})
				if err != nil {
					t.Error(err)
				}
				checkSame(t, "answer", codes.Reserved{Reservation: held, Replayed: true}, got)
			}
			w.checkUses(t, "ONE", 0, 1)
		})
	}
}

func TestReservingAfterTheReservationEndedIsANewOne(t *testing.T) {
	tests := []struct {
		name string
		end  func(*testing.T, *world, codes.Reservation)
	}{
		{"released", func(t *testing.T, w *world, held codes.Reservation) { w.release(t, held) }},
		{"lapsed", func(_ *testing.T, w *world, held codes.Reservation) { w.pass(time.Minute) }},
		{"rolled back", func(t *testing.T, w *world, held codes.Reservation) { w.rollback(t, w.confirm(t, held)) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, w.acme, "ONE", of(codes.TypeNormal, uses(1)))
			held := w.reserve(t, "ONE", "ada", time.Minute)
			test.end(t, w, held)
			if again := w.reserve(t, "ONE", "ada", time.Minute); again.ID == held.ID {
				t.Error("it is the same")
			}
			w.checkUses(t, "ONE", 0, 1)
		})
	}
}

func TestConfirmingAgainIsTheSameRedemption(t *testing.T) {
	tests := []struct {
		name      string
		meanwhile func(*testing.T, *world, codes.Redemption) codes.Redemption // as it is then
	}{
		{"at once", func(_ *testing.T, _ *world, made codes.Redemption) codes.Redemption { return made }},
		{"when the reservation would have lapsed", func(_ *testing.T, w *world, made codes.Redemption) codes.Redemption {
			w.pass(time.Hour)
			return made
		}},
		{"after the code was revoked", func(t *testing.T, w *world, made codes.Redemption) codes.Redemption {
			w.revoke(t, "ONE")
			return made
		}},
		{"after it was rolled back", func(t *testing.T, w *world, made codes.Redemption) codes.Redemption {
			return w.rollback(t, made)
		}},
		{"after its person was erased", func(t *testing.T, w *world, made codes.Redemption) codes.Redemption {
			w.erase(t, "ada")
			made.UserID = ""
			return made
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, w.acme, "ONE", of(codes.TypePremium, uses(1)))
			held := w.reserve(t, "ONE", "ada", time.Minute)
			want := test.meanwhile(t, w, w.confirm(t, held))
			before := w.code(t, "ONE")
			for range 2 {
				got, err := w.Confirm(t.Context(), w.acme, held.ID)
				if err != nil {
					t.Error(err)
				}
				checkSame(t, "answer", codes.Redeemed{Redemption: want, Replayed: true}, got)
			}
			checkSame(t, "code", before, w.code(t, "ONE"))
		})
	}
}

func TestReleasingGivesTheUseBackOnce(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "TWO", of(codes.TypeNormal, uses(2)))
	held := w.reserve(t, "TWO", "ada", time.Minute)
	w.reserve(t, "TWO", "bob", time.Hour)
	want := held
	want.State = codes.ReservationReleased
	checkSame(t, "answer", want, w.release(t, held))
	checkSame(t, "stored", want, w.reservation(t, held.ID))
	w.checkUses(t, "TWO", 0, 1)
	for _, passes := range []time.Duration{0, time.Minute} {
		w.pass(passes)
		w.tidy(t)
		got, err := w.Release(t.Context(), w.acme, held.ID)
		if err != nil {
			t.Error(err)
		}
		checkSame(t, "again", codes.Reserved{Reservation: want, Replayed: true}, got)
		w.checkUses(t, "TWO", 0, 1)
	}
	_, err := w.Confirm(t.Context(), w.acme, held.ID)
	checkRefused(t, err, core.ReasonReservationReleased)
	w.checkUser(t, "ada", codes.Unregistered)
}

// TestReleasingWhatHasLapsedDoesNothing: whether it has been tidied meanwhile must not
// be seen.
func TestReleasingWhatHasLapsedDoesNothing(t *testing.T) {
	for _, tidied := range []bool{false, true} {
		w := newWorld(t)
		w.add(t, w.acme, "TWO", of(codes.TypeNormal, uses(2)))
		held := w.reserve(t, "TWO", "ada", 10*time.Second)
		w.reserve(t, "TWO", "bob", time.Hour)
		w.pass(10 * time.Second)
		if tidied {
			w.tidy(t)
		}
		want := held
		want.State = codes.ReservationLapsed
		for range 2 {
			got, err := w.Release(t.Context(), w.acme, held.ID)
			if err != nil {
				t.Error(err)
			}
			checkSame(t, "answer", codes.Reserved{Reservation: want, Replayed: true}, got)
			_, err = w.Confirm(t.Context(), w.acme, held.ID)
			checkRefused(t, err, core.ReasonReservationLapsed)
			w.checkUses(t, "TWO", 0, 1)
		}
		w.tidy(t)
		w.checkUses(t, "TWO", 0, 1)
	}
}

func TestRedeemingUsesUpTheUsersOwnReservation(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "ONE", of(codes.TypeNormal, uses(1)))
	held := w.reserve(t, "ONE", "ada", 0)
	made := w.redeem(t, "ONE", "ada")
	if made.ReservationID != held.ID {
		t.Errorf("redeemed with the reservation %v, want %v", made.ReservationID, held.ID)
	}
	w.checkUses(t, "ONE", 1, 0)
	confirmed, err := w.Confirm(t.Context(), w.acme, held.ID)
	if err != nil {
		t.Error(err)
	}
	checkSame(t, "confirmed afterwards", codes.Redeemed{Redemption: made, Replayed: true}, confirmed)
	_, err = w.Release(t.Context(), w.acme, held.ID)
	checkRefused(t, err, core.ReasonReservationConfirmed)
	w.checkUses(t, "ONE", 1, 0)
}

func TestAReservationIsNoUseToAnybodyElse(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "TWO", of(codes.TypeNormal, uses(2)))
	held := w.reserve(t, "TWO", "ada", 0)
	if made := w.redeem(t, "TWO", "bob"); !made.ReservationID.IsZero() {
		t.Errorf("bob redeemed with the reservation %v", made.ReservationID)
	}
	w.checkUses(t, "TWO", 1, 1)
	for _, asker := range askers() {
		checkRefused(t, asker.ask(w, t, "TWO", "cyd"), core.ReasonCodeExhausted)
	}
	w.confirm(t, held)
	w.checkUses(t, "TWO", 2, 0)
}

func TestAReservationOfAnotherCodeIsNoUse(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "A", of(codes.TypeNormal, uses(1)))
	w.add(t, w.acme, "B", of(codes.TypeNormal, uses(1)))
	held := w.reserve(t, "A", "ada", 0)
	w.redeem(t, "B", "ada")
	w.checkUses(t, "A", 0, 1)
	w.checkUses(t, "B", 1, 0)
	_, err := w.Confirm(t.Context(), w.acme, held.ID) // two codes register nobody
	checkRefused(t, err, core.ReasonUserAlreadyRegistered)
	w.checkUses(t, "A", 0, 1)
}

// TestWhatMakesAReservationUnconfirmable goes through all that can happen to a held use;
// what comes first in the list of reasons wins.
func TestWhatMakesAReservationUnconfirmable(t *testing.T) {
	expire := func(t *testing.T, w *world, _ codes.Reservation) {
		w.change(t, "CODE", codes.CodeChange{ExpiresAt: core.Field[time.Time]{Given: true, Value: after(time.Minute)}})
		w.pass(time.Minute)
	}
	postpone := func(t *testing.T, w *world, _ codes.Reservation) {
		w.change(t, "CODE", codes.CodeChange{StartsAt: core.Field[time.Time]{Given: true, Value: after(time.Hour)}})
	}
	revoke := func(t *testing.T, w *world, _ codes.Reservation) { w.revoke(t, "CODE") }
	release := func(t *testing.T, w *world, held codes.Reservation) { w.release(t, held) }
	register := func(t *testing.T, w *world, _ codes.Reservation) { w.put(t, "ada", codes.UserNormal) }
	lapse := func(t *testing.T, w *world, _ codes.Reservation) { w.pass(5 * time.Minute) }
	erase := func(t *testing.T, w *world, _ codes.Reservation) { w.erase(t, "ada") }
	type events = []func(*testing.T, *world, codes.Reservation)
	tests := []struct {
		name   string
		events events
		reason core.Reason
		detail string
	}{
		{"revoked", events{revoke}, core.ReasonCodeRevoked, "this code was revoked at 2031-02-03T04:05:06Z"},
		{"expired", events{expire}, core.ReasonCodeExpired, "this code expired at 2031-02-03T04:06:06Z"},
		{"postponed", events{postpone}, core.ReasonCodeNotStarted, "this code cannot be used before 2031-02-03T05:05:06Z"},
		{
			"registered otherwise",
			events{register},
			core.ReasonUserAlreadyRegistered,
			"this user is registered already; a Normal code registers a new user",
		},
		{
			"released",
			events{release},
			core.ReasonReservationReleased,
			"this reservation was released; it holds no use of the code any more",
		},
		{
			"lapsed",
			events{lapse},
			core.ReasonReservationLapsed,
			"this reservation lapsed at 2031-02-03T04:10:06Z; its use of the code was given back",
		},
		{"erased", events{erase}, core.ReasonReservationNotFound, "there is no such reservation in this workspace"},
		{"revoked and expired", events{revoke, expire}, core.ReasonCodeRevoked, ""},
		{"revoked and postponed", events{revoke, postpone}, core.ReasonCodeRevoked, ""},
		{"revoked and registered otherwise", events{register, revoke}, core.ReasonCodeRevoked, ""},
		{"expired and registered otherwise", events{register, expire}, core.ReasonCodeExpired, ""},
		{"postponed and registered otherwise", events{register, postpone}, core.ReasonCodeNotStarted, ""},
		{"released, revoked and registered otherwise", events{release, revoke, register}, core.ReasonReservationReleased, ""},
		{"released and later than it would have lapsed", events{release, lapse}, core.ReasonReservationReleased, ""},
		{"lapsed, revoked and registered otherwise", events{lapse, revoke, register}, core.ReasonReservationLapsed, ""},
		{"lapsed and released", events{lapse, func(t *testing.T, w *world, held codes.Reservation) {
			if _, err := w.Release(t.Context(), w.acme, held.ID); err != nil {
				t.Error(err)
			}
		}}, core.ReasonReservationLapsed, ""},
		{"released and erased", events{release, erase}, core.ReasonReservationNotFound, ""},
		{"lapsed and erased", events{lapse, erase}, core.ReasonReservationNotFound, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, w.acme, "CODE", normal(""))
			held := w.reserve(t, "CODE", "ada", 0)
			for _, event := range test.events {
				event(t, w, held)
			}
			before := w.code(t, "CODE")
			for range 2 {
				_, err := w.Confirm(t.Context(), w.acme, held.ID)
				checkRefused(t, err, test.reason)
				if got := core.AsError(err).Detail; test.detail != "" && got != test.detail {
					t.Errorf("detail %q, want %q", got, test.detail)
				}
			}
			checkSame(t, "code", before, w.code(t, "CODE"))
			checkSame(t, "redemptions", 0, len(w.redemptions(t)))
		})
	}
}

func TestAReservationThatIsNotThereIsNotFound(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	other := w.join(t, "other", acmeFormat)
	held := w.reserve(t, "CODE", "ada", 0)
	made := w.redeem(t, "CODE", "bob")
	tests := []struct {
		name   string
		caller *core.Actor
		id     core.ID
	}{
		{"unknown", w.acme, core.ID{1}},
		{"zero", w.acme, core.ID{}},
		{"another workspace's", other, held.ID},
		{"a redemption's id", w.acme, made.ID},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.Confirm(t.Context(), test.caller, test.id)
			checkRefused(t, err, core.ReasonReservationNotFound)
			_, err = w.Release(t.Context(), test.caller, test.id)
			checkRefused(t, err, core.ReasonReservationNotFound)
		})
	}
	w.checkUses(t, "CODE", 1, 1)
}

// TestAReservationOfAnErasedPersonCanStillBeReleased: it counts until then, or lapses.
func TestAReservationOfAnErasedPersonCanStillBeReleased(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "TWO", of(codes.TypeNormal, uses(2)))
	held := w.reserve(t, "TWO", "ada", time.Minute)
	w.erase(t, "ada")
	w.checkUses(t, "TWO", 0, 1)
	if again := w.reserve(t, "TWO", "ada", time.Minute); again.ID == held.ID { // ada is a new user now
		t.Error("the erased person's reservation was given out again")
	}
	w.checkUses(t, "TWO", 0, 2)
	w.release(t, held)
	w.checkUses(t, "TWO", 0, 1)
}
