package words_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/words"
)

// The rules at the head of words.txt that a machine can check; that each word can come up is
// checked where all are looked for.
func TestTheListKeepsItsRules(t *testing.T) {
	list := embeddedList(t)
	if len(list) < 60 || len(list) > 120 {
		t.Errorf("it has %d words; it should be small: 60 to 120", len(list))
	}
	if !slices.IsSorted(list) {
		t.Error("it is not sorted")
	}
	for i, word := range list {
		if len(word) < 3 || len(word) > 7 {
			t.Errorf("%s has not 3 to 7 letters", word)
		}
		for j, other := range list {
			if i != j && strings.Contains(word, other) {
				t.Errorf("%s holds %s, which is enough", word, other)
			}
		}
	}
	text, err := os.ReadFile("words.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, entries, _ := strings.Cut(string(text), "\n\n")
	entry := regexp.MustCompile(`^[A-Z]+ +# (de|en|es|fr)( (de|en|es|fr))*\n$`)
	for line := range strings.Lines(entries) {
		if !entry.MatchString(line) {
			t.Errorf("this line does not name the word's languages: %s", line)
		}
	}
}

func TestParse(t *testing.T) {
	const notAWord = " is not one word of 2 to 12 letters A-Z"
	tests := []struct {
		name, text string
		want       []string
		err        string
	}{
		{"words", "BANANA\nkiwi\n", []string{"BANANA", "KIWI"}, ""},
		{"spaces, comments, empty lines", "# fruit\n\n \t kiwi \t # green\n#\nFIG", []string{"KIWI", "FIG"}, ""},
		{"from Windows", "\uFEFFKIWI\r\nFIG\r\n", []string{"KIWI", "FIG"}, ""},
		{"shortest and longest", "AB\nABCDEFGHIJKL", []string{"AB", "ABCDEFGHIJKL"}, ""},
		{"two in a line", "KIWI\nFIG, PLUM", nil, "line 2" + notAWord},
		{"one letter", "\n\nA", nil, "line 3" + notAWord},
		{"too long", "ABCDEFGHIJKLM", nil, "line 1" + notAWord},
		{"an accent", "FIG\nPÊCHE", nil, "line 2" + notAWord},
		{"digits", "F1G", nil, "line 1" + notAWord},
		{"UTF-16", "\xff\xfeF\x00I\x00G\x00", nil, "line 1" + notAWord},
		{"a very long line", strings.Repeat("A", 1<<20), nil, "line 1" + notAWord},
		{"empty", "", nil, "it holds no word"},
		{"comments alone", "# FIG\n", nil, "it holds no word"},
		{"too large", strings.Repeat("FIG\n", 1<<18) + "F", nil, "it has more than 1048576 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := words.Parse(strings.NewReader(test.text))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" || text != test.err {
				t.Errorf("error %q, want %q; words (-want +got):\n%s", text, test.err, diff)
			}
		})
	}
	broken := errors.New("broken")
	if _, err := words.Parse(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("of a broken reader: %v", err)
	}
}
