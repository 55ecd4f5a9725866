package storetest

import (
	"fmt"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// given is a field of a change.
func given[T any](value T) core.Field[T] { return core.Field[T]{Given: true, Value: &value} }

// none takes a field's value away.
func none[T any]() core.Field[T] { return core.Field[T]{Given: true} }

// entries are a change of metadata; nil removes an entry.
func entries(pairs ...any) core.Field[map[string]*string] {
	change := map[string]*string{}
	for i := 0; i < len(pairs); i += 2 {
		name := pairs[i].(string)
		change[name] = nil
		if text, ok := pairs[i+1].(string); ok {
			change[name] = &text
		}
	}
	return given(change)
}

func testChanging(t *testing.T, newStore Factory) {
	t.Run("what is given is changed, the rest stays", func(t *testing.T) {
		s := newSite(t, newStore)
		seven, starts, ends := int64(7), now.Add(time.Hour+instant), now.Add(2*time.Hour+instant)
		s.add(t, s.mine, "CODE", inBatch(newID(t)))
		s.add(t, s.mine, "BESIDE", noted("untouched"))
		s.redeem(t, s.mine, "CODE", "ada")
		s.reserve(t, s.mine, "CODE", "bob", time.Hour)
		s.reserve(t, s.mine, "CODE", "cyd", time.Minute)
		s.pass(time.Minute) // one that has lapsed and is still stored as held
		want := s.code(t, s.mine, "CODE", s.time())
		beside := s.code(t, s.mine, "BESIDE", s.time())
		steps := []struct {
			change codes.CodeChange
			want   func(c *codes.Code)
		}{
			{codes.CodeChange{}, func(*codes.Code) {}},
			{
				codes.CodeChange{MaxRedemptions: codes.Limit{Given: true, Max: &seven}},
				func(c *codes.Code) { c.MaxRedemptions = &seven },
			},
			{codes.CodeChange{StartsAt: given(starts)}, func(c *codes.Code) { c.StartsAt = &starts }},
			{codes.CodeChange{ExpiresAt: given(ends)}, func(c *codes.Code) { c.ExpiresAt = &ends }},
			{
				codes.CodeChange{Note: given("'; DROP TABLE codes; -- \"%s\n🎉")},
				func(c *codes.Code) { c.Note = "'; DROP TABLE codes; -- \"%s\n🎉" },
			},
			{codes.CodeChange{Recipient: given("ada@example.org")}, func(c *codes.Code) { c.Recipient = "ada@example.org" }},
			{
				codes.CodeChange{Metadata: entries("a", "1", "ключ", `"q"`)},
				func(c *codes.Code) { c.Metadata = map[string]string{"a": "1", "ключ": `"q"`} },
			},
			{
				codes.CodeChange{Metadata: entries("a", nil, "b", "", "none", nil)},
				func(c *codes.Code) { c.Metadata = map[string]string{"b": "", "ключ": `"q"`} },
			},
			{
				codes.CodeChange{Metadata: entries("ключ", "neu")},
				func(c *codes.Code) { c.Metadata = map[string]string{"b": "", "ключ": "neu"} },
			},
			{codes.CodeChange{Metadata: entries("ключ", nil, "b", nil)}, func(c *codes.Code) { c.Metadata = nil }},
			{codes.CodeChange{Metadata: entries("c", "3")}, func(c *codes.Code) { c.Metadata = map[string]string{"c": "3"} }},
			{codes.CodeChange{Metadata: none[map[string]*string]()}, func(c *codes.Code) { c.Metadata = nil }},
			{
				codes.CodeChange{Note: none[string](), Recipient: none[string]()},
				func(c *codes.Code) { c.Note, c.Recipient = "", "" },
			},
			{
				codes.CodeChange{StartsAt: none[time.Time](), ExpiresAt: none[time.Time]()},
				func(c *codes.Code) { c.StartsAt, c.ExpiresAt = nil, nil },
			},
			{codes.CodeChange{MaxRedemptions: codes.Limit{Given: true}}, func(c *codes.Code) { c.MaxRedemptions = nil }},
		}
		for i, step := range steps {
			step.want(&want)
			got, err := s.ChangeCode(t.Context(), s.mine, "code", step.change)
			checkSame(t, fmt.Sprintf("step %d, %v", i, err), want, got)
			checkSame(t, fmt.Sprintf("stored after step %d", i), want, s.code(t, s.mine, "CODE", s.time()))
		}
		checkSame(t, "another code", beside, s.code(t, s.mine, "BESIDE", s.time()))
		s.checkTidied(t, 1)
		checkSame(t, "tidied", want, s.code(t, s.mine, "CODE", s.time()))
	})
	t.Run("there are at least as many uses as are taken, by live reservations, too", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", times(5))
		s.redeem(t, s.mine, "CODE", "ada")
		s.reserve(t, s.mine, "CODE", "bob", time.Minute)
		change := func(limit int64) error {
			_, err := s.ChangeCode(
				t.Context(),
				s.mine,
				"CODE",
				codes.CodeChange{MaxRedemptions: codes.Limit{Given: true, Max: &limit}},
			)
			return err
		}
		checkReason(t, "one less than is taken", change(1), core.ReasonCodeInUse)
		checkReason(t, "as many as are taken", change(2), "")
		_, err := s.Redeem(t.Context(), s.mine, codes.RedeemRequest{Code: "CODE", UserID: "cyd"})
		checkReason(t, "Redeem", err, core.ReasonCodeExhausted)
		s.pass(time.Minute)
		checkReason(t, "one less when it has lapsed", change(1), "")
		if got := s.code(t, s.mine, "CODE", s.time()); *got.MaxRedemptions != 1 {
			t.Errorf("the limit is %d", *got.MaxRedemptions)
		}
	})
	t.Run("a changed text is found, the old one is not", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", noted("old note"), addressed("old@example.org"))
		if _, err := s.ChangeCode(t.Context(), s.mine, "CODE",
			codes.CodeChange{Note: given("new note"), Recipient: given("new@example.org")}); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"old n": 0, "new n": 1, "old@": 0, "new@": 1} {
			if got := s.codes(t, s.mine, codes.CodeFilter{Query: text}, 1); len(got) != want {
				t.Errorf("%q finds %d codes, want %d", text, len(got), want)
			}
		}
	})
	t.Run("a refused change changes nothing", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "CODE", until(now.Add(time.Hour)), noted("kept"))
		before := s.code(t, s.mine, "CODE", now)
		_, err := s.ChangeCode(
			t.Context(),
			s.mine,
			"CODE",
			codes.CodeChange{Note: given("lost"), StartsAt: given(now.Add(time.Hour))},
		)
		checkReason(t, "a start that is not before its end", err, core.ReasonInvalidValue)
		_, err = s.ChangeCode(t.Context(), s.mine, "NONE", codes.CodeChange{Note: given("lost")})
		checkReason(t, "none", err, core.ReasonCodeNotFound)
		checkSame(t, "the code", before, s.code(t, s.mine, "CODE", now))
	})
}
