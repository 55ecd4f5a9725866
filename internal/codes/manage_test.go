package codes_test

import (
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func TestRevokingAndRestoringTwiceDoesNothingMore(t *testing.T) {
	w := newWorld(t)
	code := w.add(t, w.acme, "Code-1", of(codes.TypeNormal, full())).Code
	revoked := code
	revoked.RevokedAt = after(time.Minute)
	steps := []struct {
		name   string
		action func() (codes.Code, error)
		want   codes.Code
	}{
		{
			"restore what is not revoked",
			func() (codes.Code, error) { return w.RestoreCode(t.Context(), w.acme, "code 1") },
			code,
		},
		{"revoke", func() (codes.Code, error) { return w.RevokeCode(t.Context(), w.acme, "code 1") }, revoked},
		{"revoke again", func() (codes.Code, error) { return w.RevokeCode(t.Context(), w.acme, "CODE1") }, revoked},
		{"restore", func() (codes.Code, error) { return w.RestoreCode(t.Context(), w.acme, "code–1") }, code},
		{"restore again", func() (codes.Code, error) { return w.RestoreCode(t.Context(), w.acme, "code1") }, code},
	}
	for _, step := range steps {
		if step.name != "revoke again" {
			w.now.Store(int64(time.Minute))
		}
		got, err := step.action()
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		checkSame(t, step.name, step.want, got)
		checkSame(t, step.name+", stored", step.want, w.code(t, "Code-1"))
		w.pass(time.Hour)
	}
}

func TestARevokedCodeKeepsWhatBecameOfIt(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", of(codes.TypeNormal, uses(2)))
	w.redeem(t, "CODE", "ada")
	held := w.reserve(t, "CODE", "bob", 0)
	w.revoke(t, "CODE")
	w.checkUser(t, "ada", codes.UserNormal)
	w.checkUses(t, "CODE", 1, 1)
	if _, err := w.RestoreCode(t.Context(), w.acme, "CODE"); err != nil {
		t.Fatal(err)
	}
	w.confirm(t, held)
	w.checkUses(t, "CODE", 2, 0)
}

func TestOnlyACodeThatWasNeverUsedCanBeDeleted(t *testing.T) {
	tests := []struct {
		name   string
		events func(*testing.T, *world)
		reason core.Reason
	}{
		{"new", func(*testing.T, *world) {}, ""},
		{"revoked", func(t *testing.T, w *world) { w.revoke(t, "CODE") }, ""},
		{"expired", func(_ *testing.T, w *world) { w.pass(2 * time.Hour) }, ""},
		{"refused to somebody", func(t *testing.T, w *world) {
			w.put(t, "ada", codes.UserNormal)
			_, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "CODE", UserID: "ada"})
			checkRefused(t, err, core.ReasonUserAlreadyRegistered)
		}, ""},
		{"validated", func(t *testing.T, w *world) {
			if _, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: "CODE", UserID: "ada"}); err != nil {
				t.Fatal(err)
			}
		}, ""},
		{"another code was used", func(t *testing.T, w *world) {
			w.add(t, w.acme, "CODE-2", normal(""))
			w.redeem(t, "CODE-2", "ada")
		}, ""},
		{"redeemed", func(t *testing.T, w *world) { w.redeem(t, "CODE", "ada") }, core.ReasonCodeInUse},
		{"rolled back", func(t *testing.T, w *world) { w.rollback(t, w.redeem(t, "CODE", "ada")) }, core.ReasonCodeInUse},
		{
			"by a person who was erased",
			func(t *testing.T, w *world) { w.redeem(t, "CODE", "ada"); w.erase(t, "ada") },
			core.ReasonCodeInUse,
		},
		{"reserved", func(t *testing.T, w *world) { w.reserve(t, "CODE", "ada", 0) }, core.ReasonCodeInUse},
		{"released", func(t *testing.T, w *world) { w.release(t, w.reserve(t, "CODE", "ada", 0)) }, core.ReasonCodeInUse},
		{"lapsed", func(t *testing.T, w *world) { w.reserve(t, "CODE", "ada", 0); w.pass(time.Hour) }, core.ReasonCodeInUse},
		{
			"lapsed and tidied",
			func(t *testing.T, w *world) { w.reserve(t, "CODE", "ada", 0); w.pass(time.Hour); w.tidy(t) },
			core.ReasonCodeInUse,
		},
	}
	worlds := manyWorlds(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := worlds(t)
			w.add(t, w.acme, "CODE", of(codes.TypeNormal, codes.Options{ExpiresAt: after(2 * time.Hour)}))
			test.events(t, w)
			before := w.code(t, "CODE")
			for range 2 {
				err := w.DeleteCode(t.Context(), w.acme, "c-o-d-e")
				checkRefused(t, err, test.reason)
				if test.reason == "" {
					break
				}
				checkSame(t, "detail",
					"this code has been redeemed or reserved, so it stays on record; revoke it instead",
					core.AsError(err).Detail)
				checkSame(t, "code", before, w.code(t, "CODE"))
			}
			if test.reason == "" {
				checkRefused(t, w.DeleteCode(t.Context(), w.acme, "CODE"), core.ReasonCodeNotFound)
				w.add(t, w.join(t, "other", acmeFormat), "CODE", normal("")) // anybody may have it now
			}
		})
	}
}

func TestACodeThatIsAddedAgainIsANewOne(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", of(codes.TypePremium, full()))
	w.revoke(t, "CODE")
	if err := w.DeleteCode(t.Context(), w.acme, "CODE"); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	again := w.add(t, w.acme, "code", of(codes.TypeNormal, codes.Options{})).Code
	checkSame(t, "code", again, w.code(t, "CODE"))
	w.redeem(t, "CODE", "ada")
	w.checkUser(t, "ada", codes.UserNormal)
}

func TestACodeIsFoundHoweverItIsSpelt(t *testing.T) {
	w := newWorld(t)
	want := w.add(t, w.acme, "Wel-Come 2031", of(codes.TypeUpgrade, full())).Code
	for _, value := range []string{"Wel-Come 2031", "welcome2031", " WELCOME–2031 "} {
		checkSame(t, value, want, w.code(t, value))
	}
}
