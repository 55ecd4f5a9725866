package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// underOldForm selects the codes that are stored under an old form, by the index of their forms.
const underOldForm = "c.canonical >= ' ' AND c.canonical < '!'"

// OldForms implements [codes.CodeStore].
func (s *Store) OldForms(ctx context.Context) (map[string]core.ID, error) {
	forms := map[string]core.ID{}
	err := s.read(ctx, func(conn *sqlite.Conn) error {
		const query = "SELECT c.canonical, c.workspace_id FROM codes c WHERE " + underOldForm
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{
			ResultFunc: func(stmt *sqlite.Stmt) error { forms[stmt.ColumnText(0)] = columnID(stmt, 1); return nil },
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read old forms: %w", err)
	}
	return forms, nil
}

// OldFormCodes returns the codes of the file at path that are stored under old forms. The file must
// have been migrated. It is not changed.
func OldFormCodes(_ context.Context, path string) (left []codes.OldFormCode, err error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	err = sqlitex.ExecuteTransient(conn, `
		SELECT w.slug, c.value FROM codes c JOIN workspaces w ON w.id = c.workspace_id
		WHERE `+underOldForm+` ORDER BY w.slug, c.canonical`, &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			left = append(left, codes.OldFormCode{Slug: stmt.ColumnText(0), Value: stmt.ColumnText(1)})
			return nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("list the codes with old forms of %s: %w", path, err)
	}
	return left, nil
}
