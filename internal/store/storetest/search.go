package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

func testSearch(t *testing.T, newStore Factory) {
	t.Run("the beginning of a value, a note or a recipient", testFewFound(newStore))
	t.Run("as well when very many match", testManyFound(newStore))
	t.Run("the code whose value it is comes first, whatever its age", func(t *testing.T) {
		s := newSite(t, newStore)
		s.add(t, s.mine, "SUM-1", made(now.Add(-time.Hour)), of(codes.TypePremium))
		var want []string
		for i := range 7 {
			value := fmt.Sprintf("SUM1-%d", i)
			s.add(t, s.mine, value, made(now.Add(time.Duration(i)*instant)), of(codes.Types()[i%3]))
			want = append([]string{value}, want...)
		}
		s.add(t, s.other, "SUM-19")
		want = append([]string{"SUM-1"}, want...)
		for limit := 1; limit <= len(want)+1; limit++ {
			checkSame(
				t,
				fmt.Sprint("pages of ", limit),
				want,
				values(s.codes(t, s.mine, codes.CodeFilter{Query: "sum 1"}, limit)),
			)
		}
		early := now
		for _, filter := range []codes.CodeFilter{
			{Type: codes.TypeNormal},
			{Status: codes.StatusRevoked},
			{BatchID: newID(t)},
			{CreatedAfter: &early},
		} {
			filter.Query = "sum1"
			if got := values(s.codes(t, s.mine, filter, 100)); slices.Contains(got, "SUM-1") {
				t.Errorf("%+v: %v", filter, got)
			}
		}
		if got := s.codes(t, s.mine, codes.CodeFilter{Query: "sum19"}, 100); got != nil {
			t.Errorf("another's code: %v", values(got))
		}
	})
	t.Run("where another workspace has very many that match", func(t *testing.T) {
		s := newSite(t, newStore)
		var theirs []*codes.NewCode
		for i := range manyFound + 1 {
			theirs = append(theirs, coded(s.other, fmt.Sprintf("SHARED-%04d", i), noted("a note"), addressed("ada")))
		}
		insert(t, s.Store, theirs...)
		s.add(t, s.mine, "Shared mine")
		s.add(t, s.mine, "other", noted("Shared, too"))
		s.add(t, s.mine, "none", addressed("not shared"))
		for _, text := range []string{"shared", "s", "SHARED"} {
			checkSame(t, text, []string{"Shared mine", "other"}, values(s.codes(t, s.mine, codes.CodeFilter{Query: text}, 1)))
		}
		if got := s.codes(t, s.mine, codes.CodeFilter{Query: "SHARED-0"}, 10); got != nil {
			t.Errorf("theirs: %v", values(got))
		}
	})
}

