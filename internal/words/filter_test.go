package words_test

import (
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"accesscodes/internal/core"
	"accesscodes/internal/words"
)

// inPrefix are the characters that a prefix may have.
const inPrefix = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func embeddedList(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("words.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	list, err := words.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestEveryWordIsFoundOverEveryBorder writes each word in each way that a code can have it: with its
// beginning in the prefix, of any length, and the rest in generated characters.
func TestEveryWordIsFoundOverEveryBorder(t *testing.T) {
	f := words.Embedded()
	for _, word := range embeddedList(t) {
		times := 0
		for _, way := range waysToWrite(word) {
			for border := range len(way) {
				prefix, body := way[:border], way[border:]
				if strings.Trim(body, core.Alphabet) != "" {
					continue // it can never be generated
				}
				times++
				if !finds(f, prefix, body) || !finds(f, "Y"+prefix, body+"YY") {
					t.Errorf("%s is not found in %s-%s", word, prefix, body)
				}
				if border == 0 && !finds(f, "YY", "Y"+body) {
					t.Errorf("%s is not found in the middle of the generated characters", body)
				}
			}
		}
		if times == 0 {
			t.Errorf("%s can be in no code: take it out of the list", word)
		}
	}
}

func TestWordsInsideThePrefixDoNotCount(t *testing.T) {
	f := words.Embedded()
	for _, word := range embeddedList(t) {
		for _, way := range waysToWrite(word) {
			for _, prefix := range []string{way, "Y" + way, way + "Y"} {
				if finds(f, prefix, "YYYYYYYY") {
					t.Errorf("the prefix %s alone makes a code that is refused", prefix)
				}
			}
		}
	}
	if !finds(f, "FUCKA", "SS") {
		t.Error("a word inside the prefix hides one over its border")
	}
}

func TestWhatIsFoundIsWhatIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.SampledFrom([]rune("AGILOSTX")), 3, 6, -1)
		list := rapid.SliceOfN(word, 1, 8).Draw(t, "words")
		f, err := words.New(list)
		if err != nil {
			t.Fatal(err)
		}
		character := rapid.SampledFrom([]rune("AGILOSTX0145679Y?"))
		prefix := rapid.StringOfN(character, 0, 6, -1).Draw(t, "prefix")
		body := rapid.StringOfN(character, 0, 12, -1).Draw(t, "body")
		if got, want := finds(f, prefix, body), holds(list, prefix, body); got != want {
			t.Errorf("%q in %q-%q: found %v, want %v", list, prefix, body, got, want)
		}
	})
}

func TestWithoutWordsNothingIsFound(t *testing.T) {
	f := words.None()
	if finds(f, "FU", "CKASS") {
		t.Error("a word was found")
	}
	all := new(big.Int).Exp(big.NewInt(32), big.NewInt(48), nil)
	if got := f.Count("FU", core.Alphabet, 48); got.Cmp(all) != 0 {
		t.Errorf("it leaves %v values of %v", got, all)
	}
}

func TestWhatIsLeftIsCounted(t *testing.T) {
	tests := []struct {
		list             []string
		prefix, alphabet string
		length           int
	}{
		{[]string{"AB"}, "", "AB", 6},
		{[]string{"AB"}, "A", "AB", 6},
		{[]string{"AB"}, "4", "AB", 6},
		{[]string{"AB", "BA"}, "", "AB84", 4},
		{[]string{"ASS", "SAX"}, "SA", "ASX5", 5},
		{[]string{"AAA", "AB", "XX"}, "", "ABX", 5},
		{[]string{"AB", "BB"}, "A", "B", 3}, // nothing is left
		{[]string{"AB"}, "", "AB", 0},
		{embeddedList(t), "", core.Alphabet, 3},
		{embeddedList(t), "SH1", core.Alphabet, 3},
	}
	for _, test := range tests {
		f, err := words.New(test.list)
		if err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		every(test.alphabet, test.length, "", func(body string) {
			if !holds(test.list, test.prefix, body) {
				want++
			}
		})
		if got := f.Count(test.prefix, test.alphabet, test.length); got.Cmp(big.NewInt(want)) != 0 {
			t.Errorf("%d words, %s- and %d of %s: %v, want %d",
				len(test.list), test.prefix, test.length, test.alphabet, got, want)
		}
	}
}

// every calls do for each text of so many symbols.
func every(alphabet string, length int, beginning string, do func(string)) {
	if length == 0 {
		do(beginning)
		return
	}
	for _, symbol := range alphabet {
		every(alphabet, length-1, beginning+string(symbol), do)
	}
}

func TestListsThatLeaveTooLittle(t *testing.T) {
	var pairs, behindQXZ, many []string
	every("ABCDEFGHJKLMNPQRSTUVWXYZ", 2, "", func(pair string) { pairs = append(pairs, pair) })
	for _, last := range "ABCDEFGHJKLMNPQRSTUVWXYZ" {
		behindQXZ = append(behindQXZ, "QXZ"+string(last))
	}
	for i := range 10_000 {
		many = append(many, strings.Map(func(r rune) rune { return r - '0' + 'A' }, fmt.Sprintf("%012d", i*7919*7919)))
	}
	for name, test := range map[string]struct {
		list []string
		want string
	}{
		"every pair":          {pairs, "it would leave less than a tenth of the longest codes"},
		"all behind a prefix": {behindQXZ, "it would leave less than a tenth of the longest codes"},
		"many":                {many, "there are too many words: their beginnings may be 32767 at most"},
	} {
		if f, err := words.New(test.list); f != nil || err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	if _, err := words.New(behindQXZ[4:]); err != nil {
		t.Errorf("with more than a tenth: %v", err)
	}
}

// A word of twelve letters that may each be a 1 has the most ways to be written.
func TestAWordWithManyWaysToWriteIt(t *testing.T) {
	f, err := words.New([]string{"ILILILILILIL", "LILILILILILI"})
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"11111111111", "IL1LI1ILI1I", "1I1I1I1I1I1"} {
		if got, want := finds(f, prefix, "L"), holds([]string{"ILILILILILIL"}, prefix, "L"); got != want {
			t.Errorf("%s-L: found %v, want %v", prefix, got, want)
		}
	}
}

func TestEveryCharacterOfAPrefixIsKnown(t *testing.T) {
	f, err := words.New([]string{"AX"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range inPrefix {
		if got, want := finds(f, string(r), "X"), r == 'A' || r == '4'; got != want {
			t.Errorf("%c-X: found %v", r, got)
		}
	}
}
