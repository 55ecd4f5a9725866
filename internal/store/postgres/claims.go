package postgres

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
)

// claimKeys claims the retry keys of the codes that have one. It returns the codes that may be
// inserted, in the order of their canonical forms, so that every transaction locks rows in the same
// order. A code whose key was used before has its result.
func (i *insertion) claimKeys(ctx context.Context, q querier, turn []int) ([]int, error) {
	slices.SortFunc(turn, func(a, b int) int { return cmp.Compare(i.codes[a].Canonical, i.codes[b].Canonical) })
	marked := slices.DeleteFunc(slices.Clone(turn), func(n int) bool { return i.codes[n].Retry.IsZero() })
	if len(marked) == 0 {
		return turn, nil
	}
	used, err := i.usedKeys(ctx, q, marked)
	if err != nil {
		return nil, err
	}
	free := turn[:0]
	for _, n := range turn {
		code := i.codes[n]
		existing, isUsed := used[code.Retry.Key]
		switch {
		case code.Retry.IsZero() || !isUsed:
			free = append(free, n)
		case existing == nil:
			return nil, errAgain // on a distributed engine a claim may be seen before its code
		default:
			i.results[n] = codes.InsertResult{Outcome: codes.RetryKeyUsed, Existing: existing}
		}
	}
	return free, nil
}

// claim is a row of the table code_retries.
type claim struct {
	key       []byte
	canonical string // empty: the code has been deleted
	mark      int64
}

// claimColumns are the columns that scanClaim reads, in its order.
const claimColumns = "retry_key, canonical, mark"

func scanClaim(row pgx.CollectableRow) (c claim, err error) {
	return c, row.Scan(&c.key, &c.canonical, &c.mark)
}

// usedKeys claims the codes' retry keys and returns those that are in use already, with their codes.
//
// An existing claim is written again unchanged, so that the commit waits until the standby has
// everything up to it. A code that is visible but not replicated (because the wait for that was
// cancelled) must not be reported as done.
func (i *insertion) usedKeys(ctx context.Context, q querier, marked []int) (map[[16]byte]*codes.RetriedCode, error) {
	slices.SortFunc(marked, func(a, b int) int { return bytes.Compare(i.codes[a].Retry.Key[:], i.codes[b].Retry.Key[:]) })
	rows, err := q.Query(ctx, "INSERT INTO code_retries ("+claimColumns+") "+
		i.engine.rows([]string{"bytea", "text", "bigint"}, len(marked))+
		" ON CONFLICT (retry_key) DO UPDATE SET canonical = code_retries.canonical RETURNING "+claimColumns,
		i.claims(marked)...)
	claims, err := rowsOf(rows, err, scanClaim)
	if err != nil {
		return nil, fmt.Errorf("claim retry keys: %w", err)
	}
	own := map[[16]byte]int64{}
	for _, n := range marked {
		own[i.codes[n].Retry.Key] = i.markOf(n)
	}
	claims = slices.DeleteFunc(claims, func(c claim) bool { return c.mark == own[[16]byte(c.key)] })
	return retried(ctx, q, i.workspaces(marked), claims, i.codes[0].CreatedAt)
}

// retried returns the codes that hold claims, by their retry keys. nil: the code is not visible yet.
func retried(
	ctx context.Context,
	q querier,
	workspaces [][16]byte,
	claims []claim,
	at time.Time,
) (map[[16]byte]*codes.RetriedCode, error) {
	found, canonicals, deleted := map[[16]byte]*codes.RetriedCode{}, []string{}, [][]byte{}
	for _, c := range claims {
		found[[16]byte(c.key)] = nil
		if c.canonical == "" {
			deleted = append(deleted, c.key)
		} else {
			canonicals = append(canonicals, c.canonical)
		}
	}
	codes, err := codesByCanonical(ctx, q, workspaces, canonicals, at)
	for _, code := range codes {
		found[code.Retry.Key] = &code.RetriedCode
	}
	if err != nil || len(deleted) == 0 {
		return found, err
	}
	rows, err := q.Query(ctx, "SELECT "+deletedRetryColumns+" FROM deleted_retries WHERE retry_key = ANY ($1)", deleted)
	marks, err := rowsOf(rows, err, scanDeletedRetry)
	if err != nil {
		return nil, fmt.Errorf("look up the retries of deleted codes: %w", err)
	}
	for _, mark := range marks {
		found[[16]byte(mark.key)] = mark.retried()
	}
	return found, nil
}

// deletedRetryColumns are the columns that scanDeletedRetry reads, in its order.
const deletedRetryColumns = "retry_key, workspace_id, fingerprint"

// deletedRetry is a row of the table deleted_retries.
type deletedRetry struct {
	key         []byte
	workspace   [16]byte
	fingerprint []byte
}

func scanDeletedRetry(row pgx.CollectableRow) (r deletedRetry, err error) {
	return r, row.Scan(&r.key, &r.workspace, &r.fingerprint)
}

// retried returns what is known of the code.
func (r *deletedRetry) retried() *codes.RetriedCode {
	code := &codes.RetriedCode{Deleted: true}
	code.WorkspaceID, code.Retry.Key, code.Retry.Fingerprint = r.workspace, [16]byte(r.key), [16]byte(r.fingerprint)
	return code
}

// workspaces returns the workspaces of these codes.
func (i *insertion) workspaces(of []int) [][16]byte {
	all := make([][16]byte, len(of))
	for k, n := range of {
		all[k] = i.codes[n].WorkspaceID
	}
	return all
}

// claims returns the rows of code_retries in the form that the engine's rows method takes.
func (i *insertion) claims(marked []int) []any {
	keys, canonicals, marks := make([][]byte, len(marked)), make([]string, len(marked)), make([]int64, len(marked))
	var values []any
	for k, n := range marked {
		keys[k], canonicals[k], marks[k] = i.codes[n].Retry.Key[:], i.codes[n].Canonical, i.markOf(n)
		values = append(values, keys[k], canonicals[k], marks[k])
	}
	if i.engine.distributed {
		return values
	}
	return []any{keys, canonicals, marks}
}