func testFewFound(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		texts := []struct{ value, note, recipient string }{
			{"Welcome-2031", "Spring", "Ada@Example.org"},
			{"welcome back", "spring sale", "ada@example.com"},
			{"ÜBER-1", "élan", "ÀDA"},
			{"Uber-2", "éLAN", "àda"},
			{"100%-OFF", "50% off", "a_b"},
			{"100X", "500 off", "axb"},
			{"A_B", "Élan", `back\slash`},
			{"AXB", "straße", "back/slash"},
			{"🎉 party", "STRASSE", "🎉@example.org"},
			{"🎊 party", "STRAßE", "O'Brien \"Bob\""},
			{"\U0010FFFD\U0010FFFD", "\u212aelvin", "'; DROP TABLE codes; --"},
			{"\uD7FFx", "İstanbul", "line 1\nline 2"},
			{"\uE000x", "-5 degrees", " leading"},
			{"zz", "", ""},
			{"prefix", "is not the Spring", "not ada"},
		}
		for _, text := range texts {
			s.add(t, s.mine, text.value, noted(text.note), addressed(text.recipient), made(now))
		}
		cases := []struct {
			text string
			want []string
		}{
			{"welcome", []string{"Welcome-2031", "welcome back"}},
			{"WEL COME-2", []string{"Welcome-2031"}},
			{"welcome20312", nil},
			{"über", []string{"ÜBER-1"}},
			{"uber", []string{"Uber-2"}},
			{"spring", []string{"Welcome-2031", "welcome back"}},
			{"SPRING S", []string{"welcome back"}},
			{"springs", nil},
			{"Ada@example.O", []string{"Welcome-2031"}},
			{"ada", []string{"Welcome-2031", "welcome back"}},
			{"àD", []string{"Uber-2"}}, // only ASCII letters have two cases in notes and recipients
			{"Àd", []string{"ÜBER-1"}},
			{"éla", []string{"ÜBER-1", "Uber-2"}},
			{"Éla", []string{"A_B"}},
			{"STRAß", []string{"AXB", "🎊 party"}},
			{"strass", []string{"🎉 party"}},
			{"100%", []string{"100%-OFF"}},
			{"50%", []string{"100%-OFF"}},
			{"a_b", []string{"100%-OFF", "A_B"}},
			{`back\`, []string{"A_B"}},
			{"🎉", []string{"🎉 party"}},
			{"o'b", []string{"🎊 party"}},
			{"o'brien \"", []string{"🎊 party"}},
			{"';", []string{"\U0010FFFD\U0010FFFD"}},
			{"k", nil},
			{"\u212a", []string{"\U0010FFFD\U0010FFFD"}},
			{"i", []string{"prefix"}},
			{"İ", []string{"\uD7FFx"}},
			{"line 1\n", []string{"\uD7FFx"}},
			{"\uD7FF", []string{"\uD7FFx"}},
			{"\uE000", []string{"\uE000x"}},
			{"\U0010FFFD", []string{"\U0010FFFD\U0010FFFD"}},
			{"\U0010FFFF", nil},
			{"-", []string{"\uE000x"}}, // which no value begins with
			{" ", []string{"\uE000x"}},
			{"z", []string{"zz"}},
			{"prefix", []string{"prefix"}},
		}
		for _, c := range cases {
			got := values(s.codes(t, s.mine, codes.CodeFilter{Query: c.text}, 100))
			slices.Sort(got)
			slices.Sort(c.want)
			checkSame(t, fmt.Sprintf("%q", c.text), c.want, got)
		}
	}
}

// manyFound is up to how many matches stores may take for few.
const manyFound = 2000

// testManyFound searches among one more codes than are few: by what all of them match and by
// what all but one do.
func testManyFound(newStore Factory) func(t *testing.T) {
	return func(t *testing.T) {
		s := newSite(t, newStore)
		batch, ends := newID(t), now.Add(instant)
		var list []*codes.NewCode
		for i := range manyFound + 1 {
			code := coded(s.mine, fmt.Sprintf("Bulk-%04d", i), made(now.Add(-instant)), of(codes.Types()[i%3]),
				noted(fmt.Sprintf("Frühling \\%% A%04d", i)), addressed(fmt.Sprintf("Ada+%04d@example.org", i)))
			if i%50 == 0 {
				code.BatchID, code.ExpiresAt = batch, &ends
			}
			if i == 1000 {
				code.Value, code.Canonical, code.Note, code.Recipient = "bulb", "BULB", "Frühling \\% b", "Ada-"
			}
			list = append(list, code)
		}
		list = append(
			list,
			coded(s.mine, "ANOTHER", noted("FRÜHLING"), addressed("Frühling")),
			coded(s.other, "BULK AS WELL"),
		)
		insert(t, s.Store, list...)
		s.pass(instant)
		all := func(*codes.NewCode) bool { return true }
		cases := []struct {
			name   string
			filter codes.CodeFilter
			passes func(*codes.NewCode) bool
		}{
			{"values", codes.CodeFilter{Query: "bul"}, all},
			{"notes", codes.CodeFilter{Query: "FRüHLING \\%"}, all},
			{"recipients", codes.CodeFilter{Query: "aDA"}, all},
			{"one less: values", codes.CodeFilter{Query: "BULK"}, func(c *codes.NewCode) bool { return c.Value != "bulb" }},
			{
				"one less: notes",
				codes.CodeFilter{Query: "frühling \\% a"},
				func(c *codes.NewCode) bool { return c.Value != "bulb" },
			},
			{"one less: recipients", codes.CodeFilter{Query: "ada+"}, func(c *codes.NewCode) bool { return c.Value != "bulb" }},
			{
				"and a type",
				codes.CodeFilter{Query: "ada", Type: codes.TypePremium},
				func(c *codes.NewCode) bool { return c.Type == codes.TypePremium },
			},
			{
				"and a batch",
				codes.CodeFilter{Query: "ada", BatchID: batch},
				func(c *codes.NewCode) bool { return c.BatchID == batch },
			},
			{
				"and a status",
				codes.CodeFilter{Query: "bul", Status: codes.StatusExpired},
				func(c *codes.NewCode) bool { return c.ExpiresAt != nil },
			},
			{
				"and another status",
				codes.CodeFilter{Query: "bul", Status: codes.StatusActive},
				func(c *codes.NewCode) bool { return c.ExpiresAt == nil },
			},
			{
				"and what none has",
				codes.CodeFilter{Query: "bul", Status: codes.StatusRevoked},
				func(*codes.NewCode) bool { return false },
			},
			{"and a time", codes.CodeFilter{Query: "frühling", CreatedAfter: &now}, func(*codes.NewCode) bool { return false }},
		}
		for _, c := range cases {
			var want []string
			for _, code := range slices.Backward(list[:manyFound+1]) { // all are of one instant
				if c.passes(code) && code.Value != "bulb" {
					want = append(want, code.Value)
				}
			}
			if bulb := list[1000]; c.passes(bulb) {
				want = append(want, bulb.Value)
			}
			checkSame(t, c.name, want, values(s.codes(t, s.mine, c.filter, core.MaxPage)))
		}
		checkSame(
			t,
			"the first page of a few",
			[]string{"Bulk-2000", "Bulk-1999"},
			values(s.someCodes(t, codes.CodeFilter{Query: "b"}, 2)),
		)
	}
}

// someCodes is the first page of a list.
func (s *site) someCodes(t *testing.T, filter codes.CodeFilter, limit int) []codes.Code {
	t.Helper()
	page, err := s.ListCodes(t.Context(), s.mine, filter, core.PageRequest{Limit: limit})
	if err != nil || page.Next == "" {
		t.Errorf("ListCodes: the next cursor is %q, %v", page.Next, err)
	}
	return page.Items
}
