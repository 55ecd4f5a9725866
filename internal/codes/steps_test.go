package codes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// The commands of a story in the workspace acme, each of which must succeed and must not have
// been done before, and what is checked between them.

// of is a request for a code of a type.
func of(kind codes.Type, options codes.Options) codes.IssueRequest {
	return codes.IssueRequest{Type: kind, Options: options}
}

// uses are options that say only how often a code can be redeemed.
func uses(n int64) codes.Options { return codes.Options{MaxRedemptions: limitOf(n)} }

func (w *world) redeem(t tester, code, user string) codes.Redemption {
	t.Helper()
	got, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: code, UserID: user})
	if err != nil || got.Replayed {
		t.Fatalf("Redeem %q for %q: %+v, %v", code, user, got, err)
	}
	return got.Redemption
}

// reserve holds a use for so long; 0: for as long as it is held by default.
func (w *world) reserve(t tester, code, user string, life time.Duration) codes.Reservation {
	t.Helper()
	got, err := w.Reserve(t.Context(), w.acme, codes.ReserveRequest{Code: code, UserID: user, Life: life})
	if err != nil || got.Replayed {
		t.Fatalf("Reserve %q for %q: %+v, %v", code, user, got, err)
	}
	return got.Reservation
}

func (w *world) confirm(t tester, held codes.Reservation) codes.Redemption {
	t.Helper()
	got, err := w.Confirm(t.Context(), w.acme, held.ID)
	if err != nil || got.Replayed {
		t.Fatalf("Confirm: %+v, %v", got, err)
	}
	return got.Redemption
}

func (w *world) release(t tester, held codes.Reservation) codes.Reservation {
	t.Helper()
	got, err := w.Release(t.Context(), w.acme, held.ID)
	if err != nil || got.Replayed {
		t.Fatalf("Release: %+v, %v", got, err)
	}
	return got.Reservation
}

func (w *world) rollback(t tester, made codes.Redemption) codes.Redemption {
	t.Helper()
	got, err := w.Rollback(t.Context(), w.acme, made.ID, "")
	if err != nil || got.Replayed {
		t.Fatalf("Rollback: %+v, %v", got, err)
	}
	return got.Redemption
}

func (w *world) revoke(t tester, code string) {
	t.Helper()
	if _, err := w.RevokeCode(t.Context(), w.acme, code); err != nil {
		t.Fatalf("RevokeCode %q: %v", code, err)
	}
}

func (w *world) change(t tester, code string, want codes.CodeChange) codes.Code {
	t.Helper()
	got, err := w.ChangeCode(t.Context(), w.acme, code, want)
	if err != nil {
		t.Fatalf("ChangeCode %q: %v", code, err)
	}
	return got
}

// put registers a user by hand; Unregistered: it does nothing.
func (w *world) put(t tester, id string, status codes.UserStatus) {
	t.Helper()
	if status == codes.Unregistered {
		return
	}
	if _, err := w.PutUser(t.Context(), w.acme, id, status); err != nil {
		t.Fatalf("PutUser %q: %v", id, err)
	}
}

func (w *world) erase(t tester, id string) {
	t.Helper()
	if err := w.EraseUser(t.Context(), w.acme, id); err != nil {
		t.Fatalf("EraseUser %q: %v", id, err)
	}
}

func (w *world) tidy(t tester) {
	t.Helper()
	if err := w.TidyReservations(t.Context()); err != nil {
		t.Fatalf("TidyReservations: %v", err)
	}
}

// code is a code as it is now.
func (w *world) code(t tester, value string) codes.Code {
	t.Helper()
	code, err := w.GetCode(t.Context(), w.acme, value)
	if err != nil {
		t.Fatalf("GetCode %q: %v", value, err)
	}
	return code
}

// reservation is a reservation as it is stored.
func (w *world) reservation(t tester, id core.ID) codes.Reservation {
	t.Helper()
	_, r, err := w.Store.Reservation(t.Context(), w.acme.WorkspaceID, id)
	if err != nil {
		t.Fatalf("Reservation: %v", err)
	}
	return r
}

// redemptions are all of the workspace, newest first.
func (w *world) redemptions(t tester) []codes.Redemption {
	t.Helper()
	page, err := w.ListRedemptions(t.Context(), w.acme, codes.RedemptionFilter{}, core.PageRequest{Limit: core.MaxPage})
	if err != nil || page.Next != "" {
		t.Fatalf("ListRedemptions: %v, next page %q", err, page.Next)
	}
	return page.Items
}

// user is what a user is.
func (w *world) user(t tester, id string) codes.UserStatus {
	t.Helper()
	user, err := w.GetUser(t.Context(), w.acme, id)
	if err != nil && !core.HasReason(err, core.ReasonUserNotFound) {
		t.Fatalf("GetUser %q: %v", id, err)
	}
	return user.Status
}

func (w *world) checkUser(t tester, id string, want codes.UserStatus) {
	t.Helper()
	if got := w.user(t, id); got != want {
		t.Errorf("the user %q is %q, want %q", id, got, want)
	}
}

// checkUses checks how many uses of a code are redeemed and reserved now.
func (w *world) checkUses(t tester, code string, redeemed, reserved int64) {
	t.Helper()
	if got := w.code(t, code); got.Redemptions != redeemed || got.Reservations != reserved {
		t.Errorf("%s: %d redeemed and %d reserved, want %d and %d", code, got.Redemptions, got.Reservations, redeemed,
			reserved)
	}
}

// checkRefused checks why the state did not allow a command; "": it did.
func checkRefused(t tester, err error, want core.Reason) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want == "":
	case strings.HasSuffix(string(want), "_not_found"):
		checkError(t, err, core.KindNotFound, want)
	default:
		checkError(t, err, core.KindConflict, want)
	}
}

// checkSame checks that two values are the same.
func checkSame(t tester, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// asker is a way to ask for a use of a code.
type asker struct {
	name string
	ask  func(w *world, t *testing.T, code, user string) error
}

// askers are the ways to ask for a use of a code, all of which are refused alike.
func askers() []asker {
	return []asker{
		{"redeem", func(w *world, t *testing.T, code, user string) error {
			_, err := w.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: code, UserID: user})
			return err
		}},
		{"reserve", func(w *world, t *testing.T, code, user string) error {
			_, err := w.Reserve(t.Context(), w.acme, codes.ReserveRequest{Code: code, UserID: user})
			return err
		}},
		{"validate", func(w *world, t *testing.T, code, user string) error {
			v, err := w.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: code, UserID: user})
			if err == nil && !v.Valid {
				return v.Why
			}
			return err
		}},
	}
}
