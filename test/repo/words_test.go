package repo

import (
	"bytes"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/words"
)

// TestTheLossOfSpaceIsDocumented counts the codes that the embedded list of words leaves and holds
// docs/api.md to it.
func TestTheLossOfSpaceIsDocumented(t *testing.T) {
	document := file(t, "docs/api.md")
	all, safe := codes.NewServices(codes.Deps{}), codes.NewServices(codes.Deps{Words: words.Embedded()})
	var rows []string
	for _, format := range []core.Format{
		{Groups: 2, GroupLength: 3}, {Groups: 2, GroupLength: 4}, {Groups: 3, GroupLength: 4}, {Groups: 4, GroupLength: 4},
	} {
		without, with := safe.SafeValues(format), all.SafeValues(format)
		left, _ := new(big.Rat).SetFrac(without, with).Float64()
		rows = append(rows, fmt.Sprintf("| %d of %d | 2^%d | %s | %.2f %% |\n",
			format.Groups, format.GroupLength, with.BitLen()-1, thousands(without), 100*(1-left)))
	}
	if !strings.Contains(document, "|\n"+strings.Join(rows, "")+"\n") {
		t.Errorf("docs/api.md should have these rows:\n%s", strings.Join(rows, ""))
	}
}

// TestTheNumberOfWordsIsDocumented holds docs/configuration.md to the embedded list.
func TestTheNumberOfWordsIsDocumented(t *testing.T) {
	list, err := words.Parse(bytes.NewReader([]byte(file(t, "internal/words/words.txt"))))
	if err != nil {
		t.Fatal(err)
	}
	stated := regexp.MustCompile(`of (\d+) words in English, German, Spanish and French`)
	found := stated.FindStringSubmatch(strings.ReplaceAll(file(t, "docs/configuration.md"), "\n", " "))
	if want := fmt.Sprint(len(list)); found == nil || found[1] != want {
		t.Errorf("docs/configuration.md says %q, the list has %s words", found, want)
	}
}

// thousands writes a number with a comma before each three digits.
func thousands(n *big.Int) string {
	var groups []string
	for text := n.String(); text != ""; {
		from := max(0, len(text)-3)
		groups = append(groups, text[from:])
		text = text[:from]
	}
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}
