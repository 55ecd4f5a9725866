package codes_test

import (
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func TestRollingBackMakesTheUserWhatTheyWere(t *testing.T) {
	worlds := manyWorlds(t)
	for _, c := range cells() {
		if c.reason != "" {
			continue
		}
		for name, redeem := range map[string]func(*testing.T, *world) codes.Redemption{
			"redeemed": func(t *testing.T, w *world) codes.Redemption { return w.redeem(t, "ONE", "ada") },
			"confirmed": func(t *testing.T, w *world) codes.Redemption {
				return w.confirm(t, w.reserve(t, "ONE", "ada", 0))
			},
		} {
			t.Run(string(c.code)+", "+name, func(t *testing.T) {
				w := worlds(t)
				w.add(t, w.acme, "ONE", of(c.code, uses(1)))
				w.put(t, "ada", c.user)
				made := redeem(t, w)
				w.checkUser(t, "ada", c.becomes)
				w.pass(time.Minute)

				want := made
				want.RolledBackAt, want.RolledBackBy, want.Reason = after(time.Minute), w.acme.ID, "a\r\nb"
				got, err := w.Rollback(t.Context(), w.acme, made.ID, "a\r\nb")
				if err != nil {
					t.Fatal(err)
				}
				checkSame(t, "answer", codes.Redeemed{Redemption: want}, got)
				checkSame(t, "redemptions", []codes.Redemption{want}, w.redemptions(t))
				w.checkUser(t, "ada", c.user)
				w.checkUses(t, "ONE", 0, 0)

				w.pass(time.Minute)
				again, err := w.Rollback(t.Context(), w.acme, made.ID, "another reason")
				if err != nil {
					t.Fatal(err)
				}
				checkSame(t, "again", codes.Redeemed{Redemption: want, Replayed: true}, again)
				w.checkUses(t, "ONE", 0, 0)
			})
		}
	}
}

func TestAUseThatWasGivenBackCanBeTakenByAnybody(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "ONE", of(codes.TypeNormal, uses(1)))
	made := w.redeem(t, "ONE", "ada")
	w.rollback(t, made)
	again := w.redeem(t, "ONE", "ada")
	if again.ID == made.ID {
		t.Error("what was rolled back was given out again")
	}
	w.rollback(t, again)
	w.redeem(t, "ONE", "bob")
	w.checkUses(t, "ONE", 1, 0)
	got, err := w.Rollback(t.Context(), w.acme, made.ID, "") // the first, once more: it takes no other user's use
	if err != nil || !got.Replayed {
		t.Errorf("the first again: %+v, %v", got, err)
	}
	w.checkUses(t, "ONE", 1, 0)
	w.checkUser(t, "bob", codes.UserNormal)
}

func TestRedemptionsOfAUserAreRolledBackLastFirst(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "SIGN-UP", normal(""))
	w.add(t, w.acme, "UP", of(codes.TypeUpgrade, codes.Options{}))
	first, second := w.redeem(t, "SIGN-UP", "ada"), w.redeem(t, "UP", "ada")
	if first.Ordinal >= second.Ordinal {
		t.Errorf("ordinals %d, then %d", first.Ordinal, second.Ordinal)
	}
	w.redeem(t, "SIGN-UP", "bob") // who has nothing to do with it
	for range 2 {
		_, err := w.Rollback(t.Context(), w.acme, first.ID, "")
		checkRefused(t, err, core.ReasonRollbackOutOfOrder)
		if want := "a later redemption of this user stands; roll that back first"; core.AsError(err).Detail != want {
			t.Errorf("detail %q, want %q", core.AsError(err).Detail, want)
		}
		w.checkUser(t, "ada", codes.UserPremium)
		w.checkUses(t, "SIGN-UP", 2, 0)
	}
	w.rollback(t, second)
	w.checkUser(t, "ada", codes.UserNormal)
	third := w.redeem(t, "UP", "ada")
	_, err := w.Rollback(t.Context(), w.acme, first.ID, "")
	checkRefused(t, err, core.ReasonRollbackOutOfOrder)
	w.rollback(t, third)
	w.rollback(t, first)
	w.checkUser(t, "ada", codes.Unregistered)
	w.checkUses(t, "SIGN-UP", 1, 0)
	w.checkUses(t, "UP", 0, 0)
}

