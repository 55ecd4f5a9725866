package codes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// listed reads all pages of a list and returns what name says of each entry. Each page is
// full but the last, and no cursor comes twice.
func listed[T any](
	t *testing.T,
	limit int,
	page func(core.PageRequest) (core.Page[T], error),
	name func(T) string,
) (all []string) {
	t.Helper()
	seen := map[string]bool{}
	for req := (core.PageRequest{Limit: limit}); ; {
		got, err := page(req)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range got.Items {
			all = append(all, name(item))
		}
		if got.Next == "" && len(got.Items) <= limit {
			return all
		}
		if len(got.Items) != limit || seen[got.Next] {
			t.Fatalf("a page of %d has %d entries, and the next is %q", limit, len(got.Items), got.Next)
		}
		seen[got.Next], req.Cursor = true, got.Next
	}
}

func (w *world) listCodes(t *testing.T, filter codes.CodeFilter, limit int) []string {
	t.Helper()
	return listed(t, limit, func(req core.PageRequest) (core.Page[codes.Code], error) {
		return w.ListCodes(t.Context(), w.acme, filter, req)
	}, func(c codes.Code) string { return c.Value })
}

func (w *world) listRedemptions(t *testing.T, filter codes.RedemptionFilter, limit int) []string {
	t.Helper()
	return listed(t, limit, func(req core.PageRequest) (core.Page[codes.Redemption], error) {
		return w.ListRedemptions(t.Context(), w.acme, filter, req)
	}, func(r codes.Redemption) string { return r.Code + " " + r.UserID })
}

func (w *world) listUsers(t *testing.T, filter codes.UserFilter, limit int) []string {
	t.Helper()
	return listed(t, limit, func(req core.PageRequest) (core.Page[codes.User], error) {
		return w.ListUsers(t.Context(), w.acme, filter, req)
	}, func(u codes.User) string { return u.ID })
}

// TestAListIsTheSameWhateverItsPages: codes, redemptions newest first; users by their ids.
func TestAListIsTheSameWhateverItsPages(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	var list, redemptions, users []string
	for i := range 12 {
		code, user := fmt.Sprintf("CODE-%02d", i), fmt.Sprintf("user-%02d", 11-i)
		w.add(t, w.acme, code, of(codes.Types()[i%2], codes.Options{}))
		w.add(t, other, "THEIRS-"+code, normal(""))
		w.redeem(t, code, user)
		list, redemptions, users = append(list, code), append(redemptions, code+" "+user), append(users, user)
		if i%3 == 0 { // so that some are of the same instant
			w.pass(time.Microsecond)
		}
	}
	for _, all := range [][]string{list, redemptions, users} {
		slices.Reverse(all)
	}
	for _, limit := range []int{1, 5, 6, 11, 12, 13, core.MaxPage} {
		checkSame(t, fmt.Sprint("codes by ", limit), list, w.listCodes(t, codes.CodeFilter{}, limit))
		checkSame(t, fmt.Sprint("redemptions by ", limit), redemptions, w.listRedemptions(t, codes.RedemptionFilter{}, limit))
		checkSame(t, fmt.Sprint("users by ", limit), users, w.listUsers(t, codes.UserFilter{}, limit))
	}
}

