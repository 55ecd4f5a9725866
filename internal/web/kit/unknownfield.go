package kit

import (
	"fmt"
	"slices"
	"strings"
)

// maxNameLength is how much of a name that a caller made up is repeated, in characters.
const maxNameLength = 60

// unknownField says that a route does not take a field, and what the caller may have meant.
func (rt *Route) unknownField(name string) string {
	if why, ok := rt.NotTaken[name]; ok {
		return why
	}
	shown := []rune(name)
	if len(shown) > maxNameLength {
		shown = append(shown[:maxNameLength], '…')
	}
	text := fmt.Sprintf("this request has no field %q", string(shown))
	if meant := rt.meant(name); meant != "" {
		return text + fmt.Sprintf("; did you mean %q?", meant)
	}
	names := make([]string, len(rt.fields))
	for i, f := range rt.fields {
		names[i] = f.name
	}
	if len(names) == 0 {
		return text + "; it takes none"
	}
	return text + "; it takes " + strings.Join(names, ", ")
}

// meant is the field that a name is like: but for case, - and _, or for one character.
func (rt *Route) meant(name string) string {
	i := slices.IndexFunc(rt.fields, func(f requestField) bool { return plainName(f.name) == plainName(name) })
	if i < 0 {
		i = slices.IndexFunc(rt.fields, func(f requestField) bool { return isOneTypoAway(f.name, name) })
	}
	if i < 0 {
		return ""
	}
	return rt.fields[i].name
}

func plainName(name string) string {
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
