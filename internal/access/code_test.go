package access_test

import (
	"testing"
	"time"

	"accesscodes/internal/access"
)

func TestTheStatusOfACodeAtAnInstant(t *testing.T) {
	one := int64(1)
	tests := []struct {
		name string
		code access.Code
		want access.Status
	}{
		{"nothing stands against it", access.Code{}, access.StatusActive},
		{"a microsecond before it starts", access.Code{StartsAt: after(time.Microsecond)}, access.StatusScheduled},
		{"the instant it starts", access.Code{StartsAt: after(0)}, access.StatusActive},
		{"a microsecond before it expires", access.Code{ExpiresAt: after(time.Microsecond)}, access.StatusActive},
		{"the instant it expires", access.Code{ExpiresAt: after(0)}, access.StatusExpired},
		{"after it expired", access.Code{ExpiresAt: after(-time.Hour)}, access.StatusExpired},
		{"unused", access.Code{MaxRedemptions: &one}, access.StatusActive},
		{"used up", access.Code{MaxRedemptions: &one, Redemptions: 1}, access.StatusExhausted},
		{"held", access.Code{MaxRedemptions: &one, Reservations: 1}, access.StatusExhausted},
		{"used and held beyond its limit", access.Code{MaxRedemptions: &one, Redemptions: 1, Reservations: 1}, access.StatusExhausted},
		{"used without a limit", access.Code{Redemptions: 1 << 40}, access.StatusActive},
		{"revoked", access.Code{RevokedAt: after(-time.Hour)}, access.StatusRevoked},
		// What two things stand against has the status that is decided first.
		{"revoked and expired", access.Code{RevokedAt: after(0), ExpiresAt: after(0)}, access.StatusRevoked},
		{"revoked and used up", access.Code{RevokedAt: after(0), MaxRedemptions: &one, Redemptions: 1}, access.StatusRevoked},
		{"revoked and not started", access.Code{RevokedAt: after(0), StartsAt: after(time.Hour)}, access.StatusRevoked},
		{"expired and not started", access.Code{ExpiresAt: after(0), StartsAt: after(time.Hour)}, access.StatusExpired},
		{"expired and used up", access.Code{ExpiresAt: after(0), MaxRedemptions: &one, Redemptions: 1}, access.StatusExpired},
		{"not started and used up", access.Code{StartsAt: after(time.Hour), MaxRedemptions: &one, Redemptions: 1}, access.StatusScheduled},
	}
	seen := map[access.Status]bool{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.code.StatusAt(start); got != test.want {
				t.Errorf("status %s, want %s", got, test.want)
			}
		})
		seen[test.want] = true
	}
	for _, status := range access.Statuses() {
		if !seen[status] {
			t.Errorf("no code above is %s", status)
		}
	}
}

func TestTheStatusNowFollowsTheClock(t *testing.T) {
	w := newWorld(t)
	code := w.generate(t, w.acme, request("")).Code
	for _, want := range []access.Status{access.StatusScheduled, access.StatusActive, access.StatusExpired} {
		if got := w.StatusNow(&code); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
		w.pass(time.Hour)
	}
}
