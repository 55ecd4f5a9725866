package kit

import (
	"io"
	"net/http"
	"time"
)

// DefaultStall is how long a caller may neither take nor send while a stream waits for that.
const DefaultStall = 30 * time.Second

// streamPart is how much of a stream is written under one deadline. Whoever takes less than
// this in the time of a stall is taken for somebody who takes nothing.
const streamPart = 16 << 10

// stream lets a request and its answer take as long as they move. The server's own deadlines,
// which are for the whole, are lifted. A deadline is set only while a read or a write waits for
// the caller: an endpoint that waits for something to happen is not stalling. Its own writes
// and flushes reach the caller at once or not at all, with an error.
type stream struct {
	http.ResponseWriter
	request *http.Request
	control *http.ResponseController
	stall   time.Duration
	body    io.ReadCloser
	broken  bool // the body: reading it has failed
}

// startStream makes a stream of a request and its answer. A connection that cannot have
// deadlines, as in a test without one, has none.
func startStream(w http.ResponseWriter, r *http.Request, stall time.Duration) *stream {
	s := &stream{
		ResponseWriter: w, request: r, control: http.NewResponseController(w), stall: stall, body: r.Body,
	}
	lift(s.control.SetReadDeadline)
	lift(s.control.SetWriteDeadline)
	r.Body = &streamBody{s}
	return s
}

// end gives what net/http still does with the request, which is to read what is left of a body, and to
// send what it has gathered, a deadline. It has its own body back: by that it knows a caller who waits to be
// told to send, from whom it reads nothing.
func (s *stream) end() {
	s.request.Body = s.body
	rest := min(s.stall, discardTime)
	if !s.broken {
		_ = s.control.SetReadDeadline(time.Now().Add(rest))
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(rest + s.stall))
}

func (s *stream) within(set func(time.Time) error) { _ = set(time.Now().Add(s.stall)) }

func lift(set func(time.Time) error) { _ = set(time.Time{}) }

// Write implements [http.ResponseWriter].
func (s *stream) Write(text []byte) (written int, err error) {
	defer lift(s.control.SetWriteDeadline)
	for {
		part := text[written:min(written+streamPart, len(text))]
		s.within(s.control.SetWriteDeadline)
		n, err := s.ResponseWriter.Write(part)
		written += n
		if err != nil || written == len(text) {
			return written, err
		}
	}
}

// FlushError sends what has been written. [http.ResponseController] calls it.
func (s *stream) FlushError() error {
	defer lift(s.control.SetWriteDeadline)
	s.within(s.control.SetWriteDeadline)
	return s.control.Flush()
}

// Flush implements [http.Flusher].
func (s *stream) Flush() { _ = s.FlushError() }

// Unwrap is for [http.ResponseController].
func (s *stream) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// streamBody is the body of a stream's request.
type streamBody struct{ stream *stream }

// Read implements [io.Reader]. After an error the deadline stays: it has passed, so that net/http
// does not wait for the rest.
func (b *streamBody) Read(into []byte) (int, error) {
	control := b.stream.control
	b.stream.within(control.SetReadDeadline)
	n, err := b.stream.body.Read(into)
	b.stream.broken = err != nil && err != io.EOF
	if !b.stream.broken {
		lift(control.SetReadDeadline)
	}
	return n, err
}

// Close implements [io.Closer].
func (b *streamBody) Close() error { return b.stream.body.Close() }
