// Package export sends lists as files, to programs and to people alike.
package export

import (
	"cmp"
	"context"
	"io"
	"net/http"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// Format is a format of files.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
	XLSX   Format = "xlsx"
)

// Formats lists every format.
func Formats() []Format { return []Format{CSV, NDJSON, XLSX} }

// media are the media types of the formats, first the one that answers have.
var media = map[Format][]string{
	CSV:    {"text/csv"},
	NDJSON: {"application/x-ndjson", "application/ndjson", "application/jsonl"},
	XLSX:   {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
}

// MediaTypes are the media types of files in the format, first the one that answers have.
func (f Format) MediaTypes() []string { return media[f] }

// MediaType is the media type of a file that is sent, with its parameters.
func (f Format) MediaType() string {
	mediaType := media[f][0]
	if f == CSV {
		mediaType += "; charset=utf-8; header=present"
	}
	return mediaType
}

// CheckProtocol refuses a file that could break off without its reader noticing. Over HTTP/1.0 an answer
// ends with its connection, so a text that breaks off would look whole; a compressed one does not.
func (f Format) CheckProtocol(c *kit.Call) error {
	if c.Request.ProtoAtLeast(1, 1) || f == XLSX || c.AcceptsGzip() {
		return nil
	}
	return core.InvalidParameter("an export over HTTP/1.0 must be compressed, or one that breaks off would look " +
		"complete: use HTTP/1.1, also between a proxy and this server, or send Accept-Encoding: gzip")
}

// BatchTable is the table of the codes of a batch: programs get all of each code, spreadsheets what
// differs.
func BatchTable(f Format) *bulk.Table[codes.Code] {
	if f == NDJSON {
		return bulk.CodesTable()
	}
	return bulk.BatchTable()
}

// Export is what one request exports.
type Export[T any] struct {
	About  event.Subject // zero: the workspace
	What   string        // a word for the event
	Name   string        // how the file's name begins; empty: with What
	Format Format
	Pages  bulk.Pages[T]
	Table  *bulk.Table[T]
	// Filters are what the event says of how rows were chosen; nil: the filters of the address.
	Filters event.Data
	// Again is asked before each page but the first whether the caller still may do this.
	Again func(context.Context) error
}

// Send sends an export: its head as soon as the first page is there, then page by page. Only what is
// whole is ended; everything else aborts the connection. Both are recorded.
func Send[T any](ctx context.Context, exports *bulk.Exports, c *kit.Call, e Export[T]) error {
	s := sending[T]{Export: e, exports: exports, call: c}
	err := s.pages(ctx)
	if s.to == nil || c.Request.Method == http.MethodHead {
		return err
	}
	Record(ctx, exports, c, bulk.BulkRead{
		About: e.About, What: e.What, Format: string(e.Format), Rows: s.rows, Filters: e.Filters, Broken: err != nil,
	})
	if err != nil {
		return err
	}
	return s.to.Close()
}

// sending is an export that is being sent.
type sending[T any] struct {
	Export[T]
	exports *bulk.Exports
	call    *kit.Call
	to      *kit.Download // nil: nothing was sent yet
	rows    int64
}

// pages sends the pages, and the end of the file.
func (s *sending[T]) pages(ctx context.Context) error {
	var file bulk.File[T]
	for page, err := range s.Pages {
		if err != nil {
			return err
		}
		if s.to == nil {
			name := s.exports.FileName(&s.call.Actor, cmp.Or(s.Name, s.What), string(s.Format))
			s.to = s.call.BeginDownload(s.Format.MediaType(), name, s.Format == XLSX)
			if s.call.Request.Method == http.MethodHead {
				return nil
			}
			file = s.file(s.to)
			err = file.Begin()
		} else {
			err = s.Again(ctx)
			if core.IsKind(err, core.KindUnavailable) { // then no page can be read either
				err = nil
			}
		}
		for i := 0; i < len(page.Items) && err == nil; i++ {
			err = file.Row(&page.Items[i], page.At)
			s.rows++
		}
		if err == nil {
			err = s.to.Flush()
		}
		if err != nil {
			return err
		}
	}
	return file.End()
}

// file returns what makes the file.
func (e *Export[T]) file(to io.Writer) bulk.File[T] {
	switch e.Format {
	case NDJSON:
		return bulk.NewNDJSON(to, e.Table)
	case XLSX:
		return bulk.NewXLSX(to, e.Table, e.What)
	default:
		return bulk.NewCSV(to, e.Table)
	}
}
