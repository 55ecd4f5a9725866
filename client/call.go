package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// maxAnswer is the longest answer that is read. Pages of lists end after about 1 MiB.
const maxAnswer = 16 << 20

// call is one operation with what it sends.
type call struct {
	operation string // its id in the OpenAPI document
	method    string
	path      []string // its segments, not escaped yet
	query     url.Values
	body      any // nil: none
	effect    effect
	key       string        // its Idempotency-Key; empty: none is sent
	once      bool          // it is never repeated
	patience  time.Duration // how long the server holds the answer back because it was asked to
	accept    string        // the media types of its answer; empty: JSON
}

// request is a call that is ready to be sent, as often as need be.
type request struct {
	call
	url  string
	text []byte // of the body
	id   string // its X-Request-Id
}

// fetch makes a call and returns what its answer holds.
func fetch[T any](ctx context.Context, c *Client, what call) (*T, error) {
	result := new(T)
	response, err := c.do(ctx, what, result)
	if err != nil {
		return nil, err
	}
	if r, ok := any(result).(interface{ replayed() *bool }); ok {
		*r.replayed() = response.Header.Get("Idempotent-Replayed") == "true"
	}
	return result, nil
}

// do makes a call and reads its answer into what into points to; nil: it has no body. The body of the
// response has been read.
func (c *Client) do(ctx context.Context, what call, into any) (*http.Response, error) {
	ready, err := c.prepare(what)
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", what.operation, err)
	}
	return c.repeat(ctx, ready, func() (*http.Response, error) { return c.send(ctx, ready, into) })
}

// prepare checks what would otherwise fail on every try, or be sent as something else.
func (c *Client) prepare(what call) (*request, error) {
	r := &request{call: what, id: strings.ToLower(rand.Text())}
	var address strings.Builder
	address.WriteString(c.server)
	for _, segment := range what.path {
		if segment == "" {
			return nil, errors.New("what it is about is empty")
		}
		address.WriteString("/" + escapeSegment(segment))
	}
	if len(what.query) > 0 {
		address.WriteString("?" + what.query.Encode())
	}
	r.url = address.String()
	if !fitsHeader(what.key) {
		return nil, errors.New("the Idempotency-Key has control characters")
	}
	if what.body == nil {
		return r, nil
	}
	if !isText(reflect.ValueOf(what.body)) {
		return nil, errors.New("a text is not valid UTF-8")
	}
	var err error
	r.text, err = json.Marshal(what.body)
	return r, err
}

// escapeSegment writes a text as one segment of a path. Servers and proxies resolve . and .. unless they
// are escaped.
func escapeSegment(text string) string {
	if text == "." || text == ".." {
		return strings.ReplaceAll(text, ".", "%2E")
	}
	return url.PathEscape(text)
}

// isText reports whether every text in a value is valid UTF-8. In others, encoding/json would put
// U+FFFD in the place of what is not: a request about another user.
func isText(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || isText(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !isText(v.Index(i)) {
				return false
			}
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if !isText(field) {
				return false
			}
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			if !isText(key) || !isText(value) {
				return false
			}
		}
	}
	return true
}

// send tries a request once. The error is an [*Error] or a [*NoAnswerError].
func (c *Client) send(ctx context.Context, r *request, into any) (*http.Response, error) {
	limited := ctx
	if c.timeout > 0 {
		var cancel context.CancelFunc
		limit := c.timeout + r.patience
		limited, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %s", limit))
		defer cancel()
	}
	sent, err := c.newHTTPRequest(limited, r)
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", r.operation, err)
	}
	response, err := c.http.Do(sent)
	if err != nil {
		return nil, noAnswer(limited, r, err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, noAnswer(limited, r, err)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, newError(r, response, body)
	}
	if into == nil {
		return response, nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return nil, unreadable(r, response, err)
	}
	return response, nil
}

func (c *Client) newHTTPRequest(ctx context.Context, r *request) (*http.Request, error) {
	var body io.Reader
	if r.text != nil {
		body = bytes.NewReader(r.text)
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, r.url, body)
	if err != nil {
		return nil, errors.New("the address cannot be made into a request") // the cause repeats it
	}
	sent.Header.Set("Accept", cmp.Or(r.accept, "application/json"))
	sent.Header.Set("User-Agent", c.userAgent)
	sent.Header.Set("X-Request-Id", r.id)
	if r.text != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	if c.apiKey != "" {
		sent.Header.Set("X-Api-Key", c.apiKey)
	}
	if r.key != "" {
		sent.Header.Set("Idempotency-Key", r.key)
	}
	return sent, nil
}

// idempotencyKey is the caller's key, or a new one.
func idempotencyKey(given string) string { return cmp.Or(given, rand.Text()) }
