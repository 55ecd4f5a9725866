package kit

import "accesscodes/internal/core"

// List is a page of a list as callers see it.
type List[T any] struct {
	Data       []T     `json:"data" nullable:"false"`
	NextCursor *string `json:"nextCursor" nullable:"true" doc:"The cursor of the next page; null on the last one."`
}

// AnswerList answers with a page.
func AnswerList[T, Shown any](c *Call, page core.Page[T], show func(*T) *Shown) error {
	shown := List[*Shown]{Data: make([]*Shown, 0, len(page.Items))}
	if page.Next != "" {
		shown.NextCursor = &page.Next
	}
	for i := range page.Items {
		shown.Data = append(shown.Data, show(&page.Items[i]))
	}
	return c.Answer(shown)
}
