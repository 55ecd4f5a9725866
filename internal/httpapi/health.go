package httpapi

import (
	"context"

	"accesscodes/internal/access"
)

type health struct {
	Status string `json:"status"`
}

// live answers GET /livez: the process runs.
func (s *Server) live(_ context.Context, c *call) error { return c.answer(health{"live"}) }

// ready answers GET /readyz: requests can be served now.
func (s *Server) ready(ctx context.Context, c *call) error {
	if s.draining.Load() {
		return access.Overloaded()
	}
	if err := s.service.Store.Ping(ctx); err != nil {
		return access.Unavailable(err)
	}
	return c.answer(health{"ready"})
}
