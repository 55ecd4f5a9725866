package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/plain"
)

// StoreImport implements [bulk.ImportStore].
func (s *Store) StoreImport(
	ctx context.Context, lease job.Lease, set *bulk.ImportSet, finish bulk.FinishImport,
) (j job.Job, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		tx := plainTx{conn}
		j, err = plain.JobStep(tx, lease, func(j *job.Job) ([]*event.Event, error) {
			results, err := storeImported(conn, set)
			if err != nil {
				return nil, fmt.Errorf("store the codes of an import: %w", err)
			}
			return finish(j, results, plain.NewRejects(tx))
		})
		return err
	})
	return j, err
}

// storeImported inserts the new codes of a set, and carries out its commands about others.
func storeImported(conn *sqlite.Conn, set *bulk.ImportSet) ([]codes.Result, error) {
	owners, err := ownersOf(conn, set.Forms())
	if err != nil {
		return nil, err
	}
	fresh, commands := set.Settle(owners)
	for _, code := range fresh {
		if result, err := insert(conn, code); err != nil || result.Outcome != codes.Inserted {
			return nil, errors.Join(err, errOutcome(result))
		}
	}
	if len(commands) == 0 {
		return nil, nil
	}
	return execute(conn, commands)
}

// errOutcome is the error of a code that is there although nobody else can have written it.
func errOutcome(result codes.InsertResult) error {
	if result.Outcome == codes.Inserted {
		return nil
	}
	return fmt.Errorf("inserting a code had the outcome %d", result.Outcome)
}

// CodeOwners implements [bulk.ImportStore].
func (s *Store) CodeOwners(ctx context.Context, canonicals []string) (owners map[string]core.ID, err error) {
	err = s.read(ctx, func(conn *sqlite.Conn) error {
		owners, err = ownersOf(conn, canonicals)
		return err
	})
	return owners, err
}

func ownersOf(conn *sqlite.Conn, canonicals []string) (map[string]core.ID, error) {
	owners := map[string]core.ID{}
	stmt, err := conn.Prepare("SELECT workspace_id FROM codes WHERE canonical = ?1")
	if err != nil {
		return nil, err
	}
	for _, canonical := range canonicals {
		stmt.BindText(1, canonical)
		found, err := stmt.Step()
		if err == nil && found {
			owners[canonical] = columnID(stmt, 0)
		}
		if err := errors.Join(err, stmt.Reset()); err != nil {
			return nil, fmt.Errorf("look up the owner of a code: %w", err)
		}
	}
	return owners, nil
}
