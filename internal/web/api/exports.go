package api

import (
	"context"
	"slices"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/event"
	"accesscodes/internal/web/export"
	"accesscodes/internal/web/kit"
)

// Formats of the exports, first the one that a caller gets who does not say.
var (
	tableFormats = []export.Format{export.CSV, export.NDJSON}
	batchFormats = []export.Format{export.NDJSON, export.CSV}
	sheetFormats = append(slices.Clone(tableFormats), export.XLSX)
)

// exportFormatOf is the format that a request asks for: by its parameter, else by Accept.
func exportFormatOf(c *kit.Call, p *kit.Query, formats []export.Format) export.Format {
	format := export.Format(p.Text("format"))
	if format == "" {
		var media []string
		var of []export.Format
		for _, f := range formats {
			for _, name := range f.MediaTypes() {
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

// exportCodes answers GET /exports/codes.
func (s *server) exportCodes(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, format := codeFilter(p), exportFormatOf(c, p, sheetFormats)
	if err := exportError(c, p, format); err != nil {
		return err
	}
	if format == export.XLSX {
		if err := s.exports.CheckSheet(ctx, &c.Actor, filter); err != nil {
			return err
		}
	}
	return send(ctx, s, c, export.Export[codes.Code]{
		What: "codes", Format: format, Pages: s.exports.Codes(ctx, &c.Actor, filter), Table: bulk.CodesTable(),
	})
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
	return send(ctx, s, c, export.Export[codes.Code]{
		About: event.Thing(event.SubjectBatch, id), What: "batch", Name: "batch-" + id.String(), Format: format,
		Pages: s.exports.BatchCodes(ctx, &c.Actor, id, from), Table: export.BatchTable(format),
	})
}

// exportRedemptions answers GET /exports/redemptions.
func (s *server) exportRedemptions(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, format := redemptionFilter(p), exportFormatOf(c, p, tableFormats)
	if err := exportError(c, p, format); err != nil {
		return err
	}
	return send(ctx, s, c, export.Export[codes.Redemption]{
		What: "redemptions", Format: format, Pages: s.exports.Redemptions(ctx, &c.Actor, filter),
		Table: bulk.RedemptionsTable(),
	})
}

// exportUsers answers GET /exports/users.
func (s *server) exportUsers(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	filter, format := userFilter(p), exportFormatOf(c, p, tableFormats)
	if err := exportError(c, p, format); err != nil {
		return err
	}
	return send(ctx, s, c, export.Export[codes.User]{
		What: "users", Format: format, Pages: s.exports.Users(ctx, &c.Actor, filter), Table: bulk.UsersTable(),
	})
}

// exportEvents answers GET /exports/events.
func (s *server) exportEvents(ctx context.Context, c *kit.Call) error {
	p := c.Query()
	query, format := eventFilter(p), exportFormatOf(c, p, batchFormats)
	if from := p.Time("from"); from != nil {
		query.From = *from
	}
	if to := p.Time("to"); to != nil {
		query.To = *to
	}
	if err := exportError(c, p, format); err != nil {
		return err
	}
	return send(ctx, s, c, export.Export[event.Event]{
		What: "events", Format: format, Pages: s.exports.Log(ctx, &c.Actor, query), Table: bulk.LogTable(),
	})
}

// send sends an export to who has asked for it.
func send[T any](ctx context.Context, s *server, c *kit.Call, e export.Export[T]) error {
	e.Again = c.AuthenticateAgain
	return export.Send(ctx, s.exports, c, e)
}

// exportError is the first mistake of a request for an export.
func exportError(c *kit.Call, p *kit.Query, format export.Format) error {
	if err := p.Err(); err != nil {
		return err
	}
	return format.CheckProtocol(c)
}

// formatParameter is the parameter that [exportFormatOf] reads.
func formatParameter(formats []export.Format) kit.Parameter {
	return kit.InQuery("format", "The format of the file; left out: the one that Accept prefers, else "+
		string(formats[0])+".", kit.WordSchema(formats))
}

// mediaOf are the media types of files in these formats.
func mediaOf(formats []export.Format) (media []string) {
	for _, format := range formats {
		media = append(media, format.MediaTypes()[0])
	}
	return media
}

// exportRoutes are the routes that send whole lists.
func (s *server) exportRoutes() []kit.Route {
	route := func(what, of string, endpoint kit.Endpoint, formats []export.Format, filters []kit.Parameter) kit.Route {
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
		route("events", "Events", s.exportEvents, batchFormats, append(eventFilters(),
			kit.InQuery("from", "Only what happened from this instant on.", kit.TimeSchema()),
			kit.InQuery("to", "Only what happened before this instant.", kit.TimeSchema()))),
	}
}
