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
		if fateOf(err, false) == lost && results != nil {
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

// carryOut loads, runs and stores in one transaction: in two round trips, or three where more must be
// loaded. If a statement fails, those after it do not run, above all the commit.
func (s *Store) carryOut(ctx context.Context, q querier, unit *codes.UnitOfWork, results *[]codes.Result) error {
	first := new(pgx.Batch)
	first.Queue("BEGIN")
	if err := s.load(ctx, q, first, unit, true); err != nil {
		return uncommitted{err}
	}
	*results = unit.Run()
	last := new(pgx.Batch)
	if err := s.store(last, unit); err != nil {
		return uncommitted{err}
	}
	err := sendAndCommit(ctx, q, last)
	if hasState(err, uniqueViolation) {
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
		if isRefused(err) {
			err = uncommitted{err}
		}
		if err != nil {
			_ = results.Close() // which repeats the error
			return err
		}
	}
	return results.Close()
}

// isRefused reports whether the database refused a statement, after which it carries out none of
// those behind it. What ends the session says less: a pooler says so in place of answers that were
// lost, perhaps that to the commit.
func isRefused(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && server.SeverityUnlocalized == "ERROR"
}

// uniqueViolation is the SQLSTATE unique_violation.
const uniqueViolation = "23505"

// DryRun implements [codes.RedemptionStore].
func (s *Store) DryRun(ctx context.Context, commands []*codes.Command) (results []codes.Result, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		unit := codes.NewUnitOfWork(commands, false)
		if err := s.load(ctx, q, new(pgx.Batch), unit, false); err != nil {
			return err
		}
		results = unit.Run()
		return nil
	})
	return results, err
}

// load loads what a unit of work asks for. The first batch may begin with other statements. With lock
// the queries also lock what must not change meanwhile. What belongs to codes and users is asked for
// in a second round trip, where there can be any. For a new user and a code without reservations
// there is none.
func (s *Store) load(ctx context.Context, q querier, first *pgx.Batch, unit *codes.UnitOfWork, lock bool) error {
	s.loadNamed(first, unit, lock)
	if err := q.SendBatch(ctx, first).Close(); err != nil {
		return fmt.Errorf("look up what commands name: %w", err)
	}
	second := new(pgx.Batch)
	s.loadRelated(second, unit, lock)
	if second.Len() == 0 {
		return nil
	}
	if err := q.SendBatch(ctx, second).Close(); err != nil {
		return fmt.Errorf("look up what commands need: %w", err)
	}
	return nil
}

// loadNamed adds to a batch the queries for what the commands name: codes, users, redemptions and
// reservations.
func (s *Store) loadNamed(batch *pgx.Batch, unit *codes.UnitOfWork, lock bool) {
	query := codesUncounted
	if lock {
		query = s.engine().lockCodes(codeColumns+", c.reservations", " AND "+ofWorkspaces+"($2)) IS TRUE")
	}
	queue(batch, scanCode, loadCodeInto(unit), query, unit.CodesToLoad(), unit.Workspaces())
	if users := unit.UsersToLoad(); len(users) > 0 {
		queue(batch, scanUser, unit.LoadUser, s.engine().users(userColumns, lock), userArgs(users)...)
	}
	if forms := unit.FormsToLoad(); len(forms) > 0 {
		queue(batch, pgx.RowTo[string], unit.LoadTaken, "SELECT canonical FROM codes WHERE canonical = ANY ($1)", forms)
	}
	if refs := unit.RedemptionsToLoad(); len(refs) > 0 {
		loadRedemptions(batch, unit, s.engine().named("redemptions"), names(refs)...)
	}
	if refs := unit.ReservationsToLoad(); len(refs) > 0 {
		loadReservations(batch, unit, s.engine().named("reservations"), names(refs)...)
	}
}

// loadCodeInto returns a function that loads a code into a unit of work.
func loadCodeInto(unit *codes.UnitOfWork) func(*storedCode) {
	return func(c *storedCode) {
		unit.LoadCode(&codes.TrackedCode{Code: c.Code, Retry: c.Retry, Canonical: c.canonical, Held: c.held})
	}
}

// loadRelated adds to a batch the queries for what belongs to the codes and users that were
// loaded.
func (s *Store) loadRelated(batch *pgx.Batch, unit *codes.UnitOfWork, lock bool) {
	held, users := unit.HeldToLoad(), unit.UsersToLoad()
	if len(held) > 0 {
		s.loadHeld(batch, unit, held, users, lock)
	}
	for _, asked := range unit.UsageToLoad() {
		for _, table := range []string{"redemptions", "reservations"} { // these may hold very many rows of one code
			queue(batch, pgx.RowTo[string], func(canonical string) { unit.LoadUsage(canonical, true) },
				"SELECT canonical FROM "+table+" WHERE canonical = $1 LIMIT 1", asked)
		}
	}
	which := standing
	if unit.NeedsRolledBack() {
		which = ""
	}
	if redeemers := unit.RedeemersToLoad(); len(redeemers) > 0 {
		loadRedemptions(batch, unit, s.engine().ofUsers("redemptions", which+s.engine().ofCodes()),
			append(userArgs(redeemers), unit.CodesToLoad())...)
	}
	if histories := unit.HistoriesToLoad(); len(histories) > 0 {
		loadRedemptions(batch, unit, s.engine().ofUsers("redemptions", which), userArgs(histories)...)
	}
}

// loadHeld adds to a batch the queries for the reservations of codes: how many are live, and those of
// users.
func (s *Store) loadHeld(
	batch *pgx.Batch, unit *codes.UnitOfWork, held []string, users []codes.UserRef, lock bool,
) {
	if lock { // counted after the wait for the lock
		queue(batch, pgx.RowToStructByPos[count], func(lapsed count) { unit.LoadLapsed(lapsed.Canonical, lapsed.Rows) },
			countLapsed, held, unit.At())
	} else { // a code and its reservations as they are in the same moment
		queue(batch, scanCode, loadCodeInto(unit), codesNamed, unit.At(), held, unit.Workspaces())
	}
	if len(users) > 0 {
		loadReservations(batch, unit, s.engine().ofUsers("reservations", theyHold+s.engine().ofCodes()),
			append(userArgs(users), held)...)
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

// userArgs returns the arguments that name users.
func userArgs(users []codes.UserRef) []any {
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
func (s *Store) store(batch *pgx.Batch, unit *codes.UnitOfWork) error {
	if err := s.storeCodes(batch, unit.ChangedCodes()); err != nil {
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
	e := s.engine()
	batch.Queue("INSERT INTO "+table+" ("+columns+") "+e.rows(types, len(rows)), e.arguments(rows)...)
}

func (s *Store) storeCodes(batch *pgx.Batch, list []*codes.TrackedCode) error {
	if err := s.addCodes(batch, list); err != nil {
		return err
	}
	s.removeCodes(batch, list)
	var canonicals []string
	var redemptions, held []int64
	for _, code := range list {
		switch code.Change {
		case codes.Added, codes.Removed:
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

// lowerReservations lowers the counters of codes that are held.
var lowerReservations = "UPDATE codes SET reservations = reservations - " + entryOf("$2", "0") +
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
