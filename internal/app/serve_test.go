package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// drained is a handler that knows when draining has begun.
type drained struct {
	http.HandlerFunc
	begun chan struct{}
}

func (d drained) Drain() { close(d.begun) }

// rig is a running server.
type rig struct {
	*server
	address string
	begun   chan struct{} // closed when draining has begun
	served  chan error
}

func startServer(t *testing.T, maxConnections int, certificate *certificate, h http.HandlerFunc) *rig {
	t.Helper()
	listener, err := listen(t.Context(), "listen", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{address: listener.Addr().String(), begun: make(chan struct{}), served: make(chan error, 1)}
	r.server = newServer(drained{h, r.begun}, listener, maxConnections, certificate, slog.New(slog.DiscardHandler))
	go func() { r.served <- r.serve() }()
	t.Cleanup(func() {
		r.conns.abort()
		_ = r.http.Close()
		<-r.served
	})
	return r
}

// dial connects to the server.
func (r *rig) dial(t *testing.T) *peer {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", r.address)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(patience))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &peer{conn, bufio.NewReader(conn)}
}

// peer is one connection to a server, on which a test sends what it likes.
type peer struct {
	net.Conn
	reader *bufio.Reader
}

func (p *peer) send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		t.Fatal(err)
	}
}

func (p *peer) receive(t *testing.T) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(p.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func TestADrainEndsIdleConnectionsAndWaitsForRequests(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	r := startServer(t, 10, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-release
		}
		_, _ = io.WriteString(w, "done")
	})
	idle, slow := r.dial(t), r.dial(t)
	idle.send(t, get)
	if _, err := io.Copy(io.Discard, idle.receive(t).Body); err != nil {
		t.Fatal(err)
	}
	slow.send(t, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	ended := make(chan error, 1)
	go func() { ended <- r.drain(patience) }()
	<-r.begun
	if _, err := idle.reader.ReadByte(); err != io.EOF {
		t.Errorf("the idle connection: %v", err)
	}
	select {
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	default:
	}
	close(release)
	if body, err := io.ReadAll(slow.receive(t).Body); string(body) != "done" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWhatADrainCutsOffDoesNotLookComplete: in HTTP/1.0 an answer ends where its connection
// does, in HTTP/1.1 with an empty chunk.
func TestWhatADrainCutsOffDoesNotLookComplete(t *testing.T) {
	for _, version := range []string{"HTTP/1.0", "HTTP/1.1"} {
		t.Run(version, func(t *testing.T) {
			ended := make(chan error, 1)
			r := startServer(t, 10, nil, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "the first part")
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
				ended <- r.Context().Err()
			})
			p := r.dial(t)
			p.send(t, "GET / "+version+"\r\nHost: x\r\n\r\n")
			body := p.receive(t).Body
			first := make([]byte, len("the first part"))
			if _, err := io.ReadFull(body, first); err != nil {
				t.Fatal(err)
			}
			if err := r.drain(50 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("drain: %v", err)
			}
			if rest, err := io.ReadAll(body); err == nil {
				t.Errorf("the answer looks complete, with %q", rest)
			}
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the request's context: %v", err)
			}
		})
	}
}

func TestMoreConnectionsThanTheLimitWaitForOneToEnd(t *testing.T) {
	r := startServer(t, 2, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "done") })
	var served []*peer
	for range 2 {
		p := r.dial(t)
		p.send(t, get)
		_, _ = io.Copy(io.Discard, p.receive(t).Body)
		served = append(served, p)
	}
	third := r.dial(t)
	third.send(t, get)
	answered := make(chan error, 1)
	go func() {
		_, err := third.reader.Peek(1)
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("the third connection was served beside two others: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	_ = served[0].Close()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// TestWhatNetHTTPRefusesIsPlainText is what docs/api.md says.
func TestWhatNetHTTPRefusesIsPlainText(t *testing.T) {
	r := startServer(t, 10, nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	head := func(size int) string {
		text := "GET / HTTP/1.1\r\nHost: x\r\nX: "
		return text + strings.Repeat("x", size-len(text)-4) + "\r\n\r\n"
	}
	for _, test := range []struct {
		name, text string
		status     int
	}{
		{"noise", "noise\r\n\r\n", 400},
		{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
		{"a head of 16 KiB", head(16 << 10), 204},
		{"a larger one", head(16<<10 + 1), 431},
		{"a long address", "GET /" + strings.Repeat("a", 17<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := r.dial(t)
			p.send(t, test.text)
			response := p.receive(t)
			if response.StatusCode != test.status {
				t.Fatalf("status %d, want %d", response.StatusCode, test.status)
			}
			if kind := response.Header.Get("Content-Type"); test.status >= 400 && !strings.HasPrefix(kind, "text/plain") {
				t.Errorf("it is of type %q", kind)
			}
		})
	}
}

func TestWhatPeersProvokeIsLoggedForDebuggingOnly(t *testing.T) {
	var log strings.Builder
	shown := slog.NewLogLogger(serverLog{slog.NewTextHandler(&log, nil)}, slog.LevelError)
	shown.Print("http: TLS handshake error from 192.0.2.1:1: EOF")
	shown.Print("http2: server connection error")
	shown.Print("http: Accept error: too many open files; retrying in 5ms")
	got := log.String()
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, "level=ERROR") || !strings.Contains(got, "Accept") {
		t.Errorf("logged:\n%s", got)
	}
}

func TestManyRequestsDuringADrainAreEitherAnsweredOrNotBegun(t *testing.T) {
	var begun, answered int
	count := make(chan *int, 1024)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := range count {
			*n++
		}
	}()
	r := startServer(t, 100, nil, func(w http.ResponseWriter, _ *http.Request) {
		count <- &begun
		_, _ = fmt.Fprint(w, "done")
	})
	const callers = 32
	ended := make(chan struct{}, callers)
	for range callers {
		p := r.dial(t)
		go func() {
			defer func() { ended <- struct{}{} }()
			for {
				if _, err := io.WriteString(p, get); err != nil {
					return
				}
				response, err := http.ReadResponse(p.reader, nil)
				if err != nil {
					return
				}
				if _, err := io.Copy(io.Discard, response.Body); err != nil {
					return
				}
				count <- &answered
			}
		}()
	}
	<-time.After(50 * time.Millisecond)
	if err := r.drain(patience); err != nil {
		t.Error(err)
	}
	for range callers {
		<-ended
	}
	close(count)
	<-done
	if begun != answered || begun < callers {
		t.Errorf("%d requests were begun and %d answered", begun, answered)
	}
}
