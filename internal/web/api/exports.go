package api

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// exportFormat is a format of files that exports send.
type exportFormat string

// The formats.
const (
	formatCSV    exportFormat = "csv"
	formatNDJSON exportFormat = "ndjson"
	formatXLSX   exportFormat = "xlsx"
)

// Formats of the exports, first the one that a caller gets who does not say.
var (
	tableFormats = []exportFormat{formatCSV, formatNDJSON}
	batchFormats = []exportFormat{formatNDJSON, formatCSV}
	sheetFormats = append(slices.Clone(tableFormats), formatXLSX)
)

// exportMedia are the media types of the formats, first the one that answers have.
var exportMedia = map[exportFormat][]string{
	formatCSV:    {"text/csv"},
	formatNDJSON: {"application/x-ndjson", "application/ndjson", "application/jsonl"},
	formatXLSX:   {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
}

// exportFormatOf is the format that a request asks for: by its parameter, else by Accept.
func exportFormatOf(c *kit.Call, p *kit.Query, formats []exportFormat) exportFormat {
	format := exportFormat(p.Text("format"))
	if format == "" {
		var media []string
		var of []exportFormat
		for _, f := range formats {
			for _, name := range exportMedia[f] {
				media, of = append(media, name), append(of, f)
			}
		}
		format = formats[0]
		if preferred := c.Preferred(media); preferred >= 0 {
			format = of[preferred]
		}
	}
	if !slices.Contains(formats, format) {
		p.Fail("format must be " + core.Alternatives(formats))
	}
	return format
}

// export is what one request exports.
type export[T any] struct {
	about  event.Subject // zero: the workspace
	what   string        // a word for the event
	name   string        // how the file's name begins; empty: with what
	format exportFormat
	pages  bulk.Pages[T]
	file   func(to io.Writer) bulk.File[T]
}

// send sends an export: its head as soon as the first page is there, then page by page. Only what is
// whole is ended; everything else aborts the connection.
func send[T any](ctx context.Context, s *server, c *kit.Call, e export[T]) error {
	var to *kit.Download
	var file bulk.File[T]
	rows := int64(0)
	for page, err := range e.pages {
		if err != nil {
			return err
		}
		if to == nil {
			name := s.exports.FileName(&c.Actor, cmp.Or(e.name, e.what), string(e.format))
			to = c.BeginDownload(e.format.mediaType(), name, e.format == formatXLSX)
			if c.Request.Method == http.MethodHead {
				return nil
			}
			file = e.file(to)
			err = file.Begin()
		} else {
			err = c.AuthenticateAgain(ctx)
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
	about := cmp.Or(e.about, event.Thing(event.SubjectWorkspace, c.Actor.WorkspaceID))
	if err := s.exports.Completed(ctx, &c.Actor, about, e.what, string(e.format), rows); err != nil {
		return err
	}
	return to.Close()
}

// mediaType is the media type of a file of the format.
func (f exportFormat) mediaType() string {
	mediaType := exportMedia[f][0]
	if f == formatCSV {
		mediaType += "; charset=utf-8; header=present"
	}
	return mediaType
}

// fileOf returns what makes a file of a format.
func fileOf[T any](
	format exportFormat, what string, table *bulk.Table[T], write func(*jsonObject, *T, time.Time),
) func(io.Writer) bulk.File[T] {
	return func(to io.Writer) bulk.File[T] {
		switch format {
		case formatNDJSON:
			var o jsonObject
			return bulk.NewNDJSON(to, func(text []byte, row *T, at time.Time) ([]byte, error) {
				o.text = text
				write(&o, row, at)
				return o.text, o.err
			})
		case formatXLSX:
			return bulk.NewXLSX(to, table, what)
		default:
			return bulk.NewCSV(to, table)
		}
	}
}

// exportCodes answers GET /exports/codes.
func (s *server) exportCodes(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, format := codeFilter(p), exportFormatOf(c, p, sheetFormats)
	if err := exportError(c, p, format); err != nil {
		return err
	}
	if format == formatXLSX {
		if err := s.exports.CheckSheet(ctx, &c.Actor, filter); err != nil {
			return err
		}
	}
	return send(ctx, s, c, export[codes.Code]{
		what: "codes", format: format, pages: s.exports.Codes(ctx, &c.Actor, filter),
		file: fileOf(format, "codes", bulk.CodesTable(), writeCode),
	})
}

func writeCode(o *jsonObject, code *codes.Code, at time.Time) {
	o.code(&shownCode{code: code, status: code.StatusAt(at)})
}

// downloadBatch answers GET /batches/{id}/codes.
func (s *server) downloadBatch(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	from, format := p.Whole("from"), exportFormatOf(c, p, batchFormats)
	if err := exportError(c, p, format); err != nil {
		return err
	}
	id, err := batchInPath(c)
	if err != nil {
		return err
	}
	return send(ctx, s, c, export[codes.Code]{
		about: event.Thing(event.SubjectBatch, id), what: "batch", name: "batch-" + id.String(),
		format: format, pages: s.exports.BatchCodes(ctx, &c.Actor, id, from),
		file: fileOf(format, "codes", bulk.BatchTable(), writeCode),
	})
}

// exportRedemptions answers GET /exports/redemptions.
func (s *server) exportRedemptions(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, format := redemptionFilter(p), exportFormatOf(c, p, tableFormats)
	if err := exportError(c, p, format); err != nil {
		return err
	}
	return send(ctx, s, c, export[codes.Redemption]{
		what: "redemptions", format: format, pages: s.exports.Redemptions(ctx, &c.Actor, filter),
		file: fileOf(format, "redemptions", bulk.RedemptionsTable(),
			func(o *jsonObject, r *codes.Redemption, _ time.Time) { o.redemption(r) }),
	})
}

// exportUsers answers GET /exports/users.
func (s *server) exportUsers(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, format := userFilter(p), exportFormatOf(c, p, tableFormats)
	if err := exportError(c, p, format); err != nil {
		return err
	}
	return send(ctx, s, c, export[codes.User]{
		what: "users", format: format, pages: s.exports.Users(ctx, &c.Actor, filter),
		file: fileOf(format, "users", bulk.UsersTable(),
			func(o *jsonObject, u *codes.User, _ time.Time) { o.user(u) }),
	})
}

// exportError is the first mistake of a request for an export. Over HTTP/1.0 an answer ends with its
// connection, so a text that breaks off would look whole; a compressed one does not.
func exportError(c *kit.Call, p *kit.Query, format exportFormat) error {
	if !c.Request.ProtoAtLeast(1, 1) && format != formatXLSX && !c.AcceptsGzip() {
		p.Fail("an export over HTTP/1.0 must be compressed, or one that breaks off would look complete: " +
			"use HTTP/1.1, also between a proxy and this server, or send Accept-Encoding: gzip")
	}
	return p.Err()
}

// formatParameter is the parameter that [exportFormatOf] reads.
func formatParameter(formats []exportFormat) kit.Parameter {
	return kit.InQuery("format", "The format of the file; left out: the one that Accept prefers, else "+
		string(formats[0])+".", kit.WordSchema(formats))
}

// mediaOf are the media types of files in these formats.
func mediaOf(formats []exportFormat) (media []string) {
	for _, format := range formats {
		media = append(media, exportMedia[format][0])
	}
	return media
}

// exportRoutes are the routes that send whole lists.
func (s *server) exportRoutes() []kit.Route {
	route := func(what, of string, endpoint kit.Endpoint, formats []exportFormat, filters []kit.Parameter) kit.Route {
		return kit.Route{
			Method: "GET", Path: "/exports/" + what, Permission: core.PermissionRead,
			Endpoint: endpoint, Tag: tagExports, Streams: true,
			ID: "export" + of, Summary: "Export " + what,
			Description: "A stream, with the columns or members of the list. A row that exists throughout is in it " +
				"once. An export that could not be ended breaks off: what is incomplete never looks complete.",
			Parameters: append(filters, formatParameter(formats)), Files: mediaOf(formats),
		}
	}
	return []kit.Route{
		route("codes", "Codes", s.exportCodes, sheetFormats, codeFilters()),
		route("redemptions", "Redemptions", s.exportRedemptions, tableFormats, redemptionFilters()),
		route("users", "Users", s.exportUsers, tableFormats, userFilters()),
	}
}
