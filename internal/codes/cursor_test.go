package codes_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// cursors returns the cursor behind the first entry of each list.
func (w *world) cursors(t *testing.T, caller *core.Actor) map[string]string {
	t.Helper()
	cursors := map[string]string{}
	for name, list := range w.lists(t, caller) {
		next, err := list(core.PageRequest{Limit: 1})
		if err != nil || next == "" {
			t.Fatalf("%s: next %q, %v", name, next, err)
		}
		cursors[name] = next
	}
	return cursors
}

// crowd gives a workspace two entries of every list. It can be done in one workspace
// after the other: codes are told apart by their ends.
func (w *world) crowd(t *testing.T, caller *core.Actor, end string) {
	t.Helper()
	for _, code := range []string{"n1", "n2"} {
		w.add(t, caller, code+end, normal(""))
	}
	for _, redemption := range [][2]string{{"n1", "n1"}, {"n1", "n2"}, {"n2", "n1"}} {
		if redemption[0] == "n2" { // a user's second needs to be an upgrade
			w.add(t, caller, "up"+end, of(codes.TypeUpgrade, codes.Options{}))
			redemption[0] = "up"
		}
		if _, err := w.Redeem(t.Context(), caller, codes.RedeemRequest{
			Code:   redemption[0] + end,
			UserID: redemption[1],
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, user := range []string{"n3", "n-16-characters-"} { // of which the latter is as long as an id
		if _, err := w.PutUser(t.Context(), caller, user, codes.UserNormal); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACursorIsGoodForItsListOnly(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.crowd(t, w.acme, "")
	w.crowd(t, other, "-other")
	theirs := w.lists(t, other)
	for from, cursor := range w.cursors(t, w.acme) {
		for to, list := range w.lists(t, w.acme) {
			_, err := list(core.PageRequest{Cursor: cursor})
			if from == to {
				if err != nil {
					t.Errorf("%s: %v", from, err)
				}
				continue
			}
			checkInvalidCursor(t, from+" → "+to, err)
		}
		_, err := theirs[from](core.PageRequest{Cursor: cursor})
		checkInvalidCursor(t, from+" → another workspace", err)
	}
}

func checkInvalidCursor(t tester, what string, err error) {
	t.Helper()
	if !core.IsKind(err, core.KindInvalid) || !core.HasReason(err, core.ReasonInvalidCursor) {
		t.Errorf("%s: %v", what, err)
	}
}

func TestACursorIsGoodForPagesOfAnotherLength(t *testing.T) {
	w := newWorld(t)
	w.crowd(t, w.acme, "")
	cursors := w.cursors(t, w.acme)
	for name, list := range w.lists(t, w.acme) {
		for _, limit := range []int{0, 1, 2, core.MaxPage} {
			if _, err := list(core.PageRequest{Limit: limit, Cursor: cursors[name]}); err != nil {
				t.Errorf("%s, limit %d: %v", name, limit, err)
			}
		}
	}
}

// TestACursorThatWasTamperedWithIsRefused goes through every shorter form of a cursor and
// every one with another byte in it.
func TestACursorThatWasTamperedWithIsRefused(t *testing.T) {
	w := newWorld(t)
	w.crowd(t, w.acme, "")
	cursors := w.cursors(t, w.acme)
	for _, name := range []string{"codes", "redemptions", "users"} {
		list, good := w.lists(t, w.acme)[name], cursors[name]
		bytes, err := base64.RawURLEncoding.DecodeString(good)
		if err != nil {
			t.Fatal(err)
		}
		var bad []string
		for i := range good {
			if i > 0 {
				bad = append(bad, good[:i])
			}
		}
		for i := range bytes {
			other := slices.Clone(bytes)
			other[i]++
			bad = append(bad, base64.RawURLEncoding.EncodeToString(other))
		}
		for _, tail := range []string{"A", "AAAA", "=", " ", "\n", "%", "\x00"} {
			bad = append(bad, good+tail)
		}
		bad = append(
			bad,
			"x",
			" ",
			"null",
			"..",
			strings.Repeat("A", 10_000),
			base64.StdEncoding.EncodeToString([]byte{0xfb, 0xff, 0xfe}),
		)
		for _, cursor := range bad {
			_, err := list(core.PageRequest{Cursor: cursor})
			checkInvalidCursor(t, fmt.Sprintf("%s, cursor %.40q for %q", name, cursor, good), err)
		}
	}
}

// TestACursorOfSomebodysOwnMakingBreaksNothing: the way in which cursors are made is no
// secret, so what one holds is looked at as well.
func TestACursorOfSomebodysOwnMakingBreaksNothing(t *testing.T) {
	w := newWorld(t)
	w.crowd(t, w.acme, "")
	filters := map[string][]string{
		"codes":       {"", "", core.ID{}.String(), "", "", ""},
		"redemptions": {"", "", "", ""},
		"users":       {"", ""},
	}
	instant := "\x00\x06\xd9\x60\x65\xb6\x2a\x94"
	tests := []struct{ name, list, key string }{
		{"half an instant", "codes", instant[:7]},
		{"before the year 0", "codes", "\x80\x00\x00\x00\x00\x00\x00\x00A"},
		{"after the year 9999", "codes", "\x7f\xff\xff\xff\xff\xff\xff\xffA"},
		{"a code that is not UTF-8", "codes", instant + "\xff"},
		{"a code with a null character", "codes", instant + "\x00"},
		{"a short id", "redemptions", strings.Repeat("x", 15)},
		{"a long id", "redemptions", strings.Repeat("x", 17)},
		{"a user who is not UTF-8", "users", "\xff"},
		{"a user with a null character", "users", "a\x00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cursor := codes.Behind([]byte(test.key), test.list, w.acme, filters[test.list]...)
			_, err := w.lists(t, w.acme)[test.list](core.PageRequest{Cursor: cursor})
			checkInvalidCursor(t, test.list, err)
		})
	}
	for list, key := range map[string]string{
		"codes":       instant + "A",
		"redemptions": strings.Repeat("x", 16),
		"users":       "a",
	} {
		cursor := codes.Behind([]byte(key), list, w.acme, filters[list]...)
		if _, err := w.lists(t, w.acme)[list](core.PageRequest{Cursor: cursor}); err != nil {
			t.Errorf("%s, with a key that an entry could have: %v", list, err)
		}
	}
}

func TestACursorOfAnEntryThatIsGoneIsStillGood(t *testing.T) {
	w := newWorld(t)
	for _, code := range []string{"C", "B", "A"} {
		w.add(t, w.acme, code, normal(""))
		w.put(t, code, codes.UserNormal)
		w.pass(1_000)
	}
	list, err := w.ListCodes(t.Context(), w.acme, codes.CodeFilter{}, core.PageRequest{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	users, err := w.ListUsers(t.Context(), w.acme, codes.UserFilter{}, core.PageRequest{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteCode(t.Context(), w.acme, "A"); err != nil {
		t.Fatal(err)
	}
	w.erase(t, "A")
	list, err = w.ListCodes(t.Context(), w.acme, codes.CodeFilter{}, core.PageRequest{Limit: 1, Cursor: list.Next})
	if err != nil || len(list.Items) != 1 || list.Items[0].Value != "B" {
		t.Errorf("codes %+v, %v", list, err)
	}
	users, err = w.ListUsers(t.Context(), w.acme, codes.UserFilter{}, core.PageRequest{Limit: 1, Cursor: users.Next})
	if err != nil || len(users.Items) != 1 || users.Items[0].ID != "B" {
		t.Errorf("users %+v, %v", users, err)
	}
}
