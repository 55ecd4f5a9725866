package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// underOldForm selects the codes that are stored under an old form, by the index of their forms.
const underOldForm = "c.canonical >= ' ' AND c.canonical < '!'"

// oldForm is the form of a code that is stored under an old one.
type oldForm struct {
	Canonical string
	Workspace [16]byte
}

// OldForms implements [codes.CodeStore].
func (s *Store) OldForms(ctx context.Context) (forms map[string]core.ID, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT c.canonical, c.workspace_id FROM codes c WHERE "+underOldForm)
		found, err := rowsOf(rows, err, pgx.RowToStructByPos[oldForm])
		if err != nil {
			return fmt.Errorf("read old forms: %w", err)
		}
		forms = make(map[string]core.ID, len(found))
		for _, f := range found {
			forms[f.Canonical] = f.Workspace
		}
		return nil
	})
	return forms, err
}

// OldFormCodes returns the codes of the database at an address that are stored under old forms. The
// database must have been migrated.
func OldFormCodes(ctx context.Context, address string) (left []codes.OldFormCode, err error) {
	config, err := poolConfig(address)
	if err != nil {
		return nil, err
	}
	err = onConnection(ctx, config.ConnConfig, func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `
			SELECT w.slug, c.value FROM codes c JOIN workspaces w ON w.id = c.workspace_id
			WHERE `+underOldForm+` ORDER BY w.slug, c.canonical`)
		left, err = rowsOf(rows, err, pgx.RowToStructByPos[codes.OldFormCode])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list codes with old forms: %w", err)
	}
	return left, nil
}
