package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
)

// codeTypes are the types of codes.
var codeTypes = []string{"Normal", "Premium", "Upgrade"}

// client calls a server with a key.
type client struct {
	url, key string
	http     *http.Client
}

// newClient returns a client with a connection for every request under way at once.
func newClient(t testing.TB, url, key string) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{url: url, key: key, http: &http.Client{Transport: transport, Timeout: requestLimit}}
}

// answer is what a test looks at in an answer.
type answer struct {
	status int
	header http.Header
	body   string
	Code   string `json:"code"`
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

// add asks for a code with this value. An error means that no answer came.
func (c *client) add(value, kind string) (answer, error) {
	return c.addOnce(value, kind, "")
}

// addOnce asks for a code with this value and sends an Idempotency-Key, if there is one.
func (c *client) addOnce(value, kind, key string) (answer, error) {
	return c.post("/tenant-codes/add", map[string]string{"code": value, "type": kind}, key)
}

// generate asks for a random code.
func (c *client) generate(kind string) (answer, error) {
	return c.post("/tenant-codes/generate", map[string]string{"type": kind}, "")
}

func (c *client) post(path string, fields map[string]string, idempotencyKey string) (answer, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return answer{}, err
	}
	request, err := http.NewRequest(http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if idempotencyKey != "" {
		request.Header.Set("Idempotency-Key", idempotencyKey)
	}
	return c.do(request)
}

func (c *client) get(path string) (answer, error) {
	request, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	if err != nil {
		return answer{}, err
	}
	return c.do(request)
}

func (c *client) do(request *http.Request) (answer, error) {
	a, err := c.send(request)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(a.body), &a)
}

// send sends a request and does not look into the answer's body, which may be empty.
func (c *client) send(request *http.Request) (answer, error) {
	request.Header.Set("X-Api-Key", c.key)
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return answer{}, err
	}
	return answer{status: response.StatusCode, header: response.Header, body: string(body)}, nil
}

// mustAdd adds a code and requires this status and, if there is one, this reason.
func (c *client) mustAdd(t testing.TB, value, kind string, status int, reason string) answer {
	t.Helper()
	a, err := c.add(value, kind)
	return must(t, "add "+value, a, err, status, reason)
}

func (c *client) mustGenerate(t testing.TB, kind string, status int, reason string) answer {
	t.Helper()
	a, err := c.generate(kind)
	return must(t, "generate", a, err, status, reason)
}

func (c *client) mustGet(t testing.TB, path string, status int) answer {
	t.Helper()
	a, err := c.get(path)
	return must(t, "GET "+path, a, err, status, "")
}

// isRefusal reports whether an answer promises that nothing was done and that the request
// may be sent again.
func (a answer) isRefusal() bool {
	return a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" &&
		(a.Reason == "store_unavailable" || a.Reason == "overloaded")
}

func must(t testing.TB, what string, a answer, err error, status int, reason string) answer {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if a.status != status || a.Reason != reason {
		t.Fatalf("%s: status %d, want %d with reason %q: %s", what, a.status, status, reason, a.body)
	}
	return a
}