// TestWhatIsAddedMeanwhileIsOnNoLaterPage: nor does it move what is there.
func TestWhatIsAddedMeanwhileIsOnNoLaterPage(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		w.add(t, w.acme, fmt.Sprint("CODE-", i), normal(""))
		w.redeem(t, fmt.Sprint("CODE-", i), fmt.Sprint("user ", i))
		w.pass(time.Second)
	}
	list, err := w.ListCodes(t.Context(), w.acme, codes.CodeFilter{}, core.PageRequest{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	redemptions, err := w.ListRedemptions(t.Context(), w.acme, codes.RedemptionFilter{}, core.PageRequest{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	w.add(t, w.acme, "LATER", normal(""))
	w.redeem(t, "LATER", "somebody")
	list, err = w.ListCodes(t.Context(), w.acme, codes.CodeFilter{}, core.PageRequest{Limit: 9, Cursor: list.Next})
	if err != nil || len(list.Items) != 2 || list.Items[0].Value != "CODE-1" || list.Items[1].Value != "CODE-0" {
		t.Errorf("codes %+v, %v", list, err)
	}
	redemptions, err = w.ListRedemptions(
		t.Context(),
		w.acme,
		codes.RedemptionFilter{},
		core.PageRequest{Limit: 9, Cursor: redemptions.Next},
	)
	if err != nil || len(redemptions.Items) != 2 || redemptions.Items[0].Code != "CODE-1" ||
		redemptions.Items[1].Code != "CODE-0" {
		t.Errorf("redemptions %+v, %v", redemptions, err)
	}
}

func TestEachFilterOfCodesFindsWhatItSays(t *testing.T) {
	w := newWorld(t)
	for _, code := range []struct {
		value string
		req   codes.IssueRequest
	}{
		{"ACTIVE-1", of(codes.TypeNormal, codes.Options{Note: "Spring fair", Recipient: "Ada@example.org"})},
		{"ACTIVE-2", of(codes.TypePremium, codes.Options{Note: "spring sale", Recipient: "ÄRMEL"})},
		{"USED-1", of(codes.TypeNormal, uses(1))},
		{"HELD-1", of(codes.TypePremium, uses(1))},
		{"LATER-1", of(codes.TypeUpgrade, codes.Options{StartsAt: after(time.Hour)})},
		{"ENDED-1", of(codes.TypeNormal, codes.Options{ExpiresAt: after(30 * time.Second)})},
		{"REVOKED-1", of(codes.TypeNormal, codes.Options{ExpiresAt: after(30 * time.Second), Note: "100% of\nall_x"})},
	} {
		w.add(t, w.acme, code.value, code.req)
		w.pass(time.Second)
	}
	w.redeem(t, "USED-1", "ada")
	w.reserve(t, "HELD-1", "bob", time.Minute)
	w.revoke(t, "REVOKED-1")
	w.pass(23 * time.Second) // to the instant of the expiry
	reservationEnds := 37 * time.Second
	tests := []struct {
		name   string
		filter codes.CodeFilter
		want   []string
	}{
		{"none", codes.CodeFilter{}, []string{"REVOKED-1", "ENDED-1", "LATER-1", "HELD-1", "USED-1", "ACTIVE-2", "ACTIVE-1"}},
		{"Normal", codes.CodeFilter{Type: codes.TypeNormal}, []string{"REVOKED-1", "ENDED-1", "USED-1", "ACTIVE-1"}},
		{"Premium", codes.CodeFilter{Type: codes.TypePremium}, []string{"HELD-1", "ACTIVE-2"}},
		{"Upgrade", codes.CodeFilter{Type: codes.TypeUpgrade}, []string{"LATER-1"}},
		{"active", codes.CodeFilter{Status: codes.StatusActive}, []string{"ACTIVE-2", "ACTIVE-1"}},
		{"revoked", codes.CodeFilter{Status: codes.StatusRevoked}, []string{"REVOKED-1"}},
		{"expired", codes.CodeFilter{Status: codes.StatusExpired}, []string{"ENDED-1"}},
		{"scheduled", codes.CodeFilter{Status: codes.StatusScheduled}, []string{"LATER-1"}},
		{"exhausted", codes.CodeFilter{Status: codes.StatusExhausted}, []string{"HELD-1", "USED-1"}},
		{"a batch that is not there", codes.CodeFilter{BatchID: core.ID{1}}, nil},
		{"created after the first", codes.CodeFilter{CreatedAfter: after(5 * time.Second)}, []string{"REVOKED-1"}},
		{"created before the second", codes.CodeFilter{CreatedBefore: after(time.Second)}, []string{"ACTIVE-1"}},
		{
			"created between, by more than is kept",
			codes.CodeFilter{CreatedAfter: after(time.Second + 999), CreatedBefore: after(3*time.Second + 999)},
			[]string{"HELD-1", "USED-1"},
		},
		{"the beginning of a value", codes.CodeFilter{Query: "act"}, []string{"ACTIVE-2", "ACTIVE-1"}},
		{"the beginning of a value, spelt in another way", codes.CodeFilter{Query: " re-vo ked "}, []string{"REVOKED-1"}},
		{"the middle of a value", codes.CodeFilter{Query: "-1"}, nil},
		{"the beginning of a note", codes.CodeFilter{Query: "SPRING "}, []string{"ACTIVE-2", "ACTIVE-1"}},
		{"more of a note", codes.CodeFilter{Query: "spring f"}, []string{"ACTIVE-1"}},
		{"the middle of a note", codes.CodeFilter{Query: "fair"}, nil},
		{"the beginning of a recipient", codes.CodeFilter{Query: "ADA@"}, []string{"ACTIVE-1"}},
		{"case beyond ASCII counts", codes.CodeFilter{Query: "ärmel"}, nil},
		{"case beyond ASCII", codes.CodeFilter{Query: "Ärm"}, []string{"ACTIVE-2"}},
		{"a pattern is text", codes.CodeFilter{Query: "%"}, nil},
		{"a pattern that is there", codes.CodeFilter{Query: "100% of\nall_"}, []string{"REVOKED-1"}},
		{"a pattern that is not", codes.CodeFilter{Query: "100% of\nall%"}, nil},
		{"only a dash", codes.CodeFilter{Query: "-"}, nil},
		{"several filters", codes.CodeFilter{
			Type: codes.TypeNormal, Status: codes.StatusActive, Query: "a", CreatedBefore: after(time.Hour),
			CreatedAfter: after(-time.Hour),
		}, []string{"ACTIVE-1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, limit := range []int{1, 2, 50} {
				checkSame(t, fmt.Sprint("codes by ", limit), test.want, w.listCodes(t, test.filter, limit))
			}
		})
	}
	w.pass(reservationEnds - time.Microsecond)
	checkSame(
		t,
		"exhausted just before the reservation lapses",
		[]string{"HELD-1", "USED-1"},
		w.listCodes(t, codes.CodeFilter{Status: codes.StatusExhausted}, 50),
	)
	w.pass(time.Microsecond)
	checkSame(
		t,
		"exhausted when it has lapsed",
		[]string{"USED-1"},
		w.listCodes(t, codes.CodeFilter{Status: codes.StatusExhausted}, 50),
	)
}

func TestEachFilterOfRedemptionsFindsWhatItSays(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "A-1", normal(""))
	w.add(t, w.acme, "UP", of(codes.TypeUpgrade, codes.Options{}))
	w.add(t, other, "THEIRS", normal(""))
	w.redeem(t, "A-1", "ada")
	w.rollback(t, w.redeem(t, "A-1", "bob"))
	w.redeem(t, "UP", "ada")
	w.redeem(t, "A-1", "bob")
	if _, err := w.Redeem(t.Context(), other, codes.RedeemRequest{Code: "THEIRS", UserID: "ada"}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		filter codes.RedemptionFilter
		want   []string
	}{
		{"none", codes.RedemptionFilter{}, []string{"A-1 bob", "UP ada", "A-1 bob", "A-1 ada"}},
		{"a code, however it is spelt", codes.RedemptionFilter{Code: " a1"}, []string{"A-1 bob", "A-1 bob", "A-1 ada"}},
		{"a user", codes.RedemptionFilter{UserID: "ada"}, []string{"UP ada", "A-1 ada"}},
		{"both", codes.RedemptionFilter{Code: "A-1", UserID: "ada"}, []string{"A-1 ada"}},
		{"a user in another case", codes.RedemptionFilter{UserID: "Ada"}, nil},
		{"the beginning of a code", codes.RedemptionFilter{Code: "A"}, nil},
		{"another workspace's code", codes.RedemptionFilter{Code: "THEIRS"}, nil},
		{"only dashes", codes.RedemptionFilter{Code: "--"}, nil},
		{"a code that cannot be", codes.RedemptionFilter{Code: "a\x00"}, nil},
		{"a code that is too long", codes.RedemptionFilter{Code: strings.Repeat("A", 999)}, nil},
		{"a user who cannot be", codes.RedemptionFilter{UserID: "a\x00"}, nil},
		{"a user whose id is too long", codes.RedemptionFilter{UserID: strings.Repeat("u", 256)}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, limit := range []int{1, 3, 50} {
				checkSame(t, fmt.Sprint("redemptions by ", limit), test.want, w.listRedemptions(t, test.filter, limit))
			}
		})
	}
}

