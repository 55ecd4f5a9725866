package bulk

import (
	"context"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

const (
	// countTime is how long the redeemed codes of the batches of one answer are counted, and
	// countAtOnce of how many codes at once.
	countTime   = 100 * time.Millisecond
	countAtOnce = 5000
	// downloadPage is how many codes of a download are in memory.
	downloadPage = 500
)

// shown reads a batch as callers see it.
func (s *Batches) shown(ctx context.Context, j job.Job) (Batch, error) {
	b, err := batchOf(j)
	if err != nil {
		return Batch{}, err
	}
	one := []Batch{b}
	err = s.countRedeemed(ctx, one)
	return one[0], err
}

// countRedeemed counts the redeemed codes of batches as long as there is time.
func (s *Batches) countRedeemed(ctx context.Context, batches []Batch) error {
	deadline := time.Now().Add(countTime)
	for i := range batches {
		b, count := &batches[i], int64(0)
		for from := int64(0); from < b.Done; from += countAtOnce {
			if time.Now().After(deadline) {
				return nil
			}
			some, err := s.deps.Store.CountRedeemed(ctx, b.WorkspaceID, b.ID, from, from+countAtOnce)
			if core.IsKind(err, core.KindUnavailable) { // the rest of the answer is worth more
				return nil
			}
			if err != nil {
				return err
			}
			count += some
		}
		b.Redeemed = &count
	}
	return nil
}

// Codes calls a function with the codes of a batch from an index on, page by page, in the order of
// their indexes. Codes that are made meanwhile may be among them.
//
// Errors: those of [Batches.Batch]; what each returns.
func (s *Batches) Codes(
	ctx context.Context, actor *core.Actor, id core.ID, from int64, each func([]codes.Code, time.Time) error,
) error {
	j, err := s.find(ctx, actor, id)
	if err != nil {
		return err
	}
	for {
		at := s.Now()
		page, err := s.page(ctx, &j, from, at)
		if err != nil {
			return err
		}
		if err := each(page, at); err != nil {
			return err
		}
		if len(page) < downloadPage {
			return nil
		}
		from = *page[len(page)-1].BatchIndex + 1
	}
}

func (s *Batches) page(ctx context.Context, j *job.Job, from int64, at time.Time) ([]codes.Code, error) {
	leave, err := s.reads.Enter(ctx, j.WorkspaceID)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.deps.Store.BatchCodes(ctx, j.WorkspaceID, j.ID, from, downloadPage, at)
}
