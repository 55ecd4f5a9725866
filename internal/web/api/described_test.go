package api

import (
	"encoding/json"
	"path"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"accesscodes/internal/core"
	"accesscodes/internal/web/kit"
)

// requestSchemas are the names of the schemas of the requests that the document describes, by the
// ids of their routes.
func requestSchemas(t *testing.T, f *fixture) map[string]string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]struct {
			OperationID string
			RequestBody struct {
				Content map[string]struct{ Schema map[string]any }
			}
		}
	}
	if err := json.Unmarshal([]byte(f.get(t, "/openapi.json").body), &document); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, operations := range document.Paths {
		for _, op := range operations {
			if ref, ok := op.RequestBody.Content["application/json"].Schema["$ref"].(string); ok {
				names[op.OperationID] = path.Base(ref)
			}
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %v were found", names)
	}
	return names
}

// TestEveryRequestIsHeldToItsSchema: each route that the document shows with a body refuses fields
// that the schema does not have, and bodies without those that it requires, all at once.
func TestEveryRequestIsHeldToItsSchema(t *testing.T) {
	f, fill := inhabited(t, func(t *testing.T) *fixture { return newFixture(t) })
	schemas, names := readDocument(t, f).Components.Schemas, requestSchemas(t, f)
	demanding := 0
	walk(t, f, fill, func(rt kit.Route, _ routeCase) {
		name, takesBody := names[rt.ID]
		if !takesBody {
			return
		}
		f.call(t, rt.Method, rt.Path, `{"neverHeardOf":1}`).mustBe(t, 400, kit.ReasonUnknownField)
		want := []string{}
		for _, field := range schemas[name].Required {
			want = append(want, "/"+field)
		}
		if len(want) == 0 {
			return
		}
		demanding++
		missing := f.call(t, rt.Method, rt.Path, `{}`).mustBe(t, 400, core.ReasonMissingField).pointers()
		slices.Sort(missing)
		slices.Sort(want)
		if diff := cmp.Diff(want, missing); diff != "" {
			t.Errorf("%s: missing fields (-in the document +in the answer):\n%s", rt.ID, diff)
		}
	})
	if demanding < 5 {
		t.Errorf("only %d routes require fields", demanding)
	}
}
