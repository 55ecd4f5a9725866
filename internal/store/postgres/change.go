package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/plain"
)

// StepChange implements [bulk.ChangeStore]. When it is unknown whether it was done, the cursor of the
// job says so to the next step.
func (s *Store) StepChange(
	ctx context.Context, lease job.Lease, commands []*codes.Command, finish bulk.Finish,
) (j job.Job, err error) {
	err = s.transact(ctx, once, func(ctx context.Context, tx pgx.Tx) error {
		plainly := plainTx{ctx, tx, s}
		j, err = plain.JobStep(plainly, lease, func(j *job.Job) ([]*event.Event, error) {
			results, err := s.execute(ctx, tx, commands)
			if err != nil {
				return nil, err
			}
			return finish(j, results, plain.NewLedger(plainly, lease))
		})
		return err
	})
	return j, err
}

// execute carries out commands within a transaction.
func (s *Store) execute(ctx context.Context, tx pgx.Tx, commands []*codes.Command) ([]codes.Result, error) {
	if len(commands) == 0 {
		return nil, nil
	}
	unit := codes.NewUnitOfWork(commands, false)
	if err := s.load(ctx, tx, new(pgx.Batch), unit, true); err != nil {
		return nil, err
	}
	results := unit.Run()
	last := new(pgx.Batch)
	if err := s.store(last, unit); err != nil {
		return nil, err
	}
	if last.Len() == 0 {
		return results, nil
	}
	err := tx.SendBatch(ctx, last).Close()
	if hasState(err, uniqueViolation) {
		return nil, errAgain // another transaction has added the same thing
	}
	if err != nil {
		return nil, fmt.Errorf("store what commands changed: %w", err)
	}
	return results, nil
}
