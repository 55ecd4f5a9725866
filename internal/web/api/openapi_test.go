package api

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"

	"accesscodes/internal/bulk"
	"accesscodes/internal/codes"
	"accesscodes/internal/core"
	"accesscodes/internal/job"
	"accesscodes/internal/webhook"
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
	limit
	Description string
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

// limit is what a schema allows a property to be; empty fields: it allows everything.
type limit struct {
	Minimum, Maximum     json.Number
	MinLength, MaxLength int
	Enum                 []string
}

// limitsOfRules are the limits of the rules, by property. Those of one schema alone have its name in
// front.
func limitsOfRules() map[string]limit {
	number := func(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
	userStatus := limit{Enum: words([]codes.UserStatus{codes.UserNormal, codes.UserPremium})}
	return map[string]limit{
		"code":              {MinLength: 1},
		"AddCode.code":      {MinLength: 1, MaxLength: core.MaxCodeLength},
		"type":              {Enum: words(codes.Types())},
		"maxRedemptions":    {Minimum: "1", Maximum: number(codes.MaxMaxRedemptions)},
		"note":              {MaxLength: codes.MaxNoteLength},
		"recipient":         {MaxLength: codes.MaxRecipientLength},
		"status":            {Enum: words(codes.Statuses())},
		"Batch.status":      {Enum: words(job.Statuses())},
		"Change.status":     {Enum: words(bulk.ChangeStatuses())},
		"Import.status":     {Enum: words(job.Statuses()[1:])},
		"Import.format":     {Enum: words(tableFormats)},
		"onExisting":        {Enum: words(bulk.OnExistings())},
		"Change.do":         {Enum: []string{"revoke", "restore", "delete", "set"}},
		"ChangeSelect.type": {Enum: words(codes.Types())},
		"User.status":       userStatus,
		"PutUser.status":    userStatus,
		"grants":            userStatus,
		"userId":            {MinLength: 1, MaxLength: codes.MaxUserIDLength},
		"reason":            {MaxLength: codes.MaxReasonLength},
		"kind":              {Enum: words(core.ActorKinds())},
		"CreateBatch.count": {Minimum: "1", Maximum: number(bulk.MaxBatchCodes)},
		"CreateBatch.name":  {MaxLength: bulk.MaxBatchNameLength},
		"url":               {MaxLength: webhook.MaxURLLength},
		"description":       {MaxLength: webhook.MaxDescriptionLength},
		"overlapSeconds":    {Minimum: "0", Maximum: number(int64(webhook.MaxOverlap.Seconds()))},
		"disabledReason":    {Enum: words(webhook.DisabledReasons())},

		"WebhookEndpoint.status": {Enum: words(webhook.Statuses())},
		"WebhookDelivery.status": {Enum: words(webhook.DeliveryStatuses())},
		"PutCursor.position":     {Minimum: "0"},
		"ifPosition":             {Minimum: "0"},
		"ttlSeconds": {
			Minimum: number(int64(codes.MinReservation / time.Second)),
			Maximum: number(int64(codes.MaxReservation / time.Second)),
		},
	}
}

func words[T ~string](all []T) (texts []string) {
	for _, word := range all {
		texts = append(texts, string(word))
	}
	return texts
}

// TestTheLimitsInTheDocumentAreTheRules: requests have exactly the limits of the rules, and what
// answers limit, they limit alike.
func TestTheLimitsInTheDocumentAreTheRules(t *testing.T) {
	f := newFixture(t)
	requests := map[string]bool{}
	for _, name := range requestSchemas(t, f) {
		requests[name] = true
	}
	limits := limitsOfRules()
	unused := maps.Clone(limits)
	for name, schema := range readDocument(t, f).Components.Schemas {
		for property, got := range schema.Properties {
			key := property
			if _, special := limits[name+"."+property]; special {
				key = name + "." + property
			}
			if got.limit.isZero() && !requests[name] {
				continue
			}
			delete(unused, key)
			if diff := cmp.Diff(limits[key], got.limit); diff != "" {
				t.Errorf("%s of %s (-rules +document):\n%s", property, name, diff)
			}
		}
	}
	for key := range unused {
		t.Errorf("%s is in no schema", key)
	}
}

func (l limit) isZero() bool { return cmp.Equal(l, limit{}) }

// TestTheNumbersInDescriptionsAreTheRules: what JSON Schema cannot say is said in words.
func TestTheNumbersInDescriptionsAreTheRules(t *testing.T) {
	schemas := readDocument(t, newFixture(t)).Components.Schemas
	numbers := map[string][]int{
		"metadata": {
			codes.MaxMetadataEntries, codes.MaxMetadataKeyLength,
			codes.MaxMetadataValueLength, codes.MaxMetadataBytes,
		},
		"ttlSeconds": {int(codes.DefaultReservation / time.Second)},
	}
	for schema, property := range map[string]string{
		"AddCode": "metadata", "GenerateCode": "metadata", "RedeemCode": "metadata", "ReserveCode": "ttlSeconds",
	} {
		description := schemas[schema].Properties[property].Description
		for _, number := range numbers[property] {
			if !strings.Contains(description, strconv.Itoa(number)) {
				t.Errorf("%s of %s: %q does not say %d", property, schema, description, number)
			}
		}
	}
}

// TestTheDocumentSaysWhatAnIdempotencyKeyMayBe: its limit, on each route that makes a code.
func TestTheDocumentSaysWhatAnIdempotencyKeyMayBe(t *testing.T) {
	paths := readDocument(t, newFixture(t)).Paths
	for _, path := range []string{addPath, generatePath} {
		parameters := paths[path]["post"].Parameters
		if len(parameters) != 1 || parameters[0].Name != "Idempotency-Key" || parameters[0].In != "header" ||
			parameters[0].Schema.MaxLength != codes.MaxIdempotencyKeyLength+2 {
			t.Errorf("%s: parameters %+v", path, parameters)
		}
	}
}

func TestTheDocumentSaysWhichFieldsARequestHas(t *testing.T) {
	schemas := readDocument(t, newFixture(t)).Components.Schemas
	for _, name := range []string{"AddCode", "GenerateCode"} {
		if schemas[name].AdditionalProperties != false {
			t.Errorf("%s allows unknown fields", name)
		}
	}
	if diff := cmp.Diff([]string{"code", "type"}, schemas["AddCode"].Required); diff != "" {
		t.Errorf("required: %s", diff)
	}
}