func TestEachFilterOfUsersFindsWhatItSays(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	for _, id := range []string{"ada", "Ada", "adam", "bob", "é", "\U0010FFFF", "\U0010FFFFz", "a%"} {
		w.put(t, id, codes.UserNormal)
	}
	w.put(t, "bob", codes.UserPremium)
	if _, err := w.PutUser(t.Context(), other, "adele", codes.UserNormal); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		filter codes.UserFilter
		want   []string
	}{
		{"none", codes.UserFilter{}, []string{"Ada", "a%", "ada", "adam", "bob", "é", "\U0010FFFF", "\U0010FFFFz"}},
		{"Premium", codes.UserFilter{Status: codes.UserPremium}, []string{"bob"}},
		{"the beginning of an id", codes.UserFilter{Query: "ad"}, []string{"ada", "adam"}},
		{"a whole id", codes.UserFilter{Query: "adam"}, []string{"adam"}},
		{"case counts", codes.UserFilter{Query: "A"}, []string{"Ada"}},
		{"a pattern is text", codes.UserFilter{Query: "a%"}, []string{"a%"}},
		{"the last character that there is", codes.UserFilter{Query: "\U0010FFFF"}, []string{"\U0010FFFF", "\U0010FFFFz"}},
		{"both", codes.UserFilter{Status: codes.UserNormal, Query: "b"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, limit := range []int{1, 3, 50} {
				checkSame(t, fmt.Sprint("users by ", limit), test.want, w.listUsers(t, test.filter, limit))
			}
		})
	}
}

