// Package api is the HTTP interface: it decodes requests, asks
// [codes.Service], and writes answers and errors. Every route stands in routes.go,
// and the OpenAPI document is made from the same table. It holds no rule about codes.
package api

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

	"accesscodes/internal/codes"
	"accesscodes/internal/event"
	"accesscodes/internal/tenancy"
)

// Deps is what a [Server] needs from outside.
type Deps struct {
	Codes    *codes.Services
	Tenancy  *tenancy.Service
	Events   *event.Service
	Ping     func(context.Context) error // whether the database answers
	Log      *slog.Logger
	Registry *prometheus.Registry // its metrics are shown at /metrics
	Version  string               // of the program, for the OpenAPI document

	Stall             time.Duration  // how long a caller may neither take nor send in a stream; 0: DefaultStall
	TrustedProxies    []netip.Prefix // whose word about a client's address is taken
	NoDocs, NoMetrics bool           // serve nothing at /docs, at /metrics
}

// Server answers HTTP requests. It is safe for concurrent use.
type Server struct {
	service  *codes.Services
	tenancy  *tenancy.Service
	events   *event.Service
	ping     func(context.Context) error
	log      *slog.Logger
	metrics  *metrics
	ids      requestIDs
	mux      *http.ServeMux
	methods  map[string][]string // that the path of a route takes
	unknown  http.Handler        // answers a path that no route can have
	proxies  proxies
	stall    time.Duration
	draining chan struct{} // closed when draining begins
	drain    func()        // closes it
}

// methods are the methods that routes have, but for HEAD.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// New returns a server with every route.
func New(deps Deps) (*Server, error) {
	s := &Server{
		service: deps.Codes, tenancy: deps.Tenancy, events: deps.Events, ping: deps.Ping,
		log: deps.Log, metrics: newMetrics(deps.Registry),
		ids: newRequestIDs(), mux: http.NewServeMux(), methods: map[string][]string{},
		proxies: deps.TrustedProxies, stall: cmp.Or(deps.Stall, DefaultStall), draining: make(chan struct{}),
	}
	s.drain = sync.OnceFunc(func() { close(s.draining) })
	routes := slices.DeleteFunc(s.routes(deps.Registry), func(rt route) bool {
		return deps.NoDocs && strings.HasPrefix(rt.path, "/docs") || deps.NoMetrics && rt.path == "/metrics"
	})
	document, err := openAPI(routes, deps.Version)
	if err != nil {
		return nil, fmt.Errorf("make the OpenAPI document: %w", err)
	}
	s.register(append(routes, documentRoute(document)))
	return s, nil
}

// Drain makes /readyz fail from now on, so that load balancers send new requests
// elsewhere. Requests are still answered; endpoints that wait for something to happen select on
// s.draining and answer at once with what they have.
func (s *Server) Drain() {
	s.drain()
	s.events.Drain()
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The mux would answer such a path with a redirection, or with an error of its own.
	if p := cmp.Or(r.URL.RawPath, r.URL.Path); !strings.HasPrefix(p, "/") || path.Clean(p) != p {
		s.unknown.ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, nameSlash(r))
}

// register puts the routes into the mux, with an answer for every other path and method.
func (s *Server) register(routes []route) {
	for _, rt := range routes {
		s.mux.Handle(rt.method+" "+rt.path, s.handler(rt))
		s.methods[rt.path] = append(s.methods[rt.path], rt.method)
		if rt.method == "GET" { // which the mux answers HEAD with as well
			s.methods[rt.path] = append(s.methods[rt.path], "HEAD")
		}
	}
	for path, allowed := range s.methods {
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
	s.unknown = s.handler(route{path: unknownPath, endpoint: notFound})
	s.mux.Handle("/", s.handler(route{path: unknownPath, endpoint: s.unmatched}))
}

// handler runs a route's endpoint and sees to everything around it: the request id,
// who calls, the answer or the error, one log event, the metrics.
func (s *Server) handler(rt route) http.Handler {
	answered := s.metrics.answered(rt)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{request: r, writer: w, route: &rt, answered: answered, start: time.Now(), requestID: s.ids.of(r)}
		c.client = s.proxies.clientOf(r)
		w.Header()["X-Request-Id"] = []string{c.requestID}
		w.Header()["X-Content-Type-Options"] = noSniff
		if rt.streams {
			streamed := startStream(w, r, s.stall)
			c.writer = streamed
			defer streamed.end()
		}
		defer s.finish(c)
		if err := s.run(rt, c); err != nil {
			s.fail(c, err)
		}
	})
}

// run authenticates the caller if the route asks for it, then runs the endpoint.
func (s *Server) run(rt route, c *call) error {
	ctx := c.request.Context()
	if rt.permission != "" {
		actor, err := s.tenancy.Authenticate(ctx, c.apiKey())
		if err != nil {
			return err
		}
		actor.RequestID = c.requestID
		c.actor = actor
		if err := actor.Require(rt.permission); err != nil {
			return err
		}
		if c.request.URL.RawQuery != "" && !rt.takesQuery() { // those that do read it themselves
			if err := c.parameters().err; err != nil {
				return err
			}
		}
	}
	return rt.endpoint(ctx, c)
}

// apiKey returns the key that was sent, or nothing if several different ones were: a proxy may
// look at another one of them than this server.
func (c *call) apiKey() string {
	sent := c.request.Header["X-Api-Key"]
	if len(sent) == 0 || slices.ContainsFunc(sent, func(key string) bool { return key != sent[0] }) {
		return ""
	}
	return sent[0]
}

// fail answers with the error as a problem. What only the log may know stays there.
func (s *Server) fail(c *call, err error) {
	p := problemOf(err)
	if errors.Is(err, context.Canceled) && c.request.Context().Err() != nil {
		p.Status = statusClientGone // nobody reads the answer; the log should not call it a fault
	}
	c.err = err
	c.reason = p.Reason
	if c.status != 0 { // which has gone to the caller: finish aborts the answer
		c.status, c.broken = p.Status, true
		return
	}
	p.RequestID = c.requestID
	p.write(c)
}

// finish logs and counts the request. A panic in an endpoint ends here.
func (s *Server) finish(c *call) {
	if p := recover(); p != nil {
		s.log.Error("panic", "request_id", c.requestID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
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
func (s *Server) logEvent(c *call, end time.Time) {
	level := slog.LevelInfo
	switch {
	case c.status >= 500 && c.status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case c.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	}
	attrs := make([]slog.Attr, 0, 10)
	attrs = append(attrs,
		slog.String("request_id", c.requestID), slog.String("method", methodLabel(c.request.Method)),
		slog.String("route", c.route.path), slog.Int("status", c.status),
		slog.Int64("duration_us", end.Sub(c.start).Microseconds()), slog.String("client", c.client))
	if c.actor.Kind != "" {
		attrs = append(attrs, slog.String("workspace", c.actor.Workspace), slog.String("key", c.actor.Display))
	}
	if c.reason != "" {
		attrs = append(attrs, slog.String("reason", string(c.reason)))
	}
	if c.err != nil && level > slog.LevelInfo {
		attrs = append(attrs, slog.String("error", c.err.Error()))
	}
	s.log.LogAttrs(context.Background(), level, "request", attrs...)
}
