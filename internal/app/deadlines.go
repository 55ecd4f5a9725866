package app

import (
	"context"
	"net"
	"sync"
	"time"
)

// deadlineInterval is how much later than said a connection may be given up.
const deadlineInterval = time.Second

// coarseDeadlines is a listener whose connections keep their deadlines to about a second.
// net/http sets four for each request, and nearly always the next one comes before one has
// passed; to set them for real, a timer each, took 6 % of the time of a look-up. Here they are
// noted down, and enforced for all connections together.
type coarseDeadlines struct {
	net.Listener
	mu    sync.Mutex
	conns map[*coarseConn]struct{} // that are open
}

func newCoarseDeadlines(listener net.Listener) *coarseDeadlines {
	return &coarseDeadlines{Listener: listener, conns: map[*coarseConn]struct{}{}}
}

// Accept implements [net.Listener].
func (l *coarseDeadlines) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, nil // which keeps its deadlines itself
	}
	c := &coarseConn{TCPConn: tcp, listener: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	return c, nil
}

// enforce ends the reads and writes whose deadline has passed.
func (l *coarseDeadlines) enforce(context.Context) error {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.enforce(now)
	}
	return nil
}

// coarseConn is a connection of such a listener. It embeds the real one: net/http asks for
// more of it than a [net.Conn] has.
type coarseConn struct {
	*net.TCPConn
	listener *coarseDeadlines

	mu          sync.Mutex
	read, write deadline
}

// deadline is what was last set for one direction.
type deadline struct {
	at     time.Time // zero: none
	passed bool      // the connection itself has been told
}

// longAgo is before every deadline that is meant to pass later, even where the clock begins in
// 1970: to set one from before is how net/http ends a read at once.
var longAgo = time.Unix(1<<20, 0)

// set notes a deadline down and returns whether the connection itself must be told.
func (d *deadline) set(at time.Time) (tell bool) {
	passed := !at.IsZero() && at.Before(longAgo)
	tell = passed || d.passed
	d.at, d.passed = at, passed
	return tell
}

// pass returns whether the connection must be told that the deadline has passed.
func (d *deadline) pass(now time.Time) bool {
	if d.passed || d.at.IsZero() || now.Before(d.at) {
		return false
	}
	d.passed = true
	return true
}

// realDeadline is what the connection itself is told: that the deadline has passed, or none.
func (d *deadline) realDeadline() time.Time {
	if d.passed {
		return time.Unix(1, 0)
	}
	return time.Time{}
}

// SetReadDeadline implements [net.Conn].
func (c *coarseConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read.set(t) {
		return c.TCPConn.SetReadDeadline(c.read.realDeadline())
	}
	return nil
}

// SetWriteDeadline implements [net.Conn].
func (c *coarseConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.write.set(t) {
		return c.TCPConn.SetWriteDeadline(c.write.realDeadline())
	}
	return nil
}

// SetDeadline implements [net.Conn].
func (c *coarseConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *coarseConn) enforce(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// One that is closed cannot be told, and need not.
	if c.read.pass(now) {
		_ = c.TCPConn.SetReadDeadline(c.read.realDeadline())
	}
	if c.write.pass(now) {
		_ = c.TCPConn.SetWriteDeadline(c.write.realDeadline())
	}
}

// Close implements [net.Conn].
func (c *coarseConn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.conns, c)
	c.listener.mu.Unlock()
	return c.TCPConn.Close()
}
