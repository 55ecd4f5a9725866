package api

import (
	"context"

	"accesscodes/internal/core"
)

type health struct {
	Status string `json:"status"`
}

// live answers GET /livez: the process runs.
func (s *Server) live(_ context.Context, c *call) error { return c.answer(health{"live"}) }

// ready answers GET /readyz: requests can be served now.
func (s *Server) ready(ctx context.Context, c *call) error {
	select {
	case <-s.draining:
		return core.Overloaded()
	default:
	}
	if err := s.ping(ctx); err != nil {
		return core.Unavailable(err)
	}
	return c.answer(health{"ready"})
}
