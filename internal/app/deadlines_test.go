package app

import (
	"errors"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// coarsePair returns both ends of a connection, the first of them with coarse deadlines.
func coarsePair(t *testing.T) (l *coarseDeadlines, served net.Conn, client net.Conn) {
	t.Helper()
	listener, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = newCoarseDeadlines(listener)
	client, err = new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err == nil {
		served, err = l.Accept()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = served.Close(), client.Close(), listener.Close() })
	return l, served, client
}

// reading returns what a read of the served end ends with.
func reading(served net.Conn) <-chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := served.Read(make([]byte, 1))
		ended <- err
	}()
	return ended
}

func setRead(t *testing.T, conn net.Conn, at time.Time) {
	t.Helper()
	if err := conn.SetReadDeadline(at); err != nil {
		t.Fatal(err)
	}
}

func checkTimeout(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v, want that the deadline has passed", err)
	}
}

func TestADeadlineIsEnforcedOnceItHasPassed(t *testing.T) {
	l, served, client := coarsePair(t)
	setRead(t, served, time.Now().Add(time.Hour))
	ended := reading(served)
	served.(*coarseConn).enforce(time.Now().Add(59 * time.Minute))
	select {
	case err := <-ended:
		t.Fatalf("a minute too early: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	served.(*coarseConn).enforce(time.Now().Add(61 * time.Minute))
	checkTimeout(t, <-ended)

	setRead(t, served, time.Now().Add(time.Hour)) // the next request
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-reading(served); err != nil {
		t.Errorf("with a new deadline: %v", err)
	}
	if err := l.enforce(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestADeadlineOfLongAgoHoldsAtOnce(t *testing.T) {
	_, served, _ := coarsePair(t)
	ended := reading(served)
	setRead(t, served, time.Unix(1, 0))
	checkTimeout(t, <-ended)
	setRead(t, served, time.Time{})
	select {
	case err := <-reading(served):
		t.Errorf("without a deadline: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
}

func TestAWriteThatNobodyReadsEnds(t *testing.T) {
	_, served, _ := coarsePair(t)
	if err := served.SetDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := served.Write(make([]byte, 256<<20)) // more than the system's buffers hold
		ended <- err
	}()
	served.(*coarseConn).enforce(time.Now().Add(61 * time.Minute))
	checkTimeout(t, <-ended)
}

func TestAClosedConnectionIsForgotten(t *testing.T) {
	l, served, _ := coarsePair(t)
	if len(l.conns) != 1 {
		t.Fatalf("%d connections are known, want 1", len(l.conns))
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if len(l.conns) != 0 {
		t.Error("the closed one is still known")
	}
}

// A server must be rid of somebody who sends a request byte by byte, and of a connection on
// which nothing comes.
func TestAServerGivesUpWhoeverIsTooSlow(t *testing.T) {
	listener, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deadlines := newCoarseDeadlines(listener)
	enforcer := startWorker(10*time.Millisecond, deadlines.enforce, nil)
	server := &http.Server{Handler: http.NotFoundHandler(), ReadTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond}
	served := make(chan error, 1)
	go func() { served <- server.Serve(deadlines) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), enforcer.stop()); err != nil {
			t.Error(err)
		}
		<-served
	})
	for name, sent := range map[string]string{"half a request": "GET / HT", "nothing after an answer": "GET / HTTP/1.1\r\nHost: x\r\n\r\n"} {
		client, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Write([]byte(sent)); err != nil {
			t.Fatal(err)
		}
		if err := client.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		for err = nil; err == nil; {
			_, err = client.Read(make([]byte, 1024))
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection was not closed", name)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}
