package kit

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// packed is a text that never changes, kept compressed. All its answers share the same bytes, so
// that a caller who asks and does not read holds no copy of it.
type packed struct {
	contentType []string
	gzip        representation
	plain       func() representation // made when it is first asked for: nearly everybody takes gzip
}

// representation is one encoding of a text, with its header values.
type representation struct {
	body         []byte
	etag, length []string
}

func newRepresentation(body []byte) representation {
	sum := sha256.Sum256(body)
	return representation{body, []string{`"` + hex.EncodeToString(sum[:12]) + `"`}, []string{strconv.Itoa(len(body))}}
}

// pack compresses a text.
func pack(contentType string, text []byte) *packed {
	var to bytes.Buffer
	w, _ := gzip.NewWriterLevel(&to, gzip.BestCompression) // a level that there is
	_, _ = w.Write(text)                                   // a buffer takes everything
	_ = w.Close()
	plain := newRepresentation(text)
	return &packed{
		contentType: []string{contentType}, gzip: newRepresentation(to.Bytes()),
		plain: func() representation { return plain },
	}
}

// packedAlready is pack of a text that is compressed already.
func packedAlready(contentType string, compressed []byte) *packed {
	return &packed{
		contentType: []string{contentType}, gzip: newRepresentation(compressed),
		plain: sync.OnceValue(func() representation {
			r, err := gzip.NewReader(bytes.NewReader(compressed))
			if err != nil {
				panic(err) // the file is part of the binary
			}
			text, err := io.ReadAll(r)
			if err != nil {
				panic(err)
			}
			return newRepresentation(text)
		}),
	}
}

// Values of header fields for what is packed.
var (
	gzipped  = []string{"gzip"}
	byCoding = []string{"Accept-Encoding"}
	askAgain = []string{"no-cache"} // keep it, and ask each time whether it has changed
)

// answer is an endpoint.
func (p *packed) answer(_ context.Context, c *Call) error {
	header := c.Writer.Header()
	header["Vary"], header["Cache-Control"] = byCoding, askAgain
	r := p.gzip
	if acceptsGzip(c.Request.Header) {
		header["Content-Encoding"] = gzipped
	} else {
		r = p.plain()
	}
	header["Etag"] = r.etag
	if matches(c.Request.Header, r.etag[0]) {
		delete(header, "Content-Encoding")
		c.status = http.StatusNotModified
		c.Writer.WriteHeader(c.status)
		return nil
	}
	header["Content-Length"] = r.length
	c.begin(http.StatusOK, p.contentType)
	if c.Request.Method != http.MethodHead {
		_, _ = c.Writer.Write(r.body) // a caller who has gone cannot be told so
	}
	return nil
}

// acceptsGzip reads Accept-Encoding (RFC 9110 §12.5.3). What it says of gzip itself counts more
// than what it says of *.
func acceptsGzip(header http.Header) bool {
	any := false
	for coding := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		wanted := weight(parameters) > 0
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			any = wanted
		}
	}
	return any
}

// weight reads the weight among the parameters of an entry of Accept or Accept-Encoding (RFC 9110
// §12.4.2); 1: it has none. One that cannot be read is 0.
func weight(parameters string) float64 {
	for parameter := range strings.SplitSeq(strings.ReplaceAll(strings.ToLower(parameters), " ", ""), ";") {
		if text, isWeight := strings.CutPrefix(parameter, "q="); isWeight {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}

// matches reports whether the caller has a text with this tag (RFC 9110 §13.1.2).
func matches(header http.Header, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(header.Values("If-None-Match"), ","), ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
