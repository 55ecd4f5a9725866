package client

import (
	"context"
	"net/http"
	"time"
)

// Cursor is a position in the log that the server keeps under a name. [Client.Consume] moves one.
type Cursor struct {
	Name      string    `json:"name"`
	Position  int64     `json:"position"`  // the consumer is done with everything up to here
	Behind    int64     `json:"behind"`    // how many positions lie between it and the newest one
	UpdatedAt time.Time `json:"updatedAt"` // when it was put last
}

// CursorList is all cursors of a workspace.
type CursorList struct {
	Data []Cursor `json:"data"`
}

// ListCursors returns all cursors, in the order of their names.
func (c *Client) ListCursors(ctx context.Context) (*CursorList, error) {
	return fetch[CursorList](ctx, c, call{operation: "listCursors", method: http.MethodGet, path: []string{"cursors"}})
}

// GetCursor looks a cursor up.
func (c *Client) GetCursor(ctx context.Context, name string) (*Cursor, error) {
	return fetch[Cursor](ctx, c, aboutCursor("getCursor", http.MethodGet, name, reads))
}

// PutCursorRequest says where a cursor shall be.
type PutCursorRequest struct {
	// Position may be further back than the cursor is. Left out: a new cursor begins at the newest
	// position, one that exists stays where it is.
	Position Field[int64] `json:"position,omitzero"`
	// IfPosition is where the cursor must be until now; null: there must be no such cursor yet. Otherwise
	// nothing is done, and the error has [ReasonCursorMoved]. Left out: wherever it is.
	IfPosition Field[int64] `json:"ifPosition,omitzero"`
}

// PutCursor moves a cursor, or makes it. A name has 1 to 100 characters: a-z, 0-9, and within them also
// dots, underscores and hyphens. With IfPosition it is repeated only where it is known that nothing was
// done, because a second one would find the cursor moved.
func (c *Client) PutCursor(ctx context.Context, name string, r PutCursorRequest) (*Cursor, error) {
	what := aboutCursor("putCursor", http.MethodPut, name, settles)
	if !r.IfPosition.IsZero() {
		what.effect = acts
	}
	what.body = r
	return fetch[Cursor](ctx, c, what)
}

// DeleteCursor deletes a cursor.
func (c *Client) DeleteCursor(ctx context.Context, name string) error {
	_, err := c.do(ctx, aboutCursor("deleteCursor", http.MethodDelete, name, acts), nil)
	return err
}

func aboutCursor(operation, method, name string, effect effect) call {
	return call{operation: operation, method: method, path: []string{"cursors", name}, effect: effect}
}
