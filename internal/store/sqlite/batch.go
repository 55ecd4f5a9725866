package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"zombiezen.com/go/sqlite"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/store/plain"
)

// MakeBatchCodes implements [bulk.Store].
func (s *Store) MakeBatchCodes(ctx context.Context, lease job.Lease, step *bulk.BatchStep) (j job.Job, err error) {
	err = s.write(ctx, func(conn *sqlite.Conn) error {
		j, err = plain.JobStep(plainTx{conn}, lease, func(j *job.Job) ([]*event.Event, error) {
			if err := insertBatchCodes(conn, step); err != nil {
				return nil, fmt.Errorf("store the codes of a batch: %w", err)
			}
			return step.Change(j)
		})
		return err
	})
	return j, err
}

// Parameters of insertCode that differ among the codes of a batch. The first is the canonical form.
var (
	valueParam = paramOf("value")
	indexParam = paramOf("batch_index")
)

func paramOf(column string) int {
	return 2 + slices.IndexFunc(insertedFields, func(f codes.Field) bool { return f.Column == column })
}

// insertBatchCodes inserts codes. What they have in common stays bound from one to the next.
func insertBatchCodes(conn *sqlite.Conn, step *bulk.BatchStep) error {
	stmt, err := conn.Prepare(insertCode)
	if err != nil {
		return err
	}
	if err := bindCode(stmt, &codes.NewCode{Code: step.Template}); err != nil {
		return err
	}
	for i := range step.Codes {
		code := &step.Codes[i]
		stmt.BindInt64(indexParam, code.Index)
		for isNew := false; !isNew; {
			stmt.BindText(1, code.Canonical)
			stmt.BindText(valueParam, code.Value)
			if _, err := stmt.Step(); err != nil {
				return err
			}
			if err := stmt.Reset(); err != nil {
				return err
			}
			if isNew = conn.Changes() == 1; !isNew {
				if err := step.Draw(code); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// BatchCodes implements [bulk.Store].
func (s *Store) BatchCodes(
	ctx context.Context, workspace, batch core.ID, from int64, limit int, at time.Time,
) (list []codes.Code, err error) {
	query, args := batchCodesQuery(workspace, batch, from, limit, at)
	err = s.list(ctx, func(conn *sqlite.Conn) error {
		return untilEnough(conn, query, args, func(stmt *sqlite.Stmt) (bool, error) {
			code, err := scanCode(stmt)
			if err != nil {
				return false, err
			}
			list = append(list, code.Code)
			return false, nil
		})
	})
	return list, err
}

func batchCodesQuery(workspace, batch core.ID, from int64, limit int, at time.Time) (string, []any) {
	return "SELECT " + codeColumns + " FROM codes INDEXED BY codes_of_batch WHERE workspace_id = ?2 AND batch_id = ?3" +
		" AND batch_index >= ?4 ORDER BY batch_index LIMIT ?5", []any{at.UnixMicro(), workspace[:], batch[:], from, limit}
}

// outcomesQuery counts the codes, the redeemed and the revoked codes of a part of a batch.
const outcomesQuery = "SELECT count(*), count(*) FILTER (WHERE redemptions > 0), count(revoked_at)" +
	" FROM codes INDEXED BY codes_of_batch WHERE workspace_id = ?1 AND batch_id = ?2" +
	" AND batch_index >= ?3 AND batch_index < ?4"

// CountOutcomes implements [bulk.Store].
func (s *Store) CountOutcomes(
	ctx context.Context, workspace, batch core.ID, from, below int64,
) (counts bulk.Outcomes, err error) {
	err = s.list(ctx, func(conn *sqlite.Conn) error {
		return one(conn, outcomesQuery, []any{workspace[:], batch[:], from, below}, func(stmt *sqlite.Stmt) {
			counts = bulk.Outcomes{
				Left: stmt.ColumnInt64(0), Redeemed: stmt.ColumnInt64(1), Revoked: stmt.ColumnInt64(2),
			}
		})
	})
	return counts, err
}
