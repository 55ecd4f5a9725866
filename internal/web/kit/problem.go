package kit

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/core"
)

// Reasons that only HTTP has. Their statuses are in statusOfReason.
const (
	ReasonRouteNotFound        core.Reason = "route_not_found"
	ReasonMethodNotAllowed     core.Reason = "method_not_allowed"
	ReasonBodyTooLarge         core.Reason = "body_too_large"
	ReasonUnsupportedMediaType core.Reason = "unsupported_media_type"
	ReasonRequestTimeout       core.Reason = "request_timeout"
)

// Reasons of what a request, or a line of a file, says.
const (
	ReasonInvalidJSON    = core.ReasonInvalidJSON
	ReasonDuplicateField = core.ReasonDuplicateField
	ReasonUnknownField   = core.ReasonUnknownField
	ReasonWrongType      = core.ReasonWrongType
)

// statusClientGone is what logs show for a caller who went before the answer came;
// nginx made the number known.
const statusClientGone = 499

// Problem is an error as callers see it: RFC 9457, with a reason that a program can
// switch on.
type Problem struct {
	Type      string         `json:"type" format:"uri-reference" example:"urn:accesscodes:problem:invalid_value"`
	Title     string         `json:"title" doc:"The reason in words." example:"Invalid value"`
	Status    int            `json:"status" doc:"The HTTP status." example:"400"`
	Detail    string         `json:"detail" example:"expiresAt must be in the future"`
	Reason    core.Reason    `json:"reason" doc:"A stable word that a program can switch on." example:"invalid_value"`
	Oldest    *int64         `json:"oldest,omitempty" doc:"With position_expired: the oldest that is kept, if any is."`
	ImportID  *string        `json:"importId,omitempty" format:"uuid" doc:"The import that it is about, if any."`
	RequestID string         `json:"requestId" doc:"The X-Request-Id of this answer." example:"k3v9xq2m7pdw-1f"`
	Errors    []ProblemField `json:"errors,omitempty" doc:"What is wrong with single fields."`

	// Said is what Detail says, for pages in other languages; without a name: there are none.
	Said       core.Said     `json:"-"`
	RetryAfter time.Duration `json:"-"` // as the header has it

	header http.Header
}

// TransformSchema implements [huma.SchemaTransformer].
func (Problem) TransformSchema(_ huma.Registry, schema *huma.Schema) *huma.Schema {
	return Describe(schema, map[string]string{
		"type":   "A URN that ends in the reason.",
		"detail": "A sentence for a person. It never repeats a secret.",
	})
}

// ProblemField is what is wrong with one field of a request.
type ProblemField struct {
	Pointer string `json:"pointer" doc:"RFC 6901 pointer into the request body." example:"/expiresAt"`
	Detail  string `json:"detail" doc:"A sentence for a person." example:"expiresAt must be in the future"`
}

// statusOfKind is the one place that gives each kind of error its HTTP status.
var statusOfKind = map[core.Kind]int{
	core.KindInternal:        http.StatusInternalServerError,
	core.KindInvalid:         http.StatusBadRequest,
	core.KindUnauthenticated: http.StatusUnauthorized,
	core.KindForbidden:       http.StatusForbidden,
	core.KindNotFound:        http.StatusNotFound,
	core.KindConflict:        http.StatusConflict,
	core.KindUnavailable:     http.StatusServiceUnavailable,
	core.KindGone:            http.StatusGone,
	core.KindTooLarge:        http.StatusRequestEntityTooLarge,
	core.KindTooMany:         http.StatusTooManyRequests,
}

// statusOfReason is the same for the reasons that only HTTP has.
var statusOfReason = map[core.Reason]int{
	ReasonRouteNotFound:        http.StatusNotFound,
	ReasonMethodNotAllowed:     http.StatusMethodNotAllowed,
	ReasonBodyTooLarge:         http.StatusRequestEntityTooLarge,
	ReasonUnsupportedMediaType: http.StatusUnsupportedMediaType,
	ReasonRequestTimeout:       http.StatusRequestTimeout,
}

// StatusOf is the HTTP status of a reason, in answers and in the OpenAPI document.
func StatusOf(reason core.Reason) int {
	if status, ok := statusOfReason[reason]; ok {
		return status
	}
	return statusOfKind[reason.Kind()]
}

// Reasons lists every reason that an answer may have, in the order of the alphabet.
func Reasons() []core.Reason {
	return slices.Sorted(slices.Values(append(core.Reasons(), slices.Collect(maps.Keys(statusOfReason))...)))
}

// httpError is an error that only HTTP has.
type httpError struct {
	reason core.Reason
	detail string
	header http.Header
}

// Error implements error.
func (e *httpError) Error() string { return string(e.reason) + ": " + e.detail }

// ProblemOf shows an error to a caller. Whatever is neither a [core.Error] nor an
// [httpError] becomes an internal error without its text.
func ProblemOf(err error) *Problem {
	if e, ok := err.(*httpError); ok {
		return newProblem(e.reason, e.detail, nil, e.header)
	}
	e := core.AsError(err)
	header := http.Header{}
	if e.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(max(1, int(e.RetryAfter/time.Second))))
	}
	if e.Kind == core.KindUnauthenticated {
		header.Set("WWW-Authenticate", `ApiKey realm="accesscodes"`)
	}
	p := newProblem(e.Reason, e.Detail, e.Fields, header)
	p.RetryAfter = e.RetryAfter
	if all := e.AllSaid(); len(all) > 0 {
		p.Said = all[0].Said
	}
	p.Oldest = e.Oldest
	if !e.Import.IsZero() {
		p.ImportID = new(e.Import.String())
	}
	return p
}

func newProblem(reason core.Reason, detail string, fields []core.FieldError, header http.Header) *Problem {
	p := &Problem{
		Type: "urn:accesscodes:problem:" + string(reason), Title: titleOf(reason),
		Status: StatusOf(reason), Detail: detail, Reason: reason, header: header,
	}
	for _, f := range fields[:min(len(fields), maxProblemFields)] {
		p.Errors = append(p.Errors, ProblemField{Pointer: shortened(f.Pointer), Detail: f.Detail})
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

// SetHeader sets the fields that come with the problem, such as Retry-After.
func (p *Problem) SetHeader(header http.Header) {
	for name, values := range p.header {
		header[name] = values
	}
}

func (p *Problem) write(c *Call) {
	p.SetHeader(c.Writer.Header())
	body, err := json.Marshal(p)
	if err != nil { // only text that is not UTF-8 could do that
		body = []byte(`{}`)
	}
	c.write(p.Status, problemType, body)
}