// lists are the ways to ask for a page, each with a filter of its own.
func (w *world) lists(t *testing.T, caller *core.Actor) map[string]func(core.PageRequest) (next string, err error) {
	return map[string]func(core.PageRequest) (string, error){
		"codes": func(req core.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, codes.CodeFilter{}, req)
			return page.Next, err
		},
		"codes of a type": func(req core.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, codes.CodeFilter{Type: codes.TypeNormal}, req)
			return page.Next, err
		},
		"codes with a status": func(req core.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, codes.CodeFilter{Status: codes.StatusActive}, req)
			return page.Next, err
		},
		"codes with a text": func(req core.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, codes.CodeFilter{Query: "n"}, req)
			return page.Next, err
		},
		"codes after an instant": func(req core.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, codes.CodeFilter{CreatedAfter: after(-time.Hour)}, req)
			return page.Next, err
		},
		"codes before an instant": func(req core.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, codes.CodeFilter{CreatedBefore: after(time.Hour)}, req)
			return page.Next, err
		},
		"redemptions": func(req core.PageRequest) (string, error) {
			page, err := w.ListRedemptions(t.Context(), caller, codes.RedemptionFilter{}, req)
			return page.Next, err
		},
		"redemptions of a code": func(req core.PageRequest) (string, error) {
			page, err := w.ListRedemptions(t.Context(), caller, codes.RedemptionFilter{Code: "n1"}, req)
			return page.Next, err
		},
		"redemptions of a user": func(req core.PageRequest) (string, error) {
			page, err := w.ListRedemptions(t.Context(), caller, codes.RedemptionFilter{UserID: "n1"}, req)
			return page.Next, err
		},
		"users": func(req core.PageRequest) (string, error) {
			page, err := w.ListUsers(t.Context(), caller, codes.UserFilter{}, req)
			return page.Next, err
		},
		"users with a status": func(req core.PageRequest) (string, error) {
			page, err := w.ListUsers(t.Context(), caller, codes.UserFilter{Status: codes.UserNormal}, req)
			return page.Next, err
		},
		"users with a text": func(req core.PageRequest) (string, error) {
			page, err := w.ListUsers(t.Context(), caller, codes.UserFilter{Query: "n"}, req)
			return page.Next, err
		},
	}
}

