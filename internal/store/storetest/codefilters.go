package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// sample is a stored code and what filters must find it by.
type sample struct {
	code   codes.Code // as it was made
	status codes.Status
}

// statusCase is how a code comes to have a status.
type statusCase struct {
	name    string
	options []option
	use     func(code, user string)
	want    codes.Status
}

// statuses are codes and what they are at an instant, at which some have just begun or just
// ended. use makes them so, half an hour before.
func (s *site) statuses(t *testing.T) []statusCase {
	const half = 30 * time.Minute
	at := now.Add(half)
	nothing := func(string, string) {}
	redeem := func(code, user string) { s.redeem(t, s.mine, code, user) }
	hold := func(life time.Duration) func(code, user string) {
		return func(code, user string) { s.reserve(t, s.mine, code, user, life) }
	}
	revoke := func(code, _ string) { s.revoke(t, code) }
	return []statusCase{
		{"plain", nil, nothing, codes.StatusActive},
		{"used without a limit", nil, redeem, codes.StatusActive},
		{"used and left", []option{times(2)}, redeem, codes.StatusActive},
		{"begun", []option{from(at)}, nothing, codes.StatusActive},
		{"beginning", []option{from(at.Add(instant))}, nothing, codes.StatusScheduled},
		{"ending", []option{until(at.Add(instant))}, nothing, codes.StatusActive},
		{"ended", []option{until(at)}, nothing, codes.StatusExpired},
		{"ended long ago", []option{from(now.Add(-half)), until(now)}, nothing, codes.StatusExpired},
		{"beginning and ending", []option{from(at.Add(instant)), until(at.Add(2 * instant))}, nothing, codes.StatusScheduled},
		{"used up", []option{times(1)}, redeem, codes.StatusExhausted},
		{"used up and ended", []option{times(1), until(at)}, redeem, codes.StatusExpired},
		{"held", []option{times(1)}, hold(half + instant), codes.StatusExhausted},
		{"held until now", []option{times(1)}, hold(half), codes.StatusActive},
		{"held without a limit", nil, hold(half + instant), codes.StatusActive},
		{"held and left", []option{times(2)}, hold(half + instant), codes.StatusActive},
		{
			"used and held",
			[]option{times(2)},
			func(code, user string) { redeem(code, user); hold(half+instant)(code, user+" 2") },
			codes.StatusExhausted,
		},
		{
			"used and held until now",
			[]option{times(2)},
			func(code, user string) { redeem(code, user); hold(half)(code, user+" 2") },
			codes.StatusActive,
		},
		{"revoked", nil, revoke, codes.StatusRevoked},
		{"revoked and ended", []option{until(at)}, revoke, codes.StatusRevoked},
		{"revoked before it begins", []option{from(at.Add(instant))}, revoke, codes.StatusRevoked},
		{
			"revoked and used up",
			[]option{times(1)},
			func(code, user string) { redeem(code, user); revoke(code, user) },
			codes.StatusRevoked,
		},
	}
}

// addSamples stores codes of every type and status, in two batches and in none, and moves
// the clock to the instant at which they are what they are.
func (s *site) addSamples(t *testing.T, batches []core.ID) (all []sample) {
	t.Helper()
	for i, status := range s.statuses(t) {
		for k, kind := range codes.Types() {
			value := fmt.Sprintf("%s %s", kind, status.name)
			options := append(
				[]option{of(kind), made(now.Add(time.Duration(i%7) * instant)), noted(fmt.Sprintf("Note %d", i%3))},
				status.options...)
			if batch := (i + k) % 3; batch < len(batches) {
				options = append(options, inBatch(batches[batch]))
			}
			code := coded(s.mine, value, options...)
			insert(t, s.Store, code)
			if user := "user of " + value; kind == codes.TypeUpgrade {
				s.put(t, s.mine, user, codes.UserNormal)
				s.put(t, s.mine, user+" 2", codes.UserNormal)
			}
			status.use(value, "user of "+value)
			all = append(all, sample{code.Code, status.want})
		}
	}
	slices.SortFunc(all, func(a, b sample) int { return codes.CompareInLists(a.code, b.code) })
	s.pass(30 * time.Minute)
	return all
}

// sieve is one filter and what passes it.
type sieve struct {
	name   string
	field  string
	narrow func(*codes.CodeFilter)
	passes func(sample) bool
}

