package httpserver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/httpserver"
)

const plain = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func TestRequestsOfOneConnectionKnowNothingOfOneAnother(t *testing.T) {
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Of", r.Header.Get("X-Of"))
		if r.URL.Path == "/first" {
			w.Header().Set("X-First", "yes")
		}
		r.URL.Path = "/changed"
		_, _ = fmt.Fprintf(w, "%s %v %s", r.RequestURI, r.Header.Values("X-Twice"), r.PathValue("id"))
		r.SetPathValue("id", "1")
	})
	c := dial(t, r.address)
	// Two at once, and the first address again.
	c.send(t, "GET /first HTTP/1.1\r\nHost: x\r\nX-Of: 1\r\nX-Twice: a\r\nX-Twice: b\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n")
	first, second := c.receive(t, "GET"), c.receive(t, "GET")
	c.send(t, "GET /first HTTP/1.1\r\nHost: x\r\nX-Twice: b\r\n\r\n")
	third := c.receive(t, "GET")
	for i, got := range []answer{first, second, third} {
		want := []string{"/first [a b] ", "/second [] ", "/first [b] "}[i]
		of := []string{"1", "", ""}[i]
		if got.body != want || got.header.Get("X-Of") != of || (got.header.Get("X-First") == "yes") != (i != 1) {
			t.Errorf("request %d was answered with %q and %v", i+1, got.body, got.header)
		}
	}
}

func TestManyFieldsAreReadRight(t *testing.T) {
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintln(w, len(r.Header), r.Header.Get("X-H199"))
	},
		func(c *httpserver.Config) { c.MaxHeaderBytes = 16 << 10 })
	var head strings.Builder
	for i := range 200 {
		_, _ = fmt.Fprintf(&head, "X-H%d: %d\r\n", i, i)
	}
	c := dial(t, r.address)
	for range 2 {
		c.send(t, "GET / HTTP/1.1\r\nHost: x\r\n"+head.String()+"\r\n")
		if got := c.receive(t, "GET"); got.body != "200 199\n" {
			t.Errorf("the handler saw %s, want 200 199", got.body)
		}
	}
}

func TestAnAnswerIsWrittenAsNetHTTPWritesIt(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		status  int
		kind    string // of the body
		body    string
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 200, "", ""},
		{"status only", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 204, "", ""},
		{"body only", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, 200, "text/html; charset=utf-8", "<html>"},
		{"an interim status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(404) }, 404, "", ""},
		{"a second status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(200) }, 404, "", ""},
		{"in parts", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/x")
			_, _ = io.WriteString(w, "a")
			w.Header().Set("Content-Type", "too late")
			_, _ = io.WriteString(w, "b")
		}, 200, "text/x", "ab"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, start(t, test.handler).address)
			c.send(t, plain)
			got := c.receive(t, "GET")
			if got.status != test.status || got.header.Get("Content-Type") != test.kind || got.body != test.body {
				t.Errorf("got %d, %q, %q", got.status, got.header.Get("Content-Type"), got.body)
			}
			if got.header.Get("Date") == "" || got.header.Get("Server") != "" {
				t.Errorf("header %v, want a date and no word about the server", got.header)
			}
		})
	}
}

func TestHEADIsAnsweredWithoutABody(t *testing.T) {
	c := dial(t, start(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "four") }).address)
	for range 2 { // a body would be taken for the next answer
		c.send(t, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
		if got := c.receive(t, "HEAD"); got.status != 200 || got.header.Get("Content-Length") != "4" {
			t.Errorf("got %d and %v", got.status, got.header)
		}
	}
}

func TestABodyIsReadOnlyAsFarAsTheHandlerWants(t *testing.T) {
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		part := make([]byte, 4)
		_, err := io.ReadFull(r.Body, part)
		_, _ = fmt.Fprint(w, string(part), err)
	})
	c := dial(t, r.address)
	// What is left of a small body is thrown away; behind a large one the connection ends.
	c.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n"+strings.Repeat("abcd", 5000))
	if got := c.receive(t, "POST"); got.body != "abcd<nil>" || got.closes {
		t.Errorf("got %q, closes: %v", got.body, got.closes)
	}
	c.send(t, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")
	if got := c.receive(t, "POST"); got.body != "abcd<nil>" || got.closes {
		t.Errorf("in chunks: got %q, closes: %v", got.body, got.closes)
	}
	c.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabcd"+strings.Repeat("abcd", 5000))
	if got := c.receive(t, "POST"); got.body != "abcd<nil>" || !got.closes {
		t.Errorf("of a large one: got %q, closes: %v", got.body, got.closes)
	}
}

