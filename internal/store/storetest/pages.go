package storetest

import (
	"testing"

	"accesscodes/internal/access"
)

// pages reads a list to its end, so many entries at once.
func pages[T any](t *testing.T, limit int, read func(access.PageRequest) (access.Page[T], error)) (all []T) {
	t.Helper()
	for request := (access.PageRequest{Limit: limit}); ; {
		page, err := read(request)
		if err != nil {
			t.Fatalf("a page of %d: %v", limit, err)
		}
		if len(page.Items) > limit || page.Next != "" && len(page.Items) < limit {
			t.Errorf("a page of %d has %d entries and the next cursor %q", limit, len(page.Items), page.Next)
		}
		all = append(all, page.Items...)
		if request.Cursor = page.Next; request.Cursor == "" {
			return all
		}
	}
}

// codes lists codes to the end.
func (s *site) codes(t *testing.T, caller *access.Caller, filter access.CodeFilter, limit int) []access.Code {
	t.Helper()
	return pages(t, limit, func(page access.PageRequest) (access.Page[access.Code], error) {
		return s.ListCodes(t.Context(), caller, filter, page)
	})
}

// redemptions lists redemptions to the end.
func (s *site) redemptions(t *testing.T, caller *access.Caller, filter access.RedemptionFilter, limit int) []access.Redemption {
	t.Helper()
	return pages(t, limit, func(page access.PageRequest) (access.Page[access.Redemption], error) {
		return s.ListRedemptions(t.Context(), caller, filter, page)
	})
}

// users lists users to the end.
func (s *site) users(t *testing.T, caller *access.Caller, filter access.UserFilter, limit int) []access.User {
	t.Helper()
	return pages(t, limit, func(page access.PageRequest) (access.Page[access.User], error) {
		return s.ListUsers(t.Context(), caller, filter, page)
	})
}

// everything is all that a workspace's lists hold.
type everything struct {
	Codes       []access.Code
	Redemptions []access.Redemption
	Users       []access.User
}

func (s *site) everything(t *testing.T, caller *access.Caller) (all everything) {
	t.Helper()
	return everything{
		s.codes(t, caller, access.CodeFilter{}, access.MaxPage),
		s.redemptions(t, caller, access.RedemptionFilter{}, access.MaxPage),
		s.users(t, caller, access.UserFilter{}, access.MaxPage),
	}
}

// values are the values of codes, in their order.
func values(codes []access.Code) (all []string) {
	for _, code := range codes {
		all = append(all, code.Value)
	}
	return all
}
