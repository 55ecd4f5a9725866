package client

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"
)

// ExportFormat is the format of a file.
type ExportFormat string

// The formats of files.
const (
	FormatCSV    ExportFormat = "csv"    // RFC 4180 in UTF-8, with a header
	FormatNDJSON ExportFormat = "ndjson" // a JSON object on each line, with the members of the list's entries
	FormatXLSX   ExportFormat = "xlsx"   // a sheet, of [Client.ExportCodes] only
)

// mediaTypes are the media types of the formats.
var mediaTypes = map[ExportFormat]string{
	FormatCSV: "text/csv", FormatNDJSON: "application/x-ndjson",
	FormatXLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// ExportCodes returns all codes that a filter leaves as a file, newest first; an empty format is CSV. One
// that exists throughout is in it once, whatever is changed meanwhile.
func (c *Client) ExportCodes(ctx context.Context, filter CodeFilter, format ExportFormat) (*Download, error) {
	return c.export(ctx, "exportCodes", "codes", filter.values(), format)
}

// ExportRedemptions returns all redemptions that a filter leaves as a file, newest first; an empty format
// is CSV.
func (c *Client) ExportRedemptions(
	ctx context.Context, filter RedemptionFilter, format ExportFormat,
) (*Download, error) {
	return c.export(ctx, "exportRedemptions", "redemptions", filter.values(), format)
}

// ExportUsers returns all registered users that a filter leaves as a file, in the order of their ids; an
// empty format is CSV.
func (c *Client) ExportUsers(ctx context.Context, filter UserFilter, format ExportFormat) (*Download, error) {
	return c.export(ctx, "exportUsers", "users", filter.values(), format)
}

// LoggedFilter says which events to export. Zero fields leave none out.
type LoggedFilter struct {
	EventFilter
	From time.Time // only what happened from this instant on
	To   time.Time // only what happened before this instant
}

// ExportEvents returns all events that a filter leaves as a file, oldest first, with the salts, digests and
// values of the hash chain by which they can be verified; an empty format is NDJSON.
func (c *Client) ExportEvents(ctx context.Context, filter LoggedFilter, format ExportFormat) (*Download, error) {
	query := filter.values()
	query["from"], query["to"] = instant(filter.From), instant(filter.To)
	return c.export(ctx, "exportEvents", "events", query.given(), cmp.Or(format, FormatNDJSON))
}

func (c *Client) export(
	ctx context.Context, operation, what string, query url.Values, format ExportFormat,
) (*Download, error) {
	format = cmp.Or(format, FormatCSV)
	query.Set("format", string(format))
	return c.download(ctx, call{
		operation: operation, method: http.MethodGet, path: []string{"exports", what}, query: query,
	}, format)
}
