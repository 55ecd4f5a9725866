package client

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client calls one server with one API key. It is safe for concurrent use.
type Client struct {
	server    string // without a slash at its end
	apiKey    string
	http      *http.Client
	userAgent string
	timeout   time.Duration // of one try
	tries     int
	observe   func(Attempt)

	wait   waiter
	jitter func(below time.Duration) time.Duration
}

// What a client has unless an [Option] says otherwise.
const (
	// DefaultRetries is how often a call is repeated at most.
	DefaultRetries = 3
	// DefaultTimeout is how long one try may take. The server gives up after a minute.
	DefaultTimeout = 65 * time.Second

	defaultUserAgent = "accesscodes-go"
	idleConnections  = 64 // kept for the next requests; net/http keeps two, and makes the others anew each time
)

// Option changes how a [Client] works.
type Option func(*Client) error

// WithHTTPClient sends requests with this HTTP client: for a proxy, certificates of your own, or
// tracing. Redirections are not followed with it either, since they would hand on the API key, and its
// own Timeout does not end a [Download].
func WithHTTPClient(h *http.Client) Option {
	return func(c *Client) error {
		if h == nil {
			return errors.New("client: the HTTP client is nil")
		}
		c.http = h
		return nil
	}
}

// WithRetries repeats a call so often at most, instead of [DefaultRetries]; 0: never.
func WithRetries(retries int) Option {
	return func(c *Client) error {
		if retries < 0 {
			return errors.New("client: the number of retries is negative")
		}
		c.tries = retries + 1
		return nil
	}
}

// WithTimeout lets one try take this long, instead of [DefaultTimeout]; 0: as long as its context
// lasts. A call with retries takes longer: limit it as a whole with a context. What [Client.ListEvents]
// waits for comes on top. A [Download] may take this long until its first byte, and for each further one.
func WithTimeout(timeout time.Duration) Option {
	return func(c *Client) error {
		if timeout < 0 {
			return errors.New("client: the timeout is negative")
		}
		c.timeout = timeout
		return nil
	}
}

// WithUserAgent names your program to the server, instead of accesscodes-go.
func WithUserAgent(name string) Option {
	return func(c *Client) error {
		if !fitsHeader(name) {
			return errors.New("client: the user agent has control characters")
		}
		c.userAgent = name
		return nil
	}
}

// WithObserver tells a function of every try when it has ended: for a log or for metrics. The
// function is called by the goroutine that called the method, and must not take long.
func WithObserver(observe func(Attempt)) Option {
	return func(c *Client) error {
		c.observe = observe
		return nil
	}
}

// Attempt is one try of a call. It holds no code, no person and no key, unless the server's sentence in
// Err does.
type Attempt struct {
	Operation string        // its id in the OpenAPI document, such as redeemCode
	Number    int           // from 1 on
	Status    int           // of the answer; 0: there was none
	RequestID string        // under which the server's log knows it
	Took      time.Duration // until the whole answer, or the first byte of a file, was there, or until it failed
	Err       error         // nil: it succeeded
	Again     bool          // it will be repeated,
	Wait      time.Duration // after so long
}

// New returns a client of the server at an address such as http://127.0.0.1:8080, perhaps with a path
// in front of the API's own. The key comes from `accesscodes key create`; an empty one is not sent,
// which is enough for [Client.Live] and [Client.Ready].
func New(server, apiKey string, options ...Option) (*Client, error) {
	address, err := serverAddress(server)
	if err != nil {
		return nil, err
	}
	if !fitsHeader(apiKey) {
		return nil, errors.New("client: the API key has control characters; is there a line break at its end?")
	}
	c := &Client{
		server: address, apiKey: apiKey, http: defaultHTTP(), userAgent: defaultUserAgent,
		timeout: DefaultTimeout, tries: DefaultRetries + 1, observe: func(Attempt) {},
		wait: waitFor, jitter: rand.N[time.Duration],
	}
	for _, option := range options {
		if err := option(c); err != nil {
			return nil, err
		}
	}
	if c.observe == nil {
		return nil, errors.New("client: the observer is nil")
	}
	ours := *c.http
	ours.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &ours
	return c, nil
}

// CloseIdleConnections closes the connections that no request uses now.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// serverAddress checks an address. Errors do not repeat it: it may hold a password.
func serverAddress(server string) (string, error) {
	address, err := url.Parse(server)
	switch {
	case err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return "", errors.New("client: the server's address is not like http://127.0.0.1:8080")
	case address.User != nil || address.RawQuery != "" || address.Fragment != "":
		return "", errors.New("client: the server's address may only have a host, a port and a path")
	}
	return strings.TrimRight(address.String(), "/"), nil
}

// defaultHTTP is an HTTP client like that of net/http, which keeps more connections.
func defaultHTTP() *http.Client {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // the program has put something of its own there
		return &http.Client{Transport: http.DefaultTransport}
	}
	own := shared.Clone()
	own.MaxIdleConnsPerHost = idleConnections
	return &http.Client{Transport: own}
}

// fitsHeader reports whether a text can be the value of a header field.
func fitsHeader(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F })
}
