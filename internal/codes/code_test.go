package codes_test

import (
	"testing"
	"time"

	"accesscodes/internal/codes"
)

func TestTheStatusOfACodeAtAnInstant(t *testing.T) {
	one := int64(1)
	tests := []struct {
		name string
		code codes.Code
		want codes.Status
	}{
		{"nothing stands against it", codes.Code{}, codes.StatusActive},
		{"a microsecond before it starts", codes.Code{StartsAt: after(time.Microsecond)}, codes.StatusScheduled},
		{"the instant it starts", codes.Code{StartsAt: after(0)}, codes.StatusActive},
		{"a microsecond before it expires", codes.Code{ExpiresAt: after(time.Microsecond)}, codes.StatusActive},
		{"the instant it expires", codes.Code{ExpiresAt: after(0)}, codes.StatusExpired},
		{"after it expired", codes.Code{ExpiresAt: after(-time.Hour)}, codes.StatusExpired},
		{"unused", codes.Code{MaxRedemptions: &one}, codes.StatusActive},
		{"used up", codes.Code{MaxRedemptions: &one, Redemptions: 1}, codes.StatusExhausted},
		{"held", codes.Code{MaxRedemptions: &one, Reservations: 1}, codes.StatusExhausted},
		{
			"used and held beyond its limit",
			codes.Code{MaxRedemptions: &one, Redemptions: 1, Reservations: 1},
			codes.StatusExhausted,
		},
		{"used without a limit", codes.Code{Redemptions: 1 << 40}, codes.StatusActive},
		{"revoked", codes.Code{RevokedAt: after(-time.Hour)}, codes.StatusRevoked},
		// What two things stand against has the status that is decided first.
		{"revoked and expired", codes.Code{RevokedAt: after(0), ExpiresAt: after(0)}, codes.StatusRevoked},
		{"revoked and used up", codes.Code{RevokedAt: after(0), MaxRedemptions: &one, Redemptions: 1}, codes.StatusRevoked},
		{"revoked and not started", codes.Code{RevokedAt: after(0), StartsAt: after(time.Hour)}, codes.StatusRevoked},
		{"expired and not started", codes.Code{ExpiresAt: after(0), StartsAt: after(time.Hour)}, codes.StatusExpired},
		{"expired and used up", codes.Code{ExpiresAt: after(0), MaxRedemptions: &one, Redemptions: 1}, codes.StatusExpired},
		{
			"not started and used up",
			codes.Code{StartsAt: after(time.Hour), MaxRedemptions: &one, Redemptions: 1},
			codes.StatusScheduled,
		},
	}
	seen := map[codes.Status]bool{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.code.StatusAt(start); got != test.want {
				t.Errorf("status %s, want %s", got, test.want)
			}
		})
		seen[test.want] = true
	}
	for _, status := range codes.Statuses() {
		if !seen[status] {
			t.Errorf("no code above is %s", status)
		}
	}
}

func TestTheStatusNowFollowsTheClock(t *testing.T) {
	w := newWorld(t)
	code := w.generate(t, w.acme, request("")).Code
	for _, want := range []codes.Status{codes.StatusScheduled, codes.StatusActive, codes.StatusExpired} {
		if got := w.StatusNow(&code); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
		w.pass(time.Hour)
	}
}
