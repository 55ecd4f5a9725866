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

// Act implements [codes.RedemptionStore]. The write lock keeps everybody else out.
func (s *Store) Execute(ctx context.Context, acts []*codes.Command) (results []codes.Result, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		book := codes.NewUnitOfWork(acts, false)
		codes, err := enter(conn, book)
		if err != nil {
			return err
		}
		results = book.Run()
		return store(conn, book, codes)
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Peek implements [codes.RedemptionStore]. What it sees is one state of the database: one query
// sees that by itself, several need a transaction.
func (s *Store) DryRun(ctx context.Context, acts []*codes.Command) (results []codes.Result, err error) {
	book := codes.NewUnitOfWork(acts, false)
	err = s.read(ctx, func(conn *sqlite.Conn) (err error) {
		if len(acts) > 1 || len(book.UsersToLoad()) > 0 {
			if err := exec(conn, "BEGIN"); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, exec(conn, "COMMIT")) }()
		}
		_, err = enter(conn, book)
		return err
	})
	if err != nil {
		return nil, err
	}
	return book.Run(), nil
}

// storedCodes are rows of the table codes by their canonical forms.
type storedCodes map[string]*storedCode

// enter enters what a book asks for and returns the codes' rows.
func enter(conn *sqlite.Conn, book *codes.UnitOfWork) (storedCodes, error) {
	list := storedCodes{}
	someHeld := false
	for _, ref := range book.CodeRefs() {
		code, err := codeOf(conn, book.At(), ref.WorkspaceID, ref.Canonical)
		if errors.Is(err, core.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list[ref.Canonical] = code
		someHeld = someHeld || code.held > 0
		book.LoadCode(&codes.TrackedCode{Code: code.Code, Canonical: ref.Canonical, Held: code.held})
	}
	return list, enterRest(conn, book, someHeld)
}

// enterRest enters what belongs to the codes of a book. someHeld: some may have reservations.
func enterRest(conn *sqlite.Conn, book *codes.UnitOfWork, someHeld bool) error {
	for _, canonical := range book.UsageToLoad() {
		if book.Owner(canonical) == nil {
			continue // of another workspace, or none
		}
		if err := enterUsed(conn, book, canonical); err != nil {
			return err
		}
	}
	for _, ref := range book.UsersToLoad() {
		if err := enterUser(conn, book, ref, someHeld); err != nil {
			return err
		}
	}
	const named = "WHERE workspace_id = ?1 AND id = ?2 AND canonical = ?3" // by the key: a code may have many
	for _, ref := range book.RedemptionsToLoad() {
		if err := enterRedemptions(conn, book, named, book.Owner(ref.Canonical), ref.ID[:], ref.Canonical); err != nil {
			return err
		}
	}
	for _, ref := range book.ReservationsToLoad() {
		if err := enterReservations(conn, book, named, book.Owner(ref.Canonical), ref.ID[:], ref.Canonical); err != nil {
			return err
		}
	}
	return nil
}

func enterUsed(conn *sqlite.Conn, book *codes.UnitOfWork, canonical string) error {
	return one(conn, `
		SELECT EXISTS (SELECT 1 FROM codes WHERE canonical = ?1 AND first_redemption IS NOT NULL)
		    OR EXISTS (SELECT 1 FROM redemptions WHERE canonical = ?1 AND later = 1)
		    OR EXISTS (SELECT 1 FROM reservations WHERE canonical = ?1)`,
		[]any{canonical}, func(stmt *sqlite.Stmt) { book.LoadUsage(canonical, stmt.ColumnBool(0)) })
}

// enterUser enters a user with what the rules need to know of them. Only somebody who is
// registered has redemptions that stand.
func enterUser(conn *sqlite.Conn, book *codes.UnitOfWork, ref codes.UserRef, someHeld bool) error {
	user, err := findUser(conn, ref)
	registered := err == nil
	if registered {
		book.LoadUser(user)
	} else if errors.Is(err, core.ErrNotFound) {
		err = nil
	}
	switch {
	case err != nil:
	case book.AsksRolledBack():
		err = enterRedemptions(conn, book, redemptionsOfUser, ref.WorkspaceID[:], ref.ID)
	case registered:
		err = enterRedemptions(conn, book, redemptionsOfUser+" AND rolled_back_at IS NULL", ref.WorkspaceID[:], ref.ID)
	}
	if err == nil && someHeld {
		err = enterReservations(conn, book, reservationsOfUser+" AND state = 'held'", ref.WorkspaceID[:], ref.ID)
	}
	return err
}

func enterRedemptions(conn *sqlite.Conn, book *codes.UnitOfWork, which string, args ...any) error {
	found, err := findRedemptions(conn, which, args...)
	for _, r := range found {
		book.LoadRedemption(r.canonical, r.Redemption)
	}
	return err
}

func enterReservations(conn *sqlite.Conn, book *codes.UnitOfWork, which string, args ...any) error {
	found, err := findReservations(conn, which, args...)
	for _, r := range found {
		book.LoadReservation(r.canonical, r.Reservation)
	}
	return err
}

// store stores what has changed in a book that these codes were entered in.
func store(conn *sqlite.Conn, book *codes.UnitOfWork, codes storedCodes) error {
	for _, r := range book.ChangedRedemptions() {
		if err := storeRedemption(conn, r, codes[r.Canonical]); err != nil {
			return fmt.Errorf("store redemption: %w", err)
		}
	}
	// Behind the redemptions, of which a code's row names the first.
	for _, code := range book.ChangedCodes() {
		if err := storeCode(conn, code, codes[code.Canonical]); err != nil {
			return fmt.Errorf("store code: %w", err)
		}
	}
	for _, user := range book.ChangedUsers() {
		if err := storeUser(conn, user); err != nil {
			return fmt.Errorf("store user: %w", err)
		}
	}
	for _, r := range book.ChangedReservations() {
		if err := storeReservation(conn, r); err != nil {
			return fmt.Errorf("store reservation: %w", err)
		}
	}
	events, err := book.Events()
	if err != nil {
		return err
	}
	return insertEvents(conn, events)
}

func storeCode(conn *sqlite.Conn, code *codes.TrackedCode, stored *storedCode) error {
	switch code.Change {
	case codes.Removed:
		return removeCode(conn, stored)
	case codes.Changed:
		return changeCode(conn, code, stored)
	default: // the counters only
		stmt, err := conn.Prepare(`
			UPDATE codes SET redemptions = ?2, reservations = ?3, first_redemption = coalesce(?4, first_redemption) WHERE rowid = ?1`)
		if err != nil {
			return err
		}
		bindCounters(stmt, code, stored)
		_, err = stmt.Step()
		return err
	}
}

// removeCode deletes a code. The mark of the retry that made it stays.
func removeCode(conn *sqlite.Conn, stored *storedCode) error {
	if err := run(conn, "DELETE FROM codes WHERE rowid = ?1", stored.rowid); err != nil || stored.Retry.IsZero() {
		return err
	}
	return run(conn, "INSERT INTO deleted_retries (retry_key, workspace_id, fingerprint) VALUES (?1, ?2, ?3)",
		stored.Retry.Key[:], stored.WorkspaceID[:], stored.Retry.Fingerprint[:])
}

// changedFields are the fields of a code that may become others.
var changedFields = slices.DeleteFunc(slices.Clone(codes.Fields()), func(f codes.Field) bool { return !f.Changes })

// updateCode stores a code's counters and the fields that may have changed.
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

// bindCounters binds the parameters that both statements begin with.
func bindCounters(stmt *sqlite.Stmt, code *codes.TrackedCode, stored *storedCode) {
	stmt.BindInt64(1, stored.rowid)
	stmt.BindInt64(2, code.Redemptions)
	stmt.BindInt64(3, code.Held)
	bindID(stmt, 4, stored.first)
}
