package client

import (
	"context"
	"net/http"
)

// Health is how a server is.
type Health struct {
	Status string   `json:"status"`         // live, ready
	Away   []string `json:"away,omitempty"` // nodes of a distributed database that do not answer
}

// Live asks whether the server's process runs. It needs no key and is never repeated.
func (c *Client) Live(ctx context.Context) (*Health, error) { return c.health(ctx, "live", "livez") }

// Ready asks whether requests can be served now. It needs no key and is never repeated.
func (c *Client) Ready(ctx context.Context) (*Health, error) { return c.health(ctx, "ready", "readyz") }

func (c *Client) health(ctx context.Context, operation, path string) (*Health, error) {
	return fetch[Health](ctx, c, call{operation: operation, method: http.MethodGet, path: []string{path}, once: true})
}
