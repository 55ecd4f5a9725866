package httpserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is a request as a handler sees it.
type seen struct {
	Method, Target, Path, RawPath, Query, Host, Proto string
	Header                                            http.Header
	Length                                            int64
	Body, Error                                       string
}

// show answers with what the handler sees.
func show(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s := seen{
		Method: r.Method, Target: r.RequestURI, Path: r.URL.Path, RawPath: r.URL.RawPath, Query: r.URL.RawQuery,
		Host: r.Host, Proto: r.Proto, Header: r.Header, Length: r.ContentLength, Body: string(body),
	}
	if err != nil {
		s.Error = "broken"
	}
	for _, name := range []string{"Content-Length", "Connection"} { // which fasthttp writes in where it knows
		delete(s.Header, name)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Add("X-Several", "one")
	w.Header().Add("X-Several", "two")
	_ = json.NewEncoder(w).Encode(s)
}

// requests are sent to this server and to net/http's own.
var requests = []struct {
	name, text string
	method     string // empty: GET
	status     int    // 0: 200, and the handlers see the same
	netHTTP    int    // what net/http answers, if something else
}{
	{name: "plain", text: "GET /a/b?c=d&e HTTP/1.1\r\nHost: x.example:80\r\n\r\n"},
	{name: "path with a slash in it", text: "GET /a%2Fb/%C3%A4 HTTP/1.1\r\nHost: x\r\n\r\n"},
	{name: "path with dots and double slashes", text: "GET //a/../b/./c HTTP/1.1\r\nHost: x\r\n\r\n"},
	{name: "plus and percent in the query", text: "GET /?a+b=%2B%zz HTTP/1.1\r\nHost: x\r\n\r\n"},
	{name: "absolute address", text: "GET http://y.example/a?b HTTP/1.1\r\nHost: x\r\n\r\n"},
	{name: "star", method: "OPTIONS", text: "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"},
	{name: "header in whatever case", text: "GET / HTTP/1.1\r\nhOST: x\r\nx-API-key:  secret \r\nACCEPT: */*\r\nuser-agent: me\r\nX-Request-ID: 7\r\n\r\n"},
	{name: "header twice", text: "GET / HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n"},
	{name: "empty header", text: "GET / HTTP/1.1\r\nHost: x\r\nIdempotency-Key:\r\n\r\n"},
	{name: "cookies", text: "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; c=d\r\n\r\n"},
	{name: "UTF-8 in a header", text: "GET / HTTP/1.1\r\nHost: x\r\nX-Name: J\u00fcrgen\r\n\r\n"},
	{name: "unknown method", method: "BREW", text: "BREW / HTTP/1.1\r\nHost: x\r\n\r\n"},
	{name: "body", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nbody"},
	{name: "body of a GET", text: "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"},
	{name: "empty body", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
	{name: "no body", method: "DELETE", text: "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"},
	{name: "large body", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("0123456789", 10000)},
	{name: "HTTP/1.0", text: "GET / HTTP/1.0\r\nHost: x\r\n\r\n"},
	{name: "HTTP/1.0 without a host", text: "GET / HTTP/1.0\r\n\r\n"},

	{name: "no host", text: "GET / HTTP/1.1\r\n\r\n", status: 400},
	{name: "no version", text: "GET /\r\n\r\n", status: 400},
	{name: "noise", text: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", status: 400},
	{name: "bad escape in the path", text: "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", status: 400},
	{name: "no path", text: "GET x HTTP/1.1\r\nHost: x\r\n\r\n", status: 400},
	{name: "space before a colon", text: "GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n", status: 400},
	{name: "line without a colon", text: "GET / HTTP/1.1\r\nHost: x\r\nnothing\r\n\r\n", status: 400},
	{name: "NUL in a header", text: "GET / HTTP/1.1\r\nHost: x\r\nX-A: \x00\r\n\r\n", status: 400},
	{name: "CR in a header", text: "GET / HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n", status: 400},
	{name: "length that is no number", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: four\r\n\r\nbody", status: 400},
	{name: "negative length", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\nbody", status: 400},
	{name: "signed length", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nbody", status: 400},
	{name: "two lengths", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody1", status: 400},
	{name: "unknown transfer encoding", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nbody", status: 400, netHTTP: 501},
	{name: "transfer encoding of old", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\nbody", status: 400, netHTTP: 501},
	{name: "two transfer encodings", method: "POST", text: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 400, netHTTP: 501},
	{name: "two hosts", text: "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", status: 400},
	{name: "HTTP/2", text: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", status: 400, netHTTP: 200},
	{name: "HTTP/9", text: "GET / HTTP/9.9\r\nHost: x\r\n\r\n", status: 400, netHTTP: 505},
	{name: "long address", text: "GET /" + strings.Repeat("a", 20000) + " HTTP/1.1\r\nHost: x\r\n\r\n", status: 431},
	{name: "long header", text: "GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 20000) + "\r\n\r\n", status: 431},
}

// TestRequestsAreReadAsNetHTTPReadsThem sends each request to both.
func TestRequestsAreReadAsNetHTTPReadsThem(t *testing.T) {
	ours := start(t, show)
	theirs := startNetHTTP(t)
	for _, test := range requests {
		t.Run(test.name, func(t *testing.T) {
			if test.method == "" {
				test.method = "GET"
			}
			c := dial(t, ours.address)
			c.send(t, test.text)
			got := c.receive(t, test.method)
			c = dial(t, theirs)
			c.send(t, test.text)
			want := c.receive(t, test.method)
			wantStatus := test.status
			if wantStatus == 0 {
				wantStatus = 200
			}
			if test.netHTTP == 0 {
				test.netHTTP = wantStatus
			}
			if got.status != wantStatus || want.status != test.netHTTP {
				t.Errorf("status %d, net/http %d; want %d, %d; %s", got.status, want.status, wantStatus, test.netHTTP, got.body)
			}
			if wantStatus != 200 {
				if !got.closes {
					t.Error("the connection stays open")
				}
				return
			}
			for _, a := range []*answer{&got, &want} {
				a.header.Del("Date")
				a.header.Del("Content-Length") // which net/http leaves out where it is long
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("(-net/http +this)\n%s", diff)
			}
		})
	}
}

func startNetHTTP(t *testing.T) (address string) {
	t.Helper()
	listener := listen(t)
	server := &http.Server{Handler: http.HandlerFunc(show), MaxHeaderBytes: 4 << 10, DisableGeneralOptionsHandler: true}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	return listener.Addr().String()
}
