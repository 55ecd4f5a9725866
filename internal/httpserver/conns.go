package httpserver

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// watchInterval is how often connections are looked at, and so how late their deadlines may be.
const watchInterval = time.Second

// conns are the open connections of a server. A server sets several deadlines for each request,
// and nearly always the next one comes before one has passed; to set them for real, a timer
// each, took 6 % of the time of a look-up. Here they are noted down, and a watch enforces them
// for all connections together. It also looks whether somebody who waits for an answer has
// gone.
type conns struct {
	mu   sync.Mutex
	open map[*conn]struct{}

	quit    chan struct{} // closed to end the watch
	watches sync.WaitGroup
}

func newConns() *conns { return &conns{open: map[*conn]struct{}{}, quit: make(chan struct{})} }

func (cs *conns) startWatching() {
	cs.watches.Go(func() {
		ticks := time.NewTicker(watchInterval)
		defer ticks.Stop()
		for {
			select {
			case now := <-ticks.C:
				cs.watch(now)
			case <-cs.quit:
				return
			}
		}
	})
}

// watch looks at every connection once.
func (cs *conns) watch(now time.Time) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		c.enforce(now)
		if c.busy.Load() && hasGone(c.Conn) {
			c.cancel()
		}
	}
}

// close ends the watch and every connection. It is called once.
func (cs *conns) close() {
	close(cs.quit)
	cs.watches.Wait()
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		c.cancel()
		_ = c.Conn.Close() // it is given up
	}
	clear(cs.open)
}

// acceptor is a listener whose connections belong to conns.
type acceptor struct {
	net.Listener
	conns *conns
}

// Accept implements [net.Listener].
func (a acceptor) Accept() (net.Conn, error) {
	accepted, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return a.conns.add(accepted), nil
}

func (cs *conns) add(accepted net.Conn) *conn {
	c := &conn{Conn: accepted, conns: cs}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	c.exchange.open(ctx, accepted.RemoteAddr().String())
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.open[c] = struct{}{}
	return c
}

// conn is a connection whose deadlines are enforced by the watch.
type conn struct {
	net.Conn
	conns    *conns
	exchange exchange
	busy     atomic.Bool // a request is being answered
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

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read.set(t) {
		return c.Conn.SetReadDeadline(time.Time{})
	}
	return nil
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

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.conns.mu.Lock()
	delete(c.conns.open, c)
	c.conns.mu.Unlock()
	c.cancel()
	return c.Conn.Close()
}
