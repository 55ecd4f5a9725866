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
	// Again is asked before each page but the first whether the caller still may do this.
	Again func(context.Context) error
}

// Send sends an export: its head as soon as the first page is there, then page by page. Only what is
// whole is ended; everything else aborts the connection.
func Send[T any](ctx context.Context, exports *bulk.Exports, c *kit.Call, e Export[T]) error {
	var to *kit.Download
	var file bulk.File[T]
	rows := int64(0)
	for page, err := range e.Pages {
		if err != nil {
			return err
		}
		if to == nil {
			name := exports.FileName(&c.Actor, cmp.Or(e.Name, e.What), string(e.Format))
			to = c.BeginDownload(e.Format.MediaType(), name, e.Format == XLSX)
			if c.Request.Method == http.MethodHead {
				return nil
			}
			file = e.file(to)
			err = file.Begin()
		} else {
			err = e.Again(ctx)
			if core.IsKind(err, core.KindUnavailable) { // then no page can be read either
				err = nil
			}
		}
		for i := 0; i < len(page.Items) && err == nil; i++ {
			err = file.Row(&page.Items[i], page.At)
			rows++
		}
		if err == nil {
			err = to.Flush()
		}
		if err != nil {
			return err
		}
	}
	if err := file.End(); err != nil {
		return err
	}
	about := cmp.Or(e.About, event.Thing(event.SubjectWorkspace, c.Actor.WorkspaceID))
	if err := exports.Completed(ctx, &c.Actor, about, e.What, string(e.Format), rows); err != nil {
		return err
	}
	return to.Close()
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
