package webhook_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"accesscodes/internal/core"
	"accesscodes/internal/webhook"
)

// The lines of the log about addresses that are refused.
const (
	refused = "refused to connect: the host is unknown, or its address is loopback, private, link-local or " +
		"otherwise not public, which only --webhook-allow opens"
	noSuchHost   = refused
	refusedPlain = "refused to connect without TLS: only addresses of --webhook-allow may be reached by http://"
)

// names is a DNS server on loopback. It answers each name with the next of its addresses, and with the
// last of them from then on.
type names struct {
	conn net.PacketConn

	mu        sync.Mutex
	addresses map[string][]string // by name, with a dot at its end
	asked     map[string]int
}

func newNames(t *testing.T, addresses map[string][]string) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	n := &names{conn: conn, addresses: addresses, asked: map[string]int{}}
	done := make(chan struct{})
	go func() { defer close(done); n.serve() }()
	t.Cleanup(func() { must(t, conn.Close()); <-done })
	return n
}

// resolver asks the server.
func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

func (n *names) serve() {
	packet := make([]byte, 4096)
	for {
		size, from, err := n.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(packet[:size]) != nil || len(m.Questions) != 1 {
			continue
		}
		n.answer(&m)
		if text, err := m.Pack(); err == nil {
			_, _ = n.conn.WriteTo(text, from)
		}
	}
}

func (n *names) answer(m *dnsmessage.Message) {
	n.mu.Lock()
	defer n.mu.Unlock()
	question := m.Questions[0]
	name := question.Name.String()
	m.Response, m.Additionals = true, nil
	all, known := n.addresses[name]
	if !known {
		m.RCode = dnsmessage.RCodeNameError
		return
	}
	at := netip.MustParseAddr(all[min(n.asked[name], len(all)-1)])
	head := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}
	switch {
	case question.Type == dnsmessage.TypeA && at.Is4():
		n.asked[name]++
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AResource{A: at.As4()}}}
	case question.Type == dnsmessage.TypeAAAA && at.Is6():
		m.Answers = []dnsmessage.Resource{{Header: head, Body: &dnsmessage.AAAAResource{AAAA: at.As16()}}}
	}
}

// specialAddresses are hosts in addresses that must not be dialled.
var specialAddresses = map[string]string{
	"loopback":                "127.0.0.2",
	"loopback, IPv6":          "[::1]",
	"unspecified":             "0.0.0.0",
	"unspecified, IPv6":       "[::]",
	"private, 10":             "10.1.2.3",
	"private, 172.16":         "172.31.255.254",
	"private, 192.168":        "192.168.1.1",
	"shared":                  "100.64.0.1",
	"link-local":              "169.254.1.1",
	"metadata":                "169.254.169.254",
	"metadata, IPv6":          "[fd00:ec2::254]",
	"link-local, IPv6":        "[fe80::1]",
	"multicast":               "224.0.0.1",
	"broadcast":               "255.255.255.255",
	"IPv4-mapped":             "[::ffff:127.0.0.2]",
	"IPv4-mapped, private":    "[::ffff:10.1.2.3]",
	"IPv4-compatible":         "[::127.0.0.2]",
	"NAT64 of a private one":  "[64:ff9b::a01:203]",
	"local NAT64":             "[64:ff9b:1::7f00:1]",
	"6to4 of a private one":   "[2002:a01:203::1]",
	"Teredo":                  "[2001:0:a01:203::1]",
	"digits of another width": "１２７.0.0.2",
	"localhost":               "localhost",
	"localhost with a dot":    "localhost.",
	"hex, as a name":          "0x7f000002",
	"a name of a private one": "private.example",
	"a name with a dot":       "private.example.",
	"a name of a mapped one":  "mapped.example",
}

// TestSpecialAddressesAreRefused: whatever an address is spelled like, what it leads to is refused when
// it is dialled, and the log says so in the same words whether something listens there or not.
func TestSpecialAddressesAreRefused(t *testing.T) {
	t.Parallel()
	zone := newNames(t, map[string][]string{
		"private.example.": {"10.1.2.3"}, "mapped.example.": {"::ffff:127.0.0.2"},
		"localhost.": {"127.0.0.2"}, "0x7f000002.": {"127.0.0.2"},
	})
	listener := listen(t, "127.0.0.2")
	w := newWorld(t, func(w *world) {
		w.config.Resolver, w.config.Allow = zone.resolver(), []netip.Prefix{netip.MustParsePrefix("127.9.9.9/32")}
	})
	_, open, _ := net.SplitHostPort(listener.address)
	_, closed, _ := net.SplitHostPort(closedPort(t, "127.0.0.2"))
	e, _ := w.create(t, "https://example.com/hook")
	for name, host := range specialAddresses {
		for _, address := range []string{"http://" + host + ":" + open, "https://" + host + ":" + closed} {
			w.change(t, e.ID, func(e *webhook.Endpoint) { e.URL = address }) // behind the checks of its form
			d, _, err := w.Test(t.Context(), &w.actor, e.ID)
			must(t, err)
			a := d.Attempts[0]
			if d.Status != webhook.Failed || a.Error != refused || a.Status != 0 || d.Answer != "" {
				t.Errorf("%s: %s: %+v", name, address, a)
			}
		}
	}
	for _, host := range []string{"2130706434", "0177.0.0.2", "127.2"} { // which no name server is asked for
		w.change(t, e.ID, func(e *webhook.Endpoint) { e.URL = "http://" + host + ":" + open })
		d, _, err := w.Test(t.Context(), &w.actor, e.ID)
		must(t, err)
		if d.Attempts[0].Error != noSuchHost {
			t.Errorf("%s: %+v", host, d.Attempts)
		}
	}
	listener.requireNone(t)
}

