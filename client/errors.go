package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Error is an answer of the server that is not a good one (RFC 9457).
type Error struct {
	Operation string // what was asked for: its id in the OpenAPI document, such as redeemCode
	Status    int    // of HTTP
	Reason    Reason // a stable word; empty if the answer came from something else, such as a proxy
	Detail    string // a sentence for a person, in English
	RequestID string // under which the server's log knows the request
	// Fields names what is wrong with single fields of the request, 20 at most.
	Fields []FieldError
	// RetryAfter is how long the server asks to wait before the next try; 0: it does not say.
	RetryAfter time.Duration
	// Oldest is the position of the oldest event that is kept, with [ReasonPositionExpired]; nil: none is.
	Oldest *int64

	saysUndone bool // the answer promises that nothing was done
	unknown    bool // this try, or one before, may have done it
}

// FieldError is what is wrong with one field of a request.
type FieldError struct {
	Pointer string `json:"pointer"` // into the body, such as /expiresAt (RFC 6901)
	Detail  string `json:"detail"`  // a sentence for a person
}

// Error is one line: operation, reason, sentence and id.
func (e *Error) Error() string {
	reason := string(e.Reason)
	if reason == "" {
		reason = "status " + strconv.Itoa(e.Status)
	}
	return fmt.Sprintf("%s: %s: %s (request %s)", e.Operation, reason, e.Detail, e.RequestID)
}

// Unwrap returns the reason, so that errors.Is(err, client.ReasonCodeExpired) holds.
func (e *Error) Unwrap() error {
	if e.Reason == "" {
		return nil
	}
	return e.Reason
}

// NoAnswerError says that no whole answer came: there was no connection, or it broke, or it took longer
// than [WithTimeout] allows.
type NoAnswerError struct {
	Operation string
	RequestID string // if the request reached the server, its log knows it by this
	// Unsent: no connection could be made, so that nothing was done.
	Unsent bool
	Err    error

	unknown bool
}

// Error is one line.
func (e *NoAnswerError) Error() string {
	return fmt.Sprintf("%s: no answer: %v (request %s)", e.Operation, e.Err, e.RequestID)
}

// Unwrap returns the cause.
func (e *NoAnswerError) Unwrap() error { return e.Err }

// OutcomeUnknown reports whether an error leaves open if what was asked for has been done, on whatever
// try: there was no whole answer, or the server or a proxy failed while it was under way. It is never
// true for calls that change nothing. To find out, look the thing up, or make the call again, of
// [Client.AddCode], [Client.GenerateCode], [Client.CreateBatch] and [Client.CreateChange] with an
// IdempotencyKey that you gave the first time, too.
func OutcomeUnknown(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.unknown
	}
	e, ok := errors.AsType[*NoAnswerError](err)
	return ok && e.unknown
}

// problem is the body of an error.
type problem struct {
	Reason    Reason       `json:"reason"`
	Detail    string       `json:"detail"`
	Oldest    *int64       `json:"oldest"`
	RequestID string       `json:"requestId"`
	Errors    []FieldError `json:"errors"`
}

// newError reads an answer that is not a good one.
func newError(r *request, response *http.Response, body []byte) *Error {
	e := &Error{Operation: r.operation, Status: response.StatusCode, RequestID: answeredID(r, response)}
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var p problem
	if media == "application/problem+json" && json.Unmarshal(body, &p) == nil {
		e.Reason, e.Detail, e.Oldest, e.Fields = p.Reason, p.Detail, p.Oldest, p.Errors
		e.RequestID = cmp.Or(p.RequestID, e.RequestID)
	} else {
		e.Detail = foreign(response)
	}
	wait, saysWhen := retryAfter(response.Header)
	e.RetryAfter = wait
	e.saysUndone = e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable && saysWhen
	e.unknown = r.effect != reads && e.Status >= http.StatusInternalServerError && !e.saysUndone
	return e
}

// foreign is a sentence about an answer that is none of an accesscodes server.
func foreign(response *http.Response) string {
	if response.StatusCode < http.StatusBadRequest {
		return "the server's address leads elsewhere; give the one where it answers itself"
	}
	return "the answer is not of an accesscodes server: " + http.StatusText(response.StatusCode)
}

// unreadable is the error of a good answer that holds something else than it should.
func unreadable(r *request, response *http.Response, cause error) *Error {
	return &Error{
		Operation: r.operation, Status: response.StatusCode, RequestID: answeredID(r, response),
		Detail:  "the answer cannot be read: " + cause.Error(),
		unknown: r.effect != reads,
	}
}

// answeredID is the id that the server gave a request: ours, unless something in between changed it.
func answeredID(r *request, response *http.Response) string {
	return cmp.Or(response.Header.Get("X-Request-Id"), r.id)
}

// noAnswer is the error of a try that failed on its way. If its context has ended, that is the cause.
func noAnswer(ctx context.Context, r *request, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok { // whose text holds the address, with the code in it
		err = e.Err
	}
	if ctx.Err() != nil {
		err = endOf(ctx)
	}
	dial, isDial := errors.AsType[*net.OpError](err)
	unsent := isDial && dial.Op == "dial"
	return &NoAnswerError{
		Operation: r.operation, RequestID: r.id, Unsent: unsent, Err: err, unknown: r.effect != reads && !unsent,
	}
}

// retryAfter reads Retry-After: seconds, or a date (RFC 9110 §10.2.3).
func retryAfter(header http.Header) (time.Duration, bool) {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true
	}
	return 0, false
}
