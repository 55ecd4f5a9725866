package bulk

import (
	"cmp"
	"context"
	"math/big"
	"slices"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

// Store keeps what bulk work makes. Each method is one atomic operation.
type Store interface {
	ChangeStore
	ImportStore
	// MakeBatchCodes stores the codes of one step of a batch and changes its job, in one transaction.
	// A value that a code has already, in any workspace, is drawn again.
	//
	// Errors: [job.ErrLeaseLost]; those of the step.
	MakeBatchCodes(ctx context.Context, lease job.Lease, step *BatchStep) (job.Job, error)
	// BatchCodes returns a batch's codes from an index on, in the order of their indexes.
	BatchCodes(
		ctx context.Context, workspace, batch core.ID, from int64, limit int, at time.Time,
	) ([]codes.Code, error)
	// CountOutcomes returns what has become of a batch's codes with indexes from one on and below another.
	CountOutcomes(ctx context.Context, workspace, batch core.ID, from, below int64) (Outcomes, error)
}

// Outcomes says how many codes are left, how many of them have been redeemed, and how many are revoked. A code
// may be both.
type Outcomes struct{ Left, Redeemed, Revoked int64 }

// Source draws values for codes: [codes.Service] does.
type Source interface {
	Values(core.Format) *codes.Values
	Space(core.Format) *big.Int
}

// maxDraws is how many values are drawn for one code before the batch fails.
const maxDraws = 200

// BatchStep is the codes of one step.
type BatchStep struct {
	Template codes.Code  // what all have in common
	Codes    []BatchCode // in the order of their canonical forms, in which stores take them
	Change   job.Change  // of the batch's job
	Values   *codes.Values
	Format   core.Format
}

// BatchCode is a code of a step.
type BatchCode struct {
	Value, Canonical string
	Index            int64
	draws            int
}

// Draw gives a code a new value.
//
// Errors: KindConflict with ReasonCodeSpaceExhausted after very many draws.
func (s *BatchStep) Draw(c *BatchCode) (err error) {
	if c.draws++; c.draws > maxDraws {
		return core.ConflictOf(core.ReasonCodeSpaceExhausted, fewValuesFree.With("format", s.Format))
	}
	if c.Value, err = s.Values.Next(); err != nil {
		return err
	}
	c.Canonical = core.Canonical(c.Value)
	return nil
}

// draw fills a step with codes from an index on. The order of their values says nothing about that of
// their indexes.
func (s *BatchStep) draw(from, count int64) error {
	s.Codes = make([]BatchCode, count)
	for i := range s.Codes {
		s.Codes[i].Index = from + int64(i)
		if err := s.Draw(&s.Codes[i]); err != nil {
			return err
		}
	}
	slices.SortFunc(s.Codes, func(a, b BatchCode) int { return cmp.Compare(a.Canonical, b.Canonical) })
	return nil
}
