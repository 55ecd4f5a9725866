package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/store/storetest"
)

// Query is a statement with its arguments, as tests explain it.
type Query struct {
	Text string
	Args []any
}

// CodesQuery lists codes of one type.
func CodesQuery(q *codes.CodeQuery, t codes.Type, found []string, isFew bool) Query {
	text, args := codesQuery(q, t, found, isFew)
	return Query{text, args}
}

// Searches look up what a text finds.
func Searches(q *codes.CodeQuery) (all []Query) {
	for _, s := range searches(q) {
		all = append(all, Query{s.query, s.args})
	}
	return all
}

// OfBatch are what is asked of a batch: its codes from an index on, and how many were redeemed.
func OfBatch(workspace, batch core.ID, from int64) []Query {
	text, args := batchCodesQuery(workspace, batch, from, 50, time.UnixMicro(0))
	return []Query{{text, args}, {outcomesQuery, []any{[16]byte(workspace), [16]byte(batch), from, from + 50}}}
}

// RedemptionsQuery lists redemptions.
func RedemptionsQuery(q *codes.RedemptionQuery) Query {
	text, args := redemptionsQuery(q)
	return Query{text, args}
}

// UsersQuery lists users.
func UsersQuery(q *codes.UserQuery) Query {
	text, args := usersQuery(q)
	return Query{text, args}
}

// UserQueries are how commands and dry runs find users and what is theirs, by table.
func UserQueries(of codes.UserRef, canonical string, distributed bool) map[string]Query {
	e, args := engine{distributed}, userArgs([]codes.UserRef{of})
	ofCode := append(args, []string{canonical})
	return map[string]Query{
		"users, for a dry run": {e.users(userColumns, false), args},
		"users, for a command": {e.users(userColumns, true), args},
		"redemptions, theirs": {
			"SELECT " + redemptionColumns + e.ofUsers("redemptions", standing+e.ofCodes()), ofCode,
		},
		"reservations, theirs": {
			"SELECT " + reservationColumns + e.ofUsers("reservations", theyHold+e.ofCodes()), ofCode,
		},
		"redemptions, all of theirs": {"SELECT " + redemptionColumns + e.ofUsers("redemptions", standing), args},
	}
}

// Named finds a redemption, and a reservation, of a code by their ids.
func Named(canonical string) map[string]Query {
	all := map[string]Query{}
	for _, table := range []string{"redemptions", "reservations"} {
		args := names([]codes.Ref{{Canonical: canonical, ID: core.ID{1}}})
		all[table] = Query{"SELECT canonical" + engine{}.named(table), args}
	}
	return all
}

// CountLapsed counts the reservations of a code that have lapsed.
func CountLapsed(canonical string, at time.Time) Query {
	return Query{countLapsed, []any{[]string{canonical}, at}}
}

// CodesNamed looks a code up.
func CodesNamed(workspace core.ID, canonical string, at time.Time) Query {
	return Query{codesNamed, []any{at, []string{canonical}, [][16]byte{workspace}}}
}

// CodesUncounted looks a code up, as validate does.
func CodesUncounted(workspace core.ID, canonical string) Query {
	return Query{codesUncounted, []any{[]string{canonical}, [][16]byte{workspace}}}
}

// LockCodes locks a code that a command is about.
func LockCodes(workspace core.ID, canonical string, distributed bool) Query {
	return Query{
		engine{distributed}.lockCodes(codeColumns+", c.reservations", " AND "+ofWorkspaces+"($2)) IS TRUE"),
		[]any{[]string{canonical}, [][16]byte{workspace}},
	}
}

// CountUses stores how often a code was used.
func CountUses(canonical string) Query {
	return Query{countUses, []any{[]string{canonical}, []int64{1}, []int64{1}}}
}

