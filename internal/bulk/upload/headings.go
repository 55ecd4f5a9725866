package upload

import (
	"strings"

	"accesscodes/internal/core"
)

// headings are what people call columns in their tables, folded, and the columns that they mean. A heading
// that could mean two things is not here.
var headings = map[string]string{
	"gutscheincode": codeColumn, "zugangscode": codeColumn, "accesscode": codeColumn, "vouchercode": codeColumn,
	"typ": typeColumn, "codetyp": typeColumn, "codetype": typeColumn,
	"anzahl": "maxRedemptions", "grenze": "maxRedemptions", "limit": "maxRedemptions", "uses": "maxRedemptions",
	"maxuses": "maxRedemptions", "nutzungen": "maxRedemptions",
	"gültigab": "startsAt", "validfrom": "startsAt", "starts": "startsAt", "beginn": "startsAt",
	"gültigbis": "expiresAt", "validuntil": "expiresAt", "expires": "expiresAt", "ends": "expiresAt",
	"ende": "expiresAt", "ablaufdatum": "expiresAt", "expirydate": "expiresAt",
	"empfänger": "recipient", "givento": "recipient",
	"notiz": "note", "bemerkung": "note", "notes": "note", "comment": "note",
	"gesperrtam": revokedColumn,
}

// columnOf is the column that a name in a header means; the name itself, if it means none.
func columnOf(name string) string {
	if isColumn(name) {
		return name
	}
	for column := range readers {
		if strings.EqualFold(column, name) {
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
