package codes_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// cell is one of the law's table: what a code of a type does for a user.
type cell struct {
	code    codes.Type
	user    codes.UserStatus
	becomes codes.UserStatus // if it is refused: what the user stays
	reason  core.Reason      // why it is refused; empty: it is not
}

func cells() []cell {
	return []cell{
		{codes.TypeNormal, codes.Unregistered, codes.UserNormal, ""},
		{codes.TypeNormal, codes.UserNormal, codes.UserNormal, core.ReasonUserAlreadyRegistered},
		{codes.TypeNormal, codes.UserPremium, codes.UserPremium, core.ReasonUserAlreadyRegistered},
		{codes.TypePremium, codes.Unregistered, codes.UserPremium, ""},
		{codes.TypePremium, codes.UserNormal, codes.UserNormal, core.ReasonUserAlreadyRegistered},
		{codes.TypePremium, codes.UserPremium, codes.UserPremium, core.ReasonUserAlreadyRegistered},
		{codes.TypeUpgrade, codes.Unregistered, codes.Unregistered, core.ReasonUserNotRegistered},
		{codes.TypeUpgrade, codes.UserNormal, codes.UserPremium, ""},
		{codes.TypeUpgrade, codes.UserPremium, codes.UserPremium, core.ReasonUserAlreadyPremium},
	}
}

// onEachCell runs a test for each cell, with a code of its type that can be used twice
// and the user ada.
func onEachCell(t *testing.T, test func(*testing.T, *world, cell)) {
	t.Helper()
	worlds := manyWorlds(t)
	for _, c := range cells() {
		user := "an unknown user"
		if c.user != codes.Unregistered {
			user = "a " + string(c.user) + " user"
		}
		t.Run(fmt.Sprint(c.code, " code, ", user), func(t *testing.T) {
			w := worlds(t)
			w.add(t, w.acme, "Code-1", of(c.code, uses(2)))
			test(t, w, c)
		})
	}
}

func TestRedeemingDoesWhatTheTypeSaysForTheUser(t *testing.T) {
	onEachCell(t, func(t *testing.T, w *world, c cell) {
		w.put(t, "ada", c.user)
		w.pass(time.Minute)
		got, err := w.Redeem(t.Context(), w.acme,
			codes.RedeemRequest{Code: " code 1", UserID: "ada", Metadata: map[string]string{"from": "web"}})
		checkRefused(t, err, c.reason)
		w.checkUser(t, "ada", c.becomes)
		if c.reason != "" {
			checkSame(t, "redemptions", 0, len(w.redemptions(t)))
			w.checkUses(t, "Code-1", 0, 0)
			return
		}
		want := codes.Redemption{
			ID: got.Redemption.ID, WorkspaceID: w.acme.WorkspaceID, Code: "Code-1", Type: c.code, UserID: "ada",
			Grants: c.becomes, Before: c.user, Ordinal: 1, Metadata: map[string]string{"from": "web"},
			CreatedAt: *after(time.Minute), CreatedBy: w.acme.ID,
		}
		checkSame(t, "answer", codes.Redeemed{Redemption: want}, got)
		checkSame(t, "redemptions", []codes.Redemption{want}, w.redemptions(t))
		w.checkUses(t, "Code-1", 1, 0)
	})
}

func TestTheSameCodeAndUserAgainIsTheSameRedemption(t *testing.T) {
	tests := []struct {
		name      string
		meanwhile func(*testing.T, *world)
		again     codes.RedeemRequest
	}{
		{"at once", func(*testing.T, *world) {}, codes.RedeemRequest{Code: "CODE-1", UserID: "ada"}},
		{"spelt in another way", func(*testing.T, *world) {}, codes.RedeemRequest{Code: " code–1 ", UserID: "ada"}},
		{
			"with other metadata",
			func(*testing.T, *world) {},
			codes.RedeemRequest{Code: "CODE-1", UserID: "ada", Metadata: map[string]string{"a": "b"}},
		},
		{"on the only use", func(t *testing.T, w *world) {
			w.change(t, "CODE-1", codes.CodeChange{MaxRedemptions: limitOf(1)})
		}, codes.RedeemRequest{Code: "CODE-1", UserID: "ada"}},
		{
			"when every use is taken",
			func(t *testing.T, w *world) { w.redeem(t, "CODE-1", "bob") },
			codes.RedeemRequest{Code: "CODE-1", UserID: "ada"},
		},
		{
			"after the code was revoked",
			func(t *testing.T, w *world) { w.revoke(t, "CODE-1") },
			codes.RedeemRequest{Code: "CODE-1", UserID: "ada"},
		},
		{
			"after the code expired",
			func(_ *testing.T, w *world) { w.pass(time.Hour) },
			codes.RedeemRequest{Code: "CODE-1", UserID: "ada"},
		},
		{"after a later redemption", func(t *testing.T, w *world) {
			w.add(t, w.acme, "UP", of(codes.TypeUpgrade, codes.Options{}))
			w.redeem(t, "UP", "ada")
		}, codes.RedeemRequest{Code: "CODE-1", UserID: "ada"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(t, w.acme, "CODE-1",
				of(codes.TypeNormal, codes.Options{MaxRedemptions: limitOf(2), ExpiresAt: after(time.Hour)}))
			first := w.redeem(t, "CODE-1", "ada")
			test.meanwhile(t, w)
			before, user := w.code(t, "CODE-1"), w.user(t, "ada")
			for _, service := range []*codes.Services{w.Services, w.node(t)} {
				got, err := service.Redeem(t.Context(), w.acme, test.again)
				if err != nil {
					t.Error(err)
				}
				checkSame(t, "answer", codes.Redeemed{Redemption: first, Replayed: true}, got)
			}
			checkSame(t, "code", before, w.code(t, "CODE-1"))
			w.checkUser(t, "ada", user)
		})
	}
}

