// Package api is the HTTP interface for programs: it decodes requests, asks the areas, and shows
// what they answer. Each noun has a file with its routes, its types and its endpoints. Everything
// around that, from the mux to problems and the OpenAPI document, is in package kit. It holds no
// rule about codes.
package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/kit"
	"accesscodes/internal/webhook"
)

// Deps is what [New] needs from outside.
type Deps struct {
	Codes    *codes.Services
	Tenancy  *tenancy.Service
	Events   *event.Service
	Batches  *bulk.Batches
	Changes  *bulk.Changes
	Imports  *bulk.Imports
	Exports  *bulk.Exports
	Webhooks *webhook.Service
	// Ping asks whether the database answers, and which of its nodes do not.
	Ping     func(context.Context) (away []string, err error)
	Log      *slog.Logger
	Registry *prometheus.Registry // its metrics are shown at /metrics
	Version  string               // of the program, for the OpenAPI document

	Stall             time.Duration  // how long a caller may neither take nor send in a stream; 0: kit.DefaultStall
	Heartbeat         time.Duration  // after how much silence a stream of events sends something; 0: DefaultHeartbeat
	TrustedProxies    []netip.Prefix // whose word about a client's address is taken
	NoDocs, NoMetrics bool           // serve nothing at /docs, at /metrics
}

// Server answers requests. It is safe for concurrent use.
type Server struct {
	*kit.Server
	events *event.Service
}

// Drain makes /readyz fail and ends what waits for events. Requests are still answered.
func (s *Server) Drain() {
	s.Server.Drain()
	s.events.Drain()
}

// server has the endpoints.
type server struct {
	service  *codes.Services
	events   *event.Service
	batches  *bulk.Batches
	changes  *bulk.Changes
	imports  *bulk.Imports
	exports  *bulk.Exports
	webhooks *webhook.Service
	ping     func(context.Context) (away []string, err error)

	heartbeat time.Duration
}

// New returns a server with every route.
func New(deps Deps) (*Server, error) {
	s := &server{
		service: deps.Codes, events: deps.Events, batches: deps.Batches, changes: deps.Changes, imports: deps.Imports,
		exports: deps.Exports, webhooks: deps.Webhooks, ping: deps.Ping,
		heartbeat: cmp.Or(deps.Heartbeat, DefaultHeartbeat),
	}
	routes := s.routes()
	if !deps.NoMetrics {
		routes = append(routes, kit.MetricsRoute("/metrics", deps.Registry))
	}
	if !deps.NoDocs {
		routes = append(routes, kit.DocsRoutes()...)
	}
	served, err := kit.New(kit.Config{
		Routes: routes, Document: document(deps.Version),
		Authenticate: deps.Tenancy.Authenticate, Authenticated: deps.Tenancy.NoteAddress,
		HoldsSecret: tenancy.HoldsKey, Rewrite: nameSlash,
		Log: deps.Log, Registry: deps.Registry, TrustedProxies: deps.TrustedProxies, Stall: deps.Stall,
	})
	if err != nil {
		return nil, err
	}
	return &Server{Server: served, events: deps.Events}, nil
}
