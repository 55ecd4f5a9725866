package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func testCodeLists(t *testing.T, newStore Factory) {
	t.Run("newest first, by canonical form within an instant, whatever their type", func(t *testing.T) {
		s := newSite(t, newStore)
		want := []string{"newest", "b-tie", "a tie", "Ä", "Z", "A 1", "A", "🎉", "eldest"}
		all := []*codes.NewCode{
			coded(s.mine, "a tie", made(now.Add(3*instant)), of(codes.TypeUpgrade)),
			coded(s.mine, "eldest", made(now.Add(-time.Hour)), of(codes.TypePremium)),
			coded(s.mine, "A", made(now.Add(instant)), of(codes.TypeUpgrade)),
			coded(s.mine, "newest", made(now.Add(time.Hour))),
			coded(s.mine, "Z", made(now.Add(instant))),
			coded(s.mine, "b-tie", made(now.Add(3*instant)), of(codes.TypePremium)),
			coded(s.mine, "A 1", made(now.Add(instant)), of(codes.TypePremium)),
			coded(s.mine, "🎉", made(now)),
			coded(s.mine, "Ä", made(now.Add(instant)), of(codes.TypePremium)),
		}
		insert(t, s.Store, all...)
		checkSame(t, "codes", want, values(s.codes(t, s.mine, codes.CodeFilter{}, 100)))
		if got := s.codes(t, s.other, codes.CodeFilter{}, 100); got != nil {
			t.Errorf("an empty list: %v", got)
		}
	})
	t.Run("every field is there", func(t *testing.T) {
		s := newSite(t, newStore)
		full := coded(s.mine, "Ünï 🎉-code", of(codes.TypeUpgrade), times(7), from(now.Add(instant)),
			until(now.Add(time.Hour)),
			noted("line 1\n'; DROP TABLE codes; -- \"%s"), addressed("ada@example.org"), inBatch(newID(t)))
		full.Metadata, full.CreatedBy = awkward(), newID(t)
		bare := coded(s.mine, "bare", made(now.Add(-time.Hour)))
		insert(t, s.Store, full, bare)
		s.revoke(t, "bare")
		at := now
		bare.RevokedAt = &at
		checkSame(t, "codes", []codes.Code{full.Code, bare.Code}, s.codes(t, s.mine, codes.CodeFilter{}, 100))
	})
	t.Run("codes are counted up to a limit", func(t *testing.T) { testCountCodes(t, newSite(t, newStore)) })
	t.Run("pages of every length show every code once", func(t *testing.T) {
		s := newSite(t, newStore)
		want := s.addTied(t)
		for limit := 1; limit <= len(want)+1; limit++ {
			checkSame(t, fmt.Sprint("pages of ", limit), want, values(s.codes(t, s.mine, codes.CodeFilter{}, limit)))
		}
		for limit := 1; limit <= 5; limit++ {
			got := values(s.codes(t, s.mine, codes.CodeFilter{Type: codes.TypePremium}, limit))
			premium := slices.DeleteFunc(slices.Clone(want), func(value string) bool { return value[len(value)-1] != 'P' })
			checkSame(t, fmt.Sprint("one type in pages of ", limit), premium, got)
		}
	})
	t.Run("what is there throughout is on one page, whatever is added meanwhile", func(t *testing.T) {
		s := newSite(t, newStore)
		want := s.addTied(t)
		for limit := 1; limit <= 4; limit++ {
			round := 0
			got := pages(t, limit, func(page core.PageRequest) (core.Page[codes.Code], error) {
				shown, err := s.ListCodes(t.Context(), s.mine, codes.CodeFilter{}, page)
				round++
				for i, at := range []time.Time{now.Add(time.Hour), now.Add(-time.Hour), now, now.Add(instant)} {
					if round < 10 { // or the list, which grows at its end, too, would have none
						s.add(t, s.mine, fmt.Sprintf("added %d %d %d", limit, round, i), made(at), of(codes.Types()[round%3]))
					}
				}
				return shown, err
			})
			all := values(got)
			seen := slices.DeleteFunc(slices.Clone(all), func(value string) bool { return !slices.Contains(want, value) })
			checkSame(t, fmt.Sprint("pages of ", limit), want, seen)
			slices.Sort(all)
			if len(slices.Compact(all)) != len(got) {
				t.Errorf("pages of %d: a code is there twice", limit)
			}
		}
	})
	t.Run("what a page ends with may be deleted", func(t *testing.T) {
		s := newSite(t, newStore)
		want := s.addTied(t)
		got := pages(t, 2, func(page core.PageRequest) (core.Page[codes.Code], error) {
			shown, err := s.ListCodes(t.Context(), s.mine, codes.CodeFilter{}, page)
			s.delete(t, shown.Items[len(shown.Items)-1].Value)
			return shown, err
		})
		checkSame(t, "codes", want, values(got))
	})
}

// addTied stores codes of every type, several of which are of one instant, and returns
// their values as lists show them. The last letter tells the type.
func (s *site) addTied(t *testing.T) (listed []string) {
	t.Helper()
	var all []*codes.NewCode
	for i := range 5 { // a later instant each
		for k := 3; k > 0; k-- { // the last one first
			for _, kind := range []codes.Type{codes.TypeUpgrade, codes.TypePremium, codes.TypeNormal} {
				if i == 2 && kind == codes.TypeNormal {
					continue // an instant without that type
				}
				value := fmt.Sprintf("tied-%d-%d-%s", 5-i, k, kind[:1])
				all = append(all, coded(s.mine, value, made(now.Add(-time.Duration(i)*instant)), of(kind)))
				listed = append(listed, value)
			}
		}
	}
	order := slices.Clone(all)
	slices.Reverse(order[:len(order)/2]) // the order of insertion does not matter
	insert(t, s.Store, order...)
	return listed
}

func testCountCodes(t *testing.T, s *site) {
	batch := newID(t)
	all := []*codes.NewCode{coded(s.other, "another's", inBatch(batch))}
	for i := range 5 {
		made := made(now.Add(time.Duration(i) * time.Second))
		all = append(all, coded(s.mine, fmt.Sprint("N-", i), made), coded(s.mine, fmt.Sprint("P-", i), made,
			of(codes.TypePremium), inBatch(batch)))
	}
	insert(t, s.Store, all...)
	second, last := now.Add(time.Second), now.Add(4*time.Second)
	for name, test := range map[string]struct {
		filter      codes.CodeFilter
		limit, want int
	}{
		"all":              {codes.CodeFilter{}, 100, 10},
		"more than a few":  {codes.CodeFilter{}, 7, 7},
		"more than one":    {codes.CodeFilter{}, 1, 1},
		"of a type":        {codes.CodeFilter{Type: codes.TypePremium}, 100, 5},
		"of no code":       {codes.CodeFilter{Type: codes.TypeUpgrade}, 100, 0},
		"of a batch":       {codes.CodeFilter{BatchID: batch}, 100, 5},
		"of a batch, some": {codes.CodeFilter{BatchID: batch}, 4, 4},
		"of some time":     {codes.CodeFilter{CreatedAfter: &second, CreatedBefore: &last}, 100, 4},
	} {
		got, err := s.Store.CountCodes(t.Context(), &codes.CodeQuery{
			WorkspaceID: s.mine.WorkspaceID, CodeFilter: test.filter, Limit: test.limit,
		})
		if err != nil || got != test.want {
			t.Errorf("%s: %d, %v; want %d", name, got, err, test.want)
		}
	}
}
