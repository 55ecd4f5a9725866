package kit

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"accesscodes/internal/core"
)

// Document is what an OpenAPI document says beside its routes.
type Document struct {
	Title, Version, Description string

	Tags  []Tag                                      // in the order in which the documentation page shows them
	Key   string                                     // what the key in X-Api-Key is
	Roles func(may core.Permission) (names []string) // of keys that have a permission
}

// Tag is a group of routes.
type Tag struct{ Name, Description string }

// of makes the OpenAPI 3.1 document of the routes.
func (d *Document) of(routes []Route) (*huma.OpenAPI, error) {
	names, err := schemaNames(routes)
	if err != nil {
		return nil, err
	}
	registry := huma.NewMapRegistry("#/components/schemas/", names.of)
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: d.Title, Version: d.Version, Description: d.Description,
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/"}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"apiKey": {Type: "apiKey", In: inHeader, Name: "X-Api-Key", Description: d.Key},
			},
		},
	}
	for _, tag := range d.Tags {
		doc.Tags = append(doc.Tags, &huma.Tag{Name: tag.Name, Description: tag.Description})
	}
	problemSchema := registry.Schema(reflect.TypeFor[Problem](), true, "")
	ids := map[string]string{}
	for _, rt := range routes {
		if rt.Undocumented {
			continue
		}
		if before, taken := ids[rt.ID]; taken {
			return nil, fmt.Errorf("%q is the id of %s and of %s", rt.ID, before, rt.Path)
		}
		ids[rt.ID] = rt.Path
		if !slices.ContainsFunc(d.Tags, func(tag Tag) bool { return tag.Name == rt.Tag }) {
			return nil, fmt.Errorf("%s %s has the tag %q, which the document does not have", rt.Method, rt.Path, rt.Tag)
		}
		doc.AddOperation(d.operation(rt, registry, problemSchema))
	}
	return doc, nil
}

// typeNames are the names of the types of bodies.
type typeNames map[reflect.Type]string

// schemaNames reads them out of the routes.
func schemaNames(routes []Route) (typeNames, error) {
	names, types := typeNames{}, map[string]reflect.Type{}
	for _, rt := range routes {
		for _, body := range []Body{rt.Request, rt.Response, rt.Preview} {
			if !body.exists() {
				continue
			}
			if before, named := names[body.goType]; named && before != body.name {
				return nil, fmt.Errorf("%s has the names %s and %s", body.goType, before, body.name)
			}
			if before, taken := types[body.name]; taken && before != body.goType {
				return nil, fmt.Errorf("%s and %s are both called %s", before, body.goType, body.name)
			}
			names[body.goType], types[body.name] = body.name, body.goType
		}
	}
	return names, nil
}

func (n typeNames) of(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := n[t]; ok {
		return name
	}
	return huma.DefaultSchemaNamer(t, hint)
}

func (d *Document) operation(rt Route, registry huma.Registry, problemSchema *huma.Schema) *huma.Operation {
	op := &huma.Operation{
		Method: rt.Method, Path: rt.Path, Tags: []string{rt.Tag},
		OperationID: rt.ID, Summary: rt.Summary, Description: rt.Description,
		Responses: map[string]*huma.Response{},
	}
	if rt.Permission != "" {
		op.Security = []map[string][]string{{"apiKey": {}}}
		op.Description += fmt.Sprintf("\n\nRoles: %s.", strings.Join(d.Roles(rt.Permission), ", "))
	}
	for _, p := range rt.Parameters {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: p.Name, In: p.In, Required: p.In == inPath, Description: p.Description, Schema: &p.Schema,
		})
	}
	if rt.Request.exists() {
		op.RequestBody = &huma.RequestBody{
			Required: !rt.BodyOptional,
			Content:  jsonContent("application/json", registry.Schema(rt.Request.goType, true, "")),
		}
	}
	if rt.Takes != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
		for _, media := range rt.Takes {
			op.RequestBody.Content[media] = &huma.MediaType{} // any text
		}
	}
	if rt.MergePatch {
		op.RequestBody.Content[mergePatchType] = op.RequestBody.Content["application/json"]
	}
	good := &huma.Response{
		Description: "Done",
		Headers:     map[string]*huma.Param{"X-Request-Id": textHeader("The name of this request in the server's log.")},
	}
	if rt.Replays {
		good.Headers["Idempotent-Replayed"] = textHeader("true if an earlier request did it.")
	}
	status, content := rt.good(registry)
	op.Responses[strconv.Itoa(status)], good.Content = good, content
	if status == http.StatusAccepted || rt.Takes != nil {
		good.Headers["Location"] = textHeader("Where to see how far it is.")
	}
	if rt.Files != nil {
		good.Headers["Content-Disposition"] = textHeader("attachment, with a file name.")
	}
	if rt.Preview.exists() {
		op.Responses["200"] = &huma.Response{
			Description: "What would be done", Headers: map[string]*huma.Param{"X-Request-Id": good.Headers["X-Request-Id"]},
			Content: jsonContent("application/json", registry.Schema(rt.Preview.goType, true, "")),
		}
	}
	op.Responses["default"] = &huma.Response{
		Description: "Anything else",
		Content:     jsonContent("application/problem+json", problemSchema),
	}
	for status, reasons := range failures(rt) {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": " + strings.Join(reasons, ", "),
			Content:     jsonContent("application/problem+json", problemSchema),
			Headers:     failureHeaders(status),
		}
	}
	return op
}