func sieves(batches []core.ID) (all []sieve) {
	for _, kind := range codes.Types() {
		all = append(
			all,
			sieve{
				"type " + string(kind),
				"type",
				func(f *codes.CodeFilter) { f.Type = kind },
				func(s sample) bool { return s.code.Type == kind },
			},
		)
	}
	for _, status := range codes.Statuses() {
		all = append(
			all,
			sieve{
				string(status),
				"status",
				func(f *codes.CodeFilter) { f.Status = status },
				func(s sample) bool { return s.status == status },
			},
		)
	}
	for i, batch := range batches {
		all = append(
			all,
			sieve{
				fmt.Sprint("batch ", i),
				"batch",
				func(f *codes.CodeFilter) { f.BatchID = batch },
				func(s sample) bool { return s.code.BatchID == batch },
			},
		)
	}
	early, late := now.Add(2*instant), now.Add(5*instant)
	ends := now.Add(30 * time.Minute) // of some samples; others end just after it, or before
	begins, lasts := ends.Add(-instant), ends.Add(instant)
	return append(
		all,
		sieve{
			"after",
			"created",
			func(f *codes.CodeFilter) { f.CreatedAfter = &early },
			func(s sample) bool { return s.code.CreatedAt.After(early) },
		},
		sieve{
			"before",
			"created",
			func(f *codes.CodeFilter) { f.CreatedBefore = &late },
			func(s sample) bool { return s.code.CreatedAt.Before(late) },
		},
		sieve{
			"between", "created", func(f *codes.CodeFilter) { f.CreatedAfter, f.CreatedBefore = &early, &late },
			func(s sample) bool { return s.code.CreatedAt.After(early) && s.code.CreatedAt.Before(late) },
		},
		sieve{
			"ending after", "ends", func(f *codes.CodeFilter) { f.ExpiresAfter = &ends },
			func(s sample) bool { return s.code.ExpiresAt != nil && s.code.ExpiresAt.After(ends) },
		},
		sieve{
			"ending between", "ends", func(f *codes.CodeFilter) { f.ExpiresAfter, f.ExpiresBefore = &begins, &lasts },
			func(s sample) bool { return s.code.ExpiresAt != nil && s.code.ExpiresAt.Equal(ends) },
		},
		sieve{
			"note",
			"q",
			func(f *codes.CodeFilter) { f.Query = "nOTE 1" },
			func(s sample) bool { return s.code.Note == "Note 1" },
		},
		sieve{"value", "q", func(f *codes.CodeFilter) { f.Query = "normal-used" }, func(s sample) bool {
			return strings.HasPrefix(s.code.Value, "Normal used")
		}},
	)
}

// testCodeFilters holds every filter, and every two together, against what they mean.
func testCodeFilters(t *testing.T, newStore Factory) {
	s := newSite(t, newStore)
	batches := []core.ID{newID(t), newID(t)}
	all := s.addSamples(t, batches)
	for _, sample := range all {
		code := s.code(t, s.mine, sample.code.Value, s.time())
		if got := code.StatusAt(s.time()); got != sample.status {
			t.Fatalf("%s is %s, want %s", sample.code.Value, got, sample.status)
		}
	}
	check := func(t *testing.T, filters ...sieve) {
		t.Helper()
		var filter codes.CodeFilter
		for _, f := range filters {
			f.narrow(&filter)
		}
		var want []string
		for _, sample := range all {
			if !slices.ContainsFunc(filters, func(f sieve) bool { return !f.passes(sample) }) {
				want = append(want, sample.code.Value)
			}
		}
		for _, limit := range []int{3, core.MaxPage} {
			checkSame(t, fmt.Sprint("pages of ", limit), want, values(s.codes(t, s.mine, filter, limit)))
		}
		slices.Reverse(want)
		checkSame(t, "oldest first", want, values(s.oldCodes(t, s.mine, filter, 7)))
	}
	for i, f := range sieves(batches) {
		t.Run(f.name, func(t *testing.T) {
			check(t, f)
			for _, second := range sieves(batches)[i+1:] {
				if second.field != f.field { // or the second takes the first one's place
					check(t, f, second)
				}
			}
		})
	}
	t.Run("nothing passes", func(t *testing.T) {
		early := now.Add(-time.Hour)
		for _, filter := range []codes.CodeFilter{{BatchID: newID(t)}, {Query: "nobody"}, {CreatedBefore: &early}} {
			if got := s.codes(t, s.mine, filter, 10); got != nil {
				t.Errorf("%+v: %v", filter, values(got))
			}
		}
	})
}