// SpreadWrites are the statements that write one row of a table, as a distributed engine gets them.
// What is written is NULL, except the column that rows are spread by.
func SpreadWrites(workspace core.ID, canonical, user string) map[string]Query {
	e := engine{distributed: true}
	insert := func(table, columns string, types []string, column int, key any) Query {
		args := make([]any, len(types))
		args[column] = key
		return Query{"INSERT INTO " + table + " (" + columns + ") " + e.rows(types, 1), args}
	}
	update := make([]any, 1+len(changedFields))
	update[0] = canonical
	return map[string]Query{
		"insert code":        insert("codes", insertColumns, insertTypes, 0, canonical),
		"insert redemption":  insert("redemptions", redemptionColumns, redemptionTypes, 0, canonical),
		"insert reservation": insert("reservations", reservationColumns, reservationTypes, 0, canonical),
		"insert user":        insert("users", userColumns, userTypes, 1, user),
		"queue event":        insert("event_queue", queueColumns, queueTypes, 0, [16]byte(workspace)),
		"update code":        {updateCode, update},
	}
}

// LowerHeld lowers the reservations of a code.
func LowerHeld(canonical string) Query {
	return Query{lowerReservations, []any{[]string{canonical}, []int64{1}}}
}

// Jittered is how long a pause between two tries is.
func Jittered(pause time.Duration) time.Duration { return jittered(pause) }

// Pauses are the shortest and the longest pause, before jitter.
func Pauses() []time.Duration { return []time.Duration{firstPause, longestPause} }

// SpeakAsToCitus makes a store send what a distributed engine gets, which every PostgreSQL
// understands.
func SpeakAsToCitus(s *Store) *Store {
	s.distributed.Store(true)
	return s
}

// Placements are where [Distribute] puts tables: the column that each is spread by; empty: it
// lies whole on every node.
func Placements() map[string]string {
	columns := map[string]string{}
	for _, p := range placements {
		columns[p.table] = p.column
	}
	return columns
}

// PlacedTables are the tables in the order in which [Distribute] places them.
func PlacedTables() (tables []string) {
	for _, p := range placements {
		tables = append(tables, p.table)
	}
	return tables
}

// SentByInsert inserts codes and returns what was sent for that.
func SentByInsert(ctx context.Context, conn *pgx.Conn, codes []*codes.NewCode) ([]Query, error) {
	sent := &sending{querier: conn}
	call := &insertion{mark: 1, codes: codes}
	err := call.run(ctx, sent)
	return sent.queries, err
}

// sending keeps the queries that are sent on a connection.
type sending struct {
	querier
	queries []Query
}

// Query implements [querier].
func (s *sending) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	s.queries = append(s.queries, Query{sql, args})
	return s.querier.Query(ctx, sql, args...)
}

// MigrateTo brings a new database's schema to an older version.
func MigrateTo(ctx context.Context, address string, version int64) error {
	return withProvider(address, func(_ *sql.DB, p *goose.Provider) error {
		_, err := p.UpTo(ctx, version)
		return err
	})
}

// Forms does the work of the migration of canonical forms, one code in each transaction, and
// stops before it gives the code number limit another form.
func Forms(ctx context.Context, address string, limit int) error {
	killed := forms
	killed.AtOnce, killed.Rename = 1, storetest.Killing(limit, forms.Rename)
	return withProvider(address, func(db *sql.DB, _ *goose.Provider) error { return killed.Up(ctx, db) })
}

// The lanes.
const (
	HotLane  = hotLane
	ListLane = listLane
)

// FillLane takes every turn of a lane that is free, each with a connection.
func FillLane(ctx context.Context, s *Store, lane lane) (leave func(), turns int) {
	var all []func()
	for len(s.turns[lane]) < cap(s.turns[lane]) {
		leave, err := s.enterLane(ctx, lane)
		if err != nil {
			panic(err)
		}
		conn, err := s.pool.Acquire(ctx)
		if err != nil {
			panic(err)
		}
		all = append(all, func() { conn.Release(); leave() })
	}
	return func() {
		for _, leave := range all {
			leave()
		}
	}, len(all)
}

// TryAgainAtOnce makes a store that could not take the sequencer's lease try again at once.
func TryAgainAtOnce(s *Store) {
	s.sequencer.mu.Lock()
	defer s.sequencer.mu.Unlock()
	s.sequencer.tried = time.Time{}
}

// IsRefused reports whether an error says that nothing behind its statement was carried out.
func IsRefused(err error) bool { return isRefused(err) }
