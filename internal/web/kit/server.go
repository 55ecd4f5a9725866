// Package kit is what is between net/http and the areas: a request in, an answer or a problem out,
// and an OpenAPI document of the routes. It has no rules about codes, workspaces or keys; who asks is
// found out by a function that it is given.
package kit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/core"
)

// Config is what a [Server] is made of.
type Config struct {
	Routes   []Route
	Document *Document // of the routes, served at /openapi.json; nil: none is served
	// Authenticate says who sent a secret. Its errors are answered as they are.
	Authenticate func(ctx context.Context, secret string) (core.Actor, error)
	// Authenticated is told who has sent a request, and from which address; nil: nobody is. It must not wait.
	Authenticated func(actor *core.Actor, client string)
	// HoldsSecret reports whether a text holds a secret, so that it must not get into the log; nil:
	// none does.
	HoldsSecret func(text string) bool
	// Rewrite mends a request before it is matched with the routes; nil: it stays as it is.
	Rewrite func(*http.Request) *http.Request
	// Refuse answers with a problem; nil: as problem+json. It must begin an answer.
	Refuse func(*Call, *Problem)

	Log            *slog.Logger
	Registry       *prometheus.Registry // for the metrics of requests
	TrustedProxies []netip.Prefix       // whose word about a client's address is taken
	Stall          time.Duration        // how long a caller may neither take nor send in a stream; 0: DefaultStall
}

// Server answers HTTP requests. It is safe for concurrent use.
type Server struct {
	routes       []Route
	authenticate func(ctx context.Context, secret string) (core.Actor, error)
	noteCaller   func(actor *core.Actor, client string)
	rewrite      func(*http.Request) *http.Request
	refuse       func(*Call, *Problem)
	log          *slog.Logger
	metrics      *metrics
	ids          requestIDs
	mux          *http.ServeMux
	allowed      map[string][]string // the methods that each path of a route takes
	unknown      http.Handler        // answers a path that no route can have
	proxies      proxies
	stall        time.Duration
	roles        func(core.Permission) []string // nil: answers do not name them
	draining     chan struct{}                  // closed when draining begins
	drain        func()                         // closes it
}

// methods are the methods that routes have, but for HEAD.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// New returns a server of the routes.
func New(config Config) (*Server, error) {
	s := &Server{
		authenticate: config.Authenticate, noteCaller: config.Authenticated, rewrite: config.Rewrite,
		refuse: config.Refuse, log: config.Log,
		metrics: newMetrics(config.Registry), ids: newRequestIDs(config.HoldsSecret),
		mux: http.NewServeMux(), allowed: map[string][]string{},
		proxies: config.TrustedProxies, stall: cmp.Or(config.Stall, DefaultStall), draining: make(chan struct{}),
	}
	if s.refuse == nil {
		s.refuse = func(c *Call, p *Problem) { p.write(c) }
	}
	s.drain = sync.OnceFunc(func() { close(s.draining) })
	if config.Document != nil {
		s.roles = config.Document.Roles
	}
	routes, err := checked(config.Routes)
	if err != nil {
		return nil, err
	}
	if config.Document != nil {
		document, err := config.Document.of(routes)
		if err != nil {
			return nil, fmt.Errorf("make the OpenAPI document: %w", err)
		}
		routes = append(routes, documentRoute(document))
	}
	s.routes = routes
	s.register(routes)
	return s, nil
}

// Routes lists the routes that are served.
func (s *Server) Routes() []Route { return slices.Clone(s.routes) }

// checked reads which fields the routes' bodies have.
func checked(routes []Route) ([]Route, error) {
	routes = slices.Clone(routes)
	for i := range routes {
		rt := &routes[i]
		if !rt.Request.exists() {
			continue
		}
		var err error
		if rt.fields, err = requestFields(rt.Request.goType); err != nil {
			return nil, fmt.Errorf("%s %s: %w", rt.Method, rt.Path, err)
		}
		if rt.BodyOptional && slices.ContainsFunc(rt.fields, isRequired) {
			return nil, fmt.Errorf("%s %s: a body that may be left out has required fields", rt.Method, rt.Path)
		}
	}
	return routes, nil
}

// Drain closes [Call.Draining]. Requests are still answered.
func (s *Server) Drain() { s.drain() }

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The mux would answer such a path with a redirection, or with an error of its own.
	if p := cmp.Or(r.URL.RawPath, r.URL.Path); !strings.HasPrefix(p, "/") || path.Clean(p) != p {
		s.unknown.ServeHTTP(w, r)
		return
	}
	if s.rewrite != nil {
		r = s.rewrite(r)
	}
	s.mux.ServeHTTP(w, r)
}