func TestAUserIsTakenForAnotherWhoseIDDiffersInAnyByte(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	ids := []string{"ada", "Ada", "ada ", " ada", "ad\u00e1", "ada\u0301", "ada-", "🎉"}
	for _, id := range ids {
		w.redeem(t, "CODE", id)
	}
	w.checkUses(t, "CODE", int64(len(ids)), 0)
}

func TestAUserOfAnotherWorkspaceIsAnotherUser(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "OURS", normal(""))
	w.add(t, other, "THEIRS", normal(""))
	w.redeem(t, "OURS", "ada")
	theirs, err := w.Redeem(t.Context(), other, codes.RedeemRequest{Code: "THEIRS", UserID: "ada"})
	if err != nil || theirs.Replayed || theirs.Redemption.Ordinal != 1 {
		t.Errorf("the other workspace's: %+v, %v", theirs, err)
	}
}

// badMetadata are entries that no metadata may have, with the pointer to each.
func badMetadata() map[string]map[string]string {
	long := strings.Repeat("k", codes.MaxMetadataKeyLength+1)
	return map[string]map[string]string{
		"/metadata":         entries(codes.MaxMetadataEntries + 1),
		"/metadata/":        {"": "v"},
		"/metadata/" + long: {long: "v"},
		"/metadata/a~1b":    {"a/b": "\x00"},
		"/metadata/k":       {"k": strings.Repeat("v", codes.MaxMetadataValueLength+1)},
	}
}

func TestARedeemRequestThatIsWrongUsesNothing(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	tests := []struct {
		name     string
		req      codes.RedeemRequest
		pointers []string
	}{
		{"no user", codes.RedeemRequest{Code: "CODE"}, []string{"/userId"}},
		{
			"a long user id",
			codes.RedeemRequest{Code: "CODE", UserID: strings.Repeat("é", codes.MaxUserIDLength+1)},
			[]string{"/userId"},
		},
		{"a control character in the user id", codes.RedeemRequest{Code: "CODE", UserID: "a\tb"}, []string{"/userId"}},
		{"a null character in the user id", codes.RedeemRequest{Code: "CODE", UserID: "a\x00"}, []string{"/userId"}},
		{"a C1 control character in the user id", codes.RedeemRequest{Code: "CODE", UserID: "a\u0085"}, []string{"/userId"}},
		{"a user id that is not UTF-8", codes.RedeemRequest{Code: "CODE", UserID: "a\xff"}, []string{"/userId"}},
		{"no code", codes.RedeemRequest{UserID: "ada"}, []string{"/code"}},
		{"only spaces and dashes", codes.RedeemRequest{Code: " –-\u3000", UserID: "ada"}, []string{"/code"}},
		{
			"everything",
			codes.RedeemRequest{Metadata: map[string]string{"": "\x00"}},
			[]string{"/userId", "/metadata/", "/metadata/", "/code"},
		},
		{"the user of a code that is not there", codes.RedeemRequest{Code: "NONE"}, []string{"/userId"}},
	}
	for pointer, metadata := range badMetadata() {
		tests = append(tests, struct {
			name     string
			req      codes.RedeemRequest
			pointers []string
		}{pointer, codes.RedeemRequest{Code: "CODE", UserID: "ada", Metadata: metadata}, []string{pointer}})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.Redeem(t.Context(), w.acme, test.req)
			checkError(t, err, core.KindInvalid, core.ReasonInvalidValue, test.pointers...)
		})
	}
	w.checkUses(t, "CODE", 0, 0)
	checkSame(t, "redemptions", 0, len(w.redemptions(t)))
}

