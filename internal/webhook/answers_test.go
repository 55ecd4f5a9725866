package webhook_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"accesscodes/internal/webhook"
)

// TestAnswers: what a receiver answers, however odd, ends in time and stands in the log.
func TestAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world) { w.config.Timeout = 300 * time.Millisecond })
	elsewhere := newReceiver(t, w)
	for _, c := range answerCases(elsewhere.URL) {
		t.Run(c.name, func(t *testing.T) {
			r := newReceiver(t, w, func(server *http.Server) {
				server.Handler = http.HandlerFunc(func(rw http.ResponseWriter, request *http.Request) {
					_, _ = io.Copy(io.Discard, request.Body) // then the server notices when the sender goes
					c.answer(request, rw)
				})
			})
			e, _ := w.create(t, r.URL)
			d, _, err := w.Test(t.Context(), &w.actor, e.ID)
			must(t, err)
			a := d.Attempts[0]
			if a.Status != c.want.Status || a.Error != c.want.Error || d.Answer != c.body {
				t.Errorf("status %d, error %q, answer %q", a.Status, a.Error, d.Answer)
			}
			if stored := w.endpoint(t, e.ID); stored.LastStatus != a.Status || stored.LastError != a.Error ||
				(stored.Status() == webhook.Enabled) != a.Succeeded() {
				t.Errorf("the endpoint: %+v", stored)
			}
			if stored, err := w.Delivery(t.Context(), &w.actor, d.ID()); err != nil || stored.Answer != c.body {
				t.Errorf("the delivery: %+v, %v", stored, err)
			}
		})
	}
	if len(elsewhere.got()) != 0 {
		t.Error("the redirect was followed")
	}
}

// endless answers with a body that never ends.
func endless(r *http.Request, rw http.ResponseWriter) {
	for r.Context().Err() == nil {
		if _, err := rw.Write([]byte(strings.Repeat("x", 1000))); err != nil {
			return
		}
	}
}

// raw answers with bytes, and closes the connection or holds it open until the sender closes it.
func raw(text string, closes bool) func(*http.Request, http.ResponseWriter) {
	return func(_ *http.Request, rw http.ResponseWriter) {
		conn, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, text)
		if !closes {
			_, _ = conn.Read(make([]byte, 1)) // until it is closed
		}
	}
}

func TestAConnectionThatTheReceiverClosedMeanwhileIsNoFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	idle := make(chan net.Conn, 100)
	r := newReceiver(t, w, func(server *http.Server) {
		server.ConnState = func(conn net.Conn, state http.ConnState) {
			if state == http.StateIdle {
				idle <- conn
			}
		}
	})
	e := w.enable(t, r)
	(<-idle).Close()
	w.send(t)
	for _, code := range numbered("CODE-", 5) {
		w.happen(t, code)
		if d := w.awaitDelivery(t, e.ID, code, hasAttempts(1)); d.Status != webhook.Succeeded {
			t.Errorf("%s: %+v", code, d)
		}
		(<-idle).Close()
	}
}

type answerCase struct {
	name   string
	answer func(*http.Request, http.ResponseWriter)
	want   webhook.Attempt
	body   string
}

// answerCases are answers, and what stands in the log about them.
func answerCases(elsewhere string) []answerCase {
	const (
		late   = "there was no whole answer within 0.3 seconds"
		broken = "the request failed: net/http: HTTP/1.x transport connection broken: "
	)
	return []answerCase{
		{
			"good", func(_ *http.Request, rw http.ResponseWriter) { fmt.Fprint(rw, "thanks") },
			webhook.Attempt{Status: 200},
			"thanks",
		},
		{
			"no text", func(_ *http.Request, rw http.ResponseWriter) { fmt.Fprint(rw, "a\x00b\xffc") },
			webhook.Attempt{Status: 200},
			"a\uFFFDb\uFFFDc",
		},
		{"endless", endless, webhook.Attempt{Status: 200}, strings.Repeat("x", 2048)},
		{"redirect", func(r *http.Request, rw http.ResponseWriter) {
			http.Redirect(rw, r, elsewhere, http.StatusTemporaryRedirect)
		}, webhook.Attempt{Status: 307, Error: "it answered 307, a redirect, which is not followed"}, ""},
		{"unknown status", func(_ *http.Request, rw http.ResponseWriter) { rw.WriteHeader(599) }, webhook.Attempt{
			Status: 599, Error: "it answered 599",
		}, ""},
		{"no head", func(r *http.Request, _ http.ResponseWriter) { <-r.Context().Done() }, webhook.Attempt{Error: late}, ""},
		{"slow body", func(r *http.Request, rw http.ResponseWriter) {
			fmt.Fprint(rw, "wait")
			_ = http.NewResponseController(rw).Flush()
			<-r.Context().Done()
		}, webhook.Attempt{Status: 200, Error: late}, "wait"},
		{
			"another protocol", raw("HTTP/1.1 101 Upgrade\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello", false),
			webhook.Attempt{Status: 101, Error: "it answered 101, a change of protocol, which is not followed"},
			"",
		},
		{"no HTTP", raw("\x00\xff\r\n\r\n", true), webhook.Attempt{
			Error: broken + `malformed HTTP response "\x00\xff"`,
		}, ""},
		{"a broken head", raw("HTTP/1.1 200 OK\r\n\x00\xff\r\n\r\n", true), webhook.Attempt{
			Error: broken + `malformed MIME header: missing colon: "\x00\xff"`,
		}, ""},
		{
			"nothing", func(*http.Request, http.ResponseWriter) { panic(http.ErrAbortHandler) },
			webhook.Attempt{Error: "the connection was closed before there was a whole answer"},
			"",
		},
	}
}