// register puts the routes into the mux, with an answer for every other path and method.
func (s *Server) register(routes []Route) {
	for _, rt := range routes {
		s.mux.Handle(rt.Method+" "+rt.Path, s.handler(rt))
		s.allowed[rt.Path] = append(s.allowed[rt.Path], rt.Method)
		if rt.Method == "GET" { // which the mux answers HEAD with as well
			s.allowed[rt.Path] = append(s.allowed[rt.Path], "HEAD")
		}
	}
	for path, allowed := range s.allowed {
		if strings.Contains(path, "{") {
			continue
		}
		// Otherwise GET /tenant-codes/add would look for the code ADD, which has other
		// spellings to be found by.
		for _, method := range methods {
			if !slices.Contains(allowed, method) {
				s.mux.Handle(method+" "+path, s.handler(s.methodNotAllowed(path)))
			}
		}
	}
	s.unknown = s.handler(Route{Path: unknownPath, Endpoint: notFound})
	s.mux.Handle("/", s.handler(Route{Path: unknownPath, Endpoint: s.unmatched}))
}

// handler runs a route's endpoint and sees to everything around it: the request id,
// who calls, the answer or the error, one log event, the metrics.
func (s *Server) handler(rt Route) http.Handler {
	answered := s.metrics.answered(rt)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &Call{
			Request: r, Writer: w, RequestID: s.ids.of(r), Client: s.proxies.clientOf(r), Secured: s.proxies.isSecured(r),
			server: s, route: &rt, answered: answered, start: time.Now(),
		}
		w.Header()["X-Request-Id"] = []string{c.RequestID}
		w.Header()["X-Content-Type-Options"] = noSniff
		if rt.Streams {
			streamed := startStream(w, r, s.stall)
			c.Writer = streamed
			defer streamed.end()
		}
		defer s.finish(c)
		if err := s.run(rt, c); err != nil {
			s.fail(c, err)
		}
	})
}

// run authenticates the caller if the route asks for it, then runs the endpoint.
func (s *Server) run(rt Route, c *Call) error {
	ctx := c.Request.Context()
	if rt.Permission != "" {
		actor, err := s.authenticate(ctx, c.apiKey())
		if err != nil {
			return err
		}
		actor.RequestID = c.RequestID
		c.Actor = actor
		if s.noteCaller != nil {
			s.noteCaller(&c.Actor, c.Client)
		}
		if err := actor.Require(rt.Permission); err != nil {
			return s.namingRoles(err, rt.Permission)
		}
		if c.Request.URL.RawQuery != "" && !rt.takesQuery() { // those that do read it themselves
			if err := c.Query().Err(); err != nil {
				return err
			}
		}
	}
	return rt.Endpoint(ctx, c)
}

// namingRoles adds to a refusal the roles that have the permission.
func (s *Server) namingRoles(err error, p core.Permission) error {
	refusal := core.AsError(err)
	if s.roles != nil {
		refusal.Detail += "; it takes the role " + core.Alternatives(s.roles(p))
	}
	return refusal
}

// apiKey returns the key that was sent, or nothing if several different ones were: a proxy may
// look at another one of them than this server.
func (c *Call) apiKey() string {
	sent := c.Request.Header["X-Api-Key"]
	if len(sent) == 0 || slices.ContainsFunc(sent, func(key string) bool { return key != sent[0] }) {
		return ""
	}
	return sent[0]
}

// fail answers with the error as a problem. What only the log may know stays there.
func (s *Server) fail(c *Call, err error) {
	p := ProblemOf(err)
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		p.Status = statusClientGone // nobody reads the answer; the log should not call it a fault
	}
	c.err = err
	c.reason = p.Reason
	if c.status != 0 { // which has gone to the caller: finish aborts the answer
		c.status, c.broken = p.Status, true
		return
	}
	p.RequestID = c.RequestID
	s.refuse(c, p)
}

// finish logs and counts the request. A panic in an endpoint ends here.
func (s *Server) finish(c *Call) {
	if p := recover(); p != nil {
		s.log.Error("panic", "request_id", c.RequestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		s.fail(c, fmt.Errorf("panic: %v", p))
	}
	end := time.Now()
	s.metrics.observe(c, end.Sub(c.start))
	s.logEvent(c, end)
	if c.broken {
		panic(http.ErrAbortHandler) // so that nothing incomplete looks complete
	}
}

// logEvent writes the one log event of a request that has ended. It names no code, no secret
// and no person.
func (s *Server) logEvent(c *Call, end time.Time) {
	level := slog.LevelInfo
	switch {
	case c.status >= 500 && c.status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case c.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	}
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs,
		slog.String("request_id", c.RequestID), slog.String("method", methodLabel(c.Request.Method)),
		slog.String("route", c.route.Path), slog.Int("status", c.status),
		slog.Int64("duration_us", end.Sub(c.start).Microseconds()), slog.String("client", c.Client))
	if c.Actor.Kind != "" {
		name, value := "key", c.Actor.Display
		if value == "" {
			name, value = "actor", string(c.Actor.Kind)
		}
		attrs = append(attrs, slog.String("workspace", c.Actor.Workspace), slog.String(name, value))
	}
	if c.reason != "" {
		attrs = append(attrs, slog.String("reason", string(c.reason)))
	}
	if c.err != nil && level > slog.LevelInfo {
		attrs = append(attrs, slog.String("error", c.err.Error()))
	}
	s.log.LogAttrs(context.Background(), level, "request", attrs...)
}
