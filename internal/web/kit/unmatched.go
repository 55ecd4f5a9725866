package kit

import (
	"context"
	"net/http"
	"strings"
)

// unknownPath is what logs and metrics show instead of a path that no route has.
const unknownPath = "(none)"

// notFound answers a path that no route has.
func notFound(context.Context, *Call) error {
	return &httpError{
		reason: ReasonRouteNotFound,
		detail: "there is nothing at this path; /openapi.json describes every route",
	}
}

// methodNotAllowed answers methods that a route's path does not take.
func (s *Server) methodNotAllowed(path string) Route {
	detail := "this path takes " + strings.Join(s.allowed[path], ", ")
	for i := range s.routes {
		if rt := &s.routes[i]; rt.Path == path && rt.Otherwise != "" {
			detail += "; " + rt.Otherwise
			break
		}
	}
	return Route{Path: path, Endpoint: func(context.Context, *Call) error {
		return &httpError{
			reason: ReasonMethodNotAllowed,
			detail: detail,
			header: http.Header{"Allow": {strings.Join(s.allowed[path], ", ")}},
		}
	}}
}

// unmatched answers what no route does: a path that none has, or one that takes other
// methods.
func (s *Server) unmatched(ctx context.Context, c *Call) error {
	for _, method := range methods {
		_, pattern := s.mux.Handler(&http.Request{Method: method, URL: c.Request.URL, Host: c.Request.Host})
		if _, path, isRoute := strings.Cut(pattern, " "); isRoute {
			other := s.methodNotAllowed(path)
			c.route = &other
			return other.Endpoint(ctx, c)
		}
	}
	return notFound(ctx, c)
}