func TestTheLimitOfAPageIsFrom1To1000(t *testing.T) {
	w := newWorld(t)
	for name, list := range w.lists(t, w.acme) {
		for _, limit := range []int{-1, 1001, -1 << 62, 1 << 62} {
			_, err := list(core.PageRequest{Limit: limit})
			checkError(t, err, core.KindInvalid, core.ReasonInvalidParameter)
		}
		for _, limit := range []int{1, 1000} {
			if _, err := list(core.PageRequest{Limit: limit}); err != nil {
				t.Errorf("%s, limit %d: %v", name, limit, err)
			}
		}
	}
	for i := range core.DefaultPage + 1 {
		w.put(t, fmt.Sprint("user ", i), codes.UserNormal)
	}
	page, err := w.ListUsers(t.Context(), w.acme, codes.UserFilter{}, core.PageRequest{})
	if err != nil || len(page.Items) != core.DefaultPage || page.Next == "" {
		t.Errorf("left out: %d entries, next %q, %v", len(page.Items), page.Next, err)
	}
}

func TestAFilterThatNothingCanMatchIsRefused(t *testing.T) {
	w := newWorld(t)
	list := func(filter codes.CodeFilter) func() error {
		return func() error {
			_, err := w.ListCodes(t.Context(), w.acme, filter, core.PageRequest{})
			return err
		}
	}
	users := func(filter codes.UserFilter) func() error {
		return func() error {
			_, err := w.ListUsers(t.Context(), w.acme, filter, core.PageRequest{})
			return err
		}
	}
	const (
		badQuery      = "q must be at most 320 characters of UTF-8, without control characters"
		badUserStatus = "status must be Normal or Premium, spelt exactly so"
	)
	long := strings.Repeat("é", codes.MaxQueryLength+1)
	tests := []struct {
		name   string
		list   func() error
		detail string
	}{
		{
			"a type in lower case",
			list(codes.CodeFilter{Type: "normal"}),
			"type must be Normal, Premium or Upgrade, spelt exactly so",
		},
		{
			"a status in capitals",
			list(codes.CodeFilter{Status: "Active"}),
			"status must be revoked, expired, scheduled, exhausted or active",
		},
		{"a long text", list(codes.CodeFilter{Query: long}), badQuery},
		{"a control character", list(codes.CodeFilter{Query: "\x00"}), badQuery},
		{"a text that is not UTF-8", list(codes.CodeFilter{Query: "a\xff"}), badQuery},
		{"a user's status in lower case", users(codes.UserFilter{Status: "premium"}), badUserStatus},
		{"a code's status of users", users(codes.UserFilter{Status: "active"}), badUserStatus},
		{"a long text of users", users(codes.UserFilter{Query: long}), badQuery},
		{"an escape character of users", users(codes.UserFilter{Query: "\x1b"}), badQuery},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.list()
			checkError(t, err, core.KindInvalid, core.ReasonInvalidParameter)
			checkSame(t, "detail", test.detail, core.AsError(err).Detail)
		})
	}
	if err := list(codes.CodeFilter{Query: long[len("é"):]})(); err != nil {
		t.Errorf("the longest text: %v", err)
	}
}

func TestAPageThatTheStoreCannotReadIsNotTakenForAnEmptyOne(t *testing.T) {
	w := newWorld(t)
	w.Services = w.serve(t, brokenStore{w.Store})
	for name, list := range w.lists(t, w.acme) {
		if _, err := list(core.PageRequest{}); !core.HasReason(err, core.ReasonStoreUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
