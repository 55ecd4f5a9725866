package api

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
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
	for _, rt := range allRoutes(f) {
		if !rt.undocumented {
			served[rt.method+" "+rt.path] = true
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

func TestTheDocumentSaysWhichRoutesTakeAKey(t *testing.T) {
	f := newFixture(t)
	document := readDocument(t, f)
	for _, rt := range allRoutes(f) {
		if rt.undocumented {
			continue
		}
		op := document.Paths[rt.path][strings.ToLower(rt.method)]
		if keyed := len(op.Security) == 1; keyed != (rt.permission != "") {
			t.Errorf("%s: security %v", rt.path, op.Security)
		}
		if rt.permission == core.PermissionIssue && !strings.HasSuffix(op.Description, "Roles: full, issue.") {
			t.Errorf("%s: description %q", rt.path, op.Description)
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
		for _, number := range []int{codes.MaxMetadataEntries, codes.MaxMetadataKeyLength, codes.MaxMetadataValueLength, codes.MaxMetadataBytes} {
			if !strings.Contains(fields["metadata"].Description, strconv.Itoa(number)) {
				t.Errorf("%s: metadata %q does not say %d", name, fields["metadata"].Description, number)
			}
		}
		if schemas[name].AdditionalProperties != false {
			t.Errorf("%s allows unknown fields", name)
		}
		for _, parameter := range document.Paths[map[string]string{"AddCode": addPath, "GenerateCode": generatePath}[name]]["post"].Parameters {
			if parameter.Name != "Idempotency-Key" || parameter.In != "header" || parameter.Schema.MaxLength != codes.MaxIdempotencyKeyLength+2 {
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

// notOfOneRoute are the reasons that no documented route gives as an error: those of paths and
// methods, of what is no request, those of the command line, and one of a good answer.
var notOfOneRoute = []core.Reason{
	reasonRouteNotFound, reasonMethodNotAllowed, core.ReasonWorkspaceNotFound, core.ReasonWorkspaceExists,
	core.ReasonKeyNotFound, core.ReasonKeyNotActive, core.ReasonAlreadyRedeemed,
}

func TestEveryReasonIsInTheDocument(t *testing.T) {
	f := newFixture(t)
	documented := map[core.Reason]bool{}
	for _, operations := range readDocument(t, f).Paths {
		for _, op := range operations {
			for _, response := range op.Responses {
				_, reasons, _ := strings.Cut(response.Description, ": ")
				for reason := range strings.SplitSeq(reasons, ", ") {
					documented[core.Reason(reason)] = true
				}
			}
		}
	}
	delete(documented, "") // of the good answers
	for _, reason := range notOfOneRoute {
		documented[reason] = true
	}
	all := map[core.Reason]bool{}
	for _, file := range []string{"problem.go", "../../core/errors.go"} {
		for _, reason := range reasonsIn(t, file) {
			all[reason] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(documented))); diff != "" {
		t.Errorf("reasons (-in the program +in the document):\n%s", diff)
	}
}

// reasonsIn reads the constants of the type Reason out of a file.
func reasonsIn(t *testing.T, path string) (reasons []core.Reason) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(strings.ToLower(spec.Names[0].Name), "reason") {
			return true
		}
		if literal, ok := spec.Values[0].(*ast.BasicLit); ok {
			reason, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			reasons = append(reasons, core.Reason(reason))
		}
		return true
	})
	if len(reasons) < 5 {
		t.Fatalf("only %v were found in %s", reasons, path)
	}
	return reasons
}
