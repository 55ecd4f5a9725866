package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"accesscodes/internal/codes"
)

// Act implements [codes.RedemptionStore]. Codes are locked first, then users, each in their order;
// then nobody else can change what the acts depend on. A user who is not there cannot be
// locked: of two transactions that add the same one, the second finds that out and starts
// again.
func (s *Store) Execute(ctx context.Context, acts []*codes.Command) (results []codes.Result, err error) {
	if len(acts) == 0 {
		return nil, ctx.Err()
	}
	k := again
	for _, act := range acts {
		if !act.Idempotent {
			k = single
		}
	}
	tries := 0
	var lostResults []codes.Result // of a try that may have been done
	err = s.act(ctx, k, func(ctx context.Context, q querier) error {
		tries++
		results = nil
		err := s.carryOut(ctx, q, codes.NewUnitOfWork(acts, tries > 1), &results)
		if err != nil {
			_, _ = q.Exec(ctx, "ROLLBACK") // a connection that is still in a transaction is not used again
		}
		if fateOf(err) == lost && results != nil {
			lostResults = results
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	disown(results, lostResults)
	return results, nil
}

// disown takes the mark of a replay from what was done by an earlier try of the same call, and
// by no earlier request.
func disown(results, lostResults []codes.Result) {
	for i, earlier := range lostResults {
		if earlier.Err == nil && !earlier.Replayed {
			results[i].Replayed = false
		}
	}
}

// carryOut looks up, settles and stores in a transaction of two round trips: the first begins
// it and the second ends it. A statement that fails keeps those behind it from being run, the
// commit above all.
func (s *Store) carryOut(ctx context.Context, q querier, book *codes.UnitOfWork, results *[]codes.Result) error {
	first := new(pgx.Batch)
	first.Queue("BEGIN")
	s.enter(first, book, true)
	if err := q.SendBatch(ctx, first).Close(); err != nil {
		return fmt.Errorf("look up what acts need: %w", err)
	}
	*results = book.Run()
	last := new(pgx.Batch)
	if err := s.store(ctx, q, last, book); err != nil {
		return err
	}
	last.Queue("COMMIT")
	err := q.SendBatch(ctx, last).Close()
	if server, ok := errors.AsType[*pgconn.PgError](err); ok && server.Code == uniqueViolation {
		return errAgain // somebody else has added the same user, or an earlier try has done this one
	}
	if err != nil {
		return fmt.Errorf("store what acts changed: %w", err)
	}
	return nil
}

// uniqueViolation is the SQLSTATE unique_violation.
const uniqueViolation = "23505"

// Peek implements [codes.RedemptionStore].
func (s *Store) DryRun(ctx context.Context, acts []*codes.Command) (results []codes.Result, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		book, batch := codes.NewUnitOfWork(acts, false), new(pgx.Batch)
		s.enter(batch, book, false)
		if err := q.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("look up what acts need: %w", err)
		}
		results = book.Run()
		return nil
	})
	return results, err
}

// enter adds the queries to a batch that enter what a book asks for, and if need be lock what
// must not change meanwhile.
func (s *Store) enter(batch *pgx.Batch, book *codes.UnitOfWork, lock bool) {
	canonicals, at := book.CodesToLoad(), book.At()
	enterCode := func(c *storedCode) {
		book.LoadCode(&codes.TrackedCode{Code: c.Code, Canonical: c.canonical, Held: c.held})
	}
	if lock { // the reservations that have lapsed are counted after the wait for the lock
		queue(batch, scanCode, enterCode, s.engine.lockCodes(codeColumns+", c.reservations", " AND "+ofWorkspaces+"($2)) IS TRUE"),
			canonicals, book.Workspaces())
		queue(batch, pgx.RowToStructByPos[count], func(lapsed count) { book.EnterLapsed(lapsed.Canonical, lapsed.Rows) },
			countLapsed, canonicals, at)
	} else {
		queue(batch, scanCode, enterCode, codesNamed, at, canonicals, book.Workspaces())
	}
	for _, asked := range book.UsageToLoad() {
		for _, table := range []string{"redemptions", "reservations"} { // which may hold very many of one code
			queue(batch, pgx.RowTo[string], func(canonical string) { book.LoadUsage(canonical, true) },
				"SELECT canonical FROM "+table+" WHERE canonical = $1 LIMIT 1", asked)
		}
	}
	if users := book.UsersToLoad(); len(users) > 0 {
		s.enterUsers(batch, book, users, lock)
	}
	const named = " WHERE canonical = ANY ($1) AND id = ANY ($2)"
	if refs := book.RedemptionsToLoad(); len(refs) > 0 {
		enterRedemptions(batch, book, " FROM redemptions"+named, names(refs)...)
	}
	if refs := book.ReservationsToLoad(); len(refs) > 0 {
		enterReservations(batch, book, " FROM reservations"+named, names(refs)...)
	}
}

// countLapsed counts the reservations of codes that are stored as held and have lapsed at an
// instant.
const countLapsed = "SELECT canonical, count(*) FROM reservations WHERE canonical = ANY ($1) AND state = 'held' AND expires_at <= $2 GROUP BY canonical"

// count is how many rows there are of a code.
type count struct {
	Canonical string
	Rows      int64
}

// theyHold picks the reservations of users that are held, for ofUsers: not by an index of
// those that everybody holds.
const theyHold = " AND (state = 'held') IS TRUE"