// listening counts the connections to an address.
type listening struct {
	address string
	mu      sync.Mutex
	count   int
}

func listen(t *testing.T, host string) *listening {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	must(t, err)
	counted := &listening{address: l.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			counted.mu.Lock()
			counted.count++
			counted.mu.Unlock()
			conn.Close()
		}
	}()
	t.Cleanup(func() { must(t, l.Close()); <-done })
	return counted
}

func (l *listening) requireNone(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count != 0 {
		t.Errorf("%d connections to what must not be dialled", l.count)
	}
}

// TestAnotherAddressTheSecondTime: a name leads to where webhooks may go while it is tested, and then to
// a private address.
func TestAnotherAddressTheSecondTime(t *testing.T) {
	t.Parallel()
	zone := newNames(t, map[string][]string{"rebound.example.": {"127.0.0.1", "127.0.0.2"}})
	w := newWorld(t, func(w *world) { w.config.Resolver = zone.resolver() })
	r := newReceiver(t, w)
	_, port, _ := net.SplitHostPort(r.Listener.Addr().String())
	trap, err := net.Listen("tcp", "127.0.0.2:"+port)
	must(t, err)
	defer trap.Close()
	e, _ := w.create(t, "http://rebound.example:"+port+"/hook", "code.*")
	w.test(t, e.ID)
	w.send(t)
	w.happen(t, "A")
	d := w.awaitDelivery(t, e.ID, "A", hasAttempts(1))
	if a := d.Attempts[0]; d.Status != webhook.Pending || a.Error != refused {
		t.Errorf("%+v", d)
	}
	if len(r.got()) != 1 { // the test
		t.Errorf("%d requests", len(r.got()))
	}
	if stored := w.endpoint(t, e.ID); stored.LastError != refused || strings.Contains(stored.LastError, "127.0.0.2") {
		t.Errorf("the endpoint: %+v", stored)
	}
}

func TestAddressesOfUnusualFormAreRefusedWhenGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, address := range []string{
		"https://2130706433/", "https://0177.0.0.1/", "https://0x7f000001/", "https://127.1/",
		"https://127.0.0.1./",
		"https://0x7f.1/", "https://%31%32%37.0.0.1/", "ftp://example.com", "https://", "/hook", "https://user@example.com",
		"https://example.com/#a", "https://exa mple.com/",
	} {
		_, _, err := w.Create(t.Context(), &w.actor, webhook.NewEndpoint{URL: address})
		if failure, ok := errors.AsType[*core.Error](err); !ok || failure.Kind != core.KindInvalid {
			t.Errorf("%s: %v", address, err)
		}
	}
	w.with(func(w *world) { w.config.Allow = nil })
	if _, _, err := w.Create(t.Context(), &w.actor, webhook.NewEndpoint{URL: "http://example.com"}); err == nil {
		t.Error("http:// is taken where nothing is allowed")
	}
}

func TestPlainHTTPGoesOnlyWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	// A public address: it is refused before it is dialled.
	zone := newNames(t, map[string][]string{"public.example.": {"93.184.215.14"}})
	w := newWorld(t, func(w *world) { w.config.Resolver = zone.resolver() })
	e, _ := w.create(t, "http://public.example/hook")
	d, _, err := w.Test(t.Context(), &w.actor, e.ID)
	must(t, err)
	if d.Attempts[0].Error != refusedPlain {
		t.Errorf("%+v", d.Attempts)
	}
}

func TestErrorsDoNotTellOfTheNetwork(t *testing.T) {
	t.Parallel()
	zone := newNames(t, nil)
	silent := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", closedPort(t, "127.0.0.1"))
	}}
	for want, resolver := range map[string]*net.Resolver{
		noSuchHost: zone.resolver(),
		"the name of the host could not be looked up: its name servers gave no answer": silent,
	} {
		w := newWorld(t, func(w *world) { w.config.Resolver = resolver })
		e, _ := w.create(t, "https://nowhere.example/hook")
		d, _, err := w.Test(t.Context(), &w.actor, e.ID)
		must(t, err)
		if d.Attempts[0].Error != want {
			t.Errorf("%+v", d.Attempts)
		}
		w.change(t, e.ID, func(e *webhook.Endpoint) { e.URL = "http://" + closedPort(t, "127.0.0.1") })
		d, _, err = w.Test(t.Context(), &w.actor, e.ID)
		must(t, err)
		if d.Attempts[0].Error != "the connection failed: connection refused" {
			t.Errorf("%+v", d.Attempts)
		}
	}
}

func TestProxiesAreUsedOnlyIfAsked(t *testing.T) {
	w := newWorld(t)
	proxy := newReceiver(t, w)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	e, _ := w.create(t, "http://private.example/hook")
	d, _, err := w.Test(t.Context(), &w.actor, e.ID)
	if err != nil || d.Status != webhook.Failed || len(proxy.got()) != 0 {
		t.Errorf("the proxy is used: %+v, %v", d, err)
	}
	address, err := url.Parse(proxy.URL)
	must(t, err)
	w.with(func(w *world) { w.config.Proxy = http.ProxyURL(address) })
	w.test(t, e.ID)
	if got := proxy.got(); len(got) != 1 || got[0].header.Get("Webhook-Id") == "" {
		t.Errorf("what the proxy got: %+v", got)
	}
}
