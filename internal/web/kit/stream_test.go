package kit

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"accesscodes/internal/logtest"
)

// What the program's server has; see internal/app.
const (
	requestPatience = 30 * time.Second
	answerPatience  = 60 * time.Second
)

// piped is a listener whose connections are pipes in memory. They hold nothing: a write waits
// for its reader. In a bubble of synctest their deadlines follow its clock.
type piped struct {
	accepted chan net.Conn
	closed   chan struct{}
	close    func()
}

func newPiped() *piped {
	p := &piped{accepted: make(chan net.Conn), closed: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	return p
}

func (p *piped) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *piped) Close() error   { p.close(); return nil }
func (p *piped) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "192.0.2.9:1" }

// peer is a client's end of a connection.
type peer struct {
	net.Conn
	reader *bufio.Reader
}

// connect serves routes and connects to them.
func connect(t *testing.T, routes ...Route) (*Server, *peer, *logtest.Output) {
	t.Helper()
	log := new(logtest.Output)
	handler := newServer(t, log, Config{Routes: routes})
	listener := newPiped()
	server := &http.Server{
		Handler: handler, ReadTimeout: requestPatience, WriteTimeout: answerPatience,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	ours, theirs := net.Pipe()
	listener.accepted <- theirs
	t.Cleanup(func() {
		_ = ours.Close()
		_ = server.Close()
		<-served
	})
	return handler, &peer{ours, bufio.NewReaderSize(ours, 1<<10)}, log
}

func (p *peer) send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		t.Fatalf("send: %v", err)
	}
}

func (p *peer) receive(t *testing.T) *http.Response {
	t.Helper()
	response, err := http.ReadResponse(p.reader, nil)
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return response
}

// streaming is a route that streams.
func streaming(method, path string, do Endpoint) Route {
	return Route{Method: method, Path: path, Streams: true, Endpoint: do}
}

// inBubble runs a test on a clock of its own.
func inBubble(t *testing.T, test func(t *testing.T)) { t.Helper(); synctest.Test(t, test) }

func TestAStreamThatIsTakenSlowlyIsNotCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const size = 256 << 10
		_, p, _ := connect(t, streaming("GET", "/out", func(_ context.Context, c *Call) error {
			c.Begin("application/json")
			_, err := c.Writer.Write(make([]byte, size))
			return err
		}))
		start := time.Now()
		p.send(t, "GET /out HTTP/1.1\r\nHost: x\r\n\r\n")
		body := p.receive(t).Body
		taken := int64(0)
		for taken < size {
			n, err := io.CopyN(io.Discard, body, 1<<10)
			if err != nil {
				t.Fatalf("after %d bytes and %s: %v", taken, time.Since(start), err)
			}
			taken += n
			time.Sleep(time.Second)
		}
		if _, err := body.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the end is %v", err)
		}
		if took := time.Since(start); took < 2*answerPatience {
			t.Errorf("it took %s: too short to show anything", took)
		}
	})
}

func TestAStreamThatIsNotTakenIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		written := make(chan error, 1)
		_, p, log := connect(t, streaming("GET", "/out", func(_ context.Context, c *Call) error {
			c.Begin("application/json")
			for {
				if _, err := c.Writer.Write(make([]byte, 100<<10)); err != nil {
					written <- err
					return err
				}
			}
		}))
		p.send(t, "GET /out HTTP/1.1\r\nHost: x\r\n\r\n")
		body := p.receive(t).Body
		if _, err := io.CopyN(io.Discard, body, 300<<10); err != nil {
			t.Fatal(err)
		}
		stalled := time.Now()
		if err := <-written; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the write ended with %v", err)
		}
		if took := time.Since(stalled); took != DefaultStall {
			t.Errorf("it was cut off after %s", took)
		}
		if _, err := io.Copy(io.Discard, body); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("to the caller it looks like %v, want that the answer is incomplete", err)
		}
		synctest.Wait()
		if events := logtest.Requests(t, log.Take()); len(events) != 1 || events[0]["status"] != 500.0 {
			t.Errorf("logged %v", events)
		}
	})
}

