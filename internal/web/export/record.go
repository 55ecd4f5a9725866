package export

import (
	"context"
	"net/url"
	"strings"

	"accesscodes/internal/bulk"
	"accesscodes/internal/event"
	"accesscodes/internal/web/kit"
)

// Record records that the caller has read in bulk. What cannot be recorded is logged: the file is there, and
// to break it off would help nobody.
func Record(ctx context.Context, exports *bulk.Exports, c *kit.Call, read bulk.BulkRead) {
	if read.Filters == nil {
		read.Filters, read.UserID = filtersOf(c.Request.URL.Query())
	}
	if err := exports.Record(ctx, &c.Actor, read); err != nil {
		c.Warn("what was read in bulk cannot be recorded", err)
	}
}

// filters are the parameters that choose rows, of the API and of the console.
var filters = []string{
	"type", "status", "batchId", "code", "createdAfter", "createdBefore", "from", "to", "types", "subject", "about",
	"actor", "what", "by", "unused",
}

// longestFilter is how much of a filter is recorded, in bytes.
const longestFilter = 200

// filtersOf returns the filters among the parameters of a request, and the person whose rows alone it asks
// for. Their id is not among the filters, so that it goes when they are erased. Of what was searched for it
// only says that something was: it may be a person.
func filtersOf(query url.Values) (given event.Data, user string) {
	given = event.Data{}
	for _, name := range filters {
		if value := query.Get(name); value != "" {
			given[name] = strings.ToValidUTF8(value[:min(len(value), longestFilter)], "")
		}
	}
	for _, name := range []string{"q", "request"} {
		if query.Get(name) != "" {
			given[name] = true
		}
	}
	user = query.Get("userId") + query.Get("user")
	for _, name := range []string{"subject", "about"} {
		if id, is := strings.CutPrefix(query.Get(name), string(event.SubjectUser)+":"); is {
			user, given[name] = id, event.SubjectUser
		}
	}
	return given, user
}
