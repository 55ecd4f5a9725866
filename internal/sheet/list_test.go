package sheet

import (
	"strings"
	"testing"
)

func TestTooManyCodes(t *testing.T) {
	for _, c := range []struct {
		most, rows int
		want       string
	}{
		{3, 3, ""},
		{2, 2, "the list has more than 2 codes, too many for one PDF; print it in parts"},
	} {
		list, err := ReadCSV(strings.NewReader("code\nA\nB\nC\n"))
		if err != nil {
			t.Fatal(err)
		}
		rows, said := 0, ""
		for _, err := range list.atMost(c.most) {
			if err != nil {
				said = err.Error()
				continue
			}
			rows++
		}
		if rows != c.rows || said != c.want {
			t.Errorf("at most %d: %d rows, %q", c.most, rows, said)
		}
	}
}
