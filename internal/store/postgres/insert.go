package postgres

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/event"
)

// InsertCodes implements [codes.CodeStore]. Codes that differ and have no retry key, as nearly all,
// are inserted by one statement, which is a transaction of its own.
//
// It may be tried again when it is unknown whether it was done: every row holds the mark of the code
// that it was made for, by which a later try recognizes its own rows.
func (s *Store) InsertCodes(ctx context.Context, codes []*codes.NewCode) ([]codes.InsertResult, error) {
	if len(codes) == 0 {
		return nil, ctx.Err()
	}
	call := &insertion{store: s, mark: rand.Int64N(math.MaxInt64 - int64(len(codes))), codes: codes}
	run := func(ctx context.Context, q querier) error {
		call.engine = s.engine()
		return call.run(ctx, q)
	}
	var err error
	// On a distributed engine a statement alone may fail after a part of it was committed.
	if call.isOneStatement() && !s.engine().distributed {
		err = s.attempt(ctx, idempotent, run)
	} else {
		err = s.transact(ctx, idempotent, func(ctx context.Context, tx pgx.Tx) error { return run(ctx, tx) })
	}
	if err != nil {
		return nil, err
	}
	return call.results, nil
}

// insertion is one call of InsertCodes.
type insertion struct {
	store   *Store
	engine  engine
	mark    int64 // of the first code; that of the others follows
	codes   []*codes.NewCode
	tries   int
	results []codes.InsertResult
	there   map[int]bool // the numbers of codes that an earlier try has inserted
}

// markOf returns the mark of the row for the code with this number.
func (i *insertion) markOf(n int) int64 { return i.mark + int64(n) }

func (i *insertion) isOneStatement() bool {
	values := make(map[string]bool, len(i.codes))
	for _, code := range i.codes {
		if values[code.Canonical] || !code.Retry.IsZero() || len(code.Events) > 0 {
			return false
		}
		values[code.Canonical] = true
	}
	return true
}

// run tries the insertion once. Codes of one call that ask for the same thing go one after the
// other, so that the first gets it; nearly always there is one turn.
func (i *insertion) run(ctx context.Context, q querier) error {
	i.tries++
	i.results = make([]codes.InsertResult, len(i.codes))
	i.there = map[int]bool{}
	for rest := numbers(len(i.codes)); len(rest) > 0; {
		var turn []int
		turn, rest = i.split(rest)
		if err := i.take(ctx, q, turn); err != nil {
			return err
		}
	}
	return i.addEvents(ctx, q)
}

func (i *insertion) hasEvents() bool {
	return slices.ContainsFunc(i.codes, func(code *codes.NewCode) bool { return len(code.Events) > 0 })
}

