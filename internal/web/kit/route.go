package kit

import (
	"context"
	"reflect"
	"slices"

	"accesscodes/internal/core"
)

// Endpoint answers one kind of request. It writes the answer itself when it returns nil. When it
// returns an error, the caller gets that as a [Problem].
type Endpoint func(ctx context.Context, c *Call) error

// Route is one operation: how it is reached, who may call it, what it takes and answers. The
// server and the OpenAPI document are both made from it.
type Route struct {
	Method, Path string
	Permission   core.Permission // that the caller must have; empty: no key is asked for
	Endpoint     Endpoint

	Tag                      string // the group of the documentation page, of [Document.Tags]
	ID, Summary, Description string
	Parameters               []Parameter
	Request, Response        Body          // of JSON; none: the request has no body, the answer is 204
	Files                    []string      // media types of the answer, if it is a file and not JSON
	Also                     []string      // media types of the answer beside JSON, for callers who prefer them (Accept)
	Takes                    []string      // media types of the body, if it is a file and not JSON; see [Call.Upload]
	Reasons                  []core.Reason // of refusals, beside those of every route like it
	Undocumented             bool

	// Otherwise tells callers who use another method what they may want instead; empty: nothing.
	Otherwise string
	// NotTaken are fields that callers may expect of the request, each with why it has none.
	NotTaken map[string]string

	BodyOptional bool // the request may have no body at all
	MergePatch   bool // the request is a JSON merge patch (RFC 7396)
	Replays      bool // the answer says when an earlier request did it
	Accepts      bool // the answer is 202: what was asked for is done later; see [Call.Accept]
	MaxBody      int  // the largest body, in bytes; 0: MaxBodyBytes
	Preview      Body // with Accepts: the answer to a request that asks only what would be done, with status 200
	Guessable    bool // something is named by its secret value: refusals are counted by reason

	// Streams: the body, the answer and what happens between them may take as long as they
	// move; see stream. The endpoint limits the size of the body itself.
	Streams bool

	fields []requestField // of the request
}

// Body is the type of a JSON body, and its name in the OpenAPI document.
type Body struct {
	goType reflect.Type
	name   string
}

// JSON is the body of type T. Types that are only part of others have the names that Go gives
// them, with a capital.
func JSON[T any](name string) Body { return Body{reflect.TypeFor[T](), name} }

// JSONOf is the body of a type that is put together at run time.
func JSONOf(goType reflect.Type, name string) Body { return Body{goType, name} }

// exists reports whether there is such a body.
func (b Body) exists() bool { return b.goType != nil }

// takesQuery reports whether the route has parameters in its address.
func (rt *Route) takesQuery() bool {
	for _, p := range rt.Parameters {
		if p.In == inQuery {
			return true
		}
	}
	return false
}

// queryNames are the names of the parameters in the route's address.
func (rt *Route) queryNames() (names []string) {
	for _, p := range rt.Parameters {
		if p.In == inQuery {
			names = append(names, p.Name)
		}
	}
	return names
}

// pages reports whether the route answers with a page of a list.
func (rt *Route) pages() bool {
	return slices.ContainsFunc(rt.Parameters, func(p Parameter) bool { return p.pages })
}

// takes reports whether the route has a parameter of this name.
func (rt *Route) takes(in, name string) bool {
	for _, p := range rt.Parameters {
		if p.In == in && p.Name == name {
			return true
		}
	}
	return false
}
