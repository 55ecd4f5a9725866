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

// Execute implements [codes.RedemptionStore]. It locks codes first, then users, each in a fixed
// order; then nobody else can change what the commands depend on. A user who does not exist cannot
// be locked: if two transactions add the same user, the second one notices it and starts again.
func (s *Store) Execute(ctx context.Context, commands []*codes.Command) (results []codes.Result, err error) {
	if len(commands) == 0 {
		return nil, ctx.Err()
	}
	k := idempotent
	for _, command := range commands {
		if !command.Idempotent {
			k = once
		}
	}
	tries := 0
	var lostResults []codes.Result // of a try that may have succeeded
	err = s.attempt(ctx, k, func(ctx context.Context, q querier) error {
		tries++
		results = nil
		err := s.carryOut(ctx, q, codes.NewUnitOfWork(commands, tries > 1), &results)
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

// disown removes the replay mark from results that an earlier try of the same call has produced. No
// earlier request produced them.
func disown(results, lostResults []codes.Result) {
	for i, earlier := range lostResults {
		if earlier.Err == nil && !earlier.Replayed {
			results[i].Replayed = false
		}
	}
}

// carryOut loads, runs and stores in a transaction of two round trips: the first begins it and the
// second ends it. If a statement fails, those after it do not run, above all the commit.
func (s *Store) carryOut(ctx context.Context, q querier, unit *codes.UnitOfWork, results *[]codes.Result) error {
	first := new(pgx.Batch)
	first.Queue("BEGIN")
	s.load(first, unit, true)
	if err := q.SendBatch(ctx, first).Close(); err != nil {
		return uncommitted{fmt.Errorf("look up what commands need: %w", err)}
	}
	*results = unit.Run()
	last := new(pgx.Batch)
	if err := s.store(ctx, q, last, unit); err != nil {
		return uncommitted{err}
	}
	err := sendAndCommit(ctx, q, last)
	if hasClass(err, uniqueViolation) {
		return errAgain // another transaction has added the same user, or an earlier try has succeeded
	}
	if err != nil {
		return fmt.Errorf("store what commands changed: %w", err)
	}
	return nil
}

// sendAndCommit sends statements and a commit together. If a statement fails, the commit is not
// carried out; if the connection breaks, it may have been.
func sendAndCommit(ctx context.Context, q querier, batch *pgx.Batch) error {
	statements := batch.Len()
	batch.Queue("COMMIT")
	results := q.SendBatch(ctx, batch)
	for range statements {
		_, err := results.Exec()
		if _, ok := errors.AsType[*pgconn.PgError](err); ok {
			err = uncommitted{err}
		}
		if err != nil {
			_ = results.Close() // with the same error
			return err
		}
	}
	return results.Close()
}

// uniqueViolation is the SQLSTATE unique_violation.
const uniqueViolation = "23505"

// DryRun implements [codes.RedemptionStore].
func (s *Store) DryRun(ctx context.Context, commands []*codes.Command) (results []codes.Result, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		unit, batch := codes.NewUnitOfWork(commands, false), new(pgx.Batch)
		s.load(batch, unit, false)
		if err := q.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("look up what commands need: %w", err)
		}
		results = unit.Run()
		return nil
	})
	return results, err
}

// load adds to a batch the queries that load what a unit of work asks for. With lock they also lock
// what must not change meanwhile.
func (s *Store) load(batch *pgx.Batch, unit *codes.UnitOfWork, lock bool) {
	canonicals, at := unit.CodesToLoad(), unit.At()
	loadCode := func(c *storedCode) {
		unit.LoadCode(&codes.TrackedCode{Code: c.Code, Canonical: c.canonical, Held: c.held})
	}
	if lock { // the reservations that have lapsed are counted after the wait for the lock
		locked := s.engine().lockCodes(codeColumns+", c.reservations", " AND "+ofWorkspaces+"($2)) IS TRUE")
		queue(batch, scanCode, loadCode, locked,
			canonicals, unit.Workspaces())
		queue(batch, pgx.RowToStructByPos[count], func(lapsed count) { unit.LoadLapsed(lapsed.Canonical, lapsed.Rows) },
			countLapsed, canonicals, at)
	} else {
		queue(batch, scanCode, loadCode, codesNamed, at, canonicals, unit.Workspaces())
	}
	for _, asked := range unit.UsageToLoad() {
		for _, table := range []string{"redemptions", "reservations"} { // these may hold very many rows of one code
			queue(batch, pgx.RowTo[string], func(canonical string) { unit.LoadUsage(canonical, true) },
				"SELECT canonical FROM "+table+" WHERE canonical = $1 LIMIT 1", asked)
		}
	}
	if users := unit.UsersToLoad(); len(users) > 0 {
		s.loadUsers(batch, unit, users, canonicals, lock)
	}
	const named = " WHERE canonical = ANY ($1) AND id = ANY ($2)"
	if refs := unit.RedemptionsToLoad(); len(refs) > 0 {
		loadRedemptions(batch, unit, " FROM redemptions"+named, names(refs)...)
	}
	if refs := unit.ReservationsToLoad(); len(refs) > 0 {
		loadReservations(batch, unit, " FROM reservations"+named, names(refs)...)
	}
}

// countLapsed counts the reservations of codes that are stored as held and have lapsed at an
// instant.
const countLapsed = "SELECT canonical, count(*) FROM reservations WHERE canonical = ANY ($1) AND state = 'held' " +
	"AND expires_at <= $2 GROUP BY canonical"

