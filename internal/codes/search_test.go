package codes_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// texts are drawn from few characters, so that one is often the beginning of another, and
// from those beside which the order of UTF-8 has its corners.
func texts() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.OneOf(
		rapid.SampledFrom(
			[]rune{
				'a',
				'b',
				'A',
				0,
				0x7f,
				0x80,
				0x7ff,
				0x800,
				0xd7ff,
				0xe000,
				0xfffd,
				0xffff,
				0x10000,
				utf8.MaxRune - 1,
				utf8.MaxRune,
			},
		),
		rapid.Rune(),
	), 0, 6, -1)
}

func TestAPrefixRangeHoldsExactlyWhatBeginsWithThePrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := texts().Draw(t, "prefix")
		low, high := core.PrefixRange(prefix)
		if !utf8.ValidString(low) || !utf8.ValidString(high) {
			t.Fatalf("PrefixRange(%q) = %q, %q, which is not UTF-8", prefix, low, high)
		}
		for _, text := range []string{
			texts().Draw(t, "another text"),
			prefix + texts().Draw(t, "rest"),
			prefix, low, high,
			prefix[:rapid.IntRange(0, len(prefix)).Draw(t, "length")] + string(utf8.MaxRune),
		} {
			if !utf8.ValidString(text) {
				continue
			}
			between := low <= text && (high == "" || text < high)
			if begins := strings.HasPrefix(text, prefix); between != begins {
				t.Fatalf(
					"PrefixRange(%q) = %q, %q: %q begins with it: %v, lies between: %v",
					prefix,
					low,
					high,
					text,
					begins,
					between,
				)
			}
		}
	})
}

func TestWhereAPrefixRangeEnds(t *testing.T) {
	tests := []struct{ name, prefix, high string }{
		{"nothing has no end", "", ""},
		{"the next character", "ab", "ac"},
		{"beyond a byte", "a\u007f", "a\u0080"},
		{"beyond two bytes", "\u07ff", "\u0800"},
		{"over the surrogates", "x\ud7ff", "x\ue000"},
		{"beyond three bytes", "\uffff", "\U00010000"},
		{"the last character carries", "ab\U0010FFFF", "ac"},
		{"and carries", "a\U0010FFFF\U0010FFFF", "b"},
		{"only last characters have no end", "\U0010FFFF\U0010FFFF", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if low, high := core.PrefixRange(test.prefix); low != test.prefix || high != test.high {
				t.Errorf("PrefixRange(%q) = %q, %q; want %q", test.prefix, low, high, test.high)
			}
		})
	}
}

func TestFoldASCIILowersTheLettersOfASCIIAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		folded := core.FoldASCII(text)
		if again := core.FoldASCII(folded); again != folded {
			t.Fatalf("FoldASCII(%q) = %q", folded, again)
		}
		before, after := []rune(text), []rune(folded)
		if len(before) != len(after) {
			t.Fatalf("FoldASCII(%q) = %q, of another length", text, folded)
		}
		for i, r := range before {
			want := r
			if r < utf8.RuneSelf {
				want = unicode.ToLower(r)
			}
			if after[i] != want {
				t.Fatalf("FoldASCII(%q) = %q: %q became %q", text, folded, r, after[i])
			}
		}
	})
}

// TestASearchFindsEveryTextThatBeginsSo compares a search with the beginnings of what is
// stored, folded.
func TestASearchFindsEveryTextThatBeginsSo(t *testing.T) {
	w := newWorld(t)
	notes := []string{"a", "A", "ab", "aB c", "á", "z", "Z\U0010FFFF", "\U0010FFFFx", "é", "É", "a~"}
	for i, note := range notes {
		w.add(t, w.acme, "9"+strings.Repeat("X", i), of(codes.TypeNormal, codes.Options{Note: note}))
	}
	for _, query := range []string{"a", "A", "AB", "ab ", "z", "\U0010FFFF", "é", "É", "q"} {
		var want, got []string
		for _, note := range notes {
			if strings.HasPrefix(core.FoldASCII(note), core.FoldASCII(query)) {
				want = append(want, note)
			}
		}
		page, err := w.ListCodes(t.Context(), w.acme, codes.CodeFilter{Query: query}, core.PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range page.Items {
			got = append([]string{code.Note}, got...) // the list begins with the longest value
		}
		checkSame(t, query, want, got)
	}
}
