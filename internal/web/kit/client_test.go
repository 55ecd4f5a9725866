package kit

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"accesscodes/internal/logtest"
)

func TestTheClientIsThePeerUnlessATrustedProxySaysOtherwise(t *testing.T) {
	const proxy, stranger = "10.0.0.1:5000", "203.0.113.9:5000"
	for _, test := range []struct {
		name, peer      string
		plain, standard []string // X-Forwarded-For, Forwarded
		want            string
	}{
		{"no proxy", stranger, nil, nil, "203.0.113.9"},
		{"a proxy that says nothing", proxy, nil, nil, "10.0.0.1"},
		{"a stranger who pretends", stranger, []string{"198.51.100.1"}, []string{"for=198.51.100.1"}, "203.0.113.9"},

		{"one hop", proxy, []string{"198.51.100.1"}, nil, "198.51.100.1"},
		{"with a port", proxy, []string{"198.51.100.1:1234"}, nil, "198.51.100.1"},
		{"IPv6", proxy, []string{"2001:db8::1"}, nil, "2001:db8::1"},
		{"IPv6 in brackets", proxy, []string{"[2001:db8::1]"}, nil, "2001:db8::1"},
		{"IPv6 with a port", proxy, []string{"[2001:db8::1]:1234"}, nil, "2001:db8::1"},
		{"IPv6 written long", proxy, []string{"2001:0DB8:0:0::0001"}, nil, "2001:db8::1"},
		{"IPv4 as IPv6", proxy, []string{"::ffff:198.51.100.1"}, nil, "198.51.100.1"},
		{"with a zone", proxy, []string{"fe80::1%eth0"}, nil, "fe80::1"},

		{"what the client invents is before", proxy, []string{"1.1.1.1, 198.51.100.1"}, nil, "198.51.100.1"},
		{"in a line of its own", proxy, []string{"1.1.1.1", "198.51.100.1"}, nil, "198.51.100.1"},
		{"several proxies", proxy, []string{"1.1.1.1, 198.51.100.1,10.9.9.9 , 10.2.2.2"}, nil, "198.51.100.1"},
		{"proxies in several lines", proxy, []string{"198.51.100.1, 10.9.9.9", "10.2.2.2"}, nil, "198.51.100.1"},
		{"proxies alone", proxy, []string{"10.9.9.9, 10.2.2.2"}, nil, "10.9.9.9"},
		{"a trusted address as IPv6", proxy, []string{"198.51.100.1, ::ffff:10.2.2.2"}, nil, "198.51.100.1"},
		{"a peer over IPv6", "[fd00::1]:5000", []string{"198.51.100.1"}, nil, "198.51.100.1"},
		{"a peer over IPv6 that is none", "[fd01::1]:5000", []string{"198.51.100.1"}, nil, "fd01::1"},
		{"a peer with IPv4 as IPv6", "[::ffff:10.0.0.1]:5000", []string{"198.51.100.1"}, nil, "198.51.100.1"},

		{"garbage", proxy, []string{"nobody"}, nil, "10.0.0.1"},
		{"garbage before a hop", proxy, []string{"nobody, 198.51.100.1"}, nil, "198.51.100.1"},
		{"garbage before a proxy", proxy, []string{"198.51.100.1, nobody, 10.2.2.2"}, nil, "10.2.2.2"},
		{"empty", proxy, []string{""}, nil, "10.0.0.1"},
		{"a quote", proxy, []string{`1.1.1.1", 198.51.100.1`}, nil, "198.51.100.1"},
		{"half a bracket", proxy, []string{"[2001:db8::1"}, nil, "10.0.0.1"},
		{"unknown", proxy, nil, []string{"for=unknown"}, "10.0.0.1"},
		{"hidden", proxy, nil, []string{"for=_hidden, for=10.2.2.2"}, "10.2.2.2"},

		{"by the standard", proxy, nil, []string{"for=198.51.100.1"}, "198.51.100.1"},
		{"with more", proxy, nil, []string{`proto=https; For="198.51.100.1:80" ;by=10.0.0.1`}, "198.51.100.1"},
		{"IPv6 by the standard", proxy, nil, []string{`for="[2001:db8::1]:4711"`}, "2001:db8::1"},
		{"several by the standard", proxy, nil, []string{"for=1.1.1.1, for=198.51.100.1", "for=10.2.2.2"}, "198.51.100.1"},
		{"a comma in quotes", proxy, nil, []string{`for=198.51.100.1;x="a, for=1.1.1.1"`}, "198.51.100.1"},
		{"a quote left open", proxy, nil, []string{`for=1.1.1.1;x=", for=198.51.100.1`}, "10.0.0.1"},
		{"an open quote that is escaped", proxy, nil, []string{`for=1.1.1.1;x="\", for=198.51.100.1`}, "198.51.100.1"},
		{"no for", proxy, nil, []string{"proto=https"}, "10.0.0.1"},

		{"both agree", proxy, []string{"198.51.100.1"}, []string{"for=198.51.100.1"}, "198.51.100.1"},
		{"both differ", proxy, []string{"198.51.100.1"}, []string{"for=1.1.1.1"}, "10.0.0.1"},

		{"no port of the peer", "@", nil, nil, "@"},
	} {
		t.Run(test.name, func(t *testing.T) {
			trusted := proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/64")}
			header := http.Header{"X-Forwarded-For": test.plain, "Forwarded": test.standard}
			if got := trusted.clientOf(&http.Request{RemoteAddr: test.peer, Header: header}); got != test.want {
				t.Errorf("client %s, want %s", got, test.want)
			}
		})
	}
}

func TestWithoutTrustedProxiesNobodyIsBelieved(t *testing.T) {
	r := &http.Request{RemoteAddr: "[2001:db8::9]:1", Header: http.Header{"X-Forwarded-For": {"198.51.100.1"}}}
	if got := proxies(nil).clientOf(r); got != "2001:db8::9" {
		t.Errorf("client %s", got)
	}
}

func TestTheClientIsLogged(t *testing.T) {
	log := new(logtest.Output)
	server := newServer(t, log, Config{
		Routes:         []Route{{Method: "GET", Path: "/", Endpoint: func(context.Context, *Call) error { return nil }}},
		TrustedProxies: proxies{netip.MustParsePrefix("192.0.2.1/32")}, // httptest's peer
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("X-Forwarded-For", "198.51.100.1")
	server.ServeHTTP(httptest.NewRecorder(), r)
	if events := logtest.Requests(t, log.Take()); len(events) != 1 || events[0]["client"] != "198.51.100.1" {
		t.Errorf("logged %v", events)
	}
}
