package sqlite

import (
	"context"
	"database/sql"

	"accesscodes/internal/store/schema"
)

// formsVersion is the migration that gives codes the second version of canonical forms.
const formsVersion = 6

// forms is this engine's part of that migration. Its statements are for the schema of that version.
var forms = schema.Forms{
	BeyondASCII: `
		SELECT canonical, value, created_at FROM codes
		WHERE canonical > ?1 AND length(canonical) < length(CAST(canonical AS BLOB)) AND canonical NOT LIKE ' %'
		ORDER BY canonical LIMIT ?2`,
	Old: `
		SELECT canonical, value, created_at FROM codes
		WHERE canonical > ?1 AND canonical >= ' ' AND canonical < '!' ORDER BY canonical LIMIT ?2`,
	Named: "SELECT canonical, value, created_at FROM codes WHERE canonical = ?1",
	Rename: func(ctx context.Context, tx *sql.Tx, from, to string) error {
		return schema.Exec(ctx, tx, renameCode, from, to)
	},
}

// renameCode gives a code another form. It finds the code's redemptions as redemptionsQuery does:
// the first by the code's row, the others by their index.
var renameCode = []string{
	"UPDATE redemptions INDEXED BY redemptions_later SET canonical = ?2 WHERE later = 1 AND canonical = ?1",
	`UPDATE redemptions SET canonical = ?2
	WHERE workspace_id = (SELECT workspace_id FROM codes WHERE canonical = ?1)
	AND id = (SELECT first_redemption FROM codes WHERE canonical = ?1)`,
	"UPDATE reservations SET canonical = ?2 WHERE canonical = ?1",
	"UPDATE codes SET canonical = ?2 WHERE canonical = ?1",
}
