package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"accesscodes/client"
	"accesscodes/internal/tenancy"
)

// These tests talk to the whole program over SQLite.

func TestTheLifeOfACode(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	ends := time.Date(2131, 2, 3, 4, 5, 6, 789_012_345, time.FixedZone("", 3600))
	kept := ends.Truncate(time.Microsecond).UTC()
	added := must(c.AddCode(t.Context(), client.AddCodeRequest{
		Code: "Spring/2131", Type: client.TypePremium, MaxRedemptions: client.Set[int64](2), ExpiresAt: ends,
		Note: "<fair> & more", Metadata: map[string]string{"campaign": "spring"},
	}))(t)
	want := &client.Code{
		Code: "Spring/2131", Type: client.TypePremium, Status: client.StatusActive, MaxRedemptions: new(int64(2)),
		ExpiresAt: &kept, Note: "<fair> & more", Metadata: map[string]string{"campaign": "spring"},
	}
	made := cmpopts.IgnoreFields(client.Code{}, "CreatedAt", "CreatedBy")
	if diff := cmp.Diff(want, added, made); diff != "" || added.CreatedBy == "" || added.CreatedAt.IsZero() {
		t.Errorf("added (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(added, must(c.GetCode(t.Context(), "spring / 2131"))(t)); diff != "" {
		t.Errorf("got again:\n%s", diff)
	}
	changed := must(c.ChangeCode(t.Context(), added.Code, client.ChangeCodeRequest{
		MaxRedemptions: client.Null[int64](), ExpiresAt: client.Null[time.Time](), Note: client.Set("fair"),
		Metadata: client.Set(map[string]*string{"campaign": nil, "place": new("Bonn")}),
	}))(t)
	want.MaxRedemptions, want.ExpiresAt, want.Note = nil, nil, "fair"
	want.Metadata = map[string]string{"place": "Bonn"}
	if diff := cmp.Diff(want, changed, made); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if got := must(c.RevokeCode(t.Context(), added.Code))(t); got.Status != client.StatusRevoked || got.RevokedAt == nil {
		t.Errorf("revoked: %+v", got)
	}
	if got := must(c.RestoreCode(t.Context(), added.Code))(t); got.Status != client.StatusActive {
		t.Errorf("restored: %+v", got)
	}
	if err := c.DeleteCode(t.Context(), added.Code); err != nil {
		t.Error(err)
	}
	if _, err := c.GetCode(t.Context(), added.Code); !errors.Is(err, client.ReasonCodeNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestRedeemingAndItsUndoing(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	code := must(c.GenerateCode(t.Context(), client.GenerateCodeRequest{Type: client.TypeNormal}))(t).Code
	before := must(c.ValidateCode(t.Context(), client.ValidateCodeRequest{Code: code, UserID: "user 1/2"}))(t)
	if !before.Valid || before.Grants != client.UserNormal || before.Code.Code != code {
		t.Errorf("before: %+v", before)
	}
	request := client.RedeemCodeRequest{Code: code, UserID: "user 1/2", Metadata: map[string]string{"a": "b"}}
	redeemed := must(c.RedeemCode(t.Context(), request))(t)
	if redeemed.Replayed || redeemed.UserID != "user 1/2" || redeemed.Metadata["a"] != "b" {
		t.Errorf("redeemed: %+v", redeemed)
	}
	again := must(c.RedeemCode(t.Context(), request))(t)
	if !again.Replayed || again.ID != redeemed.ID {
		t.Errorf("again: %+v", again)
	}
	after := must(c.ValidateCode(t.Context(), client.ValidateCodeRequest{Code: code, UserID: "user 1/2"}))(t)
	if after.Valid || after.Reason != client.ReasonAlreadyRedeemed || after.Redemption.ID != redeemed.ID {
		t.Errorf("after: %+v", after)
	}
	if user := must(c.GetUser(t.Context(), "user 1/2"))(t); user.Status != client.UserNormal {
		t.Errorf("user: %+v", user)
	}
	undone := must(c.RollBackRedemption(t.Context(), redeemed.ID, "a mistake"))(t)
	if undone.RolledBackAt == nil || undone.RollbackReason != "a mistake" {
		t.Errorf("undone: %+v", undone)
	}
	if _, err := c.GetUser(t.Context(), "user 1/2"); !errors.Is(err, client.ReasonUserNotFound) {
		t.Errorf("the user that was registered by it: %v", err)
	}
}

func TestReservations(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	code := must(c.GenerateCode(t.Context(), client.GenerateCodeRequest{
		Type: client.TypePremium, MaxRedemptions: client.Null[int64](),
	}))(t).Code
	request := client.ReserveCodeRequest{Code: code, UserID: "u1", TTL: 59*time.Minute + 59*time.Second + 1}
	start := time.Now()
	held := must(c.ReserveCode(t.Context(), request))(t)
	if life := held.ExpiresAt.Sub(start).Round(time.Minute); life != time.Hour || held.Replayed {
		t.Errorf("held for %s: %+v", life, held)
	}
	if again := must(c.ReserveCode(t.Context(), request))(t); again.ID != held.ID || !again.Replayed {
		t.Errorf("again: %+v", again)
	}
	redeemed := must(c.ConfirmReservation(t.Context(), held.ID))(t)
	if redeemed.ReservationID != held.ID || redeemed.Grants != client.UserPremium {
		t.Errorf("confirmed: %+v", redeemed)
	}
	_, err := c.ReleaseReservation(t.Context(), held.ID)
	if !errors.Is(err, client.ReasonReservationConfirmed) {
		t.Errorf("released after that: %v", err)
	}
	other := must(c.ReserveCode(t.Context(), client.ReserveCodeRequest{Code: code, UserID: "u2"}))(t)
	if got := must(c.ReleaseReservation(t.Context(), other.ID))(t); got.ID != other.ID {
		t.Errorf("released: %+v", got)
	}
	_, err = c.ReserveCode(t.Context(), client.ReserveCodeRequest{Code: code, UserID: "u3", TTL: -1})
	if !errors.Is(err, client.ReasonInvalidValue) {
		t.Errorf("for less than no time: %v", err)
	}
}

func TestUsersWithoutCodes(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	for _, id := range []string{"b", "a", "c"} {
		if user := must(c.PutUser(t.Context(), id, client.UserPremium))(t); user.UserID != id {
			t.Errorf("%+v", user)
		}
	}
	if err := c.EraseUser(t.Context(), "b"); err != nil {
		t.Error(err)
	}
	var ids []string
	for _, user := range collect(t, c.Users(t.Context(), client.UserFilter{Status: client.UserPremium})) {
		ids = append(ids, user.UserID)
	}
	if diff := cmp.Diff([]string{"a", "c"}, ids); diff != "" {
		t.Error(diff)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := newClient(t, s.url, "")
	if got := must(c.Live(t.Context()))(t); got.Status != "live" {
		t.Errorf("%+v", got)
	}
	if got := must(c.Ready(t.Context()))(t); got.Status != "ready" {
		t.Errorf("%+v", got)
	}
	if _, err := c.GetCode(t.Context(), "X"); !errors.Is(err, client.ReasonInvalidAPIKey) {
		t.Errorf("without a key: %v", err)
	}
}

func TestWhatAKeyMayNotSee(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	code := must(s.client(t).AddCode(t.Context(), client.AddCodeRequest{
		Code: "SECRETS", Type: client.TypeNormal, Note: "private",
	}))(t).Code
	c := newClient(t, s.url, s.keyOf(t, tenancy.RoleRedeem))
	got := must(c.ValidateCode(t.Context(), client.ValidateCodeRequest{Code: code}))(t)
	if !got.Valid || got.Code.Note != "" || got.Code.CreatedBy != "" {
		t.Errorf("%+v", got.Code)
	}
	if err := c.DeleteCode(t.Context(), code); !errors.Is(err, client.ReasonRoleNotAllowed) {
		t.Errorf("deleted: %v", err)
	}
}

func TestAnErrorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	_, err := c.AddCode(t.Context(), client.AddCodeRequest{
		Code: "LATE", Type: "Golden", ExpiresAt: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	var e *client.Error
	if !asError(err, &e) {
		t.Fatal(err)
	}
	var pointers []string
	for _, field := range e.Fields {
		pointers = append(pointers, field.Pointer)
	}
	if diff := cmp.Diff([]string{"/type", "/expiresAt"}, pointers); diff != "" || e.Status != 400 ||
		e.Reason != client.ReasonInvalidValue || e.RequestID == "" || client.OutcomeUnknown(err) {
		t.Errorf("%+v\n%s", e, diff)
	}
	want := "addCode: invalid_value: " + e.Detail + " (request " + e.RequestID + ")"
	if err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func TestAKeyOfOnesOwnMakesTwoCallsOne(t *testing.T) {
	t.Parallel()
	c := newServer(t).client(t)
	request := client.GenerateCodeRequest{Type: client.TypeNormal, IdempotencyKey: "order-4711"}
	first := must(c.GenerateCode(t.Context(), request))(t)
	if again := must(c.GenerateCode(t.Context(), request))(t); again.Code != first.Code || !again.Replayed {
		t.Errorf("%+v after %+v", again, first)
	}
	request.Type = client.TypePremium
	if _, err := c.GenerateCode(t.Context(), request); !errors.Is(err, client.ReasonIdempotencyKeyReused) {
		t.Errorf("for another code: %v", err)
	}
	request.IdempotencyKey = ""
	if other := must(c.GenerateCode(t.Context(), request))(t); other.Code == first.Code || other.Replayed {
		t.Errorf("without one: %+v", other)
	}
}
