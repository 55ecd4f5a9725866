package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"accesscodes/internal/codes"
	"accesscodes/internal/core"
)

// openAPIDocument is the part of /openapi.json that tests look at.
type openAPIDocument struct {
	OpenAPI string `json:"openapi"`
	Info    struct {
		Version string `json:"version"`
	} `json:"info"`
	Tags []struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	} `json:"tags"`
	Paths      map[string]map[string]documentedOperation `json:"paths"`
	Components struct {
		Schemas map[string]struct {
			Required             []string                  `json:"required"`
			Properties           map[string]documentedType `json:"properties"`
			AdditionalProperties any                       `json:"additionalProperties"`
		} `json:"schemas"`
	} `json:"components"`
}

type documentedOperation struct {
	OperationID string                `json:"operationId"`
	Tags        []string              `json:"tags"`
	Summary     string                `json:"summary"`
	Description string                `json:"description"`
	Security    []map[string][]string `json:"security"`
	Parameters  []struct {
		Name   string         `json:"name"`
		In     string         `json:"in"`
		Schema documentedType `json:"schema"`
	} `json:"parameters"`
	Responses map[string]struct {
		Description string         `json:"description"`
		Headers     map[string]any `json:"headers"`
	} `json:"responses"`
}

type documentedType struct {
	Minimum, Maximum     json.Number
	MinLength, MaxLength int
	Enum                 []string
	Description          string
}

// operations are the document's operations by their ids.
func (d openAPIDocument) operations() map[string]documentedOperation {
	all := map[string]documentedOperation{}
	for _, operations := range d.Paths {
		for _, op := range operations {
			all[op.OperationID] = op
		}
	}
	return all
}

