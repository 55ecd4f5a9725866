package kit

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/logtest"
)

// Person is a request of which two fields are required, one of them by what it has in common with
// others.
type Person struct {
	Named
	Age   Optional[int64]  `json:"age" required:"true"`
	Email Optional[string] `json:"email,omitempty" required:"false"`
}

// Named is a part of requests.
type Named struct {
	Name Optional[string] `json:"name" required:"true"`
}

// exchange posts JSON to a server.
func exchange(t *testing.T, server *Server, path, body string) (int, Problem) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, p
}

func TestRequiredFieldsComeFromTheTags(t *testing.T) {
	server := newServer(t, new(logtest.Output), Config{Routes: []Route{{
		Method: "POST", Path: "/people", Request: JSON[Person]("Person"),
		Endpoint: func(_ context.Context, c *Call) error {
			var body Person
			if err := c.Decode(&body); err != nil {
				return err
			}
			return c.Answer(struct{}{})
		},
	}}})
	for _, test := range []struct {
		body    string
		missing []string
	}{
		{`{"name":"Ada","age":36}`, nil},
		{`{"name":"","age":0}`, nil},
		{`{"name":"Ada"}`, []string{"age"}},
		{`{"name":null,"age":36,"email":"ada@example.com"}`, []string{"name"}},
		{`{}`, []string{"name", "age"}},
		{`{"name":null,"age":null}`, []string{"name", "age"}},
	} {
		status, p := exchange(t, server, "/people", test.body)
		if test.missing == nil {
			if status != http.StatusOK {
				t.Errorf("%s: status %d, %+v", test.body, status, p)
			}
			continue
		}
		want := []ProblemField{}
		for _, name := range test.missing {
			want = append(want, ProblemField{Pointer: "/" + name, Detail: name + " is required"})
		}
		if diff := cmp.Diff(want, p.Errors); diff != "" || p.Reason != core.ReasonMissingField || status != 400 {
			t.Errorf("%s: status %d, %s (-want +got):\n%s", test.body, status, p.Reason, diff)
		}
	}
}

// TestAnEndpointReadsWhatItsRouteSays: what the document shows is what is read.
func TestAnEndpointReadsWhatItsRouteSays(t *testing.T) {
	log := new(logtest.Output)
	server := newServer(t, log, Config{Routes: []Route{{
		Method: "POST", Path: "/people", Request: JSON[Person]("Person"),
		Endpoint: func(_ context.Context, c *Call) error { return c.Decode(new(Named)) },
	}}})
	status, p := exchange(t, server, "/people", `{"name":"Ada"}`)
	logged := log.Take()
	if status != 500 || p.Reason != core.ReasonInternal || !strings.Contains(logged, "takes kit.Person, not kit.Named") {
		t.Errorf("status %d, %+v, logged %s", status, p, logged)
	}
}

func TestRoutesThatContradictThemselvesAreRefused(t *testing.T) {
	type plain struct {
		Name string `json:"name" required:"true"`
	}
	type nested struct {
		Inner Optional[Named] `json:"inner" required:"false"`
	}
	document := &Document{Title: "Test", Version: "1", Tags: []Tag{{Name: "People"}}}
	for _, test := range []struct {
		name, message string
		routes        []Route
	}{
		{"a required field that cannot be seen to be missing", "must be an Optional", []Route{
			{Method: "POST", Path: "/a", Tag: "People", Request: JSON[plain]("A")},
		}},
		{"a required field within a field", "are not checked", []Route{
			{Method: "POST", Path: "/a", Tag: "People", Request: JSON[nested]("A")},
		}},
		{"an optional body with required fields", "may be left out", []Route{
			{Method: "POST", Path: "/a", Tag: "People", Request: JSON[Person]("A"), BodyOptional: true},
		}},
		{"no tag", `has the tag ""`, []Route{{Method: "POST", Path: "/a", Request: JSON[Person]("A")}}},
		{"an unknown tag", `has the tag "Cats"`, []Route{{Method: "POST", Path: "/a", Tag: "Cats"}}},
		{"two names of a body", "has the names A and B", []Route{
			{Method: "POST", Path: "/a", Tag: "People", Request: JSON[Person]("A")},
			{Method: "POST", Path: "/b", Tag: "People", Request: JSON[Person]("B")},
		}},
		{"one name of two bodies", "are both called A", []Route{
			{Method: "POST", Path: "/a", Tag: "People", Request: JSON[Person]("A")},
			{Method: "POST", Path: "/b", Tag: "People", Request: JSON[Named]("A")},
		}},
		{"one id of two routes", "is the id of", []Route{
			{Method: "POST", Path: "/a", Tag: "People", ID: "a"}, {Method: "POST", Path: "/b", Tag: "People", ID: "a"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := New(Config{Routes: test.routes, Document: document, Registry: newRegistry()}); err == nil ||
				!strings.Contains(err.Error(), test.message) {
				t.Errorf("error %v, want one with %q", err, test.message)
			}
		})
	}
}

// TestAllFieldsThatCannotBeReadAreNamedAtOnce, with those that are missing behind them.
func TestAllFieldsThatCannotBeReadAreNamedAtOnce(t *testing.T) {
	type request struct {
		Named
		Age  Optional[int64]             `json:"age" required:"false"`
		Born Optional[time.Time]         `json:"born" required:"false"`
		Tags Optional[map[string]String] `json:"tags" required:"false"`
		Note Optional[string]            `json:"note" required:"false"`
	}
	server := newServer(t, new(logtest.Output), Config{Routes: []Route{{
		Method: "POST", Path: "/people", Request: JSON[request]("Request"),
		Endpoint: func(_ context.Context, c *Call) error { return c.Decode(new(request)) },
	}}})
	for _, test := range []struct {
		body     string
		reason   core.Reason
		pointers []string
	}{
		{`{"name":"Ada","age":1.5,"born":"x"}`, core.ReasonInvalidValue, []string{"/age", "/born"}},
		{`{"born":"x","age":1.0}`, core.ReasonInvalidValue, []string{"/age", "/born", "/name"}},
		{`{"tags":{"a":1,"b":2},"note":[{}]}`, ReasonWrongType, []string{"/tags/a", "/note", "/name"}},
		{`{"tags":[["a"],{}],"note":{"a":[1]},"name":"Ada"}`, ReasonWrongType, []string{"/tags", "/note"}},
		{`{"tags":{"a":{"b":[1]},"c":"d"},"age":"1","name":true}`, ReasonWrongType, []string{"/name", "/age", "/tags/a"}},
		{`{"tags":{"a":null},"note":7,"name":"Ada"}`, ReasonWrongType, []string{"/tags/a", "/note"}},
		{`{"age":"1","colour":"red"}`, ReasonUnknownField, []string{"/colour"}},
		{`{"age":"1","note":`, ReasonInvalidJSON, nil},
		{`{"tags":{"a":1,`, ReasonInvalidJSON, nil},
	} {
		status, p := exchange(t, server, "/people", test.body)
		var pointers []string
		for _, field := range p.Errors {
			pointers = append(pointers, field.Pointer)
		}
		if diff := cmp.Diff(test.pointers, pointers); diff != "" || p.Reason != test.reason || status != 400 {
			t.Errorf("%s: status %d, %s (-want +got):\n%s", test.body, status, p.Reason, diff)
		}
	}
}
