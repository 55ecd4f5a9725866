package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// eventStreamType is the media type of server-sent events.
const eventStreamType = "text/event-stream"

// How a stream of events goes on.
const (
	// DefaultHeartbeat is after how much silence something is sent. Proxies give up a connection on which
	// nothing moves, the most impatient after 30 s.
	DefaultHeartbeat = 15 * time.Second

	streamPage  = 200             // events that are read at once
	reconnect   = 2 * time.Second // how long a caller should wait before connecting again
	outagePause = time.Second     // between two looks while the database is away
)

// maxPositionDigits is the length of the longest position.
const maxPositionDigits = 19

// wantsStream reports whether a caller prefers a stream to a page.
func wantsStream(c *kit.Call) bool {
	return c.Preferred([]string{"application/json", eventStreamType}) == 1
}

// lastEventID returns behind which position a caller of a stream goes on, if they have been here before.
func lastEventID(c *kit.Call, otherwise int64) (int64, error) {
	text := c.Request.Header.Get("Last-Event-ID")
	if text == "" {
		return otherwise, nil
	}
	position, err := strconv.ParseInt(text, 10, 64)
	if err != nil || position < 0 {
		return 0, core.InvalidParameter("Last-Event-ID must be a position: a whole number from 0 on")
	}
	return position, nil
}

// streamEvents answers GET /events with server-sent events (HTML Living Standard, §9.2). The stream ends with
// its caller, when the server is drained, and when the caller may not read any more. One that breaks off
// is the same to callers, also over HTTP/1.0: they come back with the last id, and are told then what is
// wrong.
func (s *server) streamEvents(ctx context.Context, c *kit.Call, q event.Query) (err error) {
	if q.After, err = lastEventID(c, q.After); err != nil {
		return err
	}
	if q.Limit == 0 {
		q.Limit = streamPage
	}
	feed, err := s.events.Follow(q)
	if err != nil {
		return err
	}
	defer feed.Close()
	page, err := feed.Next(ctx, 0) // what is wrong is said before the stream begins
	if err != nil {
		return err
	}
	c.Writer.Header()["X-Accel-Buffering"] = []string{"no"} // nginx reads this
	c.Begin(eventStreamType)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	stream := &eventStream{to: c.Writer, sent: q.After}
	for text := fmt.Sprintf("retry: %d\n\n", reconnect.Milliseconds()); ; text = "" {
		if isTaken, err := stream.send(text, &page); !isTaken || err != nil {
			return err
		}
		page, err = feed.Next(ctx, s.heartbeat)
		switch {
		case s.endsStream(ctx, c, err):
			return nil
		case core.IsKind(err, core.KindUnavailable):
			// Who is cut off could not come back before the database does, and a browser does not try
			// again after a 503.
			sleep(ctx, c, outagePause)
			page = event.Page{}
		case err != nil:
			return err
		}
	}
}

// endsStream reports whether a stream is over, after a wait that ended with err.
func (s *server) endsStream(ctx context.Context, c *kit.Call, err error) bool {
	select {
	case <-c.Draining():
		return true
	case <-ctx.Done():
		return true
	default:
	}
	if !core.HasReason(err, core.ReasonPositionExpired) { // of a caller who is that slow
		err = c.AuthenticateAgain(ctx)
	}
	if err == nil || core.IsKind(err, core.KindUnavailable) { // then events cannot be read either
		return false
	}
	c.NoteRefusal(core.AsError(err).Reason)
	return true
}

func sleep(ctx context.Context, c *kit.Call, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.Draining():
	case <-ctx.Done():
	}
}

// eventStream writes events to a caller.
type eventStream struct {
	to   http.ResponseWriter
	sent int64 // the last id that the caller has
}

// send sends a page behind a text. One without events keeps the connection alive. If the log was looked through
// further it is an id alone, which is no event: so a caller whose filter finds nothing goes on from there
// after a break. It reports whether the caller still takes something.
func (e *eventStream) send(text string, page *event.Page) (isTaken bool, err error) {
	part := bytes.NewBufferString(text)
	for i := range page.Events {
		shown, err := showEvent(&page.Events[i])
		if err != nil {
			return false, err
		}
		data, err := json.Marshal(shown, json.Deterministic(true)) // on one line
		if err != nil {
			return false, err
		}
		_, _ = fmt.Fprintf(part, "id: %d\nevent: %s\ndata: %s\n\n", shown.Position, shown.Type, data) // never fails
		e.sent = shown.Position
	}
	switch {
	case len(page.Events) > 0:
	case page.Next > e.sent:
		e.sent = page.Next
		_, _ = fmt.Fprintf(part, "id: %d\n\n", e.sent) // never fails
	default:
		part.WriteString(":\n\n")
	}
	if _, err := part.WriteTo(e.to); err != nil {
		return false, nil
	}
	return http.NewResponseController(e.to).Flush() == nil, nil
}
