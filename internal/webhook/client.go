package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Limits of an attempt.
const (
	// AttemptTimeout is how long an attempt may take, from looking up the name to the end of the answer.
	AttemptTimeout = 15 * time.Second
	// maxAnswer is how much of an answer's body is kept, in bytes.
	maxAnswer = 2 << 10
	// maxRetryAfter is the longest wait that an answer may ask for.
	maxRetryAfter = 24 * time.Hour
	maxHeader     = 32 << 10
	// maxError is how much of a message is kept, in bytes.
	maxError = 300
)

// ClientConfig configures a [Client].
type ClientConfig struct {
	// Allow are networks that may be dialled although they are private, also without TLS.
	Allow []netip.Prefix
	// Proxy returns the proxy for a request, such as [http.ProxyFromEnvironment]; nil: none is used.
	// What a proxy may dial is its own to decide.
	Proxy    func(*http.Request) (*url.URL, error)
	Timeout  time.Duration // of an attempt; 0: AttemptTimeout
	Resolver *net.Resolver // nil: the system's
	Agent    string        // of the header User-Agent
	Trust    *tls.Config   // nil: the system's
}

// Client sends requests to addresses that strangers have chosen.
type Client struct {
	ClientConfig
	guard *ssrf.Guardian
}

// NewClient returns a client.
func NewClient(config ClientConfig) *Client {
	var v4, v6 []netip.Prefix
	for _, prefix := range config.Allow {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	config.Timeout = cmp.Or(config.Timeout, AttemptTimeout)
	return &Client{config, ssrf.New(
		ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...),
	)}
}

// PlainHTTP reports whether there are addresses that may be reached without TLS.
func (c *Client) PlainHTTP() bool { return len(c.Allow) > 0 }

// refusal is the error of an address that must not be dialled.
type refusal struct{ detail string }

func (r refusal) Error() string { return r.detail }

// errNotPublic is the same for a name that there is not and for one that must not be dialled: otherwise it
// would tell strangers which names there are in the network of this server.
var errNotPublic = refusal{"refused to connect: the host is unknown, or its address is loopback, private, " +
	"link-local or otherwise not public, which only --webhook-allow opens"}

// checkAddress refuses what must not be dialled. It sees the address itself, after the name was looked
// up, so a name that leads elsewhere the second time gains nothing.
func (c *Client) checkAddress(scheme string) func(network, address string, _ syscall.RawConn) error {
	return func(network, address string, raw syscall.RawConn) error {
		if err := c.guard.Safe(network, address, raw); err != nil || c.isOwn(address) {
			return errNotPublic
		}
		if scheme != "http" {
			return nil
		}
		at, err := netip.ParseAddrPort(address)
		for _, prefix := range c.Allow {
			if err == nil && prefix.Contains(at.Addr().Unmap()) {
				return nil
			}
		}
		return refusal{"refused to connect without TLS: only addresses of --webhook-allow may be reached by http://"}
	}
}

// isOwn reports whether an address is one of this machine's, public or not, that is not allowed. What
// listens there may be closed to everybody else.
func (c *Client) isOwn(address string) bool {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return true
	}
	ip := at.Addr().Unmap()
	if slices.ContainsFunc(c.Allow, func(allowed netip.Prefix) bool { return allowed.Contains(ip) }) {
		return false
	}
	own, err := net.InterfaceAddrs()
	return err != nil || slices.ContainsFunc(own, func(a net.Addr) bool {
		network, isNetwork := a.(*net.IPNet)
		return isNetwork && network.IP.Equal(ip.AsSlice())
	})
}

// line is the client's connections for one endpoint, so that none shares them with another's.
type line struct {
	client            *Client
	https, http, away *http.Transport
}

func (c *Client) line() *line {
	l := &line{client: c, https: c.transport("https"), http: c.transport("http"), away: c.transport("")}
	l.away.Proxy = c.Proxy
	return l
}

