package sheet

import (
	"strings"
	"testing"
	"time"
	"unicode"
)

// shownLines are the lines of a code on a card of 95 × 55 mm.
func shownLines(t *testing.T, code string) (points float64, lines []string) {
	t.Helper()
	ruler := newRuler()
	text := paragraph{what: "code", face: mono, size: codeSize, words: codeWords(ruler, mono, code)}
	all, err := fit([]paragraph{text}, 46, 48)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range all[0].lines {
		var words []string
		for _, w := range line {
			words = append(words, w.text)
			if w.gap > 0 {
				words = append(words, " ")
			}
		}
		lines = append(lines, strings.TrimSpace(strings.Join(words, "")))
	}
	return all[0].points, lines
}

func TestCodesAreBrokenWhereTheyAreRead(t *testing.T) {
	for code, want := range map[string]string{
		"A":                        "A",
		"ACME-7Q2F-9KXM":           "ACME-7Q2F-9KXM",
		"FEST-AAAA-BBBB-CCCC-DDDD": "FEST-AAAA-BBBB-|CCCC-DDDD",
		"SUMMER2027":               "SUMMER2027",
		"A1B2C3D4E5F6G7H8":         "A1B2 C3D4 E5F6 G7H8",
		"A1B2C3D4E":                "A1B2 C3D4E",
		"12345678":                 "12345678",
		"123456789012":             "1234 5678 9012",
		"two words":                "two words",
	} {
		if _, lines := shownLines(t, code); strings.Join(lines, "|") != want {
			t.Errorf("%s: %q", code, lines)
		}
	}
}

func TestLongWordsAreBrokenBehindTheirDashes(t *testing.T) {
	for text, want := range map[string]string{
		"until 2026-12-31": "until 2026-12-31",
		"Παπαδόπουλος-Χατζηιωάννου": "Παπαδόπουλος- Χατζηιωάννου",
		strings.Repeat("x", 24):     strings.Repeat("x", 24),
		strings.Repeat("x", 25):     strings.TrimSpace(strings.Repeat("x ", 25)),
	} {
		var words []string
		for _, w := range labelWords(newRuler(), regular, text) {
			words = append(words, w.text)
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestALongCodeIsShrunkAndWhole(t *testing.T) {
	before := codeSize
	for _, length := range []int{12, 20, 40, 80, 128} {
		code := strings.Repeat("W", length)
		points, lines := shownLines(t, code)
		if points > before || points < smallest {
			t.Errorf("%d characters: %.2f points, after %.2f", length, points, before)
		}
		if whole := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); whole != code {
			t.Errorf("%d characters became %q", length, lines)
		}
	}
	if points, _ := shownLines(t, strings.Repeat("W", 128)); points == codeSize {
		t.Error("nothing was shrunk")
	}
}

func TestTheFontHasLatinGreekAndCyrillic(t *testing.T) {
	ruler := newRuler()
	for _, text := range []string{
		"The quick brown fox, 0123456789 – “quoted” … €£₴₽ №½ ©", "Zażółć gęślą jaźń ÄÖÜẞß Þórr İstanbul Đường",
		"Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία", "Съешь же ещё этих мягких французских булок, Ґґ Єє Її Ђђ Әә Ққ",
	} {
		for _, f := range []face{regular, bold} {
			if char, missing := ruler.missing(f, text); missing {
				t.Errorf("%s lacks %s", f.name(), character(char))
			}
		}
	}
	for _, char := range "日ا\u0301🎉\u200b\u200d\u202e\n" {
		for _, f := range []face{regular, bold, mono} {
			if ruler.covers[f].has(char) {
				t.Errorf("%s has %s, which is not placed well", f.name(), character(char))
			}
		}
	}
	for char := range rune(unicode.MaxASCII) {
		if printable := ' ' <= char && char <= '~'; ruler.covers[mono].has(char) != printable {
			t.Errorf("mono: %s", character(char))
		}
	}
}

func TestReadableTimes(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		cell string
		zone *time.Location
		want string
	}{
		{"2026-12-31T23:59:59Z", time.UTC, "2026-12-31"},
		{"2026-12-31T23:59:59.999Z", time.UTC, "2026-12-31"},
		{"2027-01-01T00:00:00Z", time.UTC, "2026-12-31"},
		{"2026-12-31T23:59:00Z", time.UTC, "2026-12-31 23:59 UTC"},
		{"2026-12-31T22:59:59Z", berlin, "2026-12-31"},
		{"2026-12-31T23:59:59Z", berlin, "2027-01-01 00:59 CET"},
		{"2026-06-01T12:30:59+02:00", time.UTC, "2026-06-01 10:30 UTC"},
		{"soon", time.UTC, "soon"},
		{"", time.UTC, ""},
	} {
		if got := readable(c.cell, c.zone); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.cell, c.zone, got, c.want)
		}
	}
}
