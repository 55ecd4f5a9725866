package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// upload is a file that is sent while it is read, perhaps several times.
type upload struct {
	from      io.Reader
	mediaType string
	start     int64
	again     io.Seeker // goes back to the start; nil: the file can be read once only

	tries []*uploadTry
}

func newUpload(file io.Reader, mediaType string) *upload {
	u := &upload{from: file, mediaType: mediaType}
	if seeker, ok := file.(io.Seeker); ok {
		// Pipes have the method, too, but not the ability.
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			u.start, u.again = start, seeker
		}
	}
	return u
}

// begun reports whether a part of the file may have been sent.
func (u *upload) begun() bool {
	for _, try := range u.tries {
		if begun, _ := try.state(); begun {
			return true
		}
	}
	return false
}

// failed is why the file could not be read; nil: it could.
func (u *upload) failed() error {
	for _, try := range u.tries {
		if _, err := try.state(); err != nil {
			return err
		}
	}
	return nil
}

// repeatable reports whether the file can be sent from its start on.
func (u *upload) repeatable() bool { return (u.again != nil || !u.begun()) && u.failed() == nil }

// next returns the file for the next try, when the one before has let go of it.
func (u *upload) next(ctx context.Context, p *patience) (*uploadTry, error) {
	if len(u.tries) > 0 {
		select {
		case <-u.tries[len(u.tries)-1].closed:
		case <-ctx.Done():
			return nil, endOf(ctx)
		}
	}
	if u.begun() {
		if _, err := u.again.Seek(u.start, io.SeekStart); err != nil {
			return nil, err
		}
	}
	try := &uploadTry{from: u.from, patience: p, closed: make(chan struct{})}
	u.tries = append(u.tries, try)
	return try, nil
}

// uploadTry is the body of one try. Net/http may read it, and closes it, after the try has ended.
type uploadTry struct {
	from     io.Reader
	patience *patience
	closed   chan struct{}

	mu    sync.Mutex // of what follows
	begun bool
	over  bool  // it must not be read any more
	err   error // of the file
}

var errOver = errors.New("the try has ended")

// Read implements [io.Reader]. The time that the file takes does not count.
func (t *uploadTry) Read(into []byte) (int, error) {
	t.mu.Lock()
	over := t.over
	t.begun = t.begun || !over
	t.mu.Unlock()
	if over {
		return 0, errOver
	}
	t.patience.end()
	n, err := t.from.Read(into)
	t.patience.begin()
	if err != nil && err != io.EOF { // what wraps it is no end
		t.mu.Lock()
		t.err = err
		t.mu.Unlock()
	}
	return n, err
}

// Close implements [io.Closer].
func (t *uploadTry) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.closed:
	default:
		close(t.closed)
	}
	return nil
}

// end keeps what has not been read from being read.
func (t *uploadTry) end() {
	t.mu.Lock()
	t.over = true
	t.mu.Unlock()
}

func (t *uploadTry) state() (begun bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.begun, t.err
}

// sendFile tries a request with a file once. The error is an [*Error], a [*NoAnswerError], or one of the
// file.
func (c *Client) sendFile(ctx context.Context, r *request, into any) (*http.Response, error) {
	patience, limited := newPatience(ctx, c.timeout)
	defer patience.cancel(nil)
	defer patience.end()
	sent, err := c.newHTTPRequest(limited, r)
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", r.operation, err)
	}
	body, err := r.file.next(ctx, patience)
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", r.operation, err)
	}
	defer body.end()
	sent.Body, sent.ContentLength = body, -1
	sent.Header.Set("Content-Type", r.file.mediaType)
	sent.Header.Set("Expect", "100-continue") // what is refused anyway need not be sent
	failed := patience.failure(ctx, limited, r)
	response, err := c.endless().Do(sent)
	if err != nil {
		if _, unread := body.state(); unread != nil && ctx.Err() == nil {
			return nil, fmt.Errorf("client: %s: the file cannot be read: %w", r.operation, unread)
		}
		return nil, failed(err)
	}
	return response, readAnswer(r, response, into, failed)
}