// enterUsers enters users, the redemptions of theirs that stand, or all if the book asks for
// them, and the reservations that they hold.
func (s *Store) enterUsers(batch *pgx.Batch, book *codes.UnitOfWork, users []codes.UserRef, lock bool) {
	workspaces, ids := make([][16]byte, len(users)), make([]string, len(users))
	for i, user := range users {
		workspaces[i], ids[i] = user.WorkspaceID, user.ID
	}
	queue(batch, scanUser, book.LoadUser, s.engine.users(userColumns, lock), workspaces, ids)
	which := " AND rolled_back_at IS NULL"
	if book.AsksRolledBack() {
		which = ""
	}
	enterRedemptions(batch, book, s.engine.ofUsers("redemptions", which), workspaces, ids)
	enterReservations(batch, book, s.engine.ofUsers("reservations", theyHold), workspaces, ids)
}

func enterRedemptions(batch *pgx.Batch, book *codes.UnitOfWork, from string, args ...any) {
	queue(batch, scanRedemption, func(r storedRedemption) { book.LoadRedemption(r.canonical, r.Redemption) },
		"SELECT "+redemptionColumns+from, args...)
}

func enterReservations(batch *pgx.Batch, book *codes.UnitOfWork, from string, args ...any) {
	queue(batch, scanReservation, func(r storedReservation) { book.LoadReservation(r.canonical, r.Reservation) },
		"SELECT "+reservationColumns+from, args...)
}

// names are arguments that name redemptions or reservations.
func names(refs []codes.Ref) []any {
	canonicals, ids := make([]string, len(refs)), make([][16]byte, len(refs))
	for i, ref := range refs {
		canonicals[i], ids[i] = ref.Canonical, ref.ID
	}
	return []any{canonicals, ids}
}

// queue adds a query to a batch, and what is to be done with each of its rows.
func queue[T any](batch *pgx.Batch, scan pgx.RowToFunc[T], take func(T), query string, args ...any) {
	batch.Queue(query, args...).Query(func(rows pgx.Rows) error {
		all, err := pgx.CollectRows(rows, scan)
		for _, row := range all {
			take(row)
		}
		return err
	})
}

// store adds the statements to a batch that store what has changed in a book.
func (s *Store) store(ctx context.Context, q querier, batch *pgx.Batch, book *codes.UnitOfWork) error {
	if err := s.storeCodes(ctx, q, batch, book.ChangedCodes()); err != nil {
		return err
	}
	s.storeUsers(batch, book.ChangedUsers())
	if err := s.storeRedemptions(batch, book.ChangedRedemptions()); err != nil {
		return err
	}
	s.storeReservations(batch, book.ChangedReservations())
	events, err := book.Events()
	if err != nil {
		return err
	}
	s.queueEvents(batch, events) // behind the rest: every row is locked
	return nil
}

// insert adds an insert of rows to a batch. All must be new.
func (s *Store) insert(batch *pgx.Batch, table, columns string, types []string, rows [][]any) {
	if len(rows) == 0 {
		return
	}
	batch.Queue("INSERT INTO "+table+" ("+columns+") "+s.engine.rows(types, len(rows)), s.engine.arguments(rows)...)
}

func (s *Store) storeCodes(ctx context.Context, q querier, batch *pgx.Batch, list []*codes.TrackedCode) error {
	var canonicals []string
	var redemptions, held []int64
	for _, code := range list {
		switch code.Change {
		case codes.Removed:
			if err := removeCode(ctx, q, code.Canonical); err != nil {
				return err
			}
			continue
		case codes.Changed:
			if err := changeCode(batch, &code.Code, code.Canonical); err != nil {
				return err
			}
		}
		if code.Counted {
			canonicals, redemptions, held = append(canonicals, code.Canonical), append(redemptions, code.Redemptions), append(held, code.Held)
		}
	}
	if len(canonicals) > 0 {
		batch.Queue(`
			UPDATE codes SET redemptions = ($2::bigint[])[array_position($1::text[], canonical)], reservations = ($3::bigint[])[array_position($1::text[], canonical)]
			WHERE canonical = ANY ($1::text[])`, canonicals, redemptions, held)
	}
	return nil
}

// updateCode stores the fields of a code that may have changed.
var updateCode = func() string {
	var set []string
	for i, f := range changedFields {
		set = append(set, fmt.Sprintf("%s = $%d::%s", f.Column, i+2, sqlType(f)))
	}
	return "UPDATE codes SET " + strings.Join(set, ", ") + " WHERE canonical = $1"
}()

func changeCode(batch *pgx.Batch, code *codes.Code, canonical string) error {
	args := []any{canonical}
	for i := range changedFields {
		value, err := argument(changedFields[i].Of(code))
		if err != nil {
			return err
		}
		args = append(args, value)
	}
	batch.Queue(updateCode, args...)
	return nil
}

// removeCode deletes a code. The mark of the retry that made it stays, and so does the claim of
// its key, which then names no code.
func removeCode(ctx context.Context, q querier, canonical string) error {
	rows, err := q.Query(ctx, `
		DELETE FROM codes WHERE canonical = $1 RETURNING retry_key, workspace_id, retry_fingerprint`, canonical)
	marks, err := rowsOf(rows, err, scanDeletedRetry)
	if err == nil && len(marks) > 0 && marks[0].key != nil {
		mark := marks[0]
		_, err = q.Exec(ctx, "UPDATE code_retries SET canonical = '' WHERE retry_key = $1", mark.key)
		if err == nil {
			_, err = q.Exec(ctx, "INSERT INTO deleted_retries ("+deletedRetryColumns+") VALUES ($1, $2, $3)",
				mark.key, mark.workspace, mark.fingerprint)
		}
	}
	if err != nil {
		return fmt.Errorf("delete code: %w", err)
	}
	return nil
}
