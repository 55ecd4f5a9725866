package httpserver_test

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
	"sync"
	"testing"
	"time"

	"accesscodes/internal/httpserver"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// rig is a running server.
type rig struct {
	server  *httpserver.Server
	address string
	log     *logged
	served  chan error // what Serve returned
}

// logged is what a server has logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements [io.Writer].
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// start starts a server that refuses with the status as text.
func start(t *testing.T, handler http.HandlerFunc, edits ...func(*httpserver.Config)) *rig {
	t.Helper()
	listener := listen(t)
	r := &rig{address: listener.Addr().String(), log: new(logged), served: make(chan error, 1)}
	config := httpserver.Config{
		Handler: handler,
		Refuse: func(w http.ResponseWriter, status int) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "refused: %d", status)
		},
		ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 4 << 10,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, edit := range edits {
		edit(&config)
	}
	r.server = httpserver.New(config)
	go func() { r.served <- r.server.Serve(listener) }()
	t.Cleanup(func() { r.shutDown(t) })
	return r
}

// shutDown ends the server, if it has not ended.
func (r *rig) shutDown(t *testing.T) {
	t.Helper()
	if r.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-r.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	r.server = nil
}

// dial connects to an address.
func dial(t *testing.T, address string) *client {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(patience))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return &client{conn: conn.(*net.TCPConn), reader: bufio.NewReader(conn)}
}

// client is one connection to a server, on which a test sends what it likes.
type client struct {
	conn   *net.TCPConn
	reader *bufio.Reader
}

func (c *client) send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		t.Fatal(err)
	}
}

// answer is an answer as it was read.
type answer struct {
	status int
	header http.Header
	body   string
	closes bool
}

// receive reads an answer to a request with this method.
func (c *client) receive(t *testing.T, method string) answer {
	t.Helper()
	response, err := http.ReadResponse(c.reader, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatalf("read the answer's body: %v", err)
	}
	return answer{response.StatusCode, response.Header, string(body), response.Close}
}

// mustBeClosed waits until the server has closed the connection.
func (c *client) mustBeClosed(t *testing.T) {
	t.Helper()
	rest, err := io.ReadAll(c.reader)
	if len(rest) > 0 || err != nil && isTimeout(err) {
		t.Errorf("the connection is not closed; it brought %q, %v", rest, err)
	}
}

func isTimeout(err error) bool {
	netErr, ok := errors.AsType[net.Error](err)
	return ok && netErr.Timeout()
}
