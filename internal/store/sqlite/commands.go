package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// Execute implements [codes.RedemptionStore]. The write lock excludes all other writers.
func (s *Store) Execute(ctx context.Context, commands []*codes.Command) (results []codes.Result, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		results, err = execute(conn, commands)
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// execute carries out commands within a transaction.
func execute(conn *sqlite.Conn, commands []*codes.Command) ([]codes.Result, error) {
	unit := codes.NewUnitOfWork(commands, false)
	list, err := load(conn, unit)
	if err != nil {
		return nil, err
	}
	results := unit.Run()
	return results, store(conn, unit, list)
}

// DryRun implements [codes.RedemptionStore]. It reads one state of the database: a single query does
// so by itself, several need a transaction.
func (s *Store) DryRun(ctx context.Context, commands []*codes.Command) (results []codes.Result, err error) {
	unit := codes.NewUnitOfWork(commands, false)
	err = s.read(ctx, func(conn *sqlite.Conn) (err error) {
		if len(commands) > 1 || len(unit.UsersToLoad()) > 0 {
			if err := exec(conn, "BEGIN"); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, exec(conn, "COMMIT")) }()
		}
		_, err = load(conn, unit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return unit.Run(), nil
}

// storedCodes are rows of the table codes by their canonical forms.
type storedCodes map[string]*storedCode

// load loads what a unit of work asks for and returns the rows of its codes.
func load(conn *sqlite.Conn, unit *codes.UnitOfWork) (storedCodes, error) {
	list := storedCodes{}
	for _, ref := range unit.CodeRefs() {
		code, err := codeOf(conn, unit.At(), ref.WorkspaceID, ref.Canonical)
		if errors.Is(err, core.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list[ref.Canonical] = code
		unit.LoadCode(&codes.TrackedCode{
			Code: code.Code, Retry: code.Retry, Canonical: ref.Canonical, Held: code.held,
		})
	}
	return list, loadRest(conn, unit)
}

// loadRest loads what a unit of work asks for beside its codes, which are loaded.
func loadRest(conn *sqlite.Conn, unit *codes.UnitOfWork) error {
	for _, canonical := range unit.UsageToLoad() {
		if unit.Owner(canonical) == nil {
			continue // it belongs to another workspace, or does not exist
		}
		if err := loadUsage(conn, unit, canonical); err != nil {
			return err
		}
	}
	for _, canonical := range unit.FormsToLoad() {
		if err := loadTaken(conn, unit, canonical); err != nil {
			return err
		}
	}
	if err := loadUsers(conn, unit); err != nil {
		return err
	}
	const named = "WHERE workspace_id = ?1 AND id = ?2 AND canonical = ?3" // by the key: a code may have many
	for _, ref := range unit.RedemptionsToLoad() {
		if err := loadRedemptions(conn, unit, named, unit.Owner(ref.Canonical), ref.ID[:], ref.Canonical); err != nil {
			return err
		}
	}
	for _, ref := range unit.ReservationsToLoad() {
		if err := loadReservations(conn, unit, named, unit.Owner(ref.Canonical), ref.ID[:], ref.Canonical); err != nil {
			return err
		}
	}
	return nil
}

func loadUsage(conn *sqlite.Conn, unit *codes.UnitOfWork, canonical string) error {
	return one(conn, `
		SELECT EXISTS (SELECT 1 FROM codes WHERE canonical = ?1 AND first_redemption IS NOT NULL)
		    OR EXISTS (SELECT 1 FROM redemptions WHERE canonical = ?1 AND later = 1)
		    OR EXISTS (SELECT 1 FROM reservations WHERE canonical = ?1)`,
		[]any{canonical}, func(stmt *sqlite.Stmt) { unit.LoadUsage(canonical, stmt.ColumnBool(0)) })
}

func loadTaken(conn *sqlite.Conn, unit *codes.UnitOfWork, canonical string) error {
	err := one(conn, "SELECT 1 FROM codes WHERE canonical = ?1", []any{canonical}, func(*sqlite.Stmt) {
		unit.LoadTaken(canonical)
	})
	return ignoreNotFound(err)
}

// loadUsers loads users, and their redemptions and reservations where there can be any. It may load
// those of further codes, too: a user has few.
func loadUsers(conn *sqlite.Conn, unit *codes.UnitOfWork) error {
	for _, ref := range unit.UsersToLoad() {
		user, err := findUser(conn, ref)
		if err == nil {
			unit.LoadUser(user)
		} else if !errors.Is(err, core.ErrNotFound) {
			return err
		}
	}
	which := redemptionsOfUser + " AND rolled_back_at IS NULL"
	if unit.NeedsRolledBack() {
		which = redemptionsOfUser
	}
	for _, ref := range unit.RedeemersToLoad() {
		if err := loadRedemptions(conn, unit, which, ref.WorkspaceID[:], ref.ID); err != nil {
			return err
		}
	}
	if len(unit.HeldToLoad()) == 0 {
		return nil
	}
	for _, ref := range unit.UsersToLoad() {
		err := loadReservations(conn, unit, reservationsOfUser+" AND state = 'held'", ref.WorkspaceID[:], ref.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

func loadRedemptions(conn *sqlite.Conn, unit *codes.UnitOfWork, which string, args ...any) error {
	found, err := findRedemptions(conn, which, args...)
	for _, r := range found {
		unit.LoadRedemption(r.canonical, r.Redemption)
	}
	return err
}

func loadReservations(conn *sqlite.Conn, unit *codes.UnitOfWork, which string, args ...any) error {
	found, err := findReservations(conn, which, args...)
	for _, r := range found {
		unit.LoadReservation(r.canonical, r.Reservation)
	}
	return err
}

// store stores the changes of a unit of work into which these codes were loaded.
func store(conn *sqlite.Conn, unit *codes.UnitOfWork, codes storedCodes) error {
	for _, r := range unit.ChangedRedemptions() {
		if err := storeRedemption(conn, r, codes[r.Canonical]); err != nil {
			return fmt.Errorf("store redemption: %w", err)
		}
	}
	// After the redemptions: a code's row names the first of them.
	for _, code := range unit.ChangedCodes() {
		if err := storeCode(conn, code, codes[code.Canonical]); err != nil {
			return fmt.Errorf("store code: %w", err)
		}
	}
	for _, user := range unit.ChangedUsers() {
		if err := storeUser(conn, user); err != nil {
			return fmt.Errorf("store user: %w", err)
		}
	}
	for _, r := range unit.ChangedReservations() {
		if err := storeReservation(conn, r); err != nil {
			return fmt.Errorf("store reservation: %w", err)
		}
	}
	events, err := unit.Events()
	if err != nil {
		return err
	}
	return insertEvents(conn, events)
}

func storeCode(conn *sqlite.Conn, code *codes.TrackedCode, stored *storedCode) error {
	switch code.Change {
	case codes.Added:
		return addCode(conn, code)
	case codes.Removed:
		return removeCode(conn, stored)
	case codes.Changed:
		return changeCode(conn, code, stored)
	default: // the counters only
		stmt, err := conn.Prepare(`
			UPDATE codes SET redemptions = ?2, reservations = ?3, first_redemption = coalesce(?4, first_redemption)
			WHERE rowid = ?1`)
		if err != nil {
			return err
		}
		bindCounters(stmt, code, stored)
		_, err = stmt.Step()
		return err
	}
}

// addCode inserts a code that was deleted. The mark of the retry that made it is with the code again.
func addCode(conn *sqlite.Conn, code *codes.TrackedCode) error {
	if !code.Retry.IsZero() {
		err := run(conn, "DELETE FROM deleted_retries WHERE retry_key = ?1 AND workspace_id = ?2",
			code.Retry.Key[:], code.WorkspaceID[:])
		if err != nil {
			return err
		}
	}
	result, err := insert(conn, &codes.NewCode{Code: code.Code, Canonical: code.Canonical, Retry: code.Retry})
	if err == nil && result.Outcome != codes.Inserted {
		err = fmt.Errorf("it is taken: %d", result.Outcome)
	}
	return err
}

// removeCode deletes a code. The mark of the retry that made it stays.
func removeCode(conn *sqlite.Conn, stored *storedCode) error {
	if err := run(conn, "DELETE FROM codes WHERE rowid = ?1", stored.rowid); err != nil || stored.Retry.IsZero() {
		return err
	}
	return run(conn, "INSERT INTO deleted_retries (retry_key, workspace_id, fingerprint) VALUES (?1, ?2, ?3)",
		stored.Retry.Key[:], stored.WorkspaceID[:], stored.Retry.Fingerprint[:])
}

// changedFields are the fields of a code that can change.
var changedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool { return !f.Changes })

// updateCode stores a code's counters and the fields that can change.
var updateCode = func() string {
	statement := "UPDATE codes SET redemptions = ?2, reservations = ?3, first_redemption = coalesce(?4, first_redemption)"
	for i, f := range changedFields {
		statement += fmt.Sprintf(", %s = ?%d", f.Column, i+5)
	}
	return statement + " WHERE rowid = ?1"
}()

func changeCode(conn *sqlite.Conn, code *codes.TrackedCode, stored *storedCode) error {
	stmt, err := conn.Prepare(updateCode)
	if err != nil {
		return err
	}
	bindCounters(stmt, code, stored)
	for i := range changedFields {
		if err := bindValue(stmt, i+5, changedFields[i].Of(&code.Code)); err != nil {
			return err
		}
	}
	_, err = stmt.Step()
	return err
}

// bindCounters binds the first parameters, which both statements share.
func bindCounters(stmt *sqlite.Stmt, code *codes.TrackedCode, stored *storedCode) {
	stmt.BindInt64(1, stored.rowid)
	stmt.BindInt64(2, code.Redemptions)
	stmt.BindInt64(3, code.Held)
	bindID(stmt, 4, stored.first)
}
