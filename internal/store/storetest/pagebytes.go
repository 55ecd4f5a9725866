package storetest

import (
	"fmt"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// testPageBytes: a page ends when it is long, whatever its limit, and the list goes on.
func testPageBytes(t *testing.T, newStore Factory) {
	t.Run("codes", func(t *testing.T) {
		s := newSite(t, newStore)
		var want []string
		var all []*codes.NewCode
		for i := range 60 { // from before there was a limit
			code := coded(s.mine, fmt.Sprintf("LONG-%02d", i), of(codes.Types()[i%3]), noted("long"))
			code.Metadata = map[string]string{"k": strings.Repeat("v", 50_000)}
			all, want = append(all, code), append([]string{code.Value}, want...)
		}
		insert(t, s.Store, all...)
		for _, filter := range []codes.CodeFilter{{}, {Query: "long"}} {
			var sizes []int
			got := longPages(t, &sizes, (*codes.Code).Size, func(page core.PageRequest) (core.Page[codes.Code], error) {
				return s.ListCodes(t.Context(), s.mine, filter, page)
			})
			checkSame(t, fmt.Sprintf("codes by %+v", filter), want, values(got))
			checkSame(t, "entries on a page", []int{20, 20, 20}, sizes)
		}
		read, err := s.Store.Codes(t.Context(), &codes.CodeQuery{
			WorkspaceID: s.mine.WorkspaceID, CodeFilter: codes.CodeFilter{Type: codes.TypeNormal}, Limit: 1000,
			MaxBytes: 100_000, At: now,
		})
		if err != nil || len(read) != 3 {
			t.Errorf("of 100,000 bytes, the store reads %d codes, want two and the next: %v", len(read), err)
		}
	})
	t.Run("redemptions", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "SHARED")
		metadata := map[string]string{}
		for i := range 16 {
			metadata[fmt.Sprintf("%012d", i)] = strings.Repeat("v", 500)
		}
		const most = 128
		for i := range most + 2 {
			_, err := s.Redeem(
				t.Context(),
				s.mine,
				codes.RedeemRequest{Code: "SHARED", UserID: fmt.Sprintf("user %03d", i), Metadata: metadata},
			)
			if err != nil {
				t.Fatal(err)
			}
		}
		var sizes []int
		got := longPages(
			t,
			&sizes,
			(*codes.Redemption).Size,
			func(page core.PageRequest) (core.Page[codes.Redemption], error) {
				return s.ListRedemptions(t.Context(), s.mine, codes.RedemptionFilter{}, page)
			},
		)
		if len(got) != most+2 || got[0].UserID != "user 129" || got[most+1].UserID != "user 000" || len(sizes) != 2 {
			t.Errorf("%d redemptions on pages of %v", len(got), sizes)
		}
	})
	t.Run("users", func(t *testing.T) {
		s := newSite(t, newStore)
		for i := range 10 {
			s.put(t, s.mine, fmt.Sprintf("%d%s", i, strings.Repeat("u", 200)), codes.UserNormal)
		}
		read, err := s.Store.Users(
			t.Context(),
			&codes.UserQuery{WorkspaceID: s.mine.WorkspaceID, Limit: 1000, MaxBytes: 1000},
		)
		if err != nil || len(read) != 4 {
			t.Errorf("of 1,000 bytes, the store reads %d users: %v", len(read), err)
		}
	})
}

// longPages reads a list of long entries to its end and returns how many each page had.
func longPages[T any](
	t *testing.T,
	sizes *[]int,
	size func(*T) int,
	read func(core.PageRequest) (core.Page[T], error),
) (all []T) {
	t.Helper()
	for request := (core.PageRequest{Limit: core.MaxPage}); ; {
		page, err := read(request)
		if err != nil {
			t.Fatal(err)
		}
		bytes := 0
		for i := range page.Items {
			bytes += size(&page.Items[i])
		}
		if bytes > core.MaxPageBytes {
			t.Errorf("a page has %d bytes", bytes)
		}
		all, *sizes = append(all, page.Items...), append(*sizes, len(page.Items))
		if request.Cursor = page.Next; request.Cursor == "" {
			return all
		}
	}
}
