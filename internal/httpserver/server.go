// Package httpserver serves a [net/http] handler over HTTP/1.1. Requests are read and answers
// are written by fasthttp, which takes half of the processor time that net/http's own server
// takes; everybody else sees handlers, requests and answers of net/http.
//
// Two things are coarser than in net/http's own server: deadlines of connections may be a
// second late, and a context ends up to a second after its caller has gone. It is the
// connection's: it does not end with the request. What a handler gets is valid until it
// returns: requests of one connection share their memory.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/valyala/fasthttp"
)

// Config says what a [Server] serves, and how patient it is.
type Config struct {
	Handler http.Handler
	// Refuse answers what is no request: 400, one that came too slowly: 408, and one whose head
	// is larger than MaxHeaderBytes: 431. The connection is closed after that.
	Refuse         func(w http.ResponseWriter, status int)
	ReadTimeout    time.Duration // of a head, and of a body
	WriteTimeout   time.Duration
	IdleTimeout    time.Duration // between two requests
	MaxHeaderBytes int
	Log            *slog.Logger // broken connections and the like, at the level debug; panics and failures to accept, as errors
}

// Server is a running server. Its methods are safe for concurrent use.
type Server struct {
	config Config
	fast   fasthttp.Server
	conns  *conns
}

const (
	// prefetched is how much of a body is read before the handler begins. The rest is read as
	// the handler asks for it.
	prefetched = 8 << 10
	// keptBody is how large a buffer for a body is kept for later ones.
	keptBody = 64 << 10
)

// New returns a server, which does not serve yet.
func New(config Config) *Server {
	fasthttp.SetBodySizePoolLimit(keptBody, keptBody)
	s := &Server{config: config, conns: newConns(config.WriteTimeout, config.Log)}
	s.fast = fasthttp.Server{
		Handler:            s.handle,
		ErrorHandler:       s.refuse,
		ReadTimeout:        config.ReadTimeout,
		WriteTimeout:       config.WriteTimeout,
		IdleTimeout:        config.IdleTimeout,
		ReadBufferSize:     config.MaxHeaderBytes, // a head that does not fit is refused
		MaxRequestBodySize: prefetched,
		StreamRequestBody:  true, // so it is the handler that limits bodies
		CloseOnShutdown:    true,

		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		Logger:                       debugLog{config.Log},
	}
	return s
}

// debugLog takes what fasthttp has to say, without the details: they may hold parts of a head,
// and so keys.
type debugLog struct{ log *slog.Logger }

// Printf implements [fasthttp.Logger].
func (l debugLog) Printf(format string, _ ...any) { l.log.Debug("fasthttp: " + format) }

// Serve serves the connections of a listener until it is closed, by Shutdown above all. It is
// called once.
func (s *Server) Serve(listener net.Listener) error {
	if !s.conns.open(listener) {
		return listener.Close()
	}
	return s.fast.Serve(acceptor{listener, s.conns})
}

// Shutdown closes the listener, waits for the requests under way and closes every connection.
// When ctx ends first, requests are cut off and the error is ctx's.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.conns.drain()
	if stopped := s.fast.ShutdownWithContext(ctx); !errors.Is(stopped, net.ErrClosed) {
		err = errors.Join(err, stopped)
	}
	s.conns.close()
	return err
}

// handle answers one request.
func (s *Server) handle(ctx *fasthttp.RequestCtx) {
	c := ctx.Conn().(*conn)
	c.busy.Store(true)
	defer func() {
		c.busy.Store(false)
		if !c.exchange.body.ended {
			c.lingers.Store(true)
		}
		// A handler that panics answers nothing, as with net/http.
		if p := recover(); p != nil {
			ctx.SetConnectionClose() // not even requests that are there already are read
			_ = c.Conn.Close()
			if p != http.ErrAbortHandler {
				s.config.Log.Error("panic", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}
	}()
	if !c.exchange.begin(ctx) {
		s.config.Refuse(&c.exchange, http.StatusBadRequest)
		ctx.SetConnectionClose()
		c.lingers.Store(true)
		return
	}
	s.config.Handler.ServeHTTP(&c.exchange, &c.exchange.request)
	c.exchange.WriteHeader(http.StatusOK) // unless the handler has written one
}

// refuse answers what fasthttp could not read a request from.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, err error) {
	c := ctx.Conn().(*conn)
	status := http.StatusBadRequest
	if _, tooLarge := errors.AsType[*fasthttp.ErrSmallBuffer](err); tooLarge {
		status = http.StatusRequestHeaderFieldsTooLarge
	} else if errors.Is(err, os.ErrDeadlineExceeded) {
		status = http.StatusRequestTimeout
	}
	_, broken := errors.AsType[*net.OpError](err)
	if status == http.StatusRequestTimeout && !c.heard || status == http.StatusBadRequest && broken {
		// There is nobody to be told, or somebody who has asked nothing.
		ctx.SetStatusCode(status)
		_ = c.Conn.Close()
		return
	}
	c.lingers.Store(true)
	c.exchange.answerTo(ctx)
	s.config.Refuse(&c.exchange, status)
}
