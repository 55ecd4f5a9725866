package postgres

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/plain"
)

// StoreImport implements [bulk.ImportStore]. When it is unknown whether it was done, the cursor of the
// job says so.
func (s *Store) StoreImport(
	ctx context.Context, lease job.Lease, set *bulk.ImportSet, finish bulk.FinishImport,
) (j job.Job, err error) {
	err = s.transact(ctx, once, func(ctx context.Context, tx pgx.Tx) error {
		plainly := plainTx{ctx, tx, s}
		j, err = plain.JobStep(plainly, lease, func(j *job.Job) ([]*event.Event, error) {
			results, err := s.storeImported(ctx, tx, set)
			if err != nil {
				return nil, err
			}
			return finish(j, results, plain.NewRejects(plainly))
		})
		return err
	})
	return j, err
}

// storeImported inserts the new codes of a set, and carries out its commands about others.
func (s *Store) storeImported(ctx context.Context, tx pgx.Tx, set *bulk.ImportSet) ([]codes.Result, error) {
	owners, err := ownersOf(ctx, tx, set.Forms())
	if err != nil {
		return nil, err
	}
	fresh, commands := set.Settle(owners)
	call := &insertion{
		store: s, engine: s.engine(), codes: fresh, tries: 1, mark: rand.Int64N(math.MaxInt64 - int64(len(fresh))),
	}
	inserted, err := call.insertRows(ctx, tx, numbers(len(fresh)))
	if err != nil {
		return nil, err
	}
	if len(inserted) < len(fresh) {
		return nil, errAgain // another transaction has added some of them since
	}
	return s.execute(ctx, tx, commands)
}

// CodeOwners implements [bulk.ImportStore].
func (s *Store) CodeOwners(ctx context.Context, canonicals []string) (owners map[string]core.ID, err error) {
	err = s.read(ctx, func(ctx context.Context, q querier) error {
		owners, err = ownersOf(ctx, q, canonicals)
		return err
	})
	return owners, err
}

func ownersOf(ctx context.Context, q querier, canonicals []string) (map[string]core.ID, error) {
	owners := map[string]core.ID{}
	if len(canonicals) == 0 {
		return owners, nil
	}
	rows, err := q.Query(ctx, "SELECT canonical, workspace_id FROM codes WHERE canonical = ANY ($1)", canonicals)
	_, err = rowsOf(rows, err, func(row pgx.CollectableRow) (struct{}, error) {
		var canonical string
		var workspace [16]byte
		err := row.Scan(&canonical, &workspace)
		owners[canonical] = workspace
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("look up the owners of codes: %w", err)
	}
	return owners, nil
}
