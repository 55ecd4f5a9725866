package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// iteratedPage is how many entries iterators ask for at once.
const iteratedPage = 200

// PageRequest says which page of a list to return. The zero PageRequest is the first one.
type PageRequest struct {
	Limit  int    // how many entries it has at most, 1 to 1000; 0: 50
	Cursor string // NextCursor of the page before, with the same filter
}

// Page is a part of a list. A page may have fewer entries than it may have: it ends after about 1 MiB.
type Page[T any] struct {
	Data       []T    `json:"data"`
	NextCursor string `json:"nextCursor"` // empty: it is the last page
}

// list asks for a page.
func list[T any](
	ctx context.Context, c *Client, operation, path string, query url.Values, page PageRequest,
) (*Page[T], error) {
	if page.Limit != 0 {
		query.Set("limit", strconv.Itoa(page.Limit))
	}
	if page.Cursor != "" {
		query.Set("cursor", page.Cursor)
	}
	return fetch[Page[T]](ctx, c, call{operation: operation, method: http.MethodGet, path: []string{path}, query: query})
}

// pages goes through a list page by page. An error is the last thing that it yields.
func pages[T any](next func(PageRequest) (*Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for request := (PageRequest{Limit: iteratedPage}); ; {
			page, err := next(request)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Data {
				if !yield(&page.Data[i], nil) {
					return
				}
			}
			if page.NextCursor == "" {
				return
			}
			request.Cursor = page.NextCursor
		}
	}
}

// How often a thing that is followed is looked at.
const (
	firstLook = 100 * time.Millisecond
	rareLook  = 2 * time.Second
)

// follow looks at a thing now and then, until it has ended or cannot be looked at.
func follow[T any](
	ctx context.Context, c *Client, look func() (*T, error), ended func(*T) bool,
) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for pause := firstLook; ; pause = min(2*pause, rareLook) {
			thing, err := look()
			if !yield(thing, err) || err != nil || ended(thing) {
				return
			}
			if err := c.wait(ctx, pause); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// values are parameters of an address, by name. Empty ones are not given.
type values map[string]string

func (v values) given() url.Values {
	query := url.Values{}
	for name, value := range v {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// instant is a time as parameters have it; a zero one is none.
func instant(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}