// TestAnAnswerComesThroughWhatNobodyReads: were the connection closed at once, the system would
// tell the client that it is broken.
func TestAnAnswerComesThroughWhatNobodyReads(t *testing.T) {
	t.Parallel()
	r := start(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	for status, head := range map[int]string{401: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n", 400: "nonsense\r\n\r\n"} {
		c := dial(t, r.address)
		c.send(t, head+strings.Repeat("0123456789", 90000))
		if got := c.receive(t, "POST"); got.status != status || !got.closes {
			t.Errorf("got %d, closes: %v; want %d", got.status, got.closes, status)
		}
		c.mustBeClosed(t)
	}
}

func TestABodyThatBreaksOffIsAnError(t *testing.T) {
	read := make(chan error, 1)
	r := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	})
	for _, head := range []string{"Content-Length: 20000\r\n\r\n" + strings.Repeat("x", 10000), "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"} {
		c := dial(t, r.address)
		c.send(t, "POST / HTTP/1.1\r\nHost: x\r\n"+head)
		if err := c.conn.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if err := <-read; err == nil {
			t.Errorf("the handler of %.30q was told that the body is whole", head)
		}
	}
}

func TestABodyThatIsAskedForIsSentAfter100(t *testing.T) {
	r := start(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	c := dial(t, r.address)
	c.send(t, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
	line, err := c.reader.ReadString('\n')
	if err == nil {
		_, err = c.reader.ReadString('\n')
	}
	if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	c.send(t, "four")
	if got := c.receive(t, "POST"); got.body != "four" {
		t.Errorf("got %q", got.body)
	}
}

func TestAPanicEndsTheConnectionAndIsLogged(t *testing.T) {
	with := map[string]any{"/abort": http.ErrAbortHandler, "/boom": "boom"}
	r := start(t, func(_ http.ResponseWriter, r *http.Request) { panic(with[r.URL.Path]) })
	for path := range with {
		c := dial(t, r.address)
		c.send(t, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		c.mustBeClosed(t)
	}
	r.shutDown(t)
	if log := r.log.String(); strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "boom") {
		t.Errorf("logged:\n%s\nwant the one panic", log)
	}
}

func TestWhatIsRefusedIsNotLogged(t *testing.T) {
	t.Parallel()
	r := start(t, show)
	for _, text := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\nX-Api-Key: secret\r\nsecret without a colon\r\n\r\n", "secret\r\n\r\n",
		"GET /secret HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + strings.Repeat("secret", 5000) + "\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nX-Api-Key: secret\r\nContent-Length: secret\r\n\r\n",
	} {
		c := dial(t, r.address)
		c.send(t, text)
		if got := c.receive(t, "GET"); got.status < 400 {
			t.Errorf("%.60q is answered with %d", text, got.status)
		}
	}
	r.shutDown(t)
	if log := r.log.String(); strings.Contains(log, "secret") || !strings.Contains(log, "fasthttp") {
		t.Errorf("logged:\n%s", log)
	}
}

func TestTheContextEndsSoonAfterTheCallerHasGone(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan error, 1)
	r := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		select {
		case <-r.Context().Done():
			ended <- r.Context().Err()
		case <-time.After(patience):
			ended <- nil
		}
	})
	c := dial(t, r.address)
	c.send(t, plain)
	<-begun
	if err := c.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the context's error is %v", err)
	}
}

func TestACallerWhoWaitsIsNotTakenForGone(t *testing.T) {
	t.Parallel()
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(2500 * time.Millisecond): // two looks at the connection
		}
		_, _ = fmt.Fprint(w, r.Context().Err())
	})
	waiting, eager := dial(t, r.address), dial(t, r.address)
	waiting.send(t, plain)
	eager.send(t, plain+plain) // the next request is there already
	for _, c := range []*client{waiting, eager} {
		if got := c.receive(t, "GET"); got.body != "<nil>" {
			t.Errorf("the context ended: %s", got.body)
		}
	}
}