func TestABodyThatMovesIsNotCutOffAndOneThatStallsIs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, p, _ := connect(t, streaming("POST", "/in", func(_ context.Context, c *Call) error {
			n, err := io.Copy(io.Discard, c.Request.Body)
			if err != nil {
				return BodyError(err)
			}
			return c.Answer(n)
		}))
		const slow = DefaultStall - time.Second
		p.send(t, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n")
		for range 20 {
			time.Sleep(slow)
			p.send(t, "x")
		}
		response := p.receive(t)
		if body, err := io.ReadAll(response.Body); response.StatusCode != 200 || string(body) != "20" || err != nil {
			t.Errorf("slowly: status %d, %q, %v", response.StatusCode, body, err)
		}

		p.send(t, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n0123456789")
		stalled := time.Now()
		if response := p.receive(t); response.StatusCode != http.StatusRequestTimeout {
			t.Errorf("stalled: status %d", response.StatusCode)
		}
		if took := time.Since(stalled); took != DefaultStall {
			t.Errorf("it was cut off after %s", took)
		}
	})
}

// TestWaitingIsNotStalling: an endpoint that waits, between its writes or before the first of
// them, is not cut off, and its context does not end.
func TestWaitingIsNotStalling(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const long = time.Hour
		_, p, _ := connect(t, streaming("GET", "/wait", func(ctx context.Context, c *Call) error {
			for part := range 2 {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(long):
				}
				if part == 0 {
					c.Begin("application/json")
				}
				if _, err := fmt.Fprintln(c.Writer, part); err != nil {
					return err
				}
				if err := http.NewResponseController(c.Writer).Flush(); err != nil {
					return err
				}
			}
			return nil
		}))
		start := time.Now()
		p.send(t, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
		lines := bufio.NewReader(p.receive(t).Body)
		for part := 1; part <= 2; part++ { // each comes as soon as it is flushed
			if _, err := lines.ReadString('\n'); err != nil || time.Since(start) != time.Duration(part)*long {
				t.Fatalf("part %d came after %s, %v", part, time.Since(start), err)
			}
		}
		if _, err := lines.ReadByte(); err != io.EOF {
			t.Errorf("the end is %v", err)
		}
	})
}

func TestWaitsEndWhenDrainingBegins(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		server, p, _ := connect(t, streaming("GET", "/wait", func(ctx context.Context, c *Call) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-c.Draining():
				return c.Answer("nothing yet")
			}
		}))
		p.send(t, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
		time.Sleep(time.Hour)
		drained := time.Now()
		server.Drain()
		if response := p.receive(t); response.StatusCode != 200 || time.Since(drained) != 0 {
			t.Errorf("status %d after %s", response.StatusCode, time.Since(drained))
		}
	})
}

func TestAnswersThatBreakDoNotLookComplete(t *testing.T) {
	for name, breaks := range map[string]func() error{
		"an error": func() error { return errors.New("internals") },
		"a panic":  func() error { panic("internals") },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				_, p, log := connect(t, streaming("GET", "/out", func(_ context.Context, c *Call) error {
					c.Begin("application/json")
					if _, err := io.WriteString(c.Writer, "the first part"); err != nil {
						return err
					}
					c.Writer.(http.Flusher).Flush()
					return breaks()
				}))
				p.send(t, "GET /out HTTP/1.1\r\nHost: x\r\n\r\n")
				body, err := io.ReadAll(p.receive(t).Body)
				if string(body) != "the first part" || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("the caller got %q and %v", body, err)
				}
				synctest.Wait()
				events := logtest.Requests(t, log.Take())
				if len(events) != 1 || events[0]["status"] != 500.0 || events[0]["reason"] != "internal_error" {
					t.Errorf("logged %v", events)
				}
			})
		})
	}
}

// TestABodyOfJSONHas30SecondsInAll, however steadily it comes.
func TestABodyOfJSONHas30SecondsInAll(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, p, _ := connect(t, Route{
			Method: "POST", Path: "/json", Request: JSON[struct{}]("Nothing"),
			Endpoint: func(_ context.Context, c *Call) error { return c.Decode(new(struct{})) },
		})
		start := time.Now()
		p.send(t, "POST /json HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n")
		var sending sync.WaitGroup
		sending.Go(func() {
			for _, err := io.WriteString(p, " "); err == nil; _, err = io.WriteString(p, " ") {
				time.Sleep(time.Second)
			}
		})
		defer sending.Wait()
		defer func() { _ = p.Close() }()
		response := p.receive(t)
		if response.StatusCode != http.StatusRequestTimeout || time.Since(start) != requestPatience {
			t.Errorf("status %d after %s", response.StatusCode, time.Since(start))
		}
	})
}
