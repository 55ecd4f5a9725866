package kit

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Upload is a file that is the body of a request to a route that streams.
type Upload struct {
	MediaType string // without parameters; empty: none was sent
	call      *Call
	begun     bool // some of it was asked for
}

// Read implements [io.Reader].
func (u *Upload) Read(into []byte) (int, error) {
	u.begun = true
	return u.call.Request.Body.Read(into)
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
	return &Upload{MediaType: media, call: c}, nil
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

// discardTime is how long a caller who is still sending may go on before the answer.
const discardTime = 5 * time.Second

// Discard reads what is left for some time, so that a caller who is still sending sees the answer instead
// of a broken connection. One who waits to be told to send is not told to.
func (u *Upload) Discard() {
	if !u.begun && u.call.Request.Header.Get("Expect") != "" {
		return
	}
	rest := make([]byte, 64<<10)
	for end := time.Now().Add(discardTime); time.Now().Before(end); {
		if _, err := u.Read(rest); err != nil {
			return
		}
	}
}
