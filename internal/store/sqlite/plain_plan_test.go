package sqlite_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"accesscodes/internal/store/sqlite"
	"accesscodes/internal/store/storetest"
)

// TestNoPlainStatementReadsAWholeTable: each uses an index by what it asks for.
func TestNoPlainStatementReadsAWholeTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "codes.db")
	if _, err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	conn, err := zsqlite.OpenConn(path, zsqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	all := storetest.PlainStatements(t)
	for _, s := range all {
		plan := ""
		err := sqlitex.ExecuteTransient(conn, "EXPLAIN QUERY PLAN "+sqlite.WithHints(s.SQL), &sqlitex.ExecOptions{
			Args:       slices.Repeat([]any{1}, s.Params),
			ResultFunc: func(stmt *zsqlite.Stmt) error { plan += stmt.ColumnText(3) + "\n"; return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		index := "USING PRIMARY KEY"
		if s.Index != "" {
			index = "INDEX " + s.Index
		}
		for _, part := range append(s.Columns, index) {
			if !strings.Contains(plan, part) || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("%s: not by %s:\n%s%s", s.Name, part, plan, s.SQL)
			}
		}
	}
	if len(all) < 10 {
		t.Errorf("only %d statements", len(all))
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
