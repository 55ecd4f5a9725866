package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// How patient the server is. Routes that stream set deadlines of their own, which follow
// their progress.
const (
	headPatience    = 10 * time.Second
	requestPatience = 30 * time.Second // of the head and the body together
	answerPatience  = 60 * time.Second // from the end of the head to the end of the answer
	idlePatience    = 2 * time.Minute  // between two requests of a connection
	peerPatience    = 30 * time.Second // for a peer of HTTP/2 that takes nothing, or does not answer a ping
)

// maxHeadBytes limits a head to 16 KiB: net/http adds 4 KiB.
const maxHeadBytes = 12 << 10

// handler is what a server serves.
type handler interface {
	http.Handler
	// Drain makes /readyz fail and ends what waits.
	Drain()
}

// server serves a handler over one listener, with HTTP/2 where there is TLS.
type server struct {
	http     http.Server
	handler  handler
	listener net.Listener
	conns    conns
	cut      context.CancelFunc // ends the contexts of all requests
}

// newServer returns a server that does not serve yet. certificate is nil for plain HTTP.
func newServer(
	h handler, listener net.Listener, maxConnections int, certificate *certificate, log *slog.Logger,
) *server {
	ctx, cut := context.WithCancel(context.Background())
	s := &server{handler: h, cut: cut}
	s.listener = netutil.LimitListener(s.conns.listen(listener), maxConnections)
	s.http = http.Server{
		Handler:           h,
		ReadHeaderTimeout: headPatience, ReadTimeout: requestPatience,
		WriteTimeout: answerPatience, IdleTimeout: idlePatience,
		MaxHeaderBytes: maxHeadBytes,
		ErrorLog:       slog.NewLogLogger(serverLog{log.Handler()}, slog.LevelError),
		BaseContext:    func(net.Listener) context.Context { return ctx },
		HTTP2:          &http.HTTP2Config{WriteByteTimeout: peerPatience, SendPingTimeout: peerPatience},

		DisableGeneralOptionsHandler: true, // the handler answers OPTIONS * as every other request
	}
	if certificate != nil {
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get}
	}
	return s
}

// serve answers requests until the server is drained.
func (s *server) serve() error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}

// drain ends waits and idle connections at once and gives requests under way the timeout. What
// is still under way then is aborted: its connection is reset, so that no answer that is
// incomplete looks complete.
func (s *server) drain(timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	defer s.cut()
	s.handler.Drain()
	if err := s.http.Shutdown(ctx); err != nil {
		s.conns.abort()
		_ = s.http.Close() // every connection is closed already
		return fmt.Errorf("requests were still under way after %s: %w", timeout, err)
	}
	return nil
}

// serveUntil lets servers serve until ctx ends or one fails, and then drains all of them at once.
func serveUntil(ctx context.Context, servers []*server, drainTimeout time.Duration, log *slog.Logger) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		go func() { failed <- s.serve() }()
	}
	var failure error
	select {
	case failure = <-failed:
	case <-ctx.Done():
		log.Info("draining", "timeout", drainTimeout.String())
	}
	drained := make(chan error, len(servers))
	for _, s := range servers {
		go func() { drained <- s.drain(drainTimeout) }()
	}
	for range servers {
		failure = errors.Join(failure, <-drained)
	}
	return failure
}

// serverLog takes what net/http has to say. What any peer can provoke is for debugging only.
type serverLog struct{ slog.Handler }

// Handle implements [slog.Handler].
func (l serverLog) Handle(ctx context.Context, record slog.Record) error {
	for _, noise := range []string{"http: TLS handshake error", "http2:"} {
		if strings.HasPrefix(record.Message, noise) {
			record.Level = slog.LevelDebug
		}
	}
	if !l.Enabled(ctx, record.Level) {
		return nil
	}
	return l.Handler.Handle(ctx, record)
}
