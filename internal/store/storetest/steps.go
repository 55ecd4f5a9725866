package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// The steps of a story, each of which must succeed, and what is checked between them.

// redeem redeems a code, which must succeed.
func (s *site) redeem(t *testing.T, caller *core.Actor, code, user string) codes.Redemption {
	t.Helper()
	got, err := s.Redeem(t.Context(), caller, codes.RedeemRequest{Code: code, UserID: user})
	if err != nil {
		t.Fatalf("Redeem %q for %q: %v", code, user, err)
	}
	return got.Redemption
}

// reserve reserves a code, which must succeed.
func (s *site) reserve(t *testing.T, caller *core.Actor, code, user string, life time.Duration) codes.Reservation {
	t.Helper()
	got, err := s.Reserve(t.Context(), caller, codes.ReserveRequest{Code: code, UserID: user, Life: life})
	if err != nil {
		t.Fatalf("Reserve %q for %q: %v", code, user, err)
	}
	return got.Reservation
}

// confirm confirms a reservation, which must succeed.
func (s *site) confirm(t *testing.T, caller *core.Actor, r codes.Reservation) codes.Redemption {
	t.Helper()
	got, err := s.Confirm(t.Context(), caller, r.ID)
	if err != nil {
		t.Fatalf("Confirm: %v", err)
	}
	return got.Redemption
}

// release releases a reservation, which must succeed.
func (s *site) release(t *testing.T, caller *core.Actor, r codes.Reservation) codes.Reservation {
	t.Helper()
	got, err := s.Release(t.Context(), caller, r.ID)
	if err != nil {
		t.Fatalf("Release: %v", err)
	}
	return got.Reservation
}

// rollback rolls a redemption back, which must succeed.
func (s *site) rollback(t *testing.T, caller *core.Actor, r codes.Redemption) codes.Redemption {
	t.Helper()
	got, err := s.Rollback(t.Context(), caller, r.ID, "")
	if err != nil {
		t.Fatalf("Rollback: %v", err)
	}
	return got.Redemption
}

// put registers a user, which must succeed.
func (s *site) put(t *testing.T, caller *core.Actor, id string, status codes.UserStatus) codes.User {
	t.Helper()
	user, err := s.PutUser(t.Context(), caller, id, status)
	if err != nil {
		t.Fatalf("PutUser %q: %v", id, err)
	}
	return user
}

// erase erases a user, whom something must hold.
func (s *site) erase(t *testing.T, caller *core.Actor, id string) {
	t.Helper()
	if err := s.EraseUser(t.Context(), caller, id); err != nil {
		t.Fatalf("EraseUser %q: %v", id, err)
	}
}

// code is a code as it is at an instant.
func (s *site) code(t *testing.T, caller *core.Actor, value string, at time.Time) codes.Code {
	t.Helper()
	code, err := s.Store.Code(t.Context(), caller.WorkspaceID, core.Canonical(value), at)
	if err != nil {
		t.Fatalf("Code %q: %v", value, err)
	}
	return code
}

// redemption is a redemption as it is stored.
func (s *site) redemption(t *testing.T, caller *core.Actor, id core.ID) codes.Redemption {
	t.Helper()
	_, r, err := s.Store.Redemption(t.Context(), caller.WorkspaceID, id)
	if err != nil {
		t.Fatalf("Redemption: %v", err)
	}
	return r
}

// reservation is a reservation as it is stored.
func (s *site) reservation(t *testing.T, caller *core.Actor, id core.ID) codes.Reservation {
	t.Helper()
	_, r, err := s.Store.Reservation(t.Context(), caller.WorkspaceID, id)
	if err != nil {
		t.Fatalf("Reservation: %v", err)
	}
	return r
}

// checkUses checks how often a code is redeemed and reserved at the present.
func (s *site) checkUses(t *testing.T, caller *core.Actor, value string, redeemed, reserved int64) {
	t.Helper()
	code := s.code(t, caller, value, s.time())
	if code.Redemptions != redeemed || code.Reservations != reserved {
		t.Errorf("%s: %d redemptions and %d reservations, want %d and %d", value, code.Redemptions, code.Reservations,
			redeemed, reserved)
	}
}

// checkUser checks what a user is; Unregistered: nobody.
func (s *site) checkUser(t *testing.T, caller *core.Actor, id string, want codes.UserStatus) {
	t.Helper()
	user, err := s.Store.User(t.Context(), caller.WorkspaceID, id)
	if errors.Is(err, core.ErrNotFound) {
		err = nil
	}
	if user.Status != want || err != nil {
		t.Errorf("the user %q is %q, %v; want %q", id, user.Status, err, want)
	}
}

// checkReason checks why a request was refused; "": it was not.
func checkReason(t *testing.T, what string, err error, want core.Reason) {
	t.Helper()
	if got := reasonOf(err); got != want {
		t.Errorf("%s: %v, want the reason %q", what, err, want)
	}
}

// reasonOf is why a request was refused; "": it was not.
func reasonOf(err error) core.Reason {
	if err == nil {
		return ""
	}
	return core.AsError(err).Reason
}

// checkSame checks that two values are the same.
func checkSame(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// revoke revokes one of my codes, which must succeed.
func (s *site) revoke(t *testing.T, value string) {
	t.Helper()
	if _, err := s.RevokeCode(t.Context(), s.mine, value); err != nil {
		t.Fatalf("RevokeCode %q: %v", value, err)
	}
}
