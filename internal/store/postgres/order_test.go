package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"accesscodes/internal/codes"
	"accesscodes/internal/store/pgtest"
	"accesscodes/internal/store/postgres"
)

// TestInsertsLockInOneOrder: of two that lock the same rows in different orders the database
// rolls one back, which is tried again, so that callers would only see that it takes longer.
func TestInsertsLockInOneOrder(t *testing.T) {
	conn := connect(t, pgtest.Database(t))
	tests := []struct {
		name  string
		codes []*codes.NewCode
		want  [][]string // the first column of each statement
	}{
		{
			"codes by their canonical forms",
			[]*codes.NewCode{newCode("A2", "x"), newCode("A3", "x"), newCode("A1", "x")},
			[][]string{{"A1", "A2", "A3"}},
		},
		{
			"claims by their keys, and codes by their canonical forms all the same",
			[]*codes.NewCode{
				keyed(newCode("B2", "x"), "key 2"),
				keyed(newCode("B3", "x"), "key 1"),
				keyed(newCode("B1", "x"), "key 3"),
			},
			[][]string{{"key 1", "key 2", "key 3"}, {"B1", "B2", "B3"}},
		},
		{
			"codes with and without a key",
			[]*codes.NewCode{newCode("C3", "x"), keyed(newCode("C2", "x"), "key 4"), newCode("C1", "x")},
			[][]string{{"key 4"}, {"C1", "C2", "C3"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sent, err := postgres.SentByInsert(t.Context(), conn, test.codes)
			if err != nil {
				t.Fatal(err)
			}
			if got := firstColumns(sent); !slices.EqualFunc(got, test.want, slices.Equal) {
				t.Errorf("sent %q, want %q", got, test.want)
			}
		})
	}
}

// firstColumns are the values of the first column of each insert: what it is keyed by.
func firstColumns(sent []postgres.Query) (all [][]string) {
	for _, query := range sent {
		var column []string
		switch values := query.Args[0].(type) {
		case []any:
			for _, form := range values {
				column = append(column, form.(string))
			}
		case [][]byte:
			for _, key := range values {
				column = append(column, strings.TrimRight(string(key), "\x00"))
			}
		}
		all = append(all, column)
	}
	return all
}
