package app

import (
	"net"
	"sync"
)

// sendBuffer is how much of an answer the system holds for a connection, in bytes. By default it
// may be megabytes, and the system says that a peer has taken something only when a third of it is
// free again: a stream to a slow peer would look stalled. With this, it says so every 115 KB, and
// a peer 100 ms away still gets more than a megabyte a second.
const sendBuffer = 128 << 10

// conns are the open connections of a server. Its zero value is ready for use.
type conns struct {
	mu      sync.Mutex
	sockets map[*socket]struct{}
}

// socket is a connection as the system has it, below TLS.
type socket struct {
	*net.TCPConn
	conns *conns
}

// Close implements [net.Conn].
func (s *socket) Close() error {
	s.conns.mu.Lock()
	delete(s.conns.sockets, s)
	s.conns.mu.Unlock()
	return s.TCPConn.Close()
}

// listen returns the listener with its connections noted in cs. It is called once.
func (cs *conns) listen(listener net.Listener) net.Listener {
	cs.sockets = map[*socket]struct{}{}
	return &noting{listener, cs}
}

type noting struct {
	net.Listener
	conns *conns
}

// Accept implements [net.Listener].
func (l *noting) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s := &socket{accepted.(*net.TCPConn), l.conns}
	_ = s.SetWriteBuffer(sendBuffer) // a connection that is broken already is found out by reading
	l.conns.mu.Lock()
	defer l.conns.mu.Unlock()
	l.conns.sockets[s] = struct{}{}
	return s, nil
}

// abort resets every connection. Where the end of an answer is the end of its connection, as in
// HTTP/1.0, an orderly close would make an incomplete answer look complete.
func (cs *conns) abort() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for s := range cs.sockets {
		_ = s.SetLinger(0) // one that is closed already is what is wanted
		_ = s.TCPConn.Close()
	}
	clear(cs.sockets)
}