func readDocument(t *testing.T, f *fixture) openAPIDocument {
	t.Helper()
	got := f.get(t, "/openapi.json")
	if got.status != 200 {
		t.Fatalf("status %d", got.status)
	}
	var document openAPIDocument
	if err := json.Unmarshal([]byte(got.body), &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// newValidator reads /openapi.json; formats such as date-time and uuid are checked too.
func newValidator(t *testing.T, f *fixture) validator.Validator {
	t.Helper()
	document, err := libopenapi.NewDocument([]byte(f.get(t, "/openapi.json").body))
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(document, config.WithFormatAssertions())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	t.Cleanup(v.Release)
	return v
}

func TestTheDocumentIsOpenAPI31(t *testing.T) {
	f := newFixture(t)
	if document := readDocument(t, f); document.OpenAPI != "3.1.0" || document.Info.Version != "1.2.3" {
		t.Errorf("openapi %s, version %s", document.OpenAPI, document.Info.Version)
	}
	if valid, errs := newValidator(t, f).ValidateDocument(); !valid {
		for _, err := range errs {
			t.Error(err)
		}
	}
}

func TestTheDocumentHasTheRoutesThatAreServedAndNoOthers(t *testing.T) {
	f := newFixture(t)
	served, documented := map[string]bool{}, map[string]bool{}
	for _, rt := range f.server.Routes() {
		if !rt.Undocumented {
			served[rt.Method+" "+rt.Path] = true
		}
	}
	for path, operations := range readDocument(t, f).Paths {
		for method := range operations {
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	if diff := cmp.Diff(served, documented); diff != "" {
		t.Errorf("routes (-served +documented):\n%s", diff)
	}
	for _, path := range []string{addPath, generatePath, "/livez", "/readyz"} {
		if !served["POST "+path] && !served["GET "+path] {
			t.Errorf("%s is not served: %v", path, served)
		}
	}
}

// TestEveryRouteHasItsPlaceOnTheDocumentationPage: a group that the page has, and a line of its own.
func TestEveryRouteHasItsPlaceOnTheDocumentationPage(t *testing.T) {
	f := newFixture(t)
	document := readDocument(t, f)
	unused := map[string]bool{}
	for _, tag := range document.Tags {
		if tag.Name == "" || tag.Description == "" {
			t.Errorf("tag %+v", tag)
		}
		unused[tag.Name] = true
	}
	ids, summaries := map[string]string{}, map[string]string{}
	for _, rt := range f.server.Routes() {
		if rt.Undocumented {
			continue
		}
		op := document.Paths[rt.Path][strings.ToLower(rt.Method)]
		name := rt.Method + " " + rt.Path
		if diff := cmp.Diff([]string{rt.Tag}, op.Tags); diff != "" || rt.Tag == "" {
			t.Errorf("%s: tags %v", name, op.Tags)
		}
		if op.OperationID == "" || op.OperationID != rt.ID || ids[op.OperationID] != "" {
			t.Errorf("%s: id %q", name, op.OperationID)
		}
		if op.Summary == "" || op.Summary != rt.Summary || summaries[op.Summary] != "" {
			t.Errorf("%s: summary %q", name, op.Summary)
		}
		ids[op.OperationID], summaries[op.Summary] = name, name
		delete(unused, rt.Tag)
	}
	for tag := range unused {
		t.Errorf("no route has the tag %s", tag)
	}
}

func TestTheDocumentSaysWhichRoutesTakeAKey(t *testing.T) {
	f := newFixture(t)
	document := readDocument(t, f)
	for _, rt := range f.server.Routes() {
		if rt.Undocumented {
			continue
		}
		op := document.Paths[rt.Path][strings.ToLower(rt.Method)]
		if keyed := len(op.Security) == 1; keyed != (rt.Permission != "") {
			t.Errorf("%s: security %v", rt.Path, op.Security)
		}
		if rt.Permission == core.PermissionIssue && !strings.HasSuffix(op.Description, "Roles: full, issue.") {
			t.Errorf("%s: description %q", rt.Path, op.Description)
		}
	}
}

func TestTheLimitsInTheDocumentAreTheRules(t *testing.T) {
	f := newFixture(t)
	document := readDocument(t, f)
	schemas := document.Components.Schemas
	for _, name := range []string{"AddCode", "GenerateCode"} {
		fields := schemas[name].Properties
		if got := fields["note"].MaxLength; got != codes.MaxNoteLength {
			t.Errorf("%s: note has at most %d characters", name, got)
		}
		if got := fields["recipient"].MaxLength; got != codes.MaxRecipientLength {
			t.Errorf("%s: recipient has at most %d characters", name, got)
		}
		limit := fields["maxRedemptions"]
		if limit.Minimum != "1" || limit.Maximum != json.Number(strconv.Itoa(codes.MaxMaxRedemptions)) {
			t.Errorf("%s: maxRedemptions from %s to %s", name, limit.Minimum, limit.Maximum)
		}
		if diff := cmp.Diff([]string{"Normal", "Premium", "Upgrade"}, fields["type"].Enum); diff != "" {
			t.Errorf("%s: type %s", name, diff)
		}
		for _, number := range []int{
			codes.MaxMetadataEntries, codes.MaxMetadataKeyLength,
			codes.MaxMetadataValueLength, codes.MaxMetadataBytes,
		} {
			if !strings.Contains(fields["metadata"].Description, strconv.Itoa(number)) {
				t.Errorf("%s: metadata %q does not say %d", name, fields["metadata"].Description, number)
			}
		}
		if schemas[name].AdditionalProperties != false {
			t.Errorf("%s allows unknown fields", name)
		}
		for _, parameter := range document.Paths[map[string]string{"AddCode": addPath, "GenerateCode": generatePath}[name]]["post"].Parameters {
			if parameter.Name != "Idempotency-Key" || parameter.In != "header" ||
				parameter.Schema.MaxLength != codes.MaxIdempotencyKeyLength+2 {
				t.Errorf("%s: parameter %+v", name, parameter)
			}
		}
	}
	if code := schemas["AddCode"].Properties["code"]; code.MinLength != 1 || code.MaxLength != core.MaxCodeLength {
		t.Errorf("code has %d to %d characters", code.MinLength, code.MaxLength)
	}
	if diff := cmp.Diff([]string{"code", "type"}, schemas["AddCode"].Required); diff != "" {
		t.Errorf("required: %s", diff)
	}
	statuses := []string{}
	for _, status := range codes.Statuses() {
		statuses = append(statuses, string(status))
	}
	if diff := cmp.Diff(statuses, schemas["Code"].Properties["status"].Enum); diff != "" {
		t.Errorf("statuses: %s", diff)
	}
}
