package bulk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
)

const (
	// countTime is how long what became of the codes of the batches of one answer is counted, and
	// countAtOnce of how many codes at once.
	countTime   = 100 * time.Millisecond
	countAtOnce = 5000
	// batchPage is how many codes of a batch are read at once.
	batchPage = 500
	// followPause is how long after the last code of a batch that is being made further ones are looked for.
	followPause = time.Second
)

// shown reads a batch as callers see it.
func (s *Batches) shown(ctx context.Context, j job.Job) (Batch, error) {
	b, err := batchOf(j)
	if err != nil {
		return Batch{}, err
	}
	one := []Batch{b}
	err = s.countOutcomes(ctx, one)
	return one[0], err
}

// countOutcomes counts what became of the codes of batches as long as there is time, first those of small ones: a
// large one takes all of it.
func (s *Batches) countOutcomes(ctx context.Context, batches []Batch) error {
	deadline := time.Now().Add(countTime)
	byDone := make([]*Batch, len(batches))
	for i := range batches {
		byDone[i] = &batches[i]
	}
	slices.SortStableFunc(byDone, func(a, b *Batch) int { return cmp.Compare(a.Done, b.Done) })
	for _, b := range byDone {
		var all Outcomes
		for from := int64(0); from < b.Done; from += countAtOnce {
			if time.Now().After(deadline) {
				return nil
			}
			some, err := s.deps.Store.CountOutcomes(ctx, b.WorkspaceID, b.ID, from, from+countAtOnce)
			if core.IsKind(err, core.KindUnavailable) { // the rest of the answer is worth more
				return nil
			}
			if err != nil {
				return err
			}
			all.Left += some.Left
			all.Redeemed += some.Redeemed
			all.Revoked += some.Revoked
		}
		b.Redeemed, b.Revoked, b.Left = &all.Redeemed, &all.Revoked, &all.Left
	}
	return nil
}

// BatchCodes returns the pages of the codes of a batch from an index on, in the order of their
// indexes. Codes that are made meanwhile may be among them.
//
// An error ends the pages. If it comes first, it is one of [Batches.Batch], or KindUnavailable with
// ReasonOverloaded if too many exports of the workspace are under way.
func (e *Exports) BatchCodes(ctx context.Context, actor *core.Actor, id core.ID, from int64) Pages[codes.Code] {
	return inTurn(ctx, e, actor, pagesOf(ctx, e, actor,
		func(ctx context.Context, page core.PageRequest) (core.Page[codes.Code], error) {
			return e.batches.codes(ctx, actor, id, from, page)
		}))
}

// FollowBatch is BatchCodes of a batch that may still be made: its codes follow until it has ended. Each look
// for further ones gives a page, which may be empty.
func (e *Exports) FollowBatch(ctx context.Context, actor *core.Actor, id core.ID) Pages[codes.Code] {
	return inTurn(ctx, e, actor, func(yield func(core.Page[codes.Code], error) bool) {
		for from := int64(0); ; {
			j, err := e.batches.find(ctx, actor, id) // before its codes: none is made once it has ended
			if err != nil {
				yield(core.Page[codes.Code]{}, err)
				return
			}
			start := from
			list := func(ctx context.Context, page core.PageRequest) (core.Page[codes.Code], error) {
				return e.batches.codes(ctx, actor, id, start, page)
			}
			for page, err := range pagesOf(ctx, e, actor, list) {
				if !yield(page, err) || err != nil {
					return
				}
				if len(page.Items) > 0 {
					from = *page.Items[len(page.Items)-1].BatchIndex + 1
				}
			}
			if j.IsEnded() {
				return
			}
			select {
			case <-time.After(followPause):
			case <-ctx.Done():
				yield(core.Page[codes.Code]{}, ctx.Err())
				return
			}
		}
	})
}

// First returns the first codes of a batch, at most so many.
//
// Errors: those of [Batches.Batch].
func (s *Batches) First(ctx context.Context, actor *core.Actor, id core.ID, most int) ([]codes.Code, error) {
	leave, err := s.sight.lane.Enter(ctx, actor.WorkspaceID)
	if err != nil {
		return nil, err
	}
	defer leave()
	j, err := s.find(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return s.deps.Store.BatchCodes(ctx, j.WorkspaceID, j.ID, 0, most, s.Now())
}

// codes returns a page of the codes of a batch. Its cursor is an index.
func (s *Batches) codes(
	ctx context.Context, actor *core.Actor, id core.ID, from int64, page core.PageRequest,
) (shown core.Page[codes.Code], err error) {
	j, err := s.find(ctx, actor, id)
	if err != nil {
		return shown, err
	}
	if page.Cursor != "" {
		if from, err = strconv.ParseInt(page.Cursor, 10, 64); err != nil {
			return shown, fmt.Errorf("read the cursor of a batch's codes: %w", err)
		}
	}
	shown.At = s.Now()
	shown.Items, err = s.deps.Store.BatchCodes(ctx, j.WorkspaceID, j.ID, from, batchPage, shown.At)
	if last := len(shown.Items) - 1; last+1 == batchPage {
		shown.Next = strconv.FormatInt(*shown.Items[last].BatchIndex+1, 10)
	}
	return shown, err
}
