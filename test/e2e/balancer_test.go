package e2e

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// balancer passes connections on to whichever of some servers takes them, in turn. A connection ends with
// its server, in the middle of an answer or before it.
type balancer struct {
	url   string
	ended sync.WaitGroup

	mu      sync.Mutex
	servers []string // their addresses
	next    int
	conns   map[net.Conn]struct{}
}

// newBalancer listens until the test ends.
func newBalancer(t *testing.T) *balancer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{url: "http://" + listener.Addr().String(), conns: map[net.Conn]struct{}{}}
	b.ended.Go(func() {
		for {
			caller, err := listener.Accept()
			if err != nil {
				return
			}
			b.ended.Go(func() { b.pass(caller) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		for conn := range b.conns {
			_ = conn.Close() // perhaps for the second time
		}
		b.mu.Unlock()
		b.ended.Wait()
	})
	return b
}

// use passes new connections on to these servers.
func (b *balancer) use(servers []*server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = nil
	for _, s := range servers {
		b.servers = append(b.servers, strings.TrimPrefix(s.url, "http://"))
	}
}

// dial connects to the next server that takes a connection; nil: none does.
func (b *balancer) dial() net.Conn {
	b.mu.Lock()
	servers := append(b.servers[b.next%len(b.servers):], b.servers[:b.next%len(b.servers)]...)
	b.next++
	b.mu.Unlock()
	for _, address := range servers {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn
		}
	}
	return nil
}

func (b *balancer) pass(caller net.Conn) {
	behind := b.dial()
	if behind == nil {
		_ = caller.Close() // which is how the caller notices
		return
	}
	pair := []net.Conn{caller, behind}
	b.mu.Lock()
	for _, conn := range pair {
		b.conns[conn] = struct{}{}
	}
	b.mu.Unlock()
	var both sync.WaitGroup
	for i := range pair {
		both.Go(func() {
			_, _ = io.Copy(pair[i], pair[1-i]) // until either breaks
			_ = caller.Close()
			_ = behind.Close()
		})
	}
	both.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, conn := range pair {
		delete(b.conns, conn)
	}
}
