package client

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// downloadPart is how much of a file is read ahead.
const downloadPart = 32 << 10

// Download is a file that comes while it is read, however long it is. Only a file that came as a whole
// ends with [io.EOF]; one that breaks off is a [*NoAnswerError], and is not asked for again. It may take
// as long as it likes, but a Read that waits for longer than [WithTimeout] allows fails. Close it, also
// when it has ended. One goroutine may use it at a time.
type Download struct {
	ContentType string // such as "text/csv; charset=utf-8; header=present"
	FileName    string // what the server would call it, without a folder; empty: it does not say

	patience *patience
	body     io.Closer
	text     *bufio.Reader // the body, no longer compressed
	failed   func(error) error
	err      error // that every further Read returns
}

// Read implements [io.Reader].
func (d *Download) Read(into []byte) (n int, err error) {
	if d.err != nil {
		return 0, d.err
	}
	d.patience.begin()
	n, err = d.text.Read(into)
	d.patience.end()
	switch {
	case err == io.EOF: // what wraps it is no end
		d.err = err
	case err != nil:
		d.err = d.failed(fmt.Errorf("the file breaks off: %w", err))
	}
	return n, d.err
}

// Close ends the request. What has not been read is lost.
func (d *Download) Close() error {
	if d.err == nil {
		d.err = os.ErrClosed
	}
	d.patience.cancel(nil)
	_ = d.body.Close() // it has been read, or is given up
	return nil
}

// patience ends a context when something that is waited for takes too long.
type patience struct {
	limit  time.Duration // 0: none
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

func newPatience(ctx context.Context, limit time.Duration) (*patience, context.Context) {
	limited, cancel := context.WithCancelCause(ctx)
	p := &patience{limit: limit, cancel: cancel}
	if limit > 0 {
		p.timer = time.AfterFunc(limit, func() {
			cancel(fmt.Errorf("%w: nothing came for %s", context.DeadlineExceeded, limit))
		})
	}
	return p, limited
}

func (p *patience) begin() {
	if p.timer != nil {
		p.timer.Reset(p.limit)
	}
}

func (p *patience) end() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// failure returns what makes the error of a try whose context, limited by patience, may have ended.
func (p *patience) failure(ctx, limited context.Context, r *request) func(error) error {
	return func(err error) error {
		if ctx.Err() == nil && limited.Err() != nil {
			err = context.Cause(limited)
		}
		return noAnswer(ctx, r, err)
	}
}

// endless is the HTTP client without a limit of its own, which would count the time that a file takes.
func (c *Client) endless() *http.Client {
	endless := *c.http
	endless.Timeout = 0
	return &endless
}

// download makes a call whose answer is a file. Once its first byte is there, it is not repeated.
func (c *Client) download(ctx context.Context, what call, format ExportFormat) (d *Download, err error) {
	what.accept = "*/*"
	ready, err := c.prepare(what)
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", what.operation, err)
	}
	_, err = c.repeat(ctx, ready, func() (response *http.Response, err error) {
		d, response, err = c.open(ctx, ready, format)
		return response, err
	})
	return d, err
}

// open tries a request once. The error is an [*Error] or a [*NoAnswerError].
func (c *Client) open(ctx context.Context, r *request, format ExportFormat) (*Download, *http.Response, error) {
	patience, limited := newPatience(ctx, c.timeout)
	defer patience.end()
	sent, err := c.newHTTPRequest(limited, r)
	if err != nil {
		return nil, nil, fmt.Errorf("client: %s: %w", r.operation, err)
	}
	sent.Header.Set("Accept-Encoding", "gzip")
	failed := patience.failure(ctx, limited, r)
	response, err := c.endless().Do(sent)
	if err != nil {
		err = failed(err) // before there is another reason why the context has ended
		patience.cancel(nil)
		return nil, nil, err
	}
	d := &Download{
		ContentType: response.Header.Get("Content-Type"), FileName: fileName(response),
		patience: patience, body: response.Body, text: bufio.NewReaderSize(plain(response), downloadPart), failed: failed,
	}
	if err := d.begin(r, response, format); err != nil {
		_ = d.Close() // never fails
		return nil, nil, err
	}
	return d, response, nil
}

// begin looks at the head of an answer and waits for the first byte of the file.
func (d *Download) begin(r *request, response *http.Response, format ExportFormat) error {
	if response.StatusCode >= http.StatusMultipleChoices {
		body, err := io.ReadAll(io.LimitReader(d.text, maxAnswer))
		if err != nil {
			return d.failed(err)
		}
		return newError(r, response, body)
	}
	media, _, _ := mime.ParseMediaType(d.ContentType)
	if want, known := mediaTypes[format]; known && media != want {
		return unreadable(r, response, fmt.Errorf("it is %q and no %s", media, want))
	}
	if !hasEnd(response) {
		return unreadable(r, response, errors.New("a file that breaks off would look whole: "+
			"let the proxy in front of the server speak HTTP/1.1"))
	}
	if _, err := d.text.Peek(1); err != nil && err != io.EOF { // an empty file ends at once
		return d.failed(err)
	}
	return nil
}

// hasEnd reports whether it can be told where an answer ends. Where its length is not known and it is not
// in chunks, it ends with the connection (RFC 9112 §6.3), for whatever reason; gzip has an end of its own.
func hasEnd(response *http.Response) bool {
	return response.ProtoMajor != 1 || response.ContentLength >= 0 || isCompressed(response) ||
		slices.Contains(response.TransferEncoding, "chunked")
}

func isCompressed(response *http.Response) bool {
	return strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip")
}

// plain is the body of an answer as it was before it was compressed.
func plain(response *http.Response) io.Reader {
	if isCompressed(response) {
		return &unpacked{packed: response.Body}
	}
	return response.Body
}

// unpacked reads what was compressed. Its head is read with its first byte.
type unpacked struct {
	packed io.Reader
	text   *gzip.Reader
}

func (u *unpacked) Read(into []byte) (int, error) {
	if u.text == nil {
		text, err := gzip.NewReader(u.packed)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // also an empty file has a head
		}
		if err != nil {
			return 0, err
		}
		u.text = text
	}
	return u.text.Read(into)
}

// fileName is the name that an answer gives its file, and never one in another folder.
func fileName(response *http.Response) string {
	_, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
	name := parameters["filename"]
	name = name[strings.LastIndexAny(name, `/\:`)+1:]
	if err != nil || name == "." || name == ".." {
		return ""
	}
	return name
}
