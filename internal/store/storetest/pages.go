package storetest

import (
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// pages reads a list to its end, so many entries at once.
func pages[T any](t *testing.T, limit int, read func(core.PageRequest) (core.Page[T], error)) (all []T) {
	t.Helper()
	for request := (core.PageRequest{Limit: limit}); ; {
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
func (s *site) codes(t *testing.T, caller *core.Actor, filter codes.CodeFilter, limit int) []codes.Code {
	t.Helper()
	return pages(t, limit, func(page core.PageRequest) (core.Page[codes.Code], error) {
		return s.ListCodes(t.Context(), caller, filter, page)
	})
}

// oldCodes lists codes to the end, oldest first.
func (s *site) oldCodes(t *testing.T, caller *core.Actor, filter codes.CodeFilter, limit int) []codes.Code {
	t.Helper()
	return pages(t, limit, func(page core.PageRequest) (core.Page[codes.Code], error) {
		page.OldestFirst = true
		return s.ListCodes(t.Context(), caller, filter, page)
	})
}

// redemptions lists redemptions to the end.
func (s *site) redemptions(
	t *testing.T,
	caller *core.Actor,
	filter codes.RedemptionFilter,
	limit int,
) []codes.Redemption {
	t.Helper()
	return pages(t, limit, func(page core.PageRequest) (core.Page[codes.Redemption], error) {
		return s.ListRedemptions(t.Context(), caller, filter, page)
	})
}

// users lists users to the end.
func (s *site) users(t *testing.T, caller *core.Actor, filter codes.UserFilter, limit int) []codes.User {
	t.Helper()
	return pages(t, limit, func(page core.PageRequest) (core.Page[codes.User], error) {
		return s.ListUsers(t.Context(), caller, filter, page)
	})
}

// everything is all that a workspace's lists hold.
type everything struct {
	Codes       []codes.Code
	Redemptions []codes.Redemption
	Users       []codes.User
}

func (s *site) everything(t *testing.T, caller *core.Actor) (all everything) {
	t.Helper()
	return everything{
		s.codes(t, caller, codes.CodeFilter{}, core.MaxPage),
		s.redemptions(t, caller, codes.RedemptionFilter{}, core.MaxPage),
		s.users(t, caller, codes.UserFilter{}, core.MaxPage),
	}
}

// values are the values of codes, in their order.
func values(codes []codes.Code) (all []string) {
	for _, code := range codes {
		all = append(all, code.Value)
	}
	return all
}