// good returns the status of a good answer, and its content; nil: none.
func (rt *Route) good(registry huma.Registry) (status int, content map[string]*huma.MediaType) {
	if rt.Files != nil {
		return http.StatusOK, filesContent(rt.Files)
	}
	if !rt.Response.exists() {
		return http.StatusNoContent, nil
	}
	content = jsonContent("application/json", registry.Schema(rt.Response.goType, true, ""))
	maps.Copy(content, filesContent(rt.Also))
	if rt.Accepts {
		return http.StatusAccepted, content
	}
	return http.StatusOK, content
}

func jsonContent(media string, schema *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: schema}}
}

func filesContent(media []string) map[string]*huma.MediaType {
	content := map[string]*huma.MediaType{}
	for _, name := range media {
		content[name] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return content
}

func textHeader(description string) *huma.Param {
	return &huma.Param{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

// failures lists the reasons that a route may fail for, by status.
func failures(rt Route) map[int][]string {
	all := map[int][]string{}
	for _, reason := range rt.failures() {
		status := StatusOf(reason)
		if !slices.Contains(all[status], string(reason)) {
			all[status] = append(all[status], string(reason))
		}
	}
	return all
}

// failures are the reasons that the route may fail for: its own, and those of every route that
// takes a body, shows a list or asks for a key.
func (rt *Route) failures() (reasons []core.Reason) {
	if rt.Request.exists() {
		reasons = append(reasons,
			ReasonInvalidJSON, ReasonDuplicateField, ReasonUnknownField, ReasonWrongType,
			core.ReasonMissingField, core.ReasonInvalidValue,
			ReasonRequestTimeout, ReasonBodyTooLarge, ReasonUnsupportedMediaType)
	}
	if rt.Takes != nil {
		reasons = append(reasons, ReasonRequestTimeout, ReasonUnsupportedMediaType)
	}
	if rt.pages() {
		reasons = append(reasons, core.ReasonInvalidCursor)
	}
	reasons = append(reasons, rt.Reasons...)
	if rt.Permission != "" {
		reasons = append(reasons,
			core.ReasonInvalidParameter, core.ReasonInvalidAPIKey, core.ReasonRoleNotAllowed,
			core.ReasonStoreUnavailable, core.ReasonOverloaded, core.ReasonInternal, core.ReasonOutcomeUnknown)
	}
	return reasons
}

func failureHeaders(status int) map[string]*huma.Param {
	headers := map[string]*huma.Param{"X-Request-Id": textHeader("The name of this request in the server's log.")}
	switch status {
	case http.StatusUnauthorized:
		headers["WWW-Authenticate"] = textHeader("The scheme, ApiKey.")
	case http.StatusServiceUnavailable:
		headers["Retry-After"] = textHeader("Seconds to wait at least.")
	}
	return headers
}

// documentRoute serves the OpenAPI document. It is written when it is first asked for, which takes
// more time than everything else that a server needs to start.
func documentRoute(document *huma.OpenAPI) Route {
	body := sync.OnceValues(func() (*packed, error) {
		text, err := document.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("write the OpenAPI document: %w", err)
		}
		return pack("application/vnd.oai.openapi+json;version=3.1", text), nil
	})
	return Route{
		Method: "GET", Path: "/openapi.json", Undocumented: true,
		Endpoint: func(ctx context.Context, c *Call) error {
			text, err := body()
			if err != nil {
				return err
			}
			return text.answer(ctx, c)
		},
	}
}
