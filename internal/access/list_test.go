package access_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/access"
)

// listed reads all pages of a list and returns what name says of each entry. Each page is
// full but the last, and no cursor comes twice.
func listed[T any](t *testing.T, limit int, page func(access.PageRequest) (access.Page[T], error), name func(T) string) (all []string) {
	t.Helper()
	seen := map[string]bool{}
	for req := (access.PageRequest{Limit: limit}); ; {
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

func (w *world) listCodes(t *testing.T, filter access.CodeFilter, limit int) []string {
	t.Helper()
	return listed(t, limit, func(req access.PageRequest) (access.Page[access.Code], error) {
		return w.ListCodes(t.Context(), w.acme, filter, req)
	}, func(c access.Code) string { return c.Value })
}

func (w *world) listRedemptions(t *testing.T, filter access.RedemptionFilter, limit int) []string {
	t.Helper()
	return listed(t, limit, func(req access.PageRequest) (access.Page[access.Redemption], error) {
		return w.ListRedemptions(t.Context(), w.acme, filter, req)
	}, func(r access.Redemption) string { return r.Code + " " + r.UserID })
}

func (w *world) listUsers(t *testing.T, filter access.UserFilter, limit int) []string {
	t.Helper()
	return listed(t, limit, func(req access.PageRequest) (access.Page[access.User], error) {
		return w.ListUsers(t.Context(), w.acme, filter, req)
	}, func(u access.User) string { return u.ID })
}

// TestAListIsTheSameWhateverItsPages: codes, redemptions newest first; users by their ids.
func TestAListIsTheSameWhateverItsPages(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	var codes, redemptions, users []string
	for i := range 12 {
		code, user := fmt.Sprintf("CODE-%02d", i), fmt.Sprintf("user-%02d", 11-i)
		w.add(t, w.acme, code, of(access.Types()[i%2], access.Options{}))
		w.add(t, other, "THEIRS-"+code, normal(""))
		w.redeem(t, code, user)
		codes, redemptions, users = append(codes, code), append(redemptions, code+" "+user), append(users, user)
		if i%3 == 0 { // so that some are of the same instant
			w.pass(time.Microsecond)
		}
	}
	for _, all := range [][]string{codes, redemptions, users} {
		slices.Reverse(all)
	}
	for _, limit := range []int{1, 5, 6, 11, 12, 13, access.MaxPage} {
		checkSame(t, fmt.Sprint("codes by ", limit), codes, w.listCodes(t, access.CodeFilter{}, limit))
		checkSame(t, fmt.Sprint("redemptions by ", limit), redemptions, w.listRedemptions(t, access.RedemptionFilter{}, limit))
		checkSame(t, fmt.Sprint("users by ", limit), users, w.listUsers(t, access.UserFilter{}, limit))
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
	codes, err := w.ListCodes(t.Context(), w.acme, access.CodeFilter{}, access.PageRequest{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	redemptions, err := w.ListRedemptions(t.Context(), w.acme, access.RedemptionFilter{}, access.PageRequest{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	w.add(t, w.acme, "LATER", normal(""))
	w.redeem(t, "LATER", "somebody")
	codes, err = w.ListCodes(t.Context(), w.acme, access.CodeFilter{}, access.PageRequest{Limit: 9, Cursor: codes.Next})
	if err != nil || len(codes.Items) != 2 || codes.Items[0].Value != "CODE-1" || codes.Items[1].Value != "CODE-0" {
		t.Errorf("codes %+v, %v", codes, err)
	}
	redemptions, err = w.ListRedemptions(t.Context(), w.acme, access.RedemptionFilter{}, access.PageRequest{Limit: 9, Cursor: redemptions.Next})
	if err != nil || len(redemptions.Items) != 2 || redemptions.Items[0].Code != "CODE-1" || redemptions.Items[1].Code != "CODE-0" {
		t.Errorf("redemptions %+v, %v", redemptions, err)
	}
}

func TestEachFilterOfCodesFindsWhatItSays(t *testing.T) {
	w := newWorld(t)
	for _, code := range []struct {
		value string
		req   access.IssueRequest
	}{
		{"ACTIVE-1", of(access.TypeNormal, access.Options{Note: "Spring fair", Recipient: "Ada@example.org"})},
		{"ACTIVE-2", of(access.TypePremium, access.Options{Note: "spring sale", Recipient: "ÄRMEL"})},
		{"USED-1", of(access.TypeNormal, uses(1))},
		{"HELD-1", of(access.TypePremium, uses(1))},
		{"LATER-1", of(access.TypeUpgrade, access.Options{StartsAt: after(time.Hour)})},
		{"ENDED-1", of(access.TypeNormal, access.Options{ExpiresAt: after(30 * time.Second)})},
		{"REVOKED-1", of(access.TypeNormal, access.Options{ExpiresAt: after(30 * time.Second), Note: "100% of\nall_x"})},
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
		filter access.CodeFilter
		want   []string
	}{
		{"none", access.CodeFilter{}, []string{"REVOKED-1", "ENDED-1", "LATER-1", "HELD-1", "USED-1", "ACTIVE-2", "ACTIVE-1"}},
		{"Normal", access.CodeFilter{Type: access.TypeNormal}, []string{"REVOKED-1", "ENDED-1", "USED-1", "ACTIVE-1"}},
		{"Premium", access.CodeFilter{Type: access.TypePremium}, []string{"HELD-1", "ACTIVE-2"}},
		{"Upgrade", access.CodeFilter{Type: access.TypeUpgrade}, []string{"LATER-1"}},
		{"active", access.CodeFilter{Status: access.StatusActive}, []string{"ACTIVE-2", "ACTIVE-1"}},
		{"revoked", access.CodeFilter{Status: access.StatusRevoked}, []string{"REVOKED-1"}},
		{"expired", access.CodeFilter{Status: access.StatusExpired}, []string{"ENDED-1"}},
		{"scheduled", access.CodeFilter{Status: access.StatusScheduled}, []string{"LATER-1"}},
		{"exhausted", access.CodeFilter{Status: access.StatusExhausted}, []string{"HELD-1", "USED-1"}},
		{"a batch that is not there", access.CodeFilter{BatchID: access.ID{1}}, nil},
		{"created after the first", access.CodeFilter{CreatedAfter: after(5 * time.Second)}, []string{"REVOKED-1"}},
		{"created before the second", access.CodeFilter{CreatedBefore: after(time.Second)}, []string{"ACTIVE-1"}},
		{"created between, by more than is kept", access.CodeFilter{CreatedAfter: after(time.Second + 999), CreatedBefore: after(3*time.Second + 999)}, []string{"HELD-1", "USED-1"}},
		{"the beginning of a value", access.CodeFilter{Query: "act"}, []string{"ACTIVE-2", "ACTIVE-1"}},
		{"the beginning of a value, spelt in another way", access.CodeFilter{Query: " re-vo ked "}, []string{"REVOKED-1"}},
		{"the middle of a value", access.CodeFilter{Query: "-1"}, nil},
		{"the beginning of a note", access.CodeFilter{Query: "SPRING "}, []string{"ACTIVE-2", "ACTIVE-1"}},
		{"more of a note", access.CodeFilter{Query: "spring f"}, []string{"ACTIVE-1"}},
		{"the middle of a note", access.CodeFilter{Query: "fair"}, nil},
		{"the beginning of a recipient", access.CodeFilter{Query: "ADA@"}, []string{"ACTIVE-1"}},
		{"case beyond ASCII counts", access.CodeFilter{Query: "ärmel"}, nil},
		{"case beyond ASCII", access.CodeFilter{Query: "Ärm"}, []string{"ACTIVE-2"}},
		{"a pattern is text", access.CodeFilter{Query: "%"}, nil},
		{"a pattern that is there", access.CodeFilter{Query: "100% of\nall_"}, []string{"REVOKED-1"}},
		{"a pattern that is not", access.CodeFilter{Query: "100% of\nall%"}, nil},
		{"only a dash", access.CodeFilter{Query: "-"}, nil},
		{"several filters", access.CodeFilter{
			Type: access.TypeNormal, Status: access.StatusActive, Query: "a", CreatedBefore: after(time.Hour), CreatedAfter: after(-time.Hour),
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
	checkSame(t, "exhausted just before the reservation lapses", []string{"HELD-1", "USED-1"}, w.listCodes(t, access.CodeFilter{Status: access.StatusExhausted}, 50))
	w.pass(time.Microsecond)
	checkSame(t, "exhausted when it has lapsed", []string{"USED-1"}, w.listCodes(t, access.CodeFilter{Status: access.StatusExhausted}, 50))
}

func TestEachFilterOfRedemptionsFindsWhatItSays(t *testing.T) {
	w := newWorld(t)
	other := w.join(t, "other", acmeFormat)
	w.add(t, w.acme, "A-1", normal(""))
	w.add(t, w.acme, "UP", of(access.TypeUpgrade, access.Options{}))
	w.add(t, other, "THEIRS", normal(""))
	w.redeem(t, "A-1", "ada")
	w.rollback(t, w.redeem(t, "A-1", "bob"))
	w.redeem(t, "UP", "ada")
	w.redeem(t, "A-1", "bob")
	if _, err := w.Redeem(t.Context(), other, access.RedeemRequest{Code: "THEIRS", UserID: "ada"}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		filter access.RedemptionFilter
		want   []string
	}{
		{"none", access.RedemptionFilter{}, []string{"A-1 bob", "UP ada", "A-1 bob", "A-1 ada"}},
		{"a code, however it is spelt", access.RedemptionFilter{Code: " a1"}, []string{"A-1 bob", "A-1 bob", "A-1 ada"}},
		{"a user", access.RedemptionFilter{UserID: "ada"}, []string{"UP ada", "A-1 ada"}},
		{"both", access.RedemptionFilter{Code: "A-1", UserID: "ada"}, []string{"A-1 ada"}},
		{"a user in another case", access.RedemptionFilter{UserID: "Ada"}, nil},
		{"the beginning of a code", access.RedemptionFilter{Code: "A"}, nil},
		{"another workspace's code", access.RedemptionFilter{Code: "THEIRS"}, nil},
		{"only dashes", access.RedemptionFilter{Code: "--"}, nil},
		{"a code that cannot be", access.RedemptionFilter{Code: "a\x00"}, nil},
		{"a code that is too long", access.RedemptionFilter{Code: strings.Repeat("A", 999)}, nil},
		{"a user who cannot be", access.RedemptionFilter{UserID: "a\x00"}, nil},
		{"a user whose id is too long", access.RedemptionFilter{UserID: strings.Repeat("u", 256)}, nil},
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
		w.put(t, id, access.UserNormal)
	}
	w.put(t, "bob", access.UserPremium)
	if _, err := w.PutUser(t.Context(), other, "adele", access.UserNormal); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		filter access.UserFilter
		want   []string
	}{
		{"none", access.UserFilter{}, []string{"Ada", "a%", "ada", "adam", "bob", "é", "\U0010FFFF", "\U0010FFFFz"}},
		{"Premium", access.UserFilter{Status: access.UserPremium}, []string{"bob"}},
		{"the beginning of an id", access.UserFilter{Query: "ad"}, []string{"ada", "adam"}},
		{"a whole id", access.UserFilter{Query: "adam"}, []string{"adam"}},
		{"case counts", access.UserFilter{Query: "A"}, []string{"Ada"}},
		{"a pattern is text", access.UserFilter{Query: "a%"}, []string{"a%"}},
		{"the last character that there is", access.UserFilter{Query: "\U0010FFFF"}, []string{"\U0010FFFF", "\U0010FFFFz"}},
		{"both", access.UserFilter{Status: access.UserNormal, Query: "b"}, nil},
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
func (w *world) lists(t *testing.T, caller *access.Caller) map[string]func(access.PageRequest) (next string, err error) {
	return map[string]func(access.PageRequest) (string, error){
		"codes": func(req access.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, access.CodeFilter{}, req)
			return page.Next, err
		},
		"codes of a type": func(req access.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, access.CodeFilter{Type: access.TypeNormal}, req)
			return page.Next, err
		},
		"codes with a status": func(req access.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, access.CodeFilter{Status: access.StatusActive}, req)
			return page.Next, err
		},
		"codes with a text": func(req access.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, access.CodeFilter{Query: "n"}, req)
			return page.Next, err
		},
		"codes after an instant": func(req access.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, access.CodeFilter{CreatedAfter: after(-time.Hour)}, req)
			return page.Next, err
		},
		"codes before an instant": func(req access.PageRequest) (string, error) {
			page, err := w.ListCodes(t.Context(), caller, access.CodeFilter{CreatedBefore: after(time.Hour)}, req)
			return page.Next, err
		},
		"redemptions": func(req access.PageRequest) (string, error) {
			page, err := w.ListRedemptions(t.Context(), caller, access.RedemptionFilter{}, req)
			return page.Next, err
		},
		"redemptions of a code": func(req access.PageRequest) (string, error) {
			page, err := w.ListRedemptions(t.Context(), caller, access.RedemptionFilter{Code: "n1"}, req)
			return page.Next, err
		},
		"redemptions of a user": func(req access.PageRequest) (string, error) {
			page, err := w.ListRedemptions(t.Context(), caller, access.RedemptionFilter{UserID: "n1"}, req)
			return page.Next, err
		},
		"users": func(req access.PageRequest) (string, error) {
			page, err := w.ListUsers(t.Context(), caller, access.UserFilter{}, req)
			return page.Next, err
		},
		"users with a status": func(req access.PageRequest) (string, error) {
			page, err := w.ListUsers(t.Context(), caller, access.UserFilter{Status: access.UserNormal}, req)
			return page.Next, err
		},
		"users with a text": func(req access.PageRequest) (string, error) {
			page, err := w.ListUsers(t.Context(), caller, access.UserFilter{Query: "n"}, req)
			return page.Next, err
		},
	}
}

func TestTheLimitOfAPageIsFrom1To1000(t *testing.T) {
	w := newWorld(t)
	for name, list := range w.lists(t, w.acme) {
		for _, limit := range []int{-1, 1001, -1 << 62, 1 << 62} {
			_, err := list(access.PageRequest{Limit: limit})
			checkError(t, err, access.KindInvalid, access.ReasonInvalidParameter)
		}
		for _, limit := range []int{1, 1000} {
			if _, err := list(access.PageRequest{Limit: limit}); err != nil {
				t.Errorf("%s, limit %d: %v", name, limit, err)
			}
		}
	}
	for i := range access.DefaultPage + 1 {
		w.put(t, fmt.Sprint("user ", i), access.UserNormal)
	}
	page, err := w.ListUsers(t.Context(), w.acme, access.UserFilter{}, access.PageRequest{})
	if err != nil || len(page.Items) != access.DefaultPage || page.Next == "" {
		t.Errorf("left out: %d entries, next %q, %v", len(page.Items), page.Next, err)
	}
}

func TestAFilterThatNothingCanMatchIsRefused(t *testing.T) {
	w := newWorld(t)
	codes := func(filter access.CodeFilter) func() error {
		return func() error {
			_, err := w.ListCodes(t.Context(), w.acme, filter, access.PageRequest{})
			return err
		}
	}
	users := func(filter access.UserFilter) func() error {
		return func() error {
			_, err := w.ListUsers(t.Context(), w.acme, filter, access.PageRequest{})
			return err
		}
	}
	long := strings.Repeat("é", access.MaxQueryLength+1)
	tests := []struct {
		name   string
		list   func() error
		detail string
	}{
		{"a type in lower case", codes(access.CodeFilter{Type: "normal"}), "type must be one of [Normal Premium Upgrade], spelt exactly so"},
		{"a status in capitals", codes(access.CodeFilter{Status: "Active"}), "status must be one of [revoked expired scheduled exhausted active]"},
		{"a long text", codes(access.CodeFilter{Query: long}), "q must be at most 320 characters of UTF-8, without control characters"},
		{"a control character", codes(access.CodeFilter{Query: "\x00"}), "q must be at most 320 characters of UTF-8, without control characters"},
		{"a text that is not UTF-8", codes(access.CodeFilter{Query: "a\xff"}), "q must be at most 320 characters of UTF-8, without control characters"},
		{"a user's status in lower case", users(access.UserFilter{Status: "premium"}), "status must be Normal or Premium, spelt exactly so"},
		{"a code's status of users", users(access.UserFilter{Status: "active"}), "status must be Normal or Premium, spelt exactly so"},
		{"a long text of users", users(access.UserFilter{Query: long}), "q must be at most 320 characters of UTF-8, without control characters"},
		{"an escape character of users", users(access.UserFilter{Query: "\x1b"}), "q must be at most 320 characters of UTF-8, without control characters"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.list()
			checkError(t, err, access.KindInvalid, access.ReasonInvalidParameter)
			checkSame(t, "detail", test.detail, access.AsError(err).Detail)
		})
	}
	if err := codes(access.CodeFilter{Query: long[len("é"):]})(); err != nil {
		t.Errorf("the longest text: %v", err)
	}
}

func TestAPageThatTheStoreCannotReadIsNotTakenForAnEmptyOne(t *testing.T) {
	w := newWorld(t)
	w.Service = w.serve(t, brokenStore{w.Store})
	for name, list := range w.lists(t, w.acme) {
		if _, err := list(access.PageRequest{}); !access.HasReason(err, access.ReasonStoreUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