// count is the number of rows of a code.
type count struct {
	Canonical string
	Rows      int64
}

// standing selects the redemptions of users that were not rolled back, for ofUsers.
const standing = " AND rolled_back_at IS NULL"

// theyHold selects the held reservations of users, for ofUsers. It must not use an index of the held
// reservations of all users.
const theyHold = " AND (state = 'held') IS TRUE"

// loadUsers loads users, and their redemptions that stand (or all, if the unit of work asks for
// them) and held reservations of these codes.
func (s *Store) loadUsers(
	batch *pgx.Batch, unit *codes.UnitOfWork, users []codes.UserRef, canonicals []string, lock bool,
) {
	named := userNames(users)
	queue(batch, scanUser, unit.LoadUser, s.engine().users(userColumns, lock), named...)
	which := standing
	if unit.NeedsRolledBack() {
		which = ""
	}
	ofCodes := append(named, canonicals)
	loadRedemptions(batch, unit, s.engine().ofUsers("redemptions", which+s.engine().ofCodes()), ofCodes...)
	loadReservations(batch, unit, s.engine().ofUsers("reservations", theyHold+s.engine().ofCodes()), ofCodes...)
	if histories := unit.HistoriesToLoad(); len(histories) > 0 {
		loadRedemptions(batch, unit, s.engine().ofUsers("redemptions", which), userNames(histories)...)
	}
}

// userNames returns the arguments that name users.
func userNames(users []codes.UserRef) []any {
	workspaces, ids := make([][16]byte, len(users)), make([]string, len(users))
	for i, user := range users {
		workspaces[i], ids[i] = user.WorkspaceID, user.ID
	}
	return []any{workspaces, ids}
}

func loadRedemptions(batch *pgx.Batch, unit *codes.UnitOfWork, from string, args ...any) {
	queue(batch, scanRedemption, func(r storedRedemption) { unit.LoadRedemption(r.canonical, r.Redemption) },
		"SELECT "+redemptionColumns+from, args...)
}

func loadReservations(batch *pgx.Batch, unit *codes.UnitOfWork, from string, args ...any) {
	queue(batch, scanReservation, func(r storedReservation) { unit.LoadReservation(r.canonical, r.Reservation) },
		"SELECT "+reservationColumns+from, args...)
}

// names returns the arguments that name redemptions or reservations.
func names(refs []codes.Ref) []any {
	canonicals, ids := make([]string, len(refs)), make([][16]byte, len(refs))
	for i, ref := range refs {
		canonicals[i], ids[i] = ref.Canonical, ref.ID
	}
	return []any{canonicals, ids}
}

// queue adds a query to a batch, with a function for each of its rows.
func queue[T any](batch *pgx.Batch, scan pgx.RowToFunc[T], take func(T), query string, args ...any) {
	batch.Queue(query, args...).Query(func(rows pgx.Rows) error {
		all, err := pgx.CollectRows(rows, scan)
		for _, row := range all {
			take(row)
		}
		return err
	})
}

// store adds to a batch the statements that store the changes of a unit of work.
func (s *Store) store(ctx context.Context, q querier, batch *pgx.Batch, unit *codes.UnitOfWork) error {
	if err := s.storeCodes(ctx, q, batch, unit.ChangedCodes()); err != nil {
		return err
	}
	s.storeUsers(batch, unit.ChangedUsers())
	if err := s.storeRedemptions(batch, unit.ChangedRedemptions()); err != nil {
		return err
	}
	s.storeReservations(batch, unit.ChangedReservations())
	events, err := unit.Events()
	if err != nil {
		return err
	}
	s.queueEvents(batch, events) // after the rest: every row is locked now
	return nil
}

// insert adds an insert of rows to a batch. All rows must be new.
func (s *Store) insert(batch *pgx.Batch, table, columns string, types []string, rows [][]any) {
	if len(rows) == 0 {
		return
	}
	batch.Queue("INSERT INTO "+table+" ("+columns+") "+s.engine().rows(types, len(rows)), s.engine().arguments(rows)...)
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
			canonicals, redemptions, held = append(
				canonicals,
				code.Canonical,
			), append(
				redemptions,
				code.Redemptions,
			), append(
				held,
				code.Held,
			)
		}
	}
	if len(canonicals) > 0 {
		batch.Queue(countUses, canonicals, redemptions, held)
	}
	return nil
}

// countUses stores the counters of codes.
var countUses = "UPDATE codes SET redemptions = " + entryOf("$2", "redemptions") +
	", reservations = " + entryOf("$3", "reservations") + " WHERE canonical = ANY ($1::text[])"

// lowerHeldBy lowers the counters of codes that are held.
var lowerHeldBy = "UPDATE codes SET reservations = reservations - " + entryOf("$2", "0") +
	" WHERE canonical = ANY ($1::text[])"

// entryOf returns the entry for a row of codes in a parameter, an array beside that of the canonical
// forms in $1; there is one for every row. Without coalesce, Citus 13.2.0 to 14.0.1 takes it for an
// assignment to an entry, and crashes.
func entryOf(param, otherwise string) string {
	return "coalesce((" + param + "::bigint[])[array_position($1::text[], canonical)], " + otherwise + ")"
}

// updateCode stores the fields of a code that can change.
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

// removeCode deletes a code. The mark of the retry that made it stays. So does the claim of its key,
// which then names no code.
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
