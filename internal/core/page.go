package core

import (
	"time"
)

// Limits of a page of a list, in entries.
const (
	DefaultPage = 50
	MaxPage     = 1000
)

// MaxPageBytes is the most content that a page shows, in bytes, unless its first entry alone is
// longer.
const MaxPageBytes = 1 << 20

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  string    // the cursor of the next page; empty: there is none
	At    time.Time // for a list of codes: the instant of its status filter
}

// PageRequest asks for one page of a list.
type PageRequest struct {
	Limit  int    // 0: DefaultPage
	Cursor string // of the page before; empty: the first page
	// At, for a list of codes, is the instant of its status filter; zero: now.
	At time.Time
	// OldestFirst, for a list of codes, turns its order round.
	OldestFirst bool
}

// CheckedLimit returns the request's limit, or the default, if it is valid.
func (p PageRequest) CheckedLimit() (int, error) {
	switch {
	case p.Limit == 0:
		return DefaultPage, nil
	case p.Limit < 1 || p.Limit > MaxPage:
		return 0, InvalidParameter("limit must be a whole number from 1 to %d", MaxPage)
	default:
		return p.Limit, nil
	}
}

// PageOf makes a page of at most limit items and MaxPageBytes, and of at least one item. The caller
// has asked for one item more than limit, which shows whether there is a next page.
func PageOf[T any](items []T, limit int, size func(*T) int, cursor func(last *T) string) Page[T] {
	n, bytes := 0, 0
	for n < min(limit, len(items)) {
		bytes += size(&items[n])
		if n > 0 && bytes > MaxPageBytes {
			break
		}
		n++
	}
	if n == len(items) {
		return Page[T]{Items: items}
	}
	return Page[T]{Items: items[:n], Next: cursor(&items[n-1])}
}