func TestRollingBackIsAllowedWhateverHasBecomeOfTheCode(t *testing.T) {
	tests := []struct {
		name      string
		meanwhile func(*testing.T, *world)
	}{
		{"revoked", func(t *testing.T, w *world) { w.revoke(t, "CODE") }},
		{"expired", func(_ *testing.T, w *world) { w.pass(time.Hour) }},
		{"exhausted", func(t *testing.T, w *world) { w.reserve(t, "CODE", "bob", time.Hour) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, w.acme, "CODE",
				of(codes.TypeNormal, codes.Options{MaxRedemptions: limitOf(2), ExpiresAt: after(time.Hour)}))
			made := w.redeem(t, "CODE", "ada")
			test.meanwhile(t, w)
			before := w.code(t, "CODE")
			w.rollback(t, made)
			w.checkUses(t, "CODE", 0, before.Reservations)
			w.checkUser(t, "ada", codes.Unregistered)
		})
	}
}

// TestRollingBackAnErasedPersonsRedemptionGivesTheUseBack: the id now belongs to somebody
// else.
func TestRollingBackAnErasedPersonsRedemptionGivesTheUseBack(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "SIGN-UP", normal(""))
	w.add(t, w.acme, "UP", of(codes.TypeUpgrade, codes.Options{}))
	first, second := w.redeem(t, "SIGN-UP", "ada"), w.redeem(t, "UP", "ada")
	w.erase(t, "ada")
	w.put(t, "ada", codes.UserPremium)
	w.rollback(t, first) // in any order: there is nobody whose order it could be
	w.rollback(t, second)
	w.checkUses(t, "SIGN-UP", 0, 0)
	w.checkUses(t, "UP", 0, 0)
	w.checkUser(t, "ada", codes.UserPremium)
}

// TestRollingBackWinsOverWhatWasPutByHand: a rollback undoes the redemption's effect, not
// what came after it.
func TestRollingBackWinsOverWhatWasPutByHand(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "SIGN-UP", normal(""))
	made := w.redeem(t, "SIGN-UP", "ada")
	w.put(t, "ada", codes.UserPremium)
	w.rollback(t, made)
	w.checkUser(t, "ada", codes.Unregistered)
}

func TestARollbackThatIsWrongUndoesNothing(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	made := w.redeem(t, "CODE", "ada")
	for name, reason := range map[string]string{
		"too long": strings.Repeat("é", codes.MaxReasonLength+1), "null": "\x00", "escape": "\x1b[2J", "C1 control": "\u0085",
	} {
		t.Run(name, func(t *testing.T) {
			for _, id := range []core.ID{made.ID, {1}} { // the request is looked at first
				_, err := w.Rollback(t.Context(), w.acme, id, reason)
				checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, "/reason")
			}
		})
	}
	w.checkUses(t, "CODE", 1, 0)
	longest := strings.Repeat("é", codes.MaxReasonLength)
	if got, err := w.Rollback(t.Context(), w.acme, made.ID, longest); err != nil || got.Redemption.Reason != longest {
		t.Errorf("the longest reason: %+v, %v", got, err)
	}
}

func TestARedemptionThatIsNotThereIsNotFound(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	other := w.join(t, "other", acmeFormat)
	made := w.redeem(t, "CODE", "ada")
	held := w.reserve(t, "CODE", "bob", 0)
	tests := []struct {
		name   string
		caller *core.Actor
		id     core.ID
	}{
		{"unknown", w.acme, core.ID{1}},
		{"zero", w.acme, core.ID{}},
		{"another workspace's", other, made.ID},
		{"a reservation's id", w.acme, held.ID},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.Rollback(t.Context(), test.caller, test.id, "")
			checkRefused(t, err, core.ReasonRedemptionNotFound)
		})
	}
	w.checkUses(t, "CODE", 1, 1)
}
