package postgres

import (
	"context"
	"database/sql"
	"errors"

	"accesscodes/internal/store/schema"
)

// formsVersion is the migration that gives codes the second version of canonical forms.
const formsVersion = 5

// micros is the creation time of a code, in microseconds.
const micros = "(extract(epoch FROM created_at) * 1000000)::bigint"

// forms is this engine's part of that migration. Its statements are for the schema of that version.
var forms = schema.Forms{
	BeyondASCII: `
		SELECT canonical, value, ` + micros + ` FROM codes
		WHERE canonical > $1 AND canonical ~ '[^\x01-\x7F]' AND left(canonical, 1) <> ' '
		ORDER BY canonical LIMIT $2`,
	Old: `
		SELECT canonical, value, ` + micros + ` FROM codes
		WHERE canonical > $1 AND canonical >= ' ' AND canonical < '!' ORDER BY canonical LIMIT $2`,
	// The row is locked by writing it unchanged, for the reason given at lockCodes.
	Named:  "UPDATE codes SET mark = mark WHERE canonical = $1 RETURNING canonical, value, " + micros,
	Rename: renameCode,
}

// The columns of the tables whose rows are spread by the form, without the form.
const (
	codesBesideForm = `workspace_id, created_by, created_at, mark, redemptions, max_redemptions, starts_at, expires_at,
		revoked_at, batch_id, type, value, note, recipient, metadata, retry_key, retry_fingerprint, reservations`
	redemptionsBesideForm = `id, workspace_id, code, type, user_id, grants, before, ordinal, metadata, reservation_id,
		created_at, created_by, rolled_back_at, rolled_back_by, reason`
	reservationsBesideForm = `id, workspace_id, code, user_id, state, expires_at, created_at, created_by, redemption_id`
)

// renameCode gives a code another form. A distributed engine cannot change the column that rows are
// spread by, so the rows are written anew and the old ones are deleted.
func renameCode(ctx context.Context, tx *sql.Tx, from, to string) error {
	var retryKey []byte
	const lock = "UPDATE codes SET mark = mark WHERE canonical = $1 RETURNING retry_key"
	err := tx.QueryRowContext(ctx, lock, from).Scan(&retryKey)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // it was deleted after it was read
	}
	if err != nil {
		return err
	}
	for table, columns := range map[string]string{
		"codes": codesBesideForm, "redemptions": redemptionsBesideForm, "reservations": reservationsBesideForm,
	} {
		_, err := tx.ExecContext(ctx, "INSERT INTO "+table+" (canonical, "+columns+") SELECT $2::text, "+columns+
			" FROM "+table+" WHERE canonical = $1", from, to)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE canonical = $1", from); err != nil {
			return err
		}
	}
	if retryKey == nil {
		return nil
	}
	_, err = tx.ExecContext(ctx, "UPDATE code_retries SET canonical = $2 WHERE retry_key = $1", retryKey, to)
	return err
}
