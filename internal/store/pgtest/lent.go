package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// lent are databases that tests use one after the other.
var lent struct {
	mu   sync.Mutex
	free []*lentDatabase
}

type lentDatabase struct {
	address string
	conn    *pgx.Conn
	reset   string // statements that bring back the rows of a new database
}

// Lent returns the address of a migrated database on the shared cluster with the rows of a new one.
// Earlier tests may have used it, because resetting its rows costs a fraction of making another
// database. It is for tests that change nothing but rows.
func Lent(t testing.TB) string {
	t.Helper()
	db, err := borrow(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return // the rows may tell why
		}
		if _, err := db.conn.Exec(context.WithoutCancel(t.Context()), db.reset); err != nil {
			t.Errorf("reset the database: %v", err)
			return
		}
		lent.mu.Lock()
		defer lent.mu.Unlock()
		lent.free = append(lent.free, db)
	})
	return db.address
}

func borrow(t testing.TB) (*lentDatabase, error) {
	t.Helper()
	lent.mu.Lock()
	if last := len(lent.free) - 1; last >= 0 {
		defer lent.mu.Unlock()
		db := lent.free[last]
		lent.free = lent.free[:last]
		return db, nil
	}
	lent.mu.Unlock()
	ctx := t.Context()
	address := Database(t)
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	reset, err := resetting(ctx, conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return &lentDatabase{address, conn, reset}, nil
}

// resetting returns statements that bring back the rows that a database has now. References between
// tables are not checked while they run.
func resetting(ctx context.Context, conn *pgx.Conn) (string, error) {
	rows, err := conn.Query(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
	if err != nil {
		return "", err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	var statements strings.Builder
	statements.WriteString("BEGIN; SET LOCAL session_replication_role = replica;\n")
	for _, name := range tables {
		table := pgx.Identifier{name}.Sanitize()
		var insert *string
		err := conn.QueryRow(ctx, fmt.Sprintf("SELECT format('INSERT INTO %[1]s SELECT * FROM "+
			"jsonb_populate_recordset(NULL::%[1]s, %%L);', jsonb_agg(t)) FROM %[1]s t HAVING count(*) > 0", table)).Scan(&insert)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return "", err
		}
		statements.WriteString("DELETE FROM " + table + ";\n")
		if insert != nil {
			statements.WriteString(*insert + "\n")
		}
	}
	return statements.String() + "COMMIT", nil
}
