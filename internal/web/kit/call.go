package kit

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"accesscodes/internal/core"
)

// Call is one request on its way, filled in as it proceeds.
type Call struct {
	Request   *http.Request
	Writer    http.ResponseWriter
	RequestID string
	Client    string     // the caller's address as far as proxies are trusted, without a port
	Secured   bool       // it came over TLS, to this server or to a trusted proxy
	Actor     core.Actor // of no kind for routes without a key
	Data      any        // what an endpoint keeps for [Config.Refuse]

	server   *Server
	route    *Route              // its pattern is what logs and metrics show: paths hold codes
	answered prometheus.Observer // counts answers with 200
	start    time.Time

	status int // 0 until the answer is written
	reason core.Reason
	err    error
	broken bool // the answer began and cannot be ended: its connection is aborted
}

// Draining is closed when the server begins to stop. An endpoint that waits for something to
// happen answers then, at once, with what it has.
func (c *Call) Draining() <-chan struct{} { return c.server.draining }

// NoteRefusal lets the log and the metrics know why something was refused by a good answer.
func (c *Call) NoteRefusal(reason core.Reason) { c.reason = reason }

// Warn logs that something beside the answer went wrong. The message must not name a code or a person.
func (c *Call) Warn(message string, err error) {
	c.server.log.Warn(message, "request_id", c.RequestID, "route", c.route.Path, "error", err.Error())
}

// MarkReplayed tells the caller that an earlier request did what this one is answered with.
func (c *Call) MarkReplayed(replayed bool) {
	if replayed {
		c.Writer.Header()["Idempotent-Replayed"] = []string{"true"}
	}
}

// Answer writes v as the JSON answer with status 200. The members of maps are in the order of
// their names, so that the same thing is the same text each time.
func (c *Call) Answer(v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	c.AnswerJSON(body)
	return nil
}

// Accept says that v will be done, with status 202, and where to see how far it is.
func (c *Call) Accept(location string, v any) error {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	c.Writer.Header()["Location"] = []string{location}
	c.write(http.StatusAccepted, jsonType, body)
	return nil
}

// AnswerJSON sends a text of JSON with status 200. It keeps nothing of it.
func (c *Call) AnswerJSON(text []byte) { c.write(http.StatusOK, jsonType, text) }

// AnswerNothing says that it was done and that there is nothing to show.
func (c *Call) AnswerNothing() {
	c.Writer.Header()["Cache-Control"] = noStore
	c.status = http.StatusNoContent
	c.Writer.WriteHeader(c.status)
}

// Header values that never change, ready to be put into a header map.
var (
	jsonType    = []string{"application/json"}
	problemType = []string{"application/problem+json"}
	noStore     = []string{"no-store"}
	noSniff     = []string{"nosniff"}
)

// write sends a whole answer.
func (c *Call) write(status int, contentType []string, body []byte) {
	c.begin(status, contentType)
	// A caller who has gone cannot be told so.
	_, _ = c.Writer.Write(body)
}

// Write sends a whole answer with a status and a header that are not those of JSON.
func (c *Call) Write(status int, mediaType string, body []byte) {
	c.write(status, []string{mediaType}, body)
}

// Redirect sends the caller to an address of this server with GET (RFC 9110 §15.4.4).
func (c *Call) Redirect(to string) {
	c.Writer.Header()["Location"] = []string{to}
	c.begin(http.StatusSeeOther, nil)
}

// Begin sends the head of an answer with status 200 that must not be cached, unless its header says
// otherwise. Its body is then written to c.Writer. An endpoint that returns an error after Begin
// aborts the connection.
func (c *Call) Begin(contentType string) { c.begin(http.StatusOK, []string{contentType}) }

// begin sends the head of an answer that must not be cached, unless its header says otherwise. Answers
// to POST are not cached, without being told so (RFC 9110 §9.3.3).
func (c *Call) begin(status int, contentType []string) {
	header := c.Writer.Header()
	if contentType != nil {
		header["Content-Type"] = contentType
	}
	if c.Request.Method != http.MethodPost && header["Cache-Control"] == nil {
		header["Cache-Control"] = noStore
	}
	c.status = status
	c.Writer.WriteHeader(status)
}

// Handled runs a handler of another library as an endpoint.
func Handled(h http.Handler) Endpoint {
	return func(_ context.Context, c *Call) error {
		h.ServeHTTP(&statusRecorder{c.Writer, c}, c.Request)
		if c.status == 0 {
			c.status = http.StatusOK
		}
		return nil
	}
}

// statusRecorder notes the status that a handler writes.
type statusRecorder struct {
	http.ResponseWriter
	call *Call
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
