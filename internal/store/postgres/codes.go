package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// codeColumns are the columns that scanCode reads, in its order, before the live reservations.
var codeColumns = func() string {
	columns := "c.canonical, c.mark"
	for _, f := range scannedFields {
		columns += ", c." + f.Column
	}
	return columns + ", c.retry_key, c.retry_fingerprint, c.reservations"
}()

// liveReservations counts the reservations of a row of codes that hold a use at the instant in the
// first parameter. It counts the lapsed ones that are not tidied yet, which are few even if very
// many are live. Nothing is counted if all have lapsed, as at an instant far in the future. It must
// not be used in a statement that waits for a lock: it would count the state from before the wait.
const liveReservations = `
CASE WHEN c.reservations = 0 THEN 0 WHEN (SELECT max(r.expires_at)` + heldOf + `) > $1
THEN c.reservations - (SELECT count(*)` + heldOf + ` AND r.expires_at <= $1) ELSE 0 END`

const heldOf = " FROM reservations r WHERE r.canonical = c.canonical AND r.state = 'held'"

// codesUncounted reads the codes with these canonical forms in these workspaces, with all reservations
// that are stored as held.
var codesUncounted = "SELECT " + codeColumns + ", c.reservations FROM codes c WHERE c.canonical = ANY ($1) AND " +
	ofWorkspaces + "($2)) IS TRUE"

// codesNamed reads the codes with these canonical forms in these workspaces, as they are at an
// instant. It counts the live reservations as liveReservations does, in joins that name the forms
// again: so a distributed engine knows which shards to ask, and asks all of them otherwise.
var codesNamed = "SELECT " + codeColumns + `,
	CASE WHEN newest.expires_at > $1 THEN c.reservations - lapsed.rows ELSE 0 END
FROM codes c
LEFT JOIN LATERAL (
	SELECT max(expires_at) AS expires_at` + heldOfNamed + ` AND c.reservations > 0
) newest ON true
LEFT JOIN LATERAL (
	SELECT count(*) AS rows` + heldOfNamed + ` AND expires_at <= $1 AND newest.expires_at > $1
) lapsed ON true
WHERE c.canonical = ANY ($2) AND ` + ofWorkspaces + "($3)) IS TRUE"

const heldOfNamed = heldOf + " AND r.canonical = ANY ($2)"

// ofWorkspaces begins the condition that rows belong to some workspaces. Rows of others are not
// decoded, counted or locked. "IS TRUE" keeps the condition out of the indexes: a code is found by
// its canonical form.
const ofWorkspaces = "(c.workspace_id = ANY "

// storedCode is a row of the table codes.
type storedCode struct {
	codes.RetriedCode
	canonical string
	mark      int64
	held      int64 // reservations that are stored as held
}

// CodesTaken implements [codes.CodeStore].
func (s *Store) CodesTaken(ctx context.Context, canonicals []string) ([]bool, error) {
	taken := make([]bool, len(canonicals))
	err := s.read(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, "SELECT canonical FROM codes WHERE canonical = ANY ($1)", canonicals)
		found, err := rowsOf(rows, err, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("look up codes: %w", err)
		}
		known := setOf(found)
		for i, canonical := range canonicals {
			taken[i] = known[canonical]
		}
		return nil
	})
	return taken, err
}

func setOf(values []string) map[string]bool {
	set := make(map[string]bool, len(values))
	for _, value := range values {
		set[value] = true
	}
	return set
}

// Code implements [codes.CodeStore].
func (s *Store) Code(
	ctx context.Context,
	workspace core.ID,
	canonical string,
	at time.Time,
) (code codes.Code, err error) {
	codes, err := s.FindCodes(ctx, workspace, []string{canonical}, at)
	if err != nil {
		return code, err
	}
	if len(codes) == 0 {
		return code, core.ErrNotFound
	}
	return codes[0], nil
}

// FindCodes implements [codes.CodeStore].
func (s *Store) FindCodes(
	ctx context.Context,
	workspace core.ID,
	canonicals []string,
	at time.Time,
) (codes []codes.Code, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		codes = nil
		found, err := codesOf(ctx, q, workspace, canonicals, at)
		for _, c := range found {
			codes = append(codes, c.Code)
		}
		return err
	})
	return codes, err
}

// CodeByRetryKey implements [codes.CodeStore]. It writes the claim again unchanged, for the reason
// given at usedKeys: what it returns will be reported as done.
func (s *Store) CodeByRetryKey(
	ctx context.Context,
	workspace core.ID,
	key [16]byte,
	at time.Time,
) (code *codes.RetriedCode, err error) {
	err = s.transact(ctx, idempotent, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx,
			"UPDATE code_retries SET canonical = canonical WHERE retry_key = $1 RETURNING "+claimColumns, key[:])
		claims, err := rowsOf(rows, err, scanClaim)
		if err != nil {
			return fmt.Errorf("look up a retry: %w", err)
		}
		found, err := retried(ctx, tx, [][16]byte{workspace}, claims, at)
		if err != nil {
			return err
		}
		code = found[key]
		if code == nil || code.WorkspaceID != workspace {
			return core.ErrNotFound
		}
		return nil
	})
	return code, err
}

func codesOf(
	ctx context.Context,
	q querier,
	workspace core.ID,
	canonicals []string,
	at time.Time,
) ([]*storedCode, error) {
	return codesByCanonical(ctx, q, [][16]byte{workspace}, canonicals, at)
}

func codesByCanonical(
	ctx context.Context,
	q querier,
	workspaces [][16]byte,
	canonicals []string,
	at time.Time,
) ([]*storedCode, error) {
	if len(canonicals) == 0 {
		return nil, nil
	}
	rows, err := q.Query(ctx, codesNamed, at, canonicals, workspaces)
	codes, err := rowsOf(rows, err, scanCode)
	if err != nil {
		return nil, fmt.Errorf("look up codes: %w", err)
	}
	return codes, nil
}

func scanCode(row pgx.CollectableRow) (*storedCode, error) {
	c := new(storedCode)
	var key, print []byte
	targets := make([]any, 0, len(scannedFields)+6)
	targets = append(targets, &c.canonical, &c.mark)
	for i := range scannedFields {
		targets = append(targets, target(scannedFields[i].Of(&c.Code)))
	}
	if err := row.Scan(append(targets, &key, &print, &c.held, &c.Reservations)...); err != nil {
		return nil, err
	}
	c.HasOldForm = core.IsOldForm(c.canonical)
	copy(c.Retry.Key[:], key)
	copy(c.Retry.Fingerprint[:], print)
	return c, nil
}
