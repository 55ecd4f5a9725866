package httpserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"

	"github.com/valyala/fasthttp"
)

// exchange is the request of a connection that is being answered, as net/http shows it, and
// the [http.ResponseWriter] for its answer. One request of a connection is answered at a time, so a
// connection has one exchange; and a client's next request is much like the one before, so
// what is the same is not made again.
type exchange struct {
	fresh   http.Request // what all requests of the connection have in common
	request http.Request
	body    body
	target  string            // of the last request
	parsed  url.URL           // of target
	url     url.URL           // the handler's own copy
	header  http.Header       // of the request
	fields  map[string]*field // that the client has sent before, by name
	to      *fasthttp.RequestCtx

	answer http.Header
	wrote  bool // the head of the answer
}

// field is a field of a head: the value that came last.
type field struct {
	name   string
	values []string // one
}

// What is remembered of a client: far more fields than one sends, and none that are long.
const (
	maxFields = 64
	maxField  = 256 // bytes of its name and value
)

// body is the body of a request. Closing it does nothing: what is left of it is read when the
// answer has been sent.
type body struct {
	stream io.Reader
	left   int64 // to come; negative: nobody knows
	ended  bool  // everything was read
}

// Read implements [io.Reader]. For fasthttp, a body ends where the connection does.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.stream.Read(p)
	if b.left >= 0 {
		b.left -= int64(n)
	}
	switch {
	case err == io.EOF && b.left > 0:
		err = io.ErrUnexpectedEOF
	case err == io.EOF || b.left == 0:
		b.ended = true
	case errors.Is(err, fasthttp.ErrTimeout):
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// Close implements [io.Closer].
func (*body) Close() error { return nil }

// transferEncoding finds "Transfer-Encoding: identity" where there is no other, of which
// fasthttp shows nothing: RFC 9112 no longer knows it, and a proxy may see a body where
// fasthttp sees none.
var transferEncoding = regexp.MustCompile(`(?im)^transfer-encoding:`)

// prepare makes the exchange of a new connection ready.
func (e *exchange) prepare(ctx context.Context, remote string) {
	e.fresh = *(&http.Request{RemoteAddr: remote, ProtoMajor: 1}).WithContext(ctx)
	e.header, e.fields, e.answer = http.Header{}, map[string]*field{}, http.Header{}
}

// answerTo makes the exchange's answer, of which nothing is written yet, go to a request.
func (e *exchange) answerTo(to *fasthttp.RequestCtx) {
	clear(e.answer)
	e.to, e.wrote = to, false
}

// begin reads the head of a request and reports whether it is one. HTTP/1.1 asks for a host
// (RFC 9112 §3.2); fasthttp takes every other version for HTTP/1.0.
func (e *exchange) begin(to *fasthttp.RequestCtx) bool {
	e.answerTo(to)
	head := &to.Request.Header
	if !e.setTarget(head.RequestURI()) {
		return false
	}
	e.request = e.fresh
	r := &e.request
	r.Method, r.RequestURI, r.URL = methodOf(head.Method()), e.target, &e.url
	switch string(head.Protocol()) {
	case "HTTP/1.1":
		r.Proto, r.ProtoMinor = "HTTP/1.1", 1
	case "HTTP/1.0":
		r.Proto, r.ProtoMinor = "HTTP/1.0", 0
	default:
		return false
	}
	r.Header = e.header
	r.Body, r.ContentLength = http.NoBody, 0
	e.body = body{ended: true}
	if stream := to.RequestBodyStream(); stream != nil {
		length := int64(head.ContentLength())
		e.body = body{stream: stream, left: length, ended: length == 0}
		r.Body, r.ContentLength = &e.body, length
	}
	e.setFields(head)
	if r.Body == http.NoBody && transferEncoding.Match(head.RawHeaders()) {
		return false
	}
	r.Host = e.url.Host
	if hosts := e.header["Host"]; r.Host == "" && len(hosts) > 0 {
		r.Host = hosts[0]
	}
	delete(e.header, "Host") // as net/http does
	return r.Host != "" || r.ProtoMinor == 0
}

// setTarget reads what a request is for.
func (e *exchange) setTarget(target []byte) bool {
	if string(target) != e.target {
		text := string(target)
		parsed, err := url.ParseRequestURI(text)
		if err != nil {
			return false
		}
		e.target, e.parsed = text, *parsed
	}
	e.url = e.parsed
	return true
}

func (e *exchange) setFields(head *fasthttp.RequestHeader) {
	clear(e.header)
	for name, value := range head.All() {
		if len(name)+len(value) > maxField {
			e.header[string(name)] = append(e.header[string(name)], string(value))
			continue
		}
		f := e.fields[string(name)]
		if f == nil {
			if len(e.fields) >= maxFields {
				clear(e.fields)
			}
			f = &field{name: string(name)}
			e.fields[f.name] = f
		}
		if before, twice := e.header[f.name]; twice {
			e.header[f.name] = append(before[:len(before):len(before)], string(value))
			continue
		}
		if len(f.values) == 0 || f.values[0] != string(value) {
			f.values = []string{string(value)}
		}
		e.header[f.name] = f.values
	}
}

// methodOf is a request's method.
func methodOf(method []byte) string {
	for _, known := range []string{http.MethodPost, http.MethodGet} {
		if string(method) == known {
			return known
		}
	}
	return string(method)
}

// Header implements [http.ResponseWriter].
func (e *exchange) Header() http.Header { return e.answer }

// WriteHeader implements [http.ResponseWriter]. Interim answers (1xx) are not sent.
func (e *exchange) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("httpserver: invalid status %d", status)) // as net/http does
	}
	if e.wrote || status < 200 {
		return
	}
	e.wrote = true
	e.to.SetStatusCode(status)
	for name, values := range e.answer {
		for _, value := range values {
			e.to.Response.Header.Add(name, value)
		}
	}
}

// Write implements [http.ResponseWriter].
func (e *exchange) Write(part []byte) (int, error) {
	if _, known := e.answer["Content-Type"]; !known && !e.wrote {
		e.answer.Set("Content-Type", http.DetectContentType(part))
	}
	e.WriteHeader(http.StatusOK)
	e.to.Response.AppendBody(part)
	return len(part), nil
}
