package postgres

import (
	"math"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"

	"accesscodes/internal/codes"
)

// removeCodes adds to a batch the statements that delete those codes of a list that are removed. The
// marks of the retries that made them stay. So do the claims of the keys, which then name no code.
func (s *Store) removeCodes(batch *pgx.Batch, list []*codes.TrackedCode) {
	var removed []string
	var keys [][]byte
	var marks [][]any
	for _, code := range list {
		if code.Change != codes.Removed {
			continue
		}
		removed = append(removed, code.Canonical)
		if retry := &code.Retry; !retry.IsZero() {
			keys = append(keys, retry.Key[:])
			marks = append(marks, []any{retry.Key[:], [16]byte(code.WorkspaceID), retry.Fingerprint[:]})
		}
	}
	if len(removed) == 0 {
		return
	}
	batch.Queue("DELETE FROM codes WHERE canonical = ANY ($1)", removed)
	if len(keys) > 0 {
		batch.Queue("UPDATE code_retries SET canonical = '' WHERE retry_key = ANY ($1)", keys)
		s.insert(batch, "deleted_retries", deletedRetryColumns, []string{"bytea", "uuid", "bytea"}, marks)
	}
}

// addCodes adds to a batch the statements that bring back those codes of a list that were deleted. Each
// claim of a key names its code again, and the mark is with the code. Claims come first, as in an
// insertion.
func (s *Store) addCodes(batch *pgx.Batch, list []*codes.TrackedCode) error {
	i := insertion{store: s, engine: s.engine(), mark: rand.Int64N(math.MaxInt64 - int64(len(list)))}
	var keys [][]byte
	for _, code := range list {
		if code.Change != codes.Added {
			continue
		}
		i.codes = append(i.codes, &codes.NewCode{Code: code.Code, Canonical: code.Canonical, Retry: code.Retry})
		if retry := &code.Retry; !retry.IsZero() {
			keys = append(keys, retry.Key[:])
			batch.Queue("UPDATE code_retries SET canonical = $2 WHERE retry_key = $1", retry.Key[:], code.Canonical)
		}
	}
	if len(i.codes) == 0 {
		return nil
	}
	if len(keys) > 0 {
		batch.Queue("DELETE FROM deleted_retries WHERE retry_key = ANY ($1)", keys)
	}
	args, err := i.arguments(numbers(len(i.codes)))
	if err != nil {
		return err
	}
	batch.Queue("INSERT INTO codes ("+insertColumns+") "+i.engine.rows(insertTypes, len(i.codes)), args...)
	return nil
}
