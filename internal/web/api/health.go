package api

import (
	"context"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

type health struct {
	Status string   `json:"status"`
	Away   []string `json:"away,omitempty" doc:"Nodes of a distributed database that do not answer; most do."`
}

// live answers GET /livez: the process runs.
func (s *server) live(_ context.Context, c *kit.Call) error { return c.Answer(health{Status: "live"}) }

// ready answers GET /readyz: requests can be served now.
func (s *server) ready(ctx context.Context, c *kit.Call) error {
	select {
	case <-c.Draining():
		return core.Overloaded()
	default:
	}
	away, err := s.ping(ctx)
	if err != nil {
		return core.Unavailable(err)
	}
	return c.Answer(health{Status: "ready", Away: away})
}

// healthRoutes are the routes for whoever runs the server.
func (s *server) healthRoutes() []kit.Route {
	return []kit.Route{
		{
			Method: "GET", Path: "/livez",
			Endpoint: s.live, Tag: tagServer,
			ID: "live", Summary: "Whether the process runs",
			Response: kit.JSON[health]("Health"),
		},
		{
			Method: "GET", Path: "/readyz",
			Endpoint: s.ready, Tag: tagServer,
			ID: "ready", Summary: "Whether requests can be served now",
			Description: "503 while the database does not answer and while the server is stopping.",
			Response:    kit.JSON[health]("Health"),
			Reasons:     []core.Reason{core.ReasonStoreUnavailable, core.ReasonOverloaded},
		},
	}
}