// addEvents stores the events of the codes that were inserted. Codes that an earlier try may have
// inserted have their events already.
func (i *insertion) addEvents(ctx context.Context, q querier) error {
	var events []*event.Event
	for n, code := range i.codes {
		if i.results[n].Outcome == codes.Inserted && !i.there[n] {
			events = append(events, code.Events...)
		}
	}
	return plainTx{ctx, q, i.store}.AddEvents(events...)
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// split divides codes, by their numbers, into those with different values and different retry keys,
// and the others.
func (i *insertion) split(codes []int) (turn, rest []int) {
	values, keys := map[string]bool{}, map[[16]byte]bool{}
	for _, n := range codes {
		code := i.codes[n]
		if values[code.Canonical] || !code.Retry.IsZero() && keys[code.Retry.Key] {
			rest = append(rest, n)
			continue
		}
		turn = append(turn, n)
		values[code.Canonical] = true
		if !code.Retry.IsZero() {
			keys[code.Retry.Key] = true
		}
	}
	return turn, rest
}

// take inserts codes that do not conflict with each other.
func (i *insertion) take(ctx context.Context, q querier, turn []int) error {
	free, err := i.claimKeys(ctx, q, turn)
	if err != nil {
		return err
	}
	inserted, err := i.insertRows(ctx, q, free)
	if err != nil {
		return err
	}
	var unused [][]byte
	for _, n := range free {
		switch code := i.codes[n]; {
		case inserted[code.Canonical]:
			i.results[n].Outcome = codes.Inserted
		default:
			i.results[n].Outcome = codes.CodeTaken
			if !code.Retry.IsZero() {
				unused = append(unused, code.Retry.Key[:])
			}
		}
	}
	if unused == nil {
		return nil
	}
	if _, err := q.Exec(ctx, "DELETE FROM code_retries WHERE retry_key = ANY ($1)", unused); err != nil {
		return fmt.Errorf("give retry keys back: %w", err)
	}
	return nil
}

// What an insert does with a value that is taken. The first try leaves the row alone. A later try,
// which may find rows of its own, writes those again unchanged, for the reason given at usedKeys,
// and returns them, too. If codes have events, both are done, one after the other: that shows which
// rows are new, and their events are stored.
const (
	leaveTaken = " ON CONFLICT (canonical) DO NOTHING RETURNING canonical"
	findOwn    = " ON CONFLICT (canonical) DO UPDATE SET mark = codes.mark " +
		"WHERE codes.mark = excluded.mark RETURNING canonical"
)

// insertRows inserts rows in the given order and returns the canonical forms of those that this call
// made, in this or an earlier try.
func (i *insertion) insertRows(ctx context.Context, q querier, order []int) (map[string]bool, error) {
	inserted := map[string]bool{}
	for some := range slices.Chunk(order, i.engine.mostRows(len(insertTypes))) {
		made, err := i.insertSome(ctx, q, some)
		if err != nil {
			return nil, err
		}
		maps.Copy(inserted, made)
	}
	return inserted, nil
}

// insertSome is insertRows for no more rows than a statement takes.
func (i *insertion) insertSome(ctx context.Context, q querier, order []int) (map[string]bool, error) {
	args, err := i.arguments(order)
	if err != nil {
		return nil, err
	}
	insert := func(whenTaken string) (map[string]bool, error) {
		values := i.engine.rows(insertTypes, len(order))
		rows, err := q.Query(ctx, "INSERT INTO codes ("+insertColumns+") "+values+whenTaken, args...)
		inserted, err := rowsOf(rows, err, pgx.RowTo[string])
		if err != nil {
			return nil, fmt.Errorf("insert codes: %w", err)
		}
		return setOf(inserted), nil
	}
	if i.tries == 1 {
		return insert(leaveTaken)
	}
	if !i.hasEvents() {
		return insert(findOwn)
	}
	inserted, err := insert(leaveTaken)
	if err != nil {
		return nil, err
	}
	own, err := insert(findOwn)
	for _, n := range order {
		canonical := i.codes[n].Canonical
		i.there[n] = own[canonical] && !inserted[canonical]
	}
	return own, err
}

// insertColumns are the columns of an insert, in the order of arguments, and insertTypes are their
// types.
var insertColumns, insertTypes = func() (string, []string) {
	columns, types := "canonical, mark, retry_key, retry_fingerprint", []string{"text", "bigint", "bytea", "bytea"}
	for _, f := range insertedFields {
		columns, types = columns+", "+f.Column, append(types, sqlType(f))
	}
	return columns, types
}()

// arguments returns the values of insertColumns in the form that the engine's rows method takes.
func (i *insertion) arguments(order []int) ([]any, error) {
	rows := make([][]any, len(order))
	for row, n := range order {
		code := i.codes[n]
		var key, print []byte
		if !code.Retry.IsZero() {
			key, print = code.Retry.Key[:], code.Retry.Fingerprint[:]
		}
		rows[row] = append(make([]any, 0, len(insertTypes)), code.Canonical, i.markOf(n), key, print)
		for f := range insertedFields {
			value, err := argument(insertedFields[f].Of(&code.Code))
			if err != nil {
				return nil, err
			}
			rows[row] = append(rows[row], value)
		}
	}
	return i.engine.arguments(rows), nil
}
