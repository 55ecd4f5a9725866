package postgres_test

import (
	"regexp"
	"strings"
	"testing"

	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
	"accesscodes/internal/store/storetest"
)

// TestNoPlainStatementReadsAWholeTable: each uses an index by what it asks for, whatever the
// arguments, in a database that is new and not analyzed.
func TestNoPlainStatementReadsAWholeTable(t *testing.T) {
	conn := connect(t, pgtest.Database(t))
	exec(t, conn, "SET enable_seqscan = off") // as stores have it
	for _, s := range storetest.PlainStatements(t) {
		plan := explainGeneric(
			t,
			conn,
			postgres.Query{Text: strings.ReplaceAll(s.SQL, "?", "$"), Args: make([]any, s.Params)},
		)
		if !strings.Contains(plan, s.Index) {
			t.Errorf("%s: not by %s:\n%s", s.Name, s.Index, plan)
		}
		for _, column := range s.Columns {
			if !regexp.MustCompile(`Index Cond: .*\b` + column).MatchString(plan) {
				t.Errorf("%s: not by the column %s:\n%s", s.Name, column, plan)
			}
		}
	}
}
