package httpserver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// watchInterval is how often connections are looked at, and so how late their deadlines may be.
	watchInterval = time.Second
	// drainPatience is how long a request that is not yet complete may take once draining has begun.
	drainPatience = 5 * time.Second
	// A connection that is closed while its client may be sending is read from for so long, and
	// so far.
	lingering      = 500 * time.Millisecond
	lingeringBytes = 1 << 20
)

// conns are the open connections of a server. A server sets several deadlines for each request,
// and nearly always the next one comes before one has passed; to set them for real, a timer
// each, took 6 % of the time of a look-up. Here they are noted down, and a watch enforces them
// for all connections together. It also looks whether somebody who waits for an answer has
// gone.
type conns struct {
	writeTimeout time.Duration
	log          *slog.Logger

	mu       sync.Mutex
	all      map[*conn]struct{}
	listener net.Listener // nil: not yet
	drains   time.Time    // since when; zero: not yet

	quit    func() // ends the watch
	ended   chan struct{}
	watches sync.WaitGroup
}

func newConns(writeTimeout time.Duration, log *slog.Logger) *conns {
	ended := make(chan struct{})
	return &conns{
		writeTimeout: writeTimeout, log: log, all: map[*conn]struct{}{},
		ended: ended, quit: sync.OnceFunc(func() { close(ended) }),
	}
}

// open begins to watch, unless draining has begun.
func (cs *conns) open(listener net.Listener) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if !cs.drains.IsZero() {
		return false
	}
	cs.listener = listener
	cs.watches.Go(func() {
		ticks := time.NewTicker(watchInterval)
		defer ticks.Stop()
		for {
			select {
			case now := <-ticks.C:
				cs.watch(now)
			case <-cs.ended:
				return
			}
		}
	})
	return true
}

// drain closes the listener. From now on, requests must come soon.
func (cs *conns) drain() error {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if !cs.drains.IsZero() {
		return nil
	}
	cs.drains = time.Now()
	if cs.listener == nil {
		return nil
	}
	return cs.listener.Close()
}

// watch looks at every connection once.
func (cs *conns) watch(now time.Time) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.all {
		busy := c.busy.Load()
		if !busy && !cs.drains.IsZero() {
			c.mustSendUntil(cs.drains.Add(drainPatience))
		}
		c.enforce(now)
		if busy && hasGone(c.Conn) {
			c.cancel()
		}
	}
}

// close ends the watch and every connection.
func (cs *conns) close() {
	cs.quit()
	cs.watches.Wait()
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.all {
		c.cancel()
		_ = c.Conn.Close() // it is given up
	}
	clear(cs.all)
}

// acceptor is a listener whose connections belong to conns.
type acceptor struct {
	net.Listener
	conns *conns
}

// Accept implements [net.Listener]. What passes by itself, too many open files above all, is
// waited for, as net/http does: fasthttp would end.
func (a acceptor) Accept() (net.Conn, error) {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		accepted, err := a.Listener.Accept()
		if err == nil {
			return a.conns.add(accepted), nil
		}
		if !slices.ContainsFunc(passing, func(passes error) bool { return errors.Is(err, passes) }) {
			return nil, err
		}
		a.conns.log.Error("cannot accept a connection; trying again", "error", err, "wait", wait.String())
		time.Sleep(wait)
	}
}

// passing are the errors that pass by themselves.
var passing = []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED}

func (cs *conns) add(accepted net.Conn) *conn {
	c := &conn{Conn: accepted, conns: cs}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.exchange.prepare(ctx, accepted.RemoteAddr().String())
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.all[c] = struct{}{}
	return c
}

// conn is a connection whose deadlines are enforced by the watch.
type conn struct {
	net.Conn
	conns    *conns
	exchange exchange
	heard    bool        // something has come
	busy     atomic.Bool // a request is being answered
	lingers  atomic.Bool // more may come than is read: see Close
	cancel   func()      // ends the context of its requests: the caller has gone

	mu          sync.Mutex
	read, write deadline
}

// deadline is what was last set for one direction.
type deadline struct {
	at     time.Time // zero: none
	passed bool      // the connection itself has been told
}

// set notes a deadline down and returns whether the connection itself must forget the last one.
func (d *deadline) set(at time.Time) (forget bool) {
	forget = d.passed
	d.at, d.passed = at, false
	return forget
}

// pass returns whether the connection must be told that the deadline has passed.
func (d *deadline) pass(now time.Time) bool {
	if d.passed || d.at.IsZero() || now.Before(d.at) {
		return false
	}
	d.passed = true
	return true
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Read implements [net.Conn].
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.heard = c.heard || n > 0
	return n, err
}

// SetReadDeadline implements [net.Conn]. For as long as something may come, something may be
// answered: the deadline of the last answer is forgotten. It is called when the last request is
// through, whatever was unread of it.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.lingers.Store(false)
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	if c.read.set(t) {
		err = c.Conn.SetReadDeadline(time.Time{})
	}
	if c.write.set(t.Add(c.conns.writeTimeout)) {
		err = errors.Join(err, c.Conn.SetWriteDeadline(time.Time{}))
	}
	return err
}

// SetWriteDeadline implements [net.Conn].
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.write.set(t) {
		return c.Conn.SetWriteDeadline(time.Time{})
	}
	return nil
}

// SetDeadline implements [net.Conn].
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// mustSendUntil brings the deadline for what comes forward.
func (c *conn) mustSendUntil(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read.at.IsZero() || t.Before(c.read.at) {
		c.read.at = t
	}
}

// enforce ends the reads and writes whose deadline has passed.
func (c *conn) enforce(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// One that is closed cannot be told, and need not.
	if c.read.pass(now) {
		_ = c.Conn.SetReadDeadline(past)
	}
	if c.write.pass(now) {
		_ = c.Conn.SetWriteDeadline(past)
	}
}

// Close implements [net.Conn]. Where a client may still be sending it waits a little: with
// something unread, the system would tell the client that the connection is broken, and the
// answer would be lost.
func (c *conn) Close() error {
	if half, can := c.Conn.(interface{ CloseWrite() error }); can && c.lingers.Load() && half.CloseWrite() == nil {
		if c.Conn.SetReadDeadline(time.Now().Add(lingering)) == nil {
			_, _ = io.CopyN(io.Discard, c.Conn, lingeringBytes)
		}
	}
	c.conns.mu.Lock()
	delete(c.conns.all, c)
	c.conns.mu.Unlock()
	c.cancel()
	return c.Conn.Close()
}
