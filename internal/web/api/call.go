package api

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/core"
)

// endpoint answers one kind of request. It writes the answer itself when it returns
// nil, and nothing when it returns an error.
type endpoint func(ctx context.Context, c *call) error

// call is one request on its way, filled in as it proceeds.
type call struct {
	request   *http.Request
	writer    http.ResponseWriter
	route     *route              // its pattern is what logs and metrics show: paths hold codes
	answered  prometheus.Observer // counts answers with 200
	start     time.Time
	requestID string
	client    string     // the caller's address as far as proxies are trusted, without a port
	actor     core.Actor // of no kind for routes without a key

	status int // 0 until the answer is written
	reason core.Reason
	err    error
	broken bool // the answer began and cannot be ended: its connection is aborted
}

// answer writes v as the JSON answer with status 200. The members of maps are in the order of
// their names, so that the same thing is the same text each time.
func (c *call) answer(v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	c.write(http.StatusOK, jsonType, body)
	return nil
}

// Header values that never change, ready to be put into a header map.
var (
	jsonType    = []string{"application/json"}
	problemType = []string{"application/problem+json"}
	noStore     = []string{"no-store"}
	noSniff     = []string{"nosniff"}
)

// write sends a whole answer.
func (c *call) write(status int, contentType []string, body []byte) {
	c.begin(status, contentType)
	// A caller who has gone cannot be told so.
	_, _ = c.writer.Write(body)
}

// begin sends the head of an answer that must not be cached, unless its header says otherwise. Its
// body is then written to c.writer. Answers to POST are not cached, without being told so (RFC 9110
// §9.3.3). An endpoint that returns an error after begin aborts the connection.
func (c *call) begin(status int, contentType []string) {
	header := c.writer.Header()
	header["Content-Type"] = contentType
	if c.request.Method != http.MethodPost && header["Cache-Control"] == nil {
		header["Cache-Control"] = noStore
	}
	c.status = status
	c.writer.WriteHeader(status)
}

// handled runs a handler of another library as an endpoint.
func handled(h http.Handler) endpoint {
	return func(_ context.Context, c *call) error {
		h.ServeHTTP(&statusRecorder{c.writer, c}, c.request)
		if c.status == 0 {
			c.status = http.StatusOK
		}
		return nil
	}
}

// statusRecorder notes the status that a handler writes.
type statusRecorder struct {
	http.ResponseWriter
	call *call
}

// WriteHeader implements [http.ResponseWriter].
func (r *statusRecorder) WriteHeader(status int) {
	r.call.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (r *statusRecorder) Write(part []byte) (int, error) {
	if r.call.status == 0 {
		r.call.status = http.StatusOK
	}
	return r.ResponseWriter.Write(part)
}

// Unwrap is for [http.ResponseController].
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
