package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"accesscodes/internal/core"
)

// Reasons that only HTTP has.
const (
	reasonInvalidJSON          core.Reason = "invalid_json"
	reasonDuplicateField       core.Reason = "duplicate_field"
	reasonUnknownField         core.Reason = "unknown_field"
	reasonWrongType            core.Reason = "wrong_type"
	reasonRouteNotFound        core.Reason = "route_not_found"
	reasonMethodNotAllowed     core.Reason = "method_not_allowed"
	reasonBodyTooLarge         core.Reason = "body_too_large"
	reasonUnsupportedMediaType core.Reason = "unsupported_media_type"
	reasonRequestTimeout       core.Reason = "request_timeout"
)

// statusClientGone is what logs show for a caller who went before the answer came;
// nginx made the number known.
const statusClientGone = 499

// problem is an error as callers see it: RFC 9457, with a reason that a program can
// switch on.
type problem struct {
	Type      string         `json:"type" format:"uri-reference" doc:"A URN that ends in the reason." example:"urn:accesscodes:problem:invalid_value"`
	Title     string         `json:"title" doc:"The reason in words." example:"Invalid value"`
	Status    int            `json:"status" doc:"The HTTP status." example:"400"`
	Detail    string         `json:"detail" doc:"A sentence for a person. It never repeats a secret." example:"expiresAt must be in the future"`
	Reason    core.Reason    `json:"reason" doc:"A stable word that a program can switch on." example:"invalid_value"`
	Oldest    *int64         `json:"oldest,omitempty" doc:"With position_expired: the oldest that is kept."`
	RequestID string         `json:"requestId" doc:"The X-Request-Id of this answer." example:"k3v9xq2m7pdw-1f"`
	Errors    []problemField `json:"errors,omitempty" doc:"What is wrong with single fields."`

	header http.Header
}

type problemField struct {
	Pointer string `json:"pointer" doc:"RFC 6901 pointer into the request body." example:"/expiresAt"`
	Detail  string `json:"detail" doc:"A sentence for a person." example:"expiresAt must be in the future"`
}

// statusOf is the one place that gives each kind of error its HTTP status.
var statusOf = map[core.Kind]int{
	core.KindInternal:        http.StatusInternalServerError,
	core.KindInvalid:         http.StatusBadRequest,
	core.KindUnauthenticated: http.StatusUnauthorized,
	core.KindForbidden:       http.StatusForbidden,
	core.KindNotFound:        http.StatusNotFound,
	core.KindConflict:        http.StatusConflict,
	core.KindUnavailable:     http.StatusServiceUnavailable,
	core.KindGone:            http.StatusGone,
}

// httpError is an error that only HTTP has.
type httpError struct {
	status int
	reason core.Reason
	detail string
	header http.Header
	fields []core.FieldError
}

// Error implements error.
func (e *httpError) Error() string { return string(e.reason) + ": " + e.detail }

// problemOf shows an error to a caller. Whatever is neither an [core.Error] nor an
// [httpError] becomes an internal error without its text.
func problemOf(err error) *problem {
	if e, ok := err.(*httpError); ok {
		return newProblem(e.status, e.reason, e.detail, e.fields, e.header)
	}
	e := core.AsError(err)
	header := http.Header{}
	if e.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter/time.Second))))
	}
	if e.Kind == core.KindUnauthenticated {
		header.Set("WWW-Authenticate", `ApiKey realm="accesscodes"`)
	}
	p := newProblem(statusOf[e.Kind], e.Reason, e.Detail, e.Fields, header)
	p.Oldest = e.Oldest
	return p
}

func newProblem(status int, reason core.Reason, detail string, fields []core.FieldError, header http.Header) *problem {
	p := &problem{
		Type: "urn:accesscodes:problem:" + string(reason), Title: titleOf(reason),
		Status: status, Detail: detail, Reason: reason, header: header,
	}
	for _, f := range fields[:min(len(fields), maxProblemFields)] {
		p.Errors = append(p.Errors, problemField{Pointer: shortened(f.Pointer), Detail: f.Detail})
	}
	return p
}

// Limits of what an error repeats of a request. A body may have thousands of wrong fields, with
// names as long as itself.
const (
	maxProblemFields = 20
	maxPointerLength = 200 // characters
)

// shortened cuts a pointer, but not within an escape sequence (RFC 6901 §3).
func shortened(pointer string) string {
	count := 0
	for end := range pointer {
		if count == maxPointerLength {
			return strings.TrimSuffix(pointer[:end], "~")
		}
		count++
	}
	return pointer
}

// titleOf writes a reason as words: code_already_exists is "Code already exists".
func titleOf(reason core.Reason) string {
	words := strings.ReplaceAll(string(reason), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

func (p *problem) write(c *call) {
	header := c.writer.Header()
	for name, values := range p.header {
		header[name] = values
	}
	body, err := json.Marshal(p)
	if err != nil { // only text that is not UTF-8 could do that
		body = []byte(`{}`)
	}
	c.write(p.Status, problemType, body)
}

// unknownPath is what logs and metrics show instead of a path that no route has.
const unknownPath = "(none)"

// notFound answers a path that no route has.
func notFound(context.Context, *call) error {
	return &httpError{
		status: http.StatusNotFound, reason: reasonRouteNotFound,
		detail: "there is nothing at this path; /openapi.json describes every route",
	}
}

// methodNotAllowed answers methods that a route's path does not take.
func (s *Server) methodNotAllowed(path string) route {
	return route{path: path, endpoint: func(context.Context, *call) error {
		return &httpError{
			status: http.StatusMethodNotAllowed, reason: reasonMethodNotAllowed,
			detail: "this path takes " + strings.Join(s.methods[path], " and "),
			header: http.Header{"Allow": {strings.Join(s.methods[path], ", ")}},
		}
	}}
}

// unmatched answers what no route does: a path that none has, or one that takes other
// methods.
func (s *Server) unmatched(ctx context.Context, c *call) error {
	for _, method := range methods {
		_, pattern := s.mux.Handler(&http.Request{Method: method, URL: c.request.URL, Host: c.request.Host})
		if _, path, isRoute := strings.Cut(pattern, " "); isRoute {
			other := s.methodNotAllowed(path)
			c.route = &other
			return other.endpoint(ctx, c)
		}
	}
	return notFound(ctx, c)
}
