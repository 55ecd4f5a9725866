package httpapi

import (
	"net/http"
	"reflect"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"accesscodes/internal/access"
)

// route is one operation: how it is reached, who may call it, what it answers, and
// what the OpenAPI document says about it.
type route struct {
	method, path string
	permission   access.Permission // empty: no key is asked for
	endpoint     endpoint

	id, summary, description string
	request, response        reflect.Type // of the JSON bodies; nil: none
	retryable                bool         // takes an Idempotency-Key
	reasons                  []access.Reason
	undocumented             bool
}

// routes is every route but /openapi.json, which is made from it.
func (s *Server) routes(registry *prometheus.Registry) []route {
	return append([]route{
		{
			method: "POST", path: "/tenant-codes/add", permission: access.PermissionIssue, endpoint: s.addCode,
			id: "addCode", summary: "Add a code with a value that you choose",
			description: "The value must be unique over all workspaces of the installation, whatever its case, spaces and dashes.",
			request:     reflect.TypeFor[addRequest](), response: reflect.TypeFor[codeFields](), retryable: true,
			reasons: []access.Reason{access.ReasonCodeAlreadyExists, access.ReasonIdempotencyKeyReused},
		},
		{
			method: "POST", path: "/tenant-codes/generate", permission: access.PermissionIssue, endpoint: s.generateCode,
			id: "generateCode", summary: "Generate a unique random code",
			description: "The value has the workspace's prefix and format. It is unique over all workspaces of the installation.",
			request:     reflect.TypeFor[generateRequest](), response: reflect.TypeFor[generateAnswer](), retryable: true,
			reasons: []access.Reason{access.ReasonCodeSpaceExhausted, access.ReasonIdempotencyKeyReused},
		},
		{
			method: "GET", path: "/livez", endpoint: s.live,
			id: "live", summary: "Whether the process runs", response: reflect.TypeFor[health](),
		},
		{
			method: "GET", path: "/readyz", endpoint: s.ready,
			id: "ready", summary: "Whether requests can be served now",
			description: "503 while the database does not answer and while the server is stopping.",
			response:    reflect.TypeFor[health](),
			reasons:     []access.Reason{access.ReasonStoreUnavailable, access.ReasonOverloaded},
		},
		{
			method: "GET", path: "/metrics", endpoint: handled(promhttp.HandlerFor(registry, promhttp.HandlerOpts{})),
			undocumented: true,
		},
	}, docsRoutes()...)
}

// documentRoute serves the OpenAPI document.
func documentRoute(document []byte) route {
	return route{
		method: "GET", path: "/openapi.json", undocumented: true,
		endpoint: handled(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
			_, _ = w.Write(document) // a caller who has gone cannot be told so
		})),
	}
}
