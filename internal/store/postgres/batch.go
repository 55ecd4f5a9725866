package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/plain"
)

// MakeBatchCodes implements [bulk.Store]. When it is unknown whether it was done, the cursor of the
// job says so to the next step.
func (s *Store) MakeBatchCodes(ctx context.Context, lease job.Lease, step *bulk.BatchStep) (j job.Job, err error) {
	err = s.transact(ctx, once, func(ctx context.Context, tx pgx.Tx) error {
		j, err = plain.JobStep(plainTx{ctx, tx, s}, lease, func(j *job.Job) ([]*event.Event, error) {
			if err := s.insertBatchCodes(ctx, tx, step); err != nil {
				return nil, fmt.Errorf("store the codes of a batch: %w", err)
			}
			return step.Change(j)
		})
		return err
	})
	return j, err
}

// insertBatchCodes inserts codes, and those whose values are taken once more with other values, until
// none is left.
func (s *Store) insertBatchCodes(ctx context.Context, tx pgx.Tx, step *bulk.BatchStep) error {
	rest := make([]*bulk.BatchCode, len(step.Codes))
	for i := range rest {
		rest[i] = &step.Codes[i]
	}
	for {
		statement, args, err := s.engine().batchInsert(step, rest)
		if err != nil {
			return err
		}
		done, err := tx.Exec(ctx, statement, args...)
		if err != nil || done.RowsAffected() == int64(len(rest)) {
			return err
		}
		if rest, err = withoutRow(ctx, tx, step, rest); err != nil {
			return err
		}
		for _, code := range rest {
			if err := step.Draw(code); err != nil {
				return err
			}
		}
	}
}

// withoutRow returns the codes of which no row was inserted.
func withoutRow(
	ctx context.Context, tx pgx.Tx, step *bulk.BatchStep, list []*bulk.BatchCode,
) (rest []*bulk.BatchCode, err error) {
	canonicals := make([]string, len(list))
	for i, code := range list {
		canonicals[i] = code.Canonical
	}
	rows, err := tx.Query(ctx, "SELECT batch_index FROM codes WHERE canonical = ANY ($1) AND batch_id = $2 "+
		"AND workspace_id = $3", canonicals, [16]byte(step.Template.BatchID), [16]byte(step.Template.WorkspaceID))
	found, err := rowsOf(rows, err, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("look for the codes of a batch: %w", err)
	}
	there := map[int64]bool{}
	for _, index := range found {
		there[index] = true
	}
	for _, code := range list {
		if !there[code.Index] {
			rest = append(rest, code)
		}
	}
	return rest, nil
}

// batchInsert returns a statement that inserts codes and leaves out those whose values are taken. What
// codes have in common is sent once.
func (e engine) batchInsert(step *bulk.BatchStep, list []*bulk.BatchCode) (string, []any, error) {
	own, ownTypes := "canonical, value, batch_index", []string{"text", "text", "bigint"}
	columns, types, common := own+", mark", []string{"bigint"}, []any{rand.Int64()}
	template := step.Template
	for i := range insertedFields {
		f := &insertedFields[i]
		if f.Column == "value" || f.Column == "batch_index" {
			continue
		}
		value, err := argument(f.Of(&template))
		if err != nil {
			return "", nil, err
		}
		columns, types, common = columns+", "+f.Column, append(types, sqlType(*f)), append(common, value)
	}
	rows := make([][]any, len(list))
	for i, code := range list {
		rows[i] = []any{code.Canonical, code.Value, code.Index}
	}
	statement := "INSERT INTO codes (" + columns + ") "
	if e.distributed {
		lines := make([]string, len(rows))
		for i := range lines {
			lines[i] = "(" + numbered(ownTypes, len(common)+1+3*i, "") + ", " + numbered(types, 1, "") + ")"
		}
		statement += "VALUES " + strings.Join(lines, ", ")
	} else {
		statement += "SELECT own.*, " + numbered(types, 1, "") + " FROM unnest(" +
			numbered(ownTypes, len(common)+1, "[]") + ") AS own"
	}
	return statement + " ON CONFLICT (canonical) DO NOTHING", append(common, e.arguments(rows)...), nil
}

// BatchCodes implements [bulk.Store].
func (s *Store) BatchCodes(
	ctx context.Context, workspace, batch core.ID, from int64, limit int, at time.Time,
) (list []codes.Code, err error) {
	query, args := batchCodesQuery(workspace, batch, from, limit, at)
	err = s.list(ctx, func(ctx context.Context, db querier) error {
		rows, err := db.Query(ctx, query, args...)
		found, err := rowsOf(rows, err, scanCode)
		if err != nil {
			return fmt.Errorf("read the codes of a batch: %w", err)
		}
		list = make([]codes.Code, len(found))
		for i := range found {
			list[i] = found[i].Code
		}
		return nil
	})
	return list, err
}

func batchCodesQuery(workspace, batch core.ID, from int64, limit int, at time.Time) (string, []any) {
	w := where{args: []any{at}} // the first parameter of codeColumns
	w.add("c.workspace_id = $", [16]byte(workspace))
	w.add("c.batch_id = $", [16]byte(batch))
	w.add("c.batch_index >= $", from)
	return "SELECT " + codeColumns + ", " + liveReservations + " FROM codes c WHERE " + w.text() +
		" ORDER BY c.batch_index LIMIT " + strconv.Itoa(limit), w.args
}

// outcomesQuery counts the codes, the redeemed and the revoked codes of a part of a batch.
const outcomesQuery = "SELECT count(*), count(*) FILTER (WHERE redemptions > 0), count(revoked_at) FROM codes " +
	"WHERE workspace_id = $1 AND batch_id = $2 AND batch_index >= $3 AND batch_index < $4"

// CountOutcomes implements [bulk.Store].
func (s *Store) CountOutcomes(
	ctx context.Context, workspace, batch core.ID, from, below int64,
) (counts bulk.Outcomes, err error) {
	err = s.list(ctx, func(ctx context.Context, db querier) error {
		return db.QueryRow(ctx, outcomesQuery,
			[16]byte(workspace), [16]byte(batch), from, below).Scan(&counts.Left, &counts.Redeemed, &counts.Revoked)
	})
	return counts, err
}
