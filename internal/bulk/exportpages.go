package bulk

import (
	"context"
	"iter"
	"time"

	"accesscodes/internal/core"
)

// Pages are the pages of an export; the last one comes with an error if it broke. A page is valid
// until the next one is asked for.
type Pages[T any] iter.Seq2[core.Page[T], error]

// inTurn lets the pages be read while the workspace has a turn among its exports.
func inTurn[T any](ctx context.Context, e *Exports, actor *core.Actor, pages Pages[T]) Pages[T] {
	return func(yield func(core.Page[T], error) bool) {
		leave, err := e.running.Enter(ctx, actor.WorkspaceID)
		if err != nil {
			yield(core.Page[T]{}, err)
			return
		}
		defer leave()
		pages(yield)
	}
}

// lister reads a page of a list.
type lister[T any] func(ctx context.Context, page core.PageRequest) (core.Page[T], error)

// pagesOf reads a list to its end. While a page is written the next one is read, which takes a third
// off the time of an export.
func pagesOf[T any](ctx context.Context, e *Exports, actor *core.Actor, list lister[T]) Pages[T] {
	type result struct {
		page core.Page[T]
		err  error
	}
	return func(yield func(core.Page[T], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		read := make(chan result)
		defer func() {
			cancel()
			for range read { // until the reader has ended
			}
		}()
		go func() {
			defer close(read)
			request := core.PageRequest{Limit: core.MaxPage}
			for {
				page, err := pageOf(ctx, e, actor, request, list)
				select {
				case read <- result{page, err}:
				case <-ctx.Done():
					return
				}
				if request.Cursor = page.Next; err != nil || request.Cursor == "" {
					return
				}
			}
		}()
		for r := range read {
			if !yield(r.page, r.err) {
				return
			}
		}
	}
}

// pageOf reads a page. The first is tried once, like that of a list.
func pageOf[T any](
	ctx context.Context, e *Exports, actor *core.Actor, request core.PageRequest, list lister[T],
) (core.Page[T], error) {
	var page core.Page[T]
	read := func() error {
		leave, err := e.reading.Enter(ctx, actor.WorkspaceID)
		if err != nil {
			return err
		}
		defer leave()
		page, err = list(ctx, request)
		return err
	}
	if request.Cursor == "" {
		err := read()
		return page, err
	}
	err := patiently(ctx, read)
	return page, err
}

// patiently tries something again for some time while the store cannot: the caller could not go on
// where an export broke.
func patiently(ctx context.Context, try func() error) error {
	err := try()
	for end := time.Now().Add(exportPatience); core.IsKind(err, core.KindUnavailable) && time.Now().Before(end); {
		select {
		case <-time.After(exportPause):
			err = try()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// merged merges lists that are each in an order.
func merged[T any](lists []Pages[T], compare func(a, b T) int) Pages[T] {
	return func(yield func(core.Page[T], error) bool) {
		var heads []*head[T]
		for _, list := range lists {
			next, stop := iter.Pull2(iter.Seq2[core.Page[T], error](list))
			defer stop()
			heads = append(heads, &head[T]{next: next, more: true})
		}
		var page core.Page[T]
		for {
			first, err := foremost(heads, compare, &page)
			if err != nil {
				yield(page, err)
				return
			}
			if first == nil || len(page.Items) == core.MaxPage {
				if !yield(page, nil) || first == nil {
					return
				}
				page.Items = page.Items[:0]
			}
			page.Items = append(page.Items, first.items[0])
			first.items = first.items[1:]
		}
	}
}

// head is what comes next in a list that is merged.
type head[T any] struct {
	next  func() (core.Page[T], error, bool)
	items []T
	more  bool // there may be more pages
}

// foremost returns the head with the item that comes first; nil: all lists have ended. Where it reads
// a page, it notes in merged what holds for all.
func foremost[T any](heads []*head[T], compare func(a, b T) int, merged *core.Page[T]) (first *head[T], err error) {
	for _, h := range heads {
		for len(h.items) == 0 && h.more {
			page, err, ok := h.next()
			if err != nil {
				return nil, err
			}
			h.items, h.more = page.Items, ok
			if ok {
				merged.At = page.At
			}
		}
		if len(h.items) > 0 && (first == nil || compare(h.items[0], first.items[0]) < 0) {
			first = h
		}
	}
	return first, nil
}
