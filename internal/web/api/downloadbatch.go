package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// downloadFormat is how a download writes its rows.
type downloadFormat string

// The formats, and their media types.
const (
	ndjson    downloadFormat = "ndjson"
	csvFormat downloadFormat = "csv"

	ndjsonType = "application/x-ndjson"
	csvType    = "text/csv"
)

// downloadBatch answers GET /batches/{id}/codes. A page is in memory, and no more.
func (s *server) downloadBatch(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	from, format := p.Whole("from"), downloadFormat(p.Text("format"))
	switch format {
	case ndjson, csvFormat:
	case "":
		format = ndjson
		if strings.Contains(c.Request.Header.Get("Accept"), csvType) {
			format = csvFormat
		}
	default:
		p.Fail("format must be ndjson or csv")
	}
	if p.Err() != nil {
		return p.Err()
	}
	id, err := batchInPath(c)
	if err != nil {
		return err
	}
	d := &download{call: c, format: format, name: "batch-" + id.String()}
	if err := s.batches.Codes(ctx, &c.Actor, id, from, d.write); err != nil {
		return err
	}
	return d.file.Close()
}

// download is a download under way.
type download struct {
	call   *kit.Call
	format downloadFormat
	name   string        // of the file, without its extension
	file   *kit.Download // nil: nothing was sent yet
	text   bytes.Buffer
}

// write sends a page.
func (d *download) write(page []codes.Code, at time.Time) error {
	d.text.Reset()
	if d.file == nil {
		d.begin()
	}
	rows := csv.NewWriter(&d.text)
	for i := range page {
		code := &page[i]
		if d.format == ndjson {
			var o jsonObject
			if o.code(&shownCode{code: code, status: code.StatusAt(at)}); o.err != nil {
				return o.err
			}
			d.text.Write(append(o.text, '\n'))
			continue
		}
		// Nothing here begins as a formula does: values are random letters and digits.
		if err := rows.Write([]string{
			strconv.FormatInt(core.OrZero(code.BatchIndex), 10), code.Value, string(code.StatusAt(at)),
		}); err != nil {
			return err
		}
	}
	rows.Flush()
	if _, err := d.file.Write(d.text.Bytes()); err != nil {
		return err
	}
	return d.file.Flush()
}

// begin sends the head.
func (d *download) begin() {
	mediaType := ndjsonType
	if d.format == csvFormat {
		mediaType = csvType + "; charset=utf-8; header=present"
	}
	if d.file = d.call.BeginDownload(mediaType, d.name+"."+string(d.format), false); d.format == ndjson {
		return
	}
	d.text.WriteString("batchIndex,code,status\n")
}
