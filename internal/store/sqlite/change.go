package sqlite

import (
	"context"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/plain"
)

// StepChange implements [bulk.ChangeStore].
func (s *Store) StepChange(
	ctx context.Context, lease job.Lease, commands []*codes.Command, finish bulk.Finish,
) (j job.Job, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		tx := plainTx{conn}
		j, err = plain.JobStep(tx, lease, func(j *job.Job) ([]*event.Event, error) {
			results, err := execute(conn, commands)
			if err != nil {
				return nil, err
			}
			return finish(j, results, plain.NewLedger(tx, lease))
		})
		return err
	})
	return j, err
}
