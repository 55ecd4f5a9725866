package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// document is the part of /openapi.json that is looked at.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name   string `json:"name"`
		In     string `json:"in"`
		Schema schema `json:"schema"`
	} `json:"parameters"`
	RequestBody *struct {
		Content content `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content content `json:"content"`
	} `json:"responses"`

	method, path string
}

type content map[string]struct {
	Schema schema `json:"schema"`
}

type schema struct {
	Ref                  string            `json:"$ref"`
	Type                 any               `json:"type"`
	Format               string            `json:"format"`
	Enum                 []string          `json:"enum"`
	Items                *schema           `json:"items"`
	Properties           map[string]schema `json:"properties"`
	Required             []string          `json:"required"`
	AdditionalProperties any               `json:"additionalProperties"`
}

func readDocument(t *testing.T) document {
	t.Helper()
	response, err := http.Get(newServer(t).url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var d document
	if err := json.NewDecoder(response.Body).Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

// operations are the document's operations by the names that their methods must have.
func (d document) operations() map[string]operation {
	all := map[string]operation{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			all[strings.ToUpper(op.ID[:1])+op.ID[1:]] = op
		}
	}
	return all
}

// kind is how much of an answer there is.
type kind int

const (
	whole  kind = iota
	nulls       // null where that is allowed
	scanty      // only what must be there
)

// answer makes up a value of a schema.
func (d document) answer(s schema, k kind) any {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.answer(d.Components.Schemas[name], k)
	}
	name, nullable := typeOf(s)
	if nullable && k == nulls {
		return nil
	}
	switch name {
	case "string":
		if s.Format == "date-time" {
			return "2031-02-03T04:05:06.789012Z"
		}
		return slices.Concat(s.Enum, []string{"text"})[0]
	case "integer":
		return 9007199254740991.0
	case "boolean":
		return true
	case "array":
		return []any{d.answer(*s.Items, k)}
	}
	object := map[string]any{}
	switch more, _ := s.AdditionalProperties.(map[string]any); {
	case more["type"] == "integer":
		object["name"] = 7.0
	case s.AdditionalProperties != false:
		object["name"] = "value"
	}
	for name, property := range s.Properties {
		if k != scanty || slices.Contains(s.Required, name) {
			object[name] = d.answer(property, k)
		}
	}
	return object
}

func typeOf(s schema) (name string, nullable bool) {
	switch of := s.Type.(type) {
	case string:
		return of, false
	case []any:
		return of[0].(string), slices.Contains(of, any("null"))
	default:
		return "", false
	}
}

func (d document) resolved(s schema) schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.Components.Schemas[name]
	}
	return s
}

// answer is an answer that is made up.
type answer struct {
	status    int
	mediaType string // empty: it has no body
	body      any    // of JSON; otherwise the text of a file
}

func (a *answer) isFile() bool {
	return !slices.Contains([]string{"", "application/json", "application/problem+json"}, a.mediaType)
}

func (a *answer) encoded(t *testing.T) string {
	t.Helper()
	if a.isFile() {
		return a.body.(string)
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goodAnswers makes up the answers of an operation that succeeds: one for each media type.
func (d document) goodAnswers(t *testing.T, op operation, k kind) (all []answer) {
	t.Helper()
	for text, response := range op.Responses {
		status := 0
		if _, err := fmt.Sscan(text, &status); err != nil || status >= 300 {
			continue
		}
		if len(response.Content) == 0 {
			all = append(all, answer{status: status})
		}
		for mediaType, media := range response.Content {
			if mediaType == "text/event-stream" { // the client asks for pages
				continue
			}
			a := answer{status: status, mediaType: mediaType, body: "a file\n"}
			if !a.isFile() {
				a.body = d.answer(media.Schema, k)
			}
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no good answer", op.ID)
	}
	return all
}

func parametersOf(op operation) []string {
	names := []string{}
	for _, p := range op.Parameters {
		if p.In != "path" && p.Name != "Last-Event-ID" { // of streams
			names = append(names, p.In+" "+p.Name)
		}
	}
	slices.Sort(names)
	return names
}