func TestShutdownWaitsForTheRequestsUnderWay(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	r := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(begun)
			<-release
		}
		_, _ = io.WriteString(w, "done")
	})
	idle := dial(t, r.address)
	idle.send(t, plain)
	idle.receive(t, "GET")
	c := dial(t, r.address)
	c.send(t, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	down := make(chan error, 1)
	go func() { down <- r.server.Shutdown(t.Context()) }()
	idle.mustBeClosed(t) // shutting down has begun
	select {
	case err := <-down:
		t.Errorf("Shutdown did not wait: %v", err)
		down <- err
	default:
	}
	close(release)
	if got := c.receive(t, "GET"); got.body != "done" || !got.closes {
		t.Errorf("got %q, closes: %v", got.body, got.closes)
	}
	if err := <-down; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}

func TestShutdownDoesNotWaitLongForHalfARequest(t *testing.T) {
	t.Parallel()
	r := start(t, show)
	c := dial(t, r.address)
	c.send(t, "GET / HT")
	later := dial(t, r.address) // once it is answered, the server has both connections
	later.send(t, plain)
	later.receive(t, "GET")
	begun := time.Now()
	r.shutDown(t) // which fails after 20 s; the server itself would wait for a minute
	if got := c.receive(t, "GET"); got.status != http.StatusRequestTimeout {
		t.Errorf("half a request is answered with %d", got.status)
	}
	t.Logf("shut down after %s", time.Since(begun))
}

func TestAServerThatWasShutDownDoesNotServe(t *testing.T) {
	r := start(t, show)
	r.shutDown(t)
	server := httpserver.New(httpserver.Config{Log: slog.New(slog.DiscardHandler)})
	for range 2 {
		if err := server.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	listener := listen(t)
	if err := server.Serve(listener); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is still open: %v", err)
	}
}

func TestShutdownThatMayNotWaitCutsRequestsOff(t *testing.T) {
	begun := make(chan struct{})
	ended := make(chan error, 1)
	r := start(t, func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
		ended <- r.Context().Err()
	})
	c := dial(t, r.address)
	c.send(t, plain)
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := r.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	r.server = nil
	c.mustBeClosed(t)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the context's error is %v", err)
	}
	if err := <-r.served; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// A server must be rid of somebody who sends a request byte by byte, of one who reads no
// answer, and of a connection on which nothing comes.
func TestWhoeverIsTooSlowIsGivenUp(t *testing.T) {
	t.Parallel()
	short := func(c *httpserver.Config) {
		c.ReadTimeout, c.WriteTimeout, c.IdleTimeout = 100*time.Millisecond, 1500*time.Millisecond, 100*time.Millisecond
	}
	handled := make(chan error, 1)
	r := start(t, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		handled <- err
	}, short)

	slow := dial(t, r.address)
	slow.send(t, "GET / HT")
	if got := slow.receive(t, "GET"); got.status != http.StatusRequestTimeout || got.body != "refused: 408" {
		t.Errorf("half a request is answered with %d, %q", got.status, got.body)
	}
	slow.mustBeClosed(t)

	silent := dial(t, r.address)
	silent.mustBeClosed(t)

	idle := dial(t, r.address)
	idle.send(t, plain)
	idle.receive(t, "GET")
	<-handled
	idle.mustBeClosed(t)

	late := dial(t, r.address)
	late.send(t, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
	if err := <-handled; !isTimeout(err) {
		t.Errorf("the rest of a body that does not come: %v", err)
	}

	r = start(t, func(w http.ResponseWriter, _ *http.Request) {
		handled <- nil
		_, _ = w.Write(make([]byte, 64<<20))
	}, short)
	deaf := dial(t, r.address)
	deaf.send(t, plain)
	<-handled
	for begun := time.Now(); r.server.OpenConnections() > 0 && time.Since(begun) < patience; {
		time.Sleep(10 * time.Millisecond) // until the server gives up
	}
	if n, err := io.Copy(io.Discard, deaf.reader); n >= 64<<20 || err != nil && isTimeout(err) {
		t.Errorf("of an answer that nobody read for long, %d bytes came, %v", n, err)
	}
}