func TestAUserIDAndMetadataUpToTheirLimitsComeBackAsGiven(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	for _, req := range []codes.RedeemRequest{
		{Code: "CODE", UserID: "x", Metadata: entries(codes.MaxMetadataEntries)},
		{Code: "CODE", UserID: strings.Repeat("é", codes.MaxUserIDLength), Metadata: map[string]string{
			strings.Repeat("k", codes.MaxMetadataKeyLength): strings.Repeat("é", codes.MaxMetadataValueLength),
		}},
		{
			Code:     "CODE",
			UserID:   " \u00a0\u200b'; DROP TABLE users; --",
			Metadata: map[string]string{"line": "a\r\n\tb", "none": ""},
		},
	} {
		got, err := w.Redeem(t.Context(), w.acme, req)
		if err != nil {
			t.Fatal(err)
		}
		if got.Redemption.UserID != req.UserID {
			t.Errorf("user %q, want %q", got.Redemption.UserID, req.UserID)
		}
		checkSame(t, "metadata", req.Metadata, w.redemptions(t)[0].Metadata)
		w.checkUser(t, req.UserID, codes.UserNormal)
	}
}

// TestACodeIsNeverRedeemedMoreOftenThanItCanBe lets many users ask for few uses on two
// nodes at once, each of them twice, and half of them by way of a reservation.
func TestACodeIsNeverRedeemedMoreOftenThanItCanBe(t *testing.T) {
	w := newWorld(t)
	const limit, users = 3, 12
	w.add(t, w.acme, "FEW", of(codes.TypeNormal, uses(limit)))
	nodes := []*codes.Services{w.Services, w.node(t)}
	redeem := func(node *codes.Services, user string, reserves bool) (codes.Redeemed, error) {
		if !reserves {
			return node.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "FEW", UserID: user})
		}
		held, err := node.Reserve(t.Context(), w.acme, codes.ReserveRequest{Code: "FEW", UserID: user})
		if err != nil {
			return codes.Redeemed{}, err
		}
		return node.Confirm(t.Context(), w.acme, held.Reservation.ID)
	}
	var all sync.WaitGroup
	var made atomic.Int64
	for i := range 2 * users {
		all.Go(func() {
			user := i / 2
			got, err := redeem(nodes[i%2], fmt.Sprint("user ", user), user%2 == 1)
			switch {
			case core.HasReason(err, core.ReasonCodeExhausted):
			case core.HasReason(err, core.ReasonUserAlreadyRegistered): // their other try was faster
			case err != nil:
				t.Error(err)
			case !got.Replayed:
				made.Add(1)
			}
		})
	}
	all.Wait()
	if made.Load() != limit {
		t.Errorf("%d callers were told that they redeemed it, want %d", made.Load(), limit)
	}
	w.checkUses(t, "FEW", limit, 0)
	checkSame(t, "redemptions", limit, len(w.redemptions(t)))
}

func TestAStoreThatFailsIsNotTakenForARefusal(t *testing.T) {
	w := newWorld(t)
	w.add(t, w.acme, "CODE", normal(""))
	held := w.reserve(t, "CODE", "ada", 0)
	made := w.redeem(t, "CODE", "bob")
	service := w.serve(t, brokenStore{w.Store})
	for name, action := range map[string]func() error{
		"redeem": func() error {
			_, err := service.Redeem(t.Context(), w.acme, codes.RedeemRequest{Code: "CODE", UserID: "cyd"})
			return err
		},
		"reserve": func() error {
			_, err := service.Reserve(t.Context(), w.acme, codes.ReserveRequest{Code: "CODE", UserID: "cyd"})
			return err
		},
		"confirm":  func() error { _, err := service.Confirm(t.Context(), w.acme, held.ID); return err },
		"release":  func() error { _, err := service.Release(t.Context(), w.acme, held.ID); return err },
		"rollback": func() error { _, err := service.Rollback(t.Context(), w.acme, made.ID, ""); return err },
		"revoke":   func() error { _, err := service.RevokeCode(t.Context(), w.acme, "CODE"); return err },
		"change": func() error {
			_, err := service.ChangeCode(t.Context(), w.acme, "CODE", codes.CodeChange{})
			return err
		},
		"delete": func() error { return service.DeleteCode(t.Context(), w.acme, "CODE") },
		"validate": func() error {
			_, err := service.Validate(t.Context(), w.acme, codes.ValidateRequest{Code: "CODE"})
			return err
		},
	} {
		if err := action(); !errors.Is(err, errDisk) || !core.HasReason(err, core.ReasonStoreUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
