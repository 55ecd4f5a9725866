package httpserver

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair returns both ends of a connection, the first of them as a server has it.
func pair(t *testing.T) (served *conn, client net.Conn) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err = new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := acceptor{listener, newConns(time.Minute, slog.New(slog.DiscardHandler))}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	served = accepted.(*conn)
	t.Cleanup(func() { _, _, _ = served.Close(), client.Close(), listener.Close() })
	return served, client
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

func checkTimeout(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v, want that the deadline has passed", err)
	}
}

func TestADeadlineIsEnforcedOnceItHasPassed(t *testing.T) {
	served, client := pair(t)
	inAnHour := func() {
		if err := served.SetDeadline(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	inAnHour()
	ended := reading(served)
	served.conns.watch(time.Now().Add(59 * time.Minute))
	select {
	case err := <-ended:
		t.Fatalf("a minute too early: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	served.conns.watch(time.Now().Add(61 * time.Minute))
	checkTimeout(t, <-ended)
	_, err := served.Write([]byte("x"))
	checkTimeout(t, err)

	inAnHour() // the next request
	if _, err := client.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-reading(served); err != nil {
		t.Errorf("with a new deadline: %v", err)
	}
	if _, err := served.Write([]byte("x")); err != nil {
		t.Errorf("with a new deadline: %v", err)
	}
}

func TestTheDeadlineOfTheLastAnswerIsNotThatOfTheNext(t *testing.T) {
	served, _ := pair(t)
	now := time.Now()
	if err := errors.Join(served.SetWriteDeadline(now.Add(time.Minute)), served.SetReadDeadline(now.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	served.conns.watch(now.Add(59 * time.Minute))
	if _, err := served.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	served.conns.watch(now.Add(62 * time.Minute)) // writeTimeout after the last that may come
	_, err := served.Write([]byte("x"))
	checkTimeout(t, err)
}

func TestAConnectionThatGoesOnIsNotLingeredOver(t *testing.T) {
	served, _ := pair(t)
	served.lingers.Store(true) // something of a request was not read
	if err := served.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if served.lingers.Load() {
		t.Error("closing it while it is idle would wait for what was read long ago")
	}
}

// fullListener has too many open files for a while.
type fullListener struct {
	net.Listener
	failures int
}

func (l *fullListener) Accept() (net.Conn, error) {
	if l.failures--; l.failures >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

func TestTooManyOpenFilesAreWaitedFor(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := new(net.Dialer).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	a := acceptor{&fullListener{listener, 3}, newConns(time.Minute, slog.New(slog.NewTextHandler(&log, nil)))}
	accepted, err := a.Accept()
	if err != nil || strings.Count(log.String(), "too many open files") != 3 {
		t.Errorf("%v; logged:\n%s", err, log.String())
	}
	if err := errors.Join(accepted.Close(), client.Close(), listener.Close()); err != nil {
		t.Error(err)
	}
	if _, err := a.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("of a closed listener: %v", err)
	}
}

func TestAClosedConnectionIsForgotten(t *testing.T) {
	served, _ := pair(t)
	if n := len(served.conns.all); n != 1 {
		t.Fatalf("%d connections are known, want 1", n)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if len(served.conns.all) != 0 {
		t.Error("the closed one is still known")
	}
}

func TestOnlyABusyConnectionIsAskedWhetherItIsStillThere(t *testing.T) {
	served, client := pair(t)
	ctx := served.exchange.fresh.Context()
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	await := time.Now().Add(10 * time.Second)
	for !hasGone(served.Conn) && time.Now().Before(await) {
		time.Sleep(time.Millisecond)
	}
	served.conns.watch(time.Now())
	if ctx.Err() != nil {
		t.Error("an idle one was asked")
	}
	served.busy.Store(true)
	served.conns.watch(time.Now())
	if ctx.Err() == nil {
		t.Error("the context did not end")
	}
}
