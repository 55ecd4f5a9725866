package console

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/job"
	"accesscodes/internal/member"
	"accesscodes/internal/overview"
	"accesscodes/internal/tenancy"
	"accesscodes/internal/web/console/asset"
	"accesscodes/internal/web/kit"
	"accesscodes/internal/webhook"
	"accesscodes/internal/why"
)

// Deps is what the console needs from outside.
type Deps struct {
	Codes    *codes.Services
	Tenancy  *tenancy.Service
	Why      *why.Service
	Sessions *member.Sessions
	Links    *member.Links
	Members  *member.Members
	Batches  *bulk.Batches
	Changes  *bulk.Changes
	Imports  *bulk.Imports
	Exports  *bulk.Exports
	Events   *event.Service
	Webhooks *webhook.Service
	Counts   *overview.Service

	// Installation tells of the database, UnfinishedJobs how far the jobs of a workspace are that wait or run,
	// CountUnfinished how many of them each workspace has.
	Installation    func(context.Context) (Installation, error)
	UnfinishedJobs  func(ctx context.Context, workspace core.ID) ([]job.Progress, error)
	CountUnfinished func(context.Context) (map[core.ID]int, error)

	Now            func() time.Time
	PublicURL      string // under which callers reach the API; empty: the address of the request
	Version        string
	Log            *slog.Logger
	Registry       *prometheus.Registry
	TrustedProxies []netip.Prefix
	Stall          time.Duration // see [kit.Config]
}

// Server is the console.
type Server struct {
	*kit.Server
	routes []Route
}

// server has the handlers.
type server struct {
	deps   Deps
	assets *asset.Assets
	routes []Route
	origin *http.CrossOriginProtection
	// printing is the turns of each workspace's PDFs, drawing those of all: they are put together in memory.
	printing, drawing *core.Lane
}

// Route is one page, or one act of a page.
type Route struct {
	Method, Path string
	// Needs is the permission in the workspace that the path names; empty: to be signed in is enough.
	Needs core.Permission
	// Open: nobody has to be signed in.
	Open bool
	// Operates: only who runs the installation may.
	Operates bool
	// Streams: see [kit.Route].
	Streams bool

	handle func(context.Context, *page) error
}

// New returns the console with every page.
func New(deps Deps) (*Server, error) {
	assets, err := asset.New()
	if err != nil {
		return nil, err
	}
	s := &server{
		deps: deps, assets: assets, origin: http.NewCrossOriginProtection(),
		printing: core.NewLane(1, printsWaiting, printWait),
		drawing:  core.NewLane(1, workspacesWaiting, printWait),
	}
	if deps.PublicURL != "" { // a proxy may give us another Host than browsers see
		if err := s.origin.AddTrustedOrigin(originOf(deps.PublicURL)); err != nil {
			return nil, fmt.Errorf("the public address %s has no origin: %w", deps.PublicURL, err)
		}
	}
	s.routes = s.allRoutes()
	served := []kit.Route{assets.Route()}
	for _, rt := range s.routes {
		served = append(served, kit.Route{
			Method: rt.Method, Path: rt.Path, Endpoint: s.endpoint(rt), Streams: rt.Streams, Undocumented: true,
		})
	}
	web, err := kit.New(kit.Config{
		Routes: served, HoldsSecret: tenancy.HoldsKey, Refuse: s.refuse,
		Log: deps.Log, Registry: deps.Registry, TrustedProxies: deps.TrustedProxies, Stall: deps.Stall,
	})
	if err != nil {
		return nil, err
	}
	return &Server{Server: web, routes: s.routes}, nil
}

// Routes lists the pages and acts.
func (s *Server) Routes() []Route { return s.routes }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		http.Redirect(w, r, "/console/", http.StatusSeeOther)
	case "/console/": // which kit takes for another spelling of /console
		home := r.Clone(r.Context())
		home.URL.Path, home.URL.RawPath = "/console", ""
		s.Server.ServeHTTP(w, home)
	default:
		s.Server.ServeHTTP(w, r)
	}
}

// Serves reports whether an address is one of the console's.
func Serves(path string) bool {
	return path == "/" || path == "/console" || strings.HasPrefix(path, "/console/")
}

// originOf is the scheme and host of an address.
func originOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// get and post are routes of a workspace.
func get(path string, needs core.Permission, handle func(context.Context, *page) error) Route {
	return Route{Method: "GET", Path: "/console/w/{workspace}" + path, Needs: needs, handle: handle}
}

func post(path string, needs core.Permission, handle func(context.Context, *page) error) Route {
	return Route{Method: "POST", Path: "/console/w/{workspace}" + path, Needs: needs, handle: handle}
}

// streams makes a route one that takes or sends a file.
func (rt Route) streams() Route {
	rt.Streams = true
	return rt
}
