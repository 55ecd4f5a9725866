package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/core"
)

// parameter is a part of a route's address that callers fill in.
type parameter struct {
	name, in    string // in: "path" or "query"
	description string
	schema      huma.Schema
}

func inPath(name, description string) parameter {
	return parameter{name: name, in: "path", description: description, schema: huma.Schema{Type: huma.TypeString}}
}

func inQuery(name, description string, schema huma.Schema) parameter {
	return parameter{name: name, in: "query", description: description, schema: schema}
}

func (p parameter) isInQuery() bool { return p.in == "query" }

func (rt *route) takesQuery() bool { return slices.ContainsFunc(rt.parameters, parameter.isInQuery) }

func textSchema() huma.Schema { return huma.Schema{Type: huma.TypeString} }

func timeSchema() huma.Schema { return huma.Schema{Type: huma.TypeString, Format: "date-time"} }

func idSchema() huma.Schema { return huma.Schema{Type: huma.TypeString, Format: "uuid"} }

// wordSchema is one of a few words.
func wordSchema[T ~string](words []T) huma.Schema {
	schema := textSchema()
	for _, word := range words {
		schema.Enum = append(schema.Enum, string(word))
	}
	return schema
}

// paging are the parameters of every list.
func paging() []parameter {
	lowest, highest := 1.0, float64(core.MaxPage)
	return []parameter{
		inQuery("limit", "How many entries a page has at most.", huma.Schema{Type: huma.TypeInteger, Minimum: &lowest, Maximum: &highest, Default: core.DefaultPage}),
		inQuery("cursor", "nextCursor of the page before, with the same filters; left out: the first page.", textSchema()),
	}
}

// parameters reads the query of a request's address. Like unknown fields, unknown and
// repeated parameters are refused: a misspelt filter must not list everything. Nor must one that
// is empty because a program had nothing to put there. Every text begins with an empty q, and a
// list begins with an empty cursor.
type parameters struct {
	values url.Values
	err    error // the first mistake
}

func (c *call) parameters() *parameters {
	values, err := url.ParseQuery(c.request.URL.RawQuery)
	p := &parameters{values: values}
	if err != nil {
		p.fail("the query of the address is not well-formed")
	}
	for name, given := range values {
		switch known := slices.ContainsFunc(c.route.parameters, func(of parameter) bool { return of.isInQuery() && of.name == name }); {
		case !known:
			p.fail("this route has no such parameter; /docs shows those that it has")
		case len(given) > 1:
			p.fail(name + " was given more than once")
		case given[0] == "" && name != "q" && name != "cursor":
			p.fail(name + " must not be empty; leave it out instead")
		}
	}
	return p
}

func (p *parameters) fail(detail string) {
	if p.err == nil {
		p.err = &core.Error{Kind: core.KindInvalid, Reason: core.ReasonInvalidParameter, Detail: detail}
	}
}

func (p *parameters) text(name string) string { return p.values.Get(name) }

func (p *parameters) time(name string) *time.Time {
	text := p.values.Get(name)
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 {
		p.fail(name + " must be a time like 2031-02-03T04:05:06Z (RFC 3339), with + written as %2B")
		return nil
	}
	return &t
}

func (p *parameters) id(name string) (id core.ID) {
	text := p.values.Get(name)
	if text == "" {
		return id
	}
	id, err := core.ParseID(text)
	if err != nil || id.IsZero() { // which would be no filter
		p.fail(name + " must be a UUID, and not that of zeros")
	}
	return id
}

func (p *parameters) page() core.PageRequest {
	page := core.PageRequest{Cursor: p.values.Get("cursor")}
	if text := p.values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			p.fail(fmt.Sprintf("limit must be a whole number from 1 to %d", core.MaxPage))
		}
		page.Limit = limit
	}
	return page
}

// idOf reads an id in the path. What is no id names nothing.
func (c *call) idOf(name string, reason core.Reason, detail string) (core.ID, error) {
	id, err := core.ParseID(c.request.PathValue(name))
	if err != nil || id.IsZero() {
		return core.ID{}, core.NotFound(reason, detail)
	}
	return id, nil
}

// list is a page of a list as callers see it. It is exported, as OptionFields is, so that
// the OpenAPI library sees into it.
type list[T any] struct {
	Data       []T     `json:"data" nullable:"false"`
	NextCursor *string `json:"nextCursor" nullable:"true" doc:"The cursor of the next page; null on the last one."`
}

// listed answers with a page.
func listed[T, Shown any](c *call, page core.Page[T], show func(*T) *Shown) error {
	shown := list[*Shown]{Data: make([]*Shown, 0, len(page.Items)), NextCursor: orNull(page.Next)}
	for i := range page.Items {
		shown.Data = append(shown.Data, show(&page.Items[i]))
	}
	return c.answer(shown)
}
