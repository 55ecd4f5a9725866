package httpserver

import (
	"errors"
	"net"
	"os"
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
	accepted, err := acceptor{listener, newConns()}.Accept()
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

func TestAClosedConnectionIsForgotten(t *testing.T) {
	served, _ := pair(t)
	if n := len(served.conns.open); n != 1 {
		t.Fatalf("%d connections are known, want 1", n)
	}
	if err := served.Close(); err != nil {
		t.Fatal(err)
	}
	if len(served.conns.open) != 0 {
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
