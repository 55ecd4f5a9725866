package kit

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// downloadPart is how much of a file is gathered before it is written.
const downloadPart = 32 << 10

// Download is a file that is sent while it is made. What is written to it is gathered: call Flush
// when the caller should see it, and Close at its end. Without Close the file is not whole, so an
// endpoint that fails returns its error instead.
type Download struct {
	part *bufio.Writer
	gzip *gzip.Writer // nil: the file is sent as it is
	to   *http.ResponseController
}

// BeginDownload sends the head of an answer with a file. It is compressed on its way for a caller who
// takes gzip, unless it is packed already.
func (c *Call) BeginDownload(mediaType, name string, isPacked bool) *Download {
	header := c.Writer.Header()
	header["Content-Disposition"] = []string{attachment(name)}
	header["Vary"] = []string{"Accept, Accept-Encoding"}
	d := &Download{to: http.NewResponseController(c.Writer)}
	to := io.Writer(c.Writer)
	if !isPacked && c.AcceptsGzip() {
		header["Content-Encoding"] = gzipped
		d.gzip, _ = gzip.NewWriterLevel(to, gzip.BestSpeed) // a level that there is
		to = d.gzip
	}
	d.part = bufio.NewWriterSize(to, downloadPart)
	c.Begin(mediaType)
	return d
}

// attachment is the header field Content-Disposition of a file with a name (RFC 6266). A name may come from
// people: what no file can be called becomes a dash, and so does, for browsers that know no better, what
// is not ASCII.
func attachment(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|%`, r) {
			return '-'
		}
		return r
	}, name)
	plain := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '-'
		}
		return r
	}, name)
	field := `attachment; filename="` + plain + `"`
	if plain != name {
		field += "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	}
	return field
}

// Write implements [io.Writer].
func (d *Download) Write(text []byte) (int, error) { return d.part.Write(text) }

// Flush sends what was written.
func (d *Download) Flush() error {
	if err := d.part.Flush(); err != nil {
		return err
	}
	if d.gzip != nil {
		if err := d.gzip.Flush(); err != nil {
			return err
		}
	}
	return d.to.Flush()
}

// Close ends the file.
func (d *Download) Close() error {
	err := d.part.Flush()
	if err == nil && d.gzip != nil {
		err = d.gzip.Close()
	}
	return err
}

// AuthenticateAgain asks whether the caller may still call. An endpoint that answers for long asks
// now and then, so that a key that was revoked does not go on.
func (c *Call) AuthenticateAgain(ctx context.Context) error {
	actor, err := c.server.authenticate(ctx, c.apiKey())
	if err != nil {
		return err
	}
	return actor.Require(c.route.Permission)
}

// AcceptsGzip reports whether the caller takes a compressed answer.
func (c *Call) AcceptsGzip() bool { return acceptsGzip(c.Request.Header) }

// Preferred returns which of some media types the caller prefers (Accept, RFC 9110 §12.5.1), the
// first of those that are liked as much; -1: none of them, or the caller does not say.
func (c *Call) Preferred(mediaTypes []string) int {
	best, highest := -1, 0.0
	for i, mediaType := range mediaTypes {
		if q := weightOf(c.Request.Header, mediaType); q > highest {
			best, highest = i, q
		}
	}
	return best
}

// weightOf is the weight of a media type in Accept: that of the most specific range that it is in.
func weightOf(header http.Header, mediaType string) (q float64) {
	kind, _, _ := strings.Cut(mediaType, "/")
	specific := -1
	for entry := range strings.SplitSeq(strings.Join(header.Values("Accept"), ","), ",") {
		name, parameters, _ := strings.Cut(entry, ";")
		at := -1
		switch strings.ToLower(strings.TrimSpace(name)) {
		case mediaType:
			at = 2
		case kind + "/*":
			at = 1
		case "*/*":
			at = 0
		}
		if at > specific {
			specific, q = at, weight(parameters)
		}
	}
	return q
}
