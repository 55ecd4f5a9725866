package upload

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"accesscodes/internal/core"
)

// headings are what people call columns in their tables, folded, and the columns that they mean: also all that
// the console calls them. A heading that could mean two things is not here.
var headings = func() map[string]string {
	all := map[string]string{}
	for column, names := range map[string][]string{
		codeColumn: {"gutscheincode", "zugangscode", "accesscode", "vouchercode"},
		typeColumn: {"typ", "codetyp", "codetype", "art", "codeart"},
		"maxRedemptions": {
			"anzahl", "grenze", "limit", "uses", "maxuses", "nutzungen", "einlösungen", "maxeinlösungen", "wieoft",
		},
		"startsAt": {"gültigab", "giltab", "validfrom", "starts", "start", "beginn", "anfang"},
		expiresColumn: {
			"gültigbis", "giltbis", "validuntil", "expires", "ends", "end", "ende", "ablaufdatum", "expirydate",
		},
		"recipient":    {"empfänger", "für", "for", "givento"},
		"note":         {"notiz", "bemerkung", "kommentar", "notes", "comment"},
		metadataColumn: {"metadaten"},
		revokedColumn:  {"gesperrtam"},
	} {
		for _, name := range names {
			all[name] = column
		}
	}
	return all
}()

// columnOf is the column that a name in a header means; the name itself, if it means none.
func (h *handwritten) columnOf(name string) string {
	if h == nil || isColumn(name) {
		return name
	}
	for column := range readers {
		if core.FoldName(column) == core.FoldName(name) {
			return column
		}
	}
	if column, ok := headings[core.FoldName(name)]; ok {
		return column
	}
	return name
}

// isColumn reports whether a name is that of a column as it stands.
func isColumn(name string) bool {
	_, known := readers[name]
	return known || isMetadataKey(name) || strings.HasPrefix(name, ignored)
}

// leastForTypos is how long a heading is that can be misspelt: "Ort" is not meant to be "Art".
const leastForTypos = 5

// misspelt is the column that a name which means none may be meant to be; empty: there is none.
func (h *handwritten) misspelt(name string) string {
	if h == nil {
		return core.Nearest(name, names())
	}
	folded := core.FoldName(name)
	for _, column := range names() {
		if core.Nearest(folded, []string{strings.ToLower(column)}) != "" {
			return column
		}
	}
	for _, heading := range slices.Sorted(maps.Keys(headings)) {
		if utf8.RuneCountInString(heading) >= leastForTypos && core.Nearest(folded, []string{heading}) != "" {
			return headings[heading]
		}
	}
	return ""
}
