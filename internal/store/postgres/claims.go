package postgres

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
)

// claimKeys claims the retry keys of the codes that have one and returns the codes that
// may be inserted, in the order of their canonical forms: every transaction then locks
// rows in the same order. A code whose key was used before has its result.
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
			i.results[n] = codes.InsertResult{Outcome: codes.RetryKeyUsed, Existing: existing.retried()}
		}
	}
	return free, nil
}

// claim is a row of the table code_retries.
type claim struct {
	key       []byte
	canonical string
	mark      int64
}

// usedKeys claims the codes' retry keys and returns those that somebody else has, with
// their codes.
//
// A claim that is there is written again as it is, so that the commit waits until the
// standby has everything up to it: a code that is visible but not replicated (because
// somebody cancelled the wait for that) must not be given out as done.
func (i *insertion) usedKeys(ctx context.Context, q querier, marked []int) (map[[16]byte]*storedCode, error) {
	slices.SortFunc(marked, func(a, b int) int { return bytes.Compare(i.codes[a].Retry.Key[:], i.codes[b].Retry.Key[:]) })
	rows, err := q.Query(ctx, "INSERT INTO code_retries (retry_key, canonical, mark) "+i.engine.rows([]string{"bytea", "text", "bigint"}, len(marked))+
		" ON CONFLICT (retry_key) DO UPDATE SET canonical = code_retries.canonical RETURNING retry_key, canonical, mark", i.claims(marked)...)
	claims, err := rowsOf(rows, err, func(row pgx.CollectableRow) (c claim, err error) { return c, row.Scan(&c.key, &c.canonical, &c.mark) })
	if err != nil {
		return nil, fmt.Errorf("claim retry keys: %w", err)
	}
	own := map[[16]byte]int64{}
	for _, n := range marked {
		own[i.codes[n].Retry.Key] = i.markOf(n)
	}
	used, canonicals := map[[16]byte]*storedCode{}, []string{}
	for _, c := range claims {
		if key := [16]byte(c.key); c.mark != own[key] {
			used[key], canonicals = nil, append(canonicals, c.canonical)
		}
	}
	codes, err := codesByCanonical(ctx, q, canonicals, i.codes[0].CreatedAt)
	for _, code := range codes {
		used[code.Retry.Key] = code
	}
	return used, err
}

// claims are the rows of code_retries as the engine's rows take them.
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
