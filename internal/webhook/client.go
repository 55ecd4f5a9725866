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
)

// ClientConfig configures a [Client].
type ClientConfig struct {
	// Allow are networks that may be dialled although they are private, also without TLS.
	Allow []netip.Prefix
	// Proxy: proxies of the environment (HTTPS_PROXY, NO_PROXY) are used. What they may dial is theirs
	// to decide.
	Proxy    bool
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
	return &Client{config, ssrf.New(
		ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...),
	)}
}

// PlainHTTP reports whether there are addresses that may be reached without TLS.
func (c *Client) PlainHTTP() bool { return len(c.Allow) > 0 }

// refusal is the error of an address that must not be dialled.
type refusal struct{ detail string }

func (r refusal) Error() string { return r.detail }

// checkAddress refuses what must not be dialled. It sees the address itself, after the name was looked
// up, so a name that leads elsewhere the second time gains nothing.
func (c *Client) checkAddress(scheme string) func(network, address string, _ syscall.RawConn) error {
	return func(network, address string, raw syscall.RawConn) error {
		if err := c.guard.Safe(network, address, raw); err != nil {
			host, _, _ := net.SplitHostPort(address)
			return refusal{fmt.Sprintf("refused to connect to %s: it is a loopback, private, link-local or otherwise "+
				"special address, which only --webhook-allow opens", host)}
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

// line is the client's connections for one endpoint, so that none shares them with another's.
type line struct {
	client            *Client
	https, http, away *http.Transport
}

func (c *Client) line() *line {
	l := &line{client: c, https: c.transport("https"), http: c.transport("http"), away: c.transport("")}
	if c.Proxy {
		l.away.Proxy = http.ProxyFromEnvironment
	}
	return l
}

// transport returns connections for a scheme; for none: to a proxy, which is not checked.
func (c *Client) transport(scheme string) *http.Transport {
	dialer := &net.Dialer{Timeout: AttemptTimeout, Resolver: c.Resolver}
	if scheme != "" {
		dialer.Control = c.checkAddress(scheme)
	}
	return &http.Transport{
		DialContext: dialer.DialContext, ForceAttemptHTTP2: true, TLSClientConfig: c.Trust.Clone(),
		MaxIdleConnsPerHost: maxInFlight, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: maxHeader,
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
	if l.client.Proxy {
		if proxy, err := http.ProxyFromEnvironment(r); err == nil && proxy != nil {
			return l.away
		}
	}
	if r.URL.Scheme == "http" {
		return l.http
	}
	return l.https
}

// post sends a body and says what came of it.
func (l *line) post(ctx context.Context, address string, header http.Header, body []byte) Attempt {
	begin := time.Now()
	a := Attempt{At: begin.UTC().Truncate(time.Microsecond)}
	ctx, cancel := context.WithTimeout(ctx, AttemptTimeout)
	defer cancel()
	err := l.exchange(ctx, address, header, body, &a)
	a.Took = time.Since(begin).Truncate(time.Microsecond)
	if err != nil {
		a.Error = explain(err)
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
	answer, err := l.through(r).RoundTrip(r) // which follows no redirect
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	a.Status = answer.StatusCode
	a.retryAfter = retryAfter(answer.Header.Get("Retry-After"), a.At)
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if len(text) <= maxAnswer {
		a.answer = string(text)
	} else {
		a.answer = string(text[:maxAnswer])
	}
	a.answer = strings.ReplaceAll(strings.ToValidUTF8(a.answer, "\uFFFD"), "\x00", "\uFFFD")
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

// explain says in words why an attempt failed, without names and addresses of this server's network.
func explain(err error) string {
	if r, ok := errors.AsType[refusal](err); ok {
		return r.detail
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && !dns.IsTimeout {
		return fmt.Sprintf("the name %s could not be looked up: %s", dns.Name, cmp.Or(dns.Err, "no such host"))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("there was no whole answer within %d seconds", int(AttemptTimeout.Seconds()))
	}
	if errors.Is(err, context.Canceled) {
		return "the server was stopped meanwhile"
	}
	if system, ok := errors.AsType[syscall.Errno](err); ok {
		return "the connection failed: " + system.Error()
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the connection was closed before there was a whole answer"
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		err = sent.Err
	}
	return "the request failed: " + err.Error()
}

// retryAfter reads the header Retry-After (RFC 9110 §10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
