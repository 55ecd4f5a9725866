package postgres

import (
	"context"
	"fmt"
	"strings"
)

// engine is what the store must know of the database behind the address. It is asked
// once, when the store is opened.
type engine struct {
	// distributed: tables are spread over nodes by Citus, which routes the rows of a
	// VALUES list one by one but pulls INSERT … SELECT through temporary results.
	distributed bool
}

func engineOf(ctx context.Context, q querier) (e engine, err error) {
	if installed, err := hasCitus(ctx, q); err != nil || !installed {
		return e, err
	}
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'codes'::regclass)").Scan(&e.distributed)
	return e, err
}

func hasCitus(ctx context.Context, q querier) (installed bool, err error) {
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')").Scan(&installed)
	return installed, err
}

// rows writes the source of an INSERT: what stands behind the column list. types are the
// columns' types. On one node the arguments are one array for each column, so that the
// statement is the same for every number of rows; on a distributed engine they are the
// values row by row.
func (e engine) rows(types []string, count int) string {
	if !e.distributed {
		return "SELECT * FROM unnest(" + numbered(types, 1, "[]") + ")"
	}
	lines := make([]string, count)
	for i := range lines {
		lines[i] = "(" + numbered(types, 1+i*len(types), "") + ")"
	}
	return "VALUES " + strings.Join(lines, ", ")
}

// numbered writes $1::text[], $2::uuid[] and so on.
func numbered(types []string, from int, suffix string) string {
	params := make([]string, len(types))
	for i, t := range types {
		params[i] = fmt.Sprintf("$%d::%s%s", from+i, t, suffix)
	}
	return strings.Join(params, ", ")
}
