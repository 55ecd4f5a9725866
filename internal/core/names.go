package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxNameLength is how much of a name that a caller made up is repeated, in characters.
const maxNameLength = 60

// Instead quotes a name that is not known and says which one may be meant, or all that there are.
func Instead(name string, known []string) string {
	shown := []rune(name)
	if len(shown) > maxNameLength {
		shown = append(shown[:maxNameLength], '…')
	}
	quoted := strconv.Quote(string(shown))
	switch meant := Nearest(name, known); {
	case meant != "":
		return fmt.Sprintf("%s; did you mean %q?", quoted, meant)
	case len(known) == 0:
		return quoted + "; it takes none"
	default:
		return quoted + "; it takes " + strings.Join(known, ", ")
	}
}

// Nearest is the known name that a name is like, except for case, - and _, or for one character; empty: there is none.
func Nearest(name string, known []string) string {
	i := slices.IndexFunc(known, func(k string) bool { return FoldName(k) == FoldName(name) })
	if i < 0 {
		i = slices.IndexFunc(known, func(k string) bool { return isOneTypoAway(k, name) })
	}
	if i < 0 {
		return ""
	}
	return known[i]
}

// FoldName is a name without what people write differently: case, blanks, - and _.
func FoldName(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// isOneTypoAway reports whether two texts differ in one character that is wrong, missing or
// superfluous, or in two that are swapped.
func isOneTypoAway(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	return i < len(a) && (a[i+1:] == b[i+1:] ||
		i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
}