// transport returns connections for a scheme; for none: to a proxy, which is not checked.
func (c *Client) transport(scheme string) *http.Transport {
	// The request's own limit ends the request, not the dial that it began.
	dialer := &net.Dialer{Resolver: c.Resolver, Timeout: c.Timeout}
	if scheme != "" {
		dialer.Control = c.checkAddress(scheme)
	}
	return &http.Transport{
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: c.Trust.Clone(),
		TLSHandshakeTimeout: c.Timeout, MaxConnsPerHost: maxInFlight, MaxIdleConnsPerHost: maxInFlight,
		IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: maxHeader,
		DisableCompression: true,
	}
}

func (l *line) close() {
	for _, t := range []*http.Transport{l.https, l.http, l.away} {
		t.CloseIdleConnections()
	}
}

// through returns the connections for a request.
func (l *line) through(r *http.Request) *http.Transport {
	if l.client.Proxy != nil {
		if proxy, err := l.client.Proxy(r); err == nil && proxy != nil {
			return l.away
		}
	}
	if r.URL.Scheme == "http" {
		return l.http
	}
	return l.https
}

// post sends a body and says what came of it. at is the time by the service's clock.
func (l *line) post(ctx context.Context, at time.Time, address string, header http.Header, body []byte) Attempt {
	begin, a := time.Now(), Attempt{At: at}
	limited, cancel := context.WithTimeout(ctx, l.client.Timeout)
	defer cancel()
	err := l.exchange(limited, address, header, body, &a)
	a.Took = time.Since(begin).Truncate(time.Microsecond)
	if err != nil {
		a.Error, a.interrupted = l.client.explain(err), ctx.Err() != nil
	}
	return a
}

func (l *line) exchange(ctx context.Context, address string, header http.Header, body []byte, a *Attempt) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header
	r.Header.Set("User-Agent", l.client.Agent)
	// Receivers know the request by webhook-id, so a connection that was closed while it waited is
	// replaced by a new one. A key without a value says that, and is not sent.
	r.Header["Idempotency-Key"] = nil
	answer, err := l.through(r).RoundTrip(r) // which follows no redirect
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	a.Status = answer.StatusCode
	a.retryAfter = retryAfter(answer.Header.Get("Retry-After"), a.At)
	if answer.StatusCode == http.StatusSwitchingProtocols { // its body is the connection, which no time limit ends
		return refusal{"it answered 101, a change of protocol, which is not followed"}
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	a.answer = storable(text, maxAnswer)
	switch {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return err
	case answer.StatusCode >= 300 && answer.StatusCode < 400:
		return refusal{fmt.Sprintf("it answered %d, a redirect, which is not followed", answer.StatusCode)}
	default:
		return refusal{strings.TrimSpace(fmt.Sprintf("it answered %d %s", answer.StatusCode,
			http.StatusText(answer.StatusCode)))}
	}
}

// storable returns the beginning of what a stranger has sent, as text that every database takes.
func storable(text []byte, limit int) string {
	text = text[:min(len(text), limit)]
	return strings.ReplaceAll(strings.ToValidUTF8(string(text), "\uFFFD"), "\x00", "\uFFFD")
}

// explain says in words why an attempt failed, without names and addresses of this server's network.
func (c *Client) explain(err error) string {
	if r, ok := errors.AsType[refusal](err); ok {
		return r.detail
	}
	if errors.Is(err, context.Canceled) {
		return "the server was stopped meanwhile"
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return errNotPublic.detail
		}
		return "the name of the host could not be looked up: its name servers gave no answer"
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("there was no whole answer within %v seconds", c.Timeout.Seconds())
	}
	if system, ok := errors.AsType[syscall.Errno](err); ok {
		return "the connection failed: " + system.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed before there was a whole answer"
	}
	if dialled, ok := errors.AsType[*net.OpError](err); ok {
		err = dialled.Err // without the addresses
	}
	return "the request failed: " + storable([]byte(err.Error()), maxError)
}

// retryAfter reads the header Retry-After (RFC 9110 §10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		wait = time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
