package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// engine is what the store must know about the database behind the address. It is read when the
// store is opened, and again when the database refuses a statement that this engine does not support.
type engine struct {
	// distributed: tables are spread over nodes by Citus. It routes the rows of a VALUES list one by
	// one, but it passes INSERT … SELECT through temporary results.
	distributed bool
}

// engine returns what is known of the database.
func (s *Store) engine() engine { return engine{distributed: s.distributed.Load()} }

func engineOf(ctx context.Context, q querier) (e engine, err error) {
	if installed, err := hasCitus(ctx, q); err != nil || !installed {
		return e, err
	}
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_dist_partition "+
		"WHERE logicalrelid = 'codes'::regclass)").Scan(&e.distributed)
	return e, err
}

func hasCitus(ctx context.Context, q querier) (installed bool, err error) {
	err = q.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')").Scan(&installed)
	return installed, err
}

// rows returns the source of an INSERT: what follows the column list. types are the columns' types.
// On one node the arguments are one array for each column, so that the statement is the same for any
// number of rows. On a distributed engine they are the values row by row.
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

// mostArguments is how many arguments PostgreSQL's protocol lets a statement have.
const mostArguments = math.MaxUint16

// mostRows is how many rows of so many columns the statement from rows takes.
func (e engine) mostRows(columns int) int {
	if e.distributed {
		return mostArguments / columns
	}
	return math.MaxInt
}

// stampedRows is rows with one more column: the time by the database's clock when the statement
// runs, not when the transaction began.
func (e engine) stampedRows(types []string, count int) string {
	const clock = "clock_timestamp()"
	if !e.distributed { // read the clock once, for all rows
		return "SELECT *, (SELECT " + clock + ") FROM unnest(" + numbered(types, 1, "[]") + ")"
	}
	lines := make([]string, count)
	for i := range lines {
		lines[i] = "(" + numbered(types, 1+i*len(types), "") + ", " + clock + ")"
	}
	return "VALUES " + strings.Join(lines, ", ")
}

// arguments returns rows of values in the form that the statement from rows takes.
func (e engine) arguments(rows [][]any) []any {
	if e.distributed {
		return slices.Concat(rows...)
	}
	columns := make([]any, len(rows[0]))
	for c := range columns {
		column := make([]any, len(rows))
		for r := range rows {
			column[r] = rows[r][c]
		}
		columns[c] = column
	}
	return columns
}

// lockCodes returns a statement that reads codes by their canonical forms and locks them until the
// transaction ends. Citus can lock the rows of several shards only by writing them unchanged. and is
// a further condition; empty: none.
func (e engine) lockCodes(columns, and string) string {
	named := "c.canonical = ANY ($1)" + and
	if e.distributed {
		return "UPDATE codes c SET mark = mark WHERE " + named + " RETURNING " + columns
	}
	return "SELECT " + columns + " FROM codes c WHERE " + named + " ORDER BY c.canonical FOR UPDATE"
}

// users returns a statement that reads users, named as in ofUsers, and locks them if asked to.
func (e engine) users(columns string, lock bool) string {
	const key = "workspace_id = of_workspace AND user_id = of_user"
	switch {
	case e.distributed && lock:
		return "UPDATE users SET status = status WHERE " + eachOfEach + " RETURNING " + columns
	case e.distributed:
		return "SELECT " + columns + " FROM users WHERE " + eachOfEach
	case lock:
		return "SELECT " + columns + oneByOne("users", key+" FOR UPDATE")
	default:
		return "SELECT " + columns + oneByOne("users", key+" OFFSET 0")
	}
}

// ofUsers returns the source of a table's rows that belong to users and meet a condition. The table
// has an index that begins with the user's id. The arguments are an array of workspaces and one of
// ids, an entry for each user. On a distributed engine each workspace is asked for each of the ids:
// nearly always there is one workspace, and additional rows do no harm.
//
// In a new database PostgreSQL plans for nearly empty tables, where every plan costs the same, and
// keeps the plan until they are analyzed. So the statement leaves only one plan: the workspace is
// given as a range of one, which is worth most in the index that begins with the user's id. Then no
// row of another workspace with the same user id is read.
func (e engine) ofUsers(table, condition string) string {
	if e.distributed {
		return " FROM " + table + " WHERE " + eachOfEach + condition
	}
	const theirs = "user_id = of_user AND workspace_id >= of_workspace AND workspace_id <= of_workspace"
	return oneByOne(table, theirs+condition+" OFFSET 0")
}

// ofCodes is a condition for ofUsers: the rows are of the codes in the third argument. A distributed
// engine then asks only the shards of these codes. On one node they are found by the user.
func (e engine) ofCodes() string {
	if e.distributed {
		return " AND canonical = ANY ($3)"
	}
	return " AND (canonical = ANY ($3)) IS TRUE"
}

// oneByOne finds the rows of one user after the other, in the order of the arguments. The end of the
// inner query (FOR UPDATE, OFFSET) prevents the planner from making a join that begins with the
// table.
func oneByOne(table, inner string) string {
	return " FROM unnest($1::uuid[], $2::text[]) AS asked (of_workspace, of_user), LATERAL (SELECT * FROM " +
		table + " WHERE " + inner + ") AS found"
}

// named returns the source of a table's rows with the codes and ids of two arrays, an entry in both for
// each row. As two conditions the planner takes the codes and reads all of their rows, of which there may
// be very many. Citus needs them so: it routes no rows of a join.
func (e engine) named(table string) string {
	if e.distributed {
		return " FROM " + table + " WHERE canonical = ANY ($1) AND id = ANY ($2)"
	}
	return " FROM unnest($1::text[], $2::uuid[]) AS asked (of_code, of_id), LATERAL (SELECT * FROM " + table +
		" WHERE canonical = of_code AND id = of_id OFFSET 0) AS found"
}

const eachOfEach = "workspace_id = ANY ($1) AND user_id = ANY ($2)"

// numbered returns $1::text[], $2::uuid[] and so on.
func numbered(types []string, from int, suffix string) string {
	params := make([]string, len(types))
	for i, t := range types {
		params[i] = fmt.Sprintf("$%d::%s%s", from+i, t, suffix)
	}
	return strings.Join(params, ", ")
}
