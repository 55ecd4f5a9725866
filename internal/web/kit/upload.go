package kit

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Upload is a file that is the body of a request to a route that streams.
type Upload struct {
	MediaType string // without parameters; empty: none was sent
	io.Reader
	call *Call
}

// Upload returns the file that the request brings. It may be packed with gzip.
func (c *Call) Upload() (*Upload, error) {
	encoding := strings.ToLower(c.Request.Header.Get("Content-Encoding"))
	if !slices.Contains([]string{"", "identity", "gzip", "x-gzip"}, encoding) {
		return nil, &httpError{
			reason: ReasonUnsupportedMediaType, detail: "send the file as it is, or packed with gzip",
			header: http.Header{"Accept-Encoding": {"gzip, identity"}},
		}
	}
	media, _, err := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	return &Upload{media, c.Request.Body, c}, nil
}

// Unsupported is the error of a file of another media type than those of the route.
func (u *Upload) Unsupported(detail string) error {
	return &httpError{
		reason: ReasonUnsupportedMediaType, detail: detail,
		header: http.Header{"Accept": {strings.Join(u.call.route.Takes, ", ")}},
	}
}

// Interrupt ends a read of the file that waits. The connection is closed with the answer: net/http takes it
// for broken.
func (u *Upload) Interrupt() {
	u.call.Writer.Header().Set("Connection", "close")
	_ = http.NewResponseController(u.call.Writer).SetReadDeadline(time.Now().Add(-time.Second))
}

// Discard reads some of what is left, so that a caller who is still sending sees the answer instead of
// a broken connection.
func (u *Upload) Discard() { _, _ = io.CopyN(io.Discard, u, maxDrainBytes) }
