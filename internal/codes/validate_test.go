package codes_test

import (
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func TestValidatingSaysWhatRedeemingWouldAndDoesNothing(t *testing.T) {
	onEachCell(t, func(t *testing.T, w *world, c cell) {
		w.put(t, "ada", c.user)
		code := w.code(t, "Code-1")
		for range 2 {
			got, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: " code 1", UserID: "ada"})
			if err != nil {
				t.Fatal(err)
			}
			want := codes.Validation{Valid: c.reason == "", Code: &code, At: start}
			if want.Valid {
				want.Grants = c.becomes
			} else {
				checkRefused(t, got.Why, c.reason)
				got.Why = nil
			}
			checkSame(t, "answer", want, got)
		}
		w.checkUses(t, "Code-1", 0, 0)
		w.checkUser(t, "ada", c.user)
		checkSame(t, "redemptions", 0, len(w.redemptions(t)))
	})
}

func TestValidatingForNobodyJudgesTheCodeOnly(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		kind   codes.Type
		grants codes.UserStatus
	}{
		{codes.TypeNormal, codes.UserNormal},
		{codes.TypePremium, codes.UserPremium},
		{codes.TypeUpgrade, codes.UserPremium},
	} {
		w.add(t, w.acme, string(test.kind), of(test.kind, uses(1)))
		got, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: string(test.kind)})
		if err != nil || !got.Valid || got.Grants != test.grants || got.Why != nil {
			t.Errorf("%s: %+v, %v", test.kind, got, err)
		}
	}
}

func TestValidatingIsForTheUserWhoAsks(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "HELD", of(codes.TypeNormal, uses(1)))
	w.add(t, w.acme, "USED", of(codes.TypePremium, uses(1)))
	w.reserve(t, "HELD", "ada", time.Minute)
	w.redeem(t, "USED", "bob")
	tests := []struct {
		name, code, user string
		at               time.Duration
		reason           core.Reason
	}{
		{"who holds the last use", "HELD", "ada", 0, ""},
		{"who holds it no longer", "HELD", "ada", time.Minute, ""},
		{"who does not hold it", "HELD", "cyd", 0, core.ReasonCodeExhausted},
		{"who does not hold it, when it has lapsed", "HELD", "cyd", time.Minute, ""},
		{"nobody, while it is held", "HELD", "", 0, core.ReasonCodeExhausted},
		{"nobody, when it has lapsed", "HELD", "", time.Minute, ""},
		{"who has redeemed it", "USED", "bob", 0, core.ReasonAlreadyRedeemed},
		{"who has redeemed it later", "USED", "bob", -time.Microsecond, core.ReasonCodeExhausted},
		{"who has not", "USED", "cyd", 0, core.ReasonCodeExhausted},
		{"nobody, of what is used", "USED", "", 0, core.ReasonCodeExhausted},
		{"who is registered by another code", "HELD", "bob", time.Minute, core.ReasonUserAlreadyRegistered},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := w.Validate(
				t.Context(),
				w.acme,
				codes.ValidateRequest{Code: test.code, UserID: test.user, At: after(test.at)},
			)
			if err != nil || got.Valid != (test.reason == "") {
				t.Fatalf("answer %+v, %v", got, err)
			}
			if !got.Valid {
				checkRefused(t, got.Why, test.reason)
			}
		})
	}
}

func TestValidatingForAnotherInstant(t *testing.T) {
	w := newWorld(t)
	w.add(
		t,
		w.acme,
		"CODE",
		of(codes.TypeNormal, codes.Options{StartsAt: after(time.Hour), ExpiresAt: after(2 * time.Hour)}),
	)
	w.pass(90 * time.Minute) // the code is active
	elsewhere := after(time.Hour).In(time.FixedZone("", 3600)).Add(999)
	tests := []struct {
		name   string
		at     *time.Time
		want   time.Time
		reason core.Reason
	}{
		{"now", nil, *after(90 * time.Minute), ""},
		{
			"before the start",
			after(time.Hour - time.Microsecond),
			*after(time.Hour - time.Microsecond),
			core.ReasonCodeNotStarted,
		},
		{
			"before the start, by less than is kept",
			after(time.Hour - 1),
			*after(time.Hour - time.Microsecond),
			core.ReasonCodeNotStarted,
		},
		{"at the start", after(time.Hour), *after(time.Hour), ""},
		{"at the start, in another zone, by more than is kept", &elsewhere, *after(time.Hour), ""},
		{"before the expiry", after(2*time.Hour - time.Microsecond), *after(2*time.Hour - time.Microsecond), ""},
		{"at the expiry", after(2 * time.Hour), *after(2 * time.Hour), core.ReasonCodeExpired},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, user := range []string{"", "ada"} {
				got, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: "CODE", UserID: user, At: test.at})
				if err != nil || got.Valid != (test.reason == "") || !got.At.Equal(test.want) {
					t.Errorf("answer %+v, %v", got, err)
				}
				if !got.Valid {
					checkRefused(t, got.Why, test.reason)
				}
			}
		})
	}
}

func TestAValidateRequestThatIsWrongIsRefused(t *testing.T) {
	w := newWorld(t)
	early, late := time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name     string
		req      codes.ValidateRequest
		pointers []string
	}{
		{"no code", codes.ValidateRequest{}, []string{"/code"}},
		{"only dashes", codes.ValidateRequest{Code: "—"}, []string{"/code"}},
		{"a control character in the user id", codes.ValidateRequest{Code: "CODE", UserID: "\n"}, []string{"/userId"}},
		{"too early", codes.ValidateRequest{Code: "CODE", At: &early}, []string{"/at"}},
		{"too late", codes.ValidateRequest{Code: "CODE", At: &late}, []string{"/at"}},
		{"everything", codes.ValidateRequest{UserID: "\n", At: &late}, []string{"/userId", "/at", "/code"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.Validate(t.Context(), w.acme, test.req)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
		})
	}
}

// A store may look up together what is asked of the present, never what is asked of another
// instant.
func TestOnlyWhatIsAskedOfTheCallersInstantIsHypothetical(t *testing.T) {
	for _, test := range []struct {
		at   *time.Time
		want bool
	}{{nil, false}, {new(start), true}, {new(start.Add(time.Hour)), true}} {
		asked := 0
		service, caller := newFakeService(t, &fakeStore{dryRun: func(commands []*codes.Command) ([]codes.Result, error) {
			asked++
			checkSame(t, "hypothetical", test.want, commands[0].Hypothetical)
			return []codes.Result{{Code: &codes.Code{Type: codes.TypeNormal}}}, nil
		}})
		if _, err := service.Validate(t.Context(), caller, codes.ValidateRequest{Code: "CODE", At: test.at}); err != nil ||
			asked != 1 {
			t.Errorf("asked %d times, %v", asked, err)
		}
	}
}
