package kit

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/core"
)

// Where a [Parameter] is.
const (
	inPath   = "path"
	inQuery  = "query"
	inHeader = "header"
)

// Parameter is a part of a request, beside its body, that callers fill in.
type Parameter struct {
	Name, In    string // In: "path", "query" or "header"
	Description string
	Schema      huma.Schema

	pages bool // it says which page of a list is asked for; empty: the first one
}

// InPath is a part of a route's path.
func InPath(name, description string) Parameter {
	return Parameter{Name: name, In: inPath, Description: description, Schema: TextSchema()}
}

// InQuery is a parameter of a route's query.
func InQuery(name, description string, schema huma.Schema) Parameter {
	return Parameter{Name: name, In: inQuery, Description: description, Schema: schema}
}

// InHeader is a field of the header of up to so many characters.
func InHeader(name, description string, longest int) Parameter {
	return Parameter{Name: name, In: inHeader, Description: description, Schema: LongTextSchema(longest)}
}

// TextSchema is any text.
func TextSchema() huma.Schema { return huma.Schema{Type: huma.TypeString} }

// LongTextSchema is any text of up to so many characters.
func LongTextSchema(longest int) huma.Schema {
	schema := TextSchema()
	schema.MaxLength = &longest
	return schema
}

// TruthSchema is true or false, which it is if left out.
func TruthSchema() huma.Schema { return huma.Schema{Type: huma.TypeBoolean, Default: false} }

// TimeSchema is an instant.
func TimeSchema() huma.Schema { return huma.Schema{Type: huma.TypeString, Format: "date-time"} }

// IDSchema is an id.
func IDSchema() huma.Schema { return huma.Schema{Type: huma.TypeString, Format: "uuid"} }

// WordSchema is one of a few words.
func WordSchema[T ~string](words []T) huma.Schema {
	schema := TextSchema()
	for _, word := range words {
		schema.Enum = append(schema.Enum, string(word))
	}
	return schema
}

// WholeSchema is a whole number of at least lowest, and at most highest if there is such a limit.
func WholeSchema(lowest float64, highest *float64, otherwise int) huma.Schema {
	return huma.Schema{Type: huma.TypeInteger, Minimum: &lowest, Maximum: highest, Default: otherwise}
}

// Paging are the parameters of every list.
func Paging() []Parameter {
	return []Parameter{
		InQuery("limit", "How many entries a page has at most.",
			WholeSchema(1, new(float64(core.MaxPage)), core.DefaultPage)),
		{
			Name: "cursor", In: inQuery, Schema: TextSchema(), pages: true,
			Description: "nextCursor of the page before, with the same filters; left out: the first page.",
		},
	}
}

// Query reads the query of a request's address. Like unknown fields, unknown and
// repeated parameters are refused: a misspelt filter must not list everything. Nor must one that
// is empty because a program had nothing to put there. Every text begins with an empty q, and a
// list begins with an empty cursor.
type Query struct {
	values url.Values
	err    error // the first mistake
}

// Query reads the query of the request.
func (c *Call) Query() *Query {
	values, err := url.ParseQuery(c.Request.URL.RawQuery)
	p := &Query{values: values}
	if err != nil {
		p.Fail("the query of the address is not well-formed")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		given := values[name]
		switch {
		case !c.route.takes(inQuery, name):
			p.Fail("this route has no parameter " + core.Instead(name, c.route.queryNames()))
		case len(given) > 1:
			p.Fail(name + " was given more than once")
		case given[0] == "" && name != "q" && !(name == "cursor" && c.route.pages()):
			p.Fail(name + " must not be empty; leave it out instead")
		}
	}
	return p
}

// Fail notes a mistake in a parameter, unless there was one before.
func (p *Query) Fail(detail string) {
	if p.err == nil {
		p.err = core.InvalidParameter("%s", detail)
	}
}

// Err is the first mistake of what was read so far.
func (p *Query) Err() error { return p.err }

// Text is a parameter's text; empty: it was left out.
func (p *Query) Text(name string) string { return p.values.Get(name) }

// Whole is a parameter's whole number, which is not negative; 0: it was left out.
func (p *Query) Whole(name string) int64 {
	text := p.values.Get(name)
	if text == "" {
		return 0
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 {
		p.Fail(name + " must be a whole number, such as 25")
	}
	return number
}

// Truth is a parameter that is true or false; false: it was left out.
func (p *Query) Truth(name string) bool {
	switch text := p.values.Get(name); text {
	case "true":
		return true
	case "false", "":
	default:
		p.Fail(name + " must be true or false")
	}
	return false
}

// Time is a parameter's instant; nil: it was left out.
func (p *Query) Time(name string) *time.Time {
	text := p.values.Get(name)
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 0 || t.UTC().Year() > 9999 {
		p.Fail(name + " must be a time like 2031-02-03T04:05:06Z (RFC 3339), with + written as %2B")
		return nil
	}
	return &t
}

// ID is a parameter's id; zero: it was left out.
func (p *Query) ID(name string) (id core.ID) {
	text := p.values.Get(name)
	if text == "" {
		return id
	}
	id, err := core.ParseID(text)
	if err != nil || id.IsZero() { // which would be no filter
		p.Fail(name + " must be a UUID that is not all zeros")
	}
	return id
}

// Page is which page of a list is asked for.
func (p *Query) Page() core.PageRequest {
	page := core.PageRequest{Cursor: p.values.Get("cursor")}
	if text := p.values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 {
			p.Fail(fmt.Sprintf("limit must be a whole number from 1 to %d", core.MaxPage))
		}
		page.Limit = limit
	}
	return page
}

// Path is a part of the request's path.
func (c *Call) Path(name string) string { return c.Request.PathValue(name) }

// PathID is an id in the request's path. What is no id names nothing: the error is of KindNotFound.
func (c *Call) PathID(name string, reason core.Reason, detail string) (core.ID, error) {
	id, err := core.ParseID(c.Path(name))
	if err != nil || id.IsZero() {
		return core.ID{}, core.NotFound(reason, detail)
	}
	return id, nil
}
